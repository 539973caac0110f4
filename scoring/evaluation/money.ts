// What flagging costs and saves: rebates of self-invitations kept against honest rebates wrongly frozen.
import { recallAtFalsePositiveRate, type Curve } from './ranking.ts'

export interface MoneySaved {
  /** Share of the rebates of self-invitations that freezing keeps. */
  readonly savedShare: number
  readonly saved: number
  readonly honestFrozen: number
  readonly threshold: number
}

export interface ValuePoint {
  readonly threshold: number
  readonly saved: number
  readonly honestFrozen: number
}

/** Saved less frozen × cost, at the best threshold. */
export interface NetValue {
  /** How many units a wrongly frozen unit costs. */
  readonly costRatio: number
  readonly threshold: number
  readonly net: number
  /** Share of what a perfect answer would save. */
  readonly share: number
}

/** `curve` is over referrals weighted by their rebates. The most saved while at most this share of honest money is frozen. */
export function moneySaved(curve: Curve, honestShareMax: number): MoneySaved {
  const bounded = recallAtFalsePositiveRate(curve, honestShareMax)
  return {
    savedShare: bounded.recall,
    saved: bounded.recall * curve.positives,
    honestFrozen: bounded.falsePositiveRate * curve.negatives,
    threshold: bounded.threshold,
  }
}

/** The best threshold for each cost ratio; flagging nothing is worth nothing, and is always possible. */
export function netValues(curve: Curve, costRatios: readonly number[]): NetValue[] {
  return costRatios.map((costRatio) => {
    let best = { threshold: Infinity, net: 0 }
    for (const point of curve.points) {
      const net = point.truePositive - costRatio * point.falsePositive
      if (net > best.net) best = { threshold: point.score, net }
    }
    return { costRatio, ...best, share: best.net / curve.positives }
  })
}

/** The curve of saved against wrongly frozen money, thinned to at most `pointsMax` points for a plot. */
export function valueCurve(curve: Curve, pointsMax = 200): ValuePoint[] {
  const stride = Math.max(1, Math.ceil(curve.points.length / pointsMax))
  const last = curve.points.length - 1
  return curve.points
    .filter((_, i) => i % stride === 0 || i === last)
    .map((point) => ({ threshold: point.score, saved: point.truePositive, honestFrozen: point.falsePositive }))
}
