// The whole protocol on one labelled population: ranking, calibration, money, rings, strata and the plain rules, as plain
// data. Labels are read here and nowhere in detection.
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import type { AccountLabels, ReferralLabels } from '../model/training-set.ts'
import type { Population } from '../population.ts'
import { baselines } from './baselines.ts'
import { bootstrapInterval, type Interval } from './bootstrap.ts'
import { clusterQuality, type ClusterQuality } from './clusters.ts'
import { moneySaved, netValues, valueCurve, type MoneySaved, type NetValue, type ValuePoint } from './money.ts'
import {
  averagePrecision, operatingPoints, recallAtFalsePositiveRate, rocArea,
  type BoundedRecall, type Curve, type Scored,
} from './ranking.ts'
import { reliability, type Reliability } from './reliability.ts'

/** What a detection says, or what cross-validation says in its place. */
export interface Scores {
  readonly referral: Float64Array
  readonly account: Float64Array
  /** -1: in no ring. Without it, rings are not evaluated. */
  readonly ring?: Int32Array
}

export interface Labels {
  readonly accountLabels?: AccountLabels
  readonly referralLabels?: ReferralLabels
}

export interface Ranking {
  readonly rows: number
  readonly positives: number
  readonly averagePrecision: number
  readonly averagePrecisionInterval: Interval
  readonly rocArea: number
  /** At each of `falsePositiveRates`. */
  readonly recalls: readonly BoundedRecall[]
  readonly recallIntervals: readonly Interval[]
  /** Recall and precision, thinned for a plot. */
  readonly curve: readonly { readonly recall: number; readonly precision: number }[]
}

export interface Stratum {
  readonly name: string
  readonly isPositive: boolean
  readonly rows: number
  readonly meanScore: number
  /** Share of rows scored at one half or more. */
  readonly shareOverHalf: number
  /** Share of rows flagged at the threshold of each of `falsePositiveRates`. */
  readonly shareFlagged: readonly number[]
}

export interface Money {
  /** What the shares are of: rebates at stake, or referrals where no rebates are known. */
  readonly unit: 'rebates' | 'referrals'
  readonly atHalfPercent: MoneySaved
  readonly netValues: readonly NetValue[]
  readonly curve: readonly ValuePoint[]
}

export interface SubjectEvaluation {
  readonly ranking: Ranking
  readonly reliability: Reliability
  readonly strata: readonly Stratum[]
}

export interface BaselineFigures {
  readonly name: string
  readonly averagePrecision: number
  readonly recalls: readonly number[]
}

export interface Evaluation {
  readonly falsePositiveRates: readonly number[]
  readonly referrals: (SubjectEvaluation & { readonly money: Money; readonly baselines: readonly BaselineFigures[] }) | null
  readonly accounts: (SubjectEvaluation & { readonly baselines: readonly BaselineFigures[] }) | null
  readonly rings: ClusterQuality | null
}

export const falsePositiveRates: readonly number[] = [0.001, 0.01, 0.035]

export interface EvaluateOptions {
  readonly random: RandomGenerator
  /** Bootstrap draws; default 200. */
  readonly draws?: number
  /** Default true. */
  readonly withBaselines?: boolean
}

/** Figures for which there are no labels are null. */
export function evaluate(scores: Scores, labels: Labels, population: Population, options: EvaluateOptions): Evaluation {
  const { accountLabels, referralLabels } = labels
  const rules = (options.withBaselines ?? true) ? baselines(population, options.random) : []
  const figures = (subject: 'referral' | 'account', truth: Int8Array): BaselineFigures[] =>
    rules.map((rule) => baselineFigures(rule.name, { scores: rule[subject], labels: truth }))
  const hasReferrals = referralLabels?.isSelfInvite.some((label) => label === 1) ?? false
  const hasAccounts = accountLabels?.isAbuser.some((label) => label === 1) ?? false
  return {
    falsePositiveRates,
    referrals: referralLabels === undefined || !hasReferrals ? null : {
      ...subject(scores.referral, referralLabels.isSelfInvite, referralLabels.stratum, referralGroups(population, accountLabels), options),
      money: money(scores.referral, referralLabels.isSelfInvite, population.referrals.atStake),
      baselines: figures('referral', referralLabels.isSelfInvite),
    },
    accounts: accountLabels === undefined || !hasAccounts ? null : {
      ...subject(scores.account, accountLabels.isAbuser, accountLabels.source ?? [], accountGroups(accountLabels), options),
      baselines: figures('account', accountLabels.isAbuser),
    },
    rings: accountLabels === undefined || !hasAccounts || scores.ring === undefined
      ? null
      : clusterQuality({ ...accountLabels, ring: scores.ring }),
  }
}

