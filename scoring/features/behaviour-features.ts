// How alike inviter and invitee behave, whatever they share: hours of the day, items, amounts, cadence, moments of use, and
// usage that moves from one to the other. Distances are those of ml-distance; too little data gives no value.
import { similarity } from 'ml-distance'
import { fixed, quantile } from '../linking/exact.ts'
import { TransactionType } from '../population.ts'
import type { LinkingInput } from './account-features.ts'
import type { ReferralFeatureGroup, ReferralSubject } from './referral-features.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour
/** Fewer moments than this say nothing about habits. */
const momentsMin = 5

export function behaviourFeatures({ population, facts }: LinkingInput): ReferralFeatureGroup {
  const { transactions } = population
  const moments = (account: number) =>
    facts.activityAt.subarray(facts.activityStart[account], facts.activityStart[account + 1])
  const rowsOf = (account: number) =>
    facts.transactions.subarray(facts.transactionStart[account], facts.transactionStart[account + 1])
  const incomeOf = (account: number) => rowsOf(account).filter((row) =>
    transactions.type[row] === TransactionType.recharge || transactions.type[row] === TransactionType.payment)
  const logAmount = (row: number) =>
    Math.log2(Math.max(transactions.amount[row]!, 1e-6)) - facts.usualLog[transactions.currency[row]!]!
  const spendOf = (account: number) => rowsOf(account).filter((row) => transactions.type[row] === TransactionType.spend)

  const measure = ({ inviter, invitee, at }: ReferralSubject): number[] => {
    const first = moments(inviter)
    const second = moments(invitee)
    const firstIncome = incomeOf(inviter)
    const secondIncome = incomeOf(invitee)
    const firstSpend = spendOf(inviter)
    const secondSpend = spendOf(invitee)
    return [
      hourSimilarity(first, second),
      ...closeness(first, second),
      gapOfMedians(firstIncome, secondIncome, logAmount),
      equalAmountShare(firstIncome, secondIncome, transactions.amount),
      distinctAmountShare(secondIncome, transactions.amount),
      cadenceGap(firstIncome, secondIncome, transactions.at),
      itemSimilarity(firstSpend, secondSpend, transactions.item),
      gapOfMedians(firstSpend, secondSpend, logAmount),
      ...movedUsage(firstSpend, secondSpend, at, population),
    ]
  }
  return {
    features: [
      { name: 'same_hours_similarity', monotone: 0 },
      { name: 'activity_within_10_minutes_share', monotone: 0 },
      { name: 'activity_within_2_hours_share', monotone: 0 },
      { name: 'activity_gap_hours_log2', monotone: 0 },
      { name: 'recharge_amount_gap_log2', monotone: 0 },
      { name: 'recharge_equal_amount_share', monotone: 0 },
      { name: 'recharge_distinct_amount_share', monotone: 0 },
      { name: 'recharge_cadence_gap_log2', monotone: 0 },
      { name: 'item_similarity', monotone: 0 },
      { name: 'spend_amount_gap_log2', monotone: 0 },
      { name: 'inviter_spend_change_log2', monotone: 0 },
      { name: 'usage_moved', monotone: 0 },
    ],
    measure,
  }
}

/** Cosine of the two histograms over the hours of the day, each smoothed over its neighbours. */
function hourSimilarity(first: Float64Array, second: Float64Array): number {
  if (first.length < momentsMin || second.length < momentsMin) return Number.NaN
  return fixed(similarity.cosine(hourHistogram(first), hourHistogram(second)))
}

function hourHistogram(times: Float64Array): number[] {
  const counts = new Array<number>(24).fill(0)
  for (const time of times) {
    const slot = ((Math.floor(time / hour) % 24) + 24) % 24
    counts[slot]! += 2
    counts[(slot + 1) % 24]! += 1
    counts[(slot + 23) % 24]! += 1
  }
  return counts
}

