// Money figures agree with a table worked out by hand, and ties never save.
import { describe, expect, test } from 'vitest'
import { moneySaved, netValues, valueCurve } from '../../../scoring/evaluation/money.ts'
import { operatingPoints } from '../../../scoring/evaluation/ranking.ts'

// Self-invitations with 10, 20 and 30 at stake, honest referrals with 1 and 99; the second is tied with an honest one.
const curve = operatingPoints({
  scores: [0.9, 0.6, 0.6, 0.3, 0.1],
  labels: [1, 1, 0, 1, 0],
  weights: [10, 20, 1, 30, 99],
})

describe('money', () => {
  test('saved is what the best threshold keeps while honest money frozen stays below its share', () => {
    expect(moneySaved(curve, 0.005)).toMatchObject({ savedShare: 10 / 60, saved: 10, honestFrozen: 0, threshold: 0.9 })
    expect(moneySaved(curve, 0.01)).toMatchObject({ savedShare: 1, honestFrozen: 1, threshold: 0.3 })
  })

  test('net value takes the best threshold for what a wrong freeze costs, and never less than doing nothing', () => {
    expect(netValues(curve, [1, 51])).toEqual([
      { costRatio: 1, threshold: 0.3, net: 59, share: 59 / 60 },
      { costRatio: 51, threshold: 0.9, net: 10, share: 10 / 60 },
    ])
    const useless = operatingPoints({ scores: [1, 0], labels: [0, 1], weights: [5, 1] })
    expect(netValues(useless, [1])).toEqual([{ costRatio: 1, threshold: Infinity, net: 0, share: 0 }])
  })

  test('the value curve keeps its ends when thinned', () => {
    const long = operatingPoints({ scores: Array.from({ length: 999 }, (_, i) => i), labels: Array<number>(999).fill(1) })
    const points = valueCurve(long, 100)
    expect(points.length).toBeLessThanOrEqual(101)
    expect(points.at(-1)).toEqual({ threshold: 0, saved: 999, honestFrozen: 0 })
  })
})