function subject(
  scores: Float64Array,
  labels: Int8Array,
  strata: readonly string[],
  groups: Int32Array,
  options: EvaluateOptions,
): SubjectEvaluation {
  const curve = operatingPoints({ scores, labels })
  return {
    ranking: ranking(curve, { scores, labels }, groups, options),
    reliability: reliability(scores, labels),
    strata: strataOf(scores, labels, strata, curve),
  }
}

function ranking(curve: Curve, scored: Scored, groups: Int32Array, options: EvaluateOptions): Ranking {
  // Sorted once, so that each draw of the bootstrap sorts an already sorted list.
  const order = Array.from({ length: scored.scores.length }, (_, row) => row).filter((row) => scored.labels[row]! >= 0)
  order.sort((a, b) => scored.scores[b]! - scored.scores[a]!)
  const scores = Float64Array.from(order, (row) => scored.scores[row]!)
  const labels = Int8Array.from(order, (row) => scored.labels[row]!)
  const sortedGroups = Int32Array.from(order, (row) => groups[row]!)
  const intervalOf = (metric: (drawn: Curve) => number): Interval =>
    bootstrapInterval(sortedGroups, (weights) => metric(operatingPoints({ scores, labels, weights })), options)
  return {
    rows: order.length,
    positives: curve.positives,
    averagePrecision: averagePrecision(curve),
    averagePrecisionInterval: intervalOf(averagePrecision),
    rocArea: rocArea(curve),
    recalls: falsePositiveRates.map((rate) => recallAtFalsePositiveRate(curve, rate)),
    recallIntervals: falsePositiveRates.map((rate) => intervalOf((drawn) => recallAtFalsePositiveRate(drawn, rate).recall)),
    curve: precisionRecallCurve(curve),
  }
}

function precisionRecallCurve(curve: Curve, pointsMax = 200): { recall: number; precision: number }[] {
  const points: { recall: number; precision: number }[] = []
  let last = -1
  for (const { truePositive, falsePositive } of curve.points) {
    const recall = truePositive / curve.positives
    if (recall - last < 1 / pointsMax && recall < 1) continue
    points.push({ recall, precision: truePositive / (truePositive + falsePositive) })
    last = recall
    if (recall >= 1) break
  }
  return points
}

function strataOf(scores: Float64Array, labels: Int8Array, names: readonly string[], curve: Curve): Stratum[] {
  const thresholds = falsePositiveRates.map((rate) => recallAtFalsePositiveRate(curve, rate).threshold)
  const rowsOf = new Map<string, number[]>()
  labels.forEach((label, row) => {
    if (label < 0) return
    const key = `${label === 1 ? 0 : 1} ${names[row] ?? ''}`
    const rows = rowsOf.get(key)
    if (rows === undefined) rowsOf.set(key, [row])
    else rows.push(row)
  })
  return [...rowsOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, rows]) => {
    const share = (threshold: number): number => rows.filter((row) => scores[row]! >= threshold).length / rows.length
    return {
      name: key.slice(2),
      isPositive: key.startsWith('0'),
      rows: rows.length,
      meanScore: rows.reduce((sum, row) => sum + scores[row]!, 0) / rows.length,
      shareOverHalf: share(0.5),
      shareFlagged: thresholds.map(share),
    }
  })
}

function money(scores: Float64Array, labels: Int8Array, atStake: Float64Array): Money {
  const hasRebates = atStake.some((amount, referral) => amount > 0 && labels[referral]! >= 0)
  const curve = operatingPoints(hasRebates ? { scores, labels, weights: atStake } : { scores, labels })
  return {
    unit: hasRebates ? 'rebates' : 'referrals',
    atHalfPercent: moneySaved(curve, 0.005),
    netValues: netValues(curve, [1, 5, 20]),
    curve: valueCurve(curve),
  }
}

function baselineFigures(name: string, scored: Scored): BaselineFigures {
  const curve = operatingPoints(scored)
  return {
    name,
    averagePrecision: averagePrecision(curve),
    recalls: falsePositiveRates.map((rate) => recallAtFalsePositiveRate(curve, rate).recall),
  }
}

/** Accounts of one operator are one group; every other account is its own. */
function accountGroups(labels: AccountLabels): Int32Array {
  return Int32Array.from(labels.cluster, (cluster, account) => (cluster >= 0 ? cluster : -1 - account))
}

/** Referrals of one operator are one group; the others go with their inviter. */
function referralGroups(population: Population, labels: AccountLabels | undefined): Int32Array {
  const { inviter, invitee } = population.referrals
  return Int32Array.from(inviter, (account, referral) => {
    const cluster = Math.max(labels?.cluster[account] ?? -1, labels?.cluster[invitee[referral]!] ?? -1)
    return cluster >= 0 ? cluster : -1 - account
  })
}