/** Share of the invitee's moments with one of the inviter's within ten minutes and two hours; median gap in hours. */
function closeness(first: Float64Array, second: Float64Array): [number, number, number] {
  if (first.length === 0 || second.length === 0) return [Number.NaN, Number.NaN, Number.NaN]
  const gaps = new Float64Array(second.length)
  let index = 0
  for (let other = 0; other < second.length; other++) {
    const time = second[other]!
    while (index + 1 < first.length && Math.abs(first[index + 1]! - time) <= Math.abs(first[index]! - time)) index++
    gaps[other] = Math.abs(first[index]! - time)
  }
  gaps.sort()
  const share = (limit: number) => gaps.filter((gap) => gap <= limit).length / gaps.length
  return [share(10 * minute), share(2 * hour), Math.log2(quantile(gaps, 0.5) / hour + 1 / 60)]
}

function gapOfMedians(first: Int32Array, second: Int32Array, value: (row: number) => number): number {
  if (first.length === 0 || second.length === 0) return Number.NaN
  const median = (rows: Int32Array) => quantile(Float64Array.from(rows, value).sort(), 0.5)
  return Math.abs(median(first) - median(second))
}

function equalAmountShare(first: Int32Array, second: Int32Array, amount: Float64Array): number {
  if (first.length === 0 || second.length === 0) return Number.NaN
  const amounts = new Set(Array.from(first, (row) => amount[row]!))
  return second.filter((row) => amounts.has(amount[row]!)).length / second.length
}

function distinctAmountShare(rows: Int32Array, amount: Float64Array): number {
  if (rows.length < 2) return Number.NaN
  return new Set(Array.from(rows, (row) => amount[row]!)).size / rows.length
}

/** Difference of the median times between recharges, in octaves. */
function cadenceGap(first: Int32Array, second: Int32Array, at: Float64Array): number {
  if (first.length < 3 || second.length < 3) return Number.NaN
  const median = (rows: Int32Array) => {
    const gaps = Float64Array.from({ length: rows.length - 1 }, (_, index) => at[rows[index + 1]!]! - at[rows[index]!]!)
    return Math.log2(quantile(gaps.sort(), 0.5) / hour + 1)
  }
  return Math.abs(median(first) - median(second))
}

function itemSimilarity(first: Int32Array, second: Int32Array, item: Int32Array): number {
  const firstCounts = countItems(first, item)
  const secondCounts = countItems(second, item)
  if (firstCounts.size === 0 || secondCounts.size === 0) return Number.NaN
  const items = [...new Set([...firstCounts.keys(), ...secondCounts.keys()])]
  // Integer counts: the products add up exactly, in whatever order the items come.
  return fixed(similarity.cosine(items.map((i) => firstCounts.get(i) ?? 0), items.map((i) => secondCounts.get(i) ?? 0)))
}

function countItems(rows: Int32Array, item: Int32Array): Map<number, number> {
  const counts = new Map<number, number>()
  for (const row of rows) if (item[row]! >= 0) counts.set(item[row]!, (counts.get(item[row]!) ?? 0) + 1)
  return counts
}

/**
 * Spending of the inviter in the 60 days after the invitation against the 60 before, in octaves; and what the invitee spent in
 * those days against what the inviter stopped spending: near 1 the usage has only moved.
 */
function movedUsage(
  first: Int32Array, second: Int32Array, at: number, { transactions, asOf }: LinkingInput['population'],
): [number, number] {
  const window = Math.min(60 * day, asOf - at)
  if (!(window > 7 * day) || first.length === 0) return [Number.NaN, Number.NaN]
  const within = (rows: Int32Array, from: number, to: number) => rows.reduce((sum, row) => {
    const time = transactions.at[row]!
    return time >= from && time < to ? sum + fixed(transactions.amount[row]!) : sum
  }, 0)
  const before = within(first, at - window, at)
  const after = within(first, at, at + window)
  if (before === 0) return [Number.NaN, Number.NaN]
  const gained = within(second, at, at + window)
  const lost = before - after
  const moved = lost > 0 ? Math.min(lost, gained) / Math.max(lost, gained) : 0
  return [Math.log2((after + before / 16) / before), moved]
}
