// How much the accounts on one identifier look like one operator: the features of the strength scorecard.
// How many share an identifier tells almost nothing; whether they arrived together, spend alike and meet again tells most.
import { quantile } from './exact.ts'
import { kindTraits } from './kinds.ts'
import { onwardColumns, onwardFeatures } from './onward.ts'
import { accountsOn } from './postings.ts'
import type { Postings } from './postings.ts'
import { createSecondLinks } from './second-links.ts'
import { IdentifierFlag, ObservationContext } from '../population.ts'
import type { Population } from '../population.ts'
import type { AccountFacts } from '../features/facts.ts'
import type { FeatureMatrix, Monotone } from '../model/scorecard.ts'

const hour = 3600
const day = 24 * hour
export interface StrengthFeature {
  readonly name: string
  readonly monotone: Monotone
}

/** Names and directions of the strength scorecard's features, in the order of the columns. */
const localFeatures: readonly StrengthFeature[] = [
  { name: 'kind_prior_bits', monotone: 1 },
  { name: 'accounts_log2', monotone: 0 },
  { name: 'arrival_spread_hours_log2', monotone: -1 },
  { name: 'arrival_share_within_6_hours', monotone: 1 },
  { name: 'arrival_share_same_day', monotone: 1 },
  { name: 'volume_spread_log2', monotone: -1 },
  { name: 'volume_share_alike', monotone: 1 },
  { name: 'second_link_share', monotone: 1 },
  { name: 'second_link_other_family_share', monotone: 1 },
  { name: 'inviter_inside_share', monotone: 1 },
  { name: 'common_inviter_share', monotone: 1 },
  { name: 'distinct_inviter_share', monotone: -1 },
  { name: 'use_overlap_share', monotone: 0 },
  { name: 'identifiers_per_account_log2', monotone: 0 },
  { name: 'lonely_share', monotone: 0 },
  { name: 'own_identifier', monotone: 0 },
  { name: 'payment_context_share', monotone: 0 },
  { name: 'signup_context_share', monotone: 1 },
  { name: 'context_alike_share', monotone: 1 },
  { name: 'suspect_network', monotone: -1 },
  { name: 'bare_or_masked', monotone: -1 },
  { name: 'model_accounts_log2', monotone: -1 },
  { name: 'arrival_volume_alike_share', monotone: 1 },
  { name: 'arrival_share_within_10_minutes', monotone: 1 },
  { name: 'volume_share_equal', monotone: 1 },
]

export const strengthFeatures: readonly StrengthFeature[] = [...localFeatures, ...onwardFeatures]

export interface IdentifierFeatures {
  /** One row per identifier that at least two accounts share. */
  readonly matrix: FeatureMatrix
  /** The identifier of each row. */
  readonly identifier: Int32Array
  /** The row of each identifier, -1 if it is not shared. */
  readonly row: Int32Array
}

/** Coherence of every shared identifier. Linear in the number of pairs, but for the sorting of times and amounts on each. */
export function identifierFeatures(population: Population, postings: Postings, facts: AccountFacts): IdentifierFeatures {
  const row = new Int32Array(postings.identifiers).fill(-1)
  const shared = new Int32Array(postings.identifiers)
  let rows = 0
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    if (accountsOn(postings, identifier) < 2) continue
    shared[rows] = identifier
    row[identifier] = rows++
  }
  const columns = localFeatures.map(() => new Float32Array(rows))
  const measure = createMeasure(population, postings, facts)
  for (let index = 0; index < rows; index++) {
    const values = measure(shared[index]!)
    for (let column = 0; column < columns.length; column++) columns[column]![index] = values[column]!
  }
  const identifier = shared.slice(0, rows)
  const local = { names: localFeatures.map((feature) => feature.name), columns, rows }
  const onward = onwardColumns(population, postings, { matrix: local, identifier, row })
  const matrix = { names: strengthFeatures.map((feature) => feature.name), columns: [...columns, ...onward], rows }
  return { matrix, identifier, row }
}

function createMeasure(population: Population, postings: Postings, facts: AccountFacts) {
  const modelAccounts = accountsPerModel(population, postings)
  const secondLinks = createSecondLinks(population, postings)
  const families = population.identifiers.kinds.map((kind) => kindTraits(kind))
  return (identifier: number): number[] => {
    const from = postings.identifierStart[identifier]!
    const to = postings.identifierStart[identifier + 1]!
    const accounts = postings.accountOf.subarray(from, to)
    const flags = population.identifiers.flags[identifier]!
    const model = population.identifiers.model[identifier]!
    const traits = families[population.identifiers.kind[identifier]!]!
    const links = secondLinks(identifier, accounts)
    return [
      traits.priorBits,
      Math.log2(accounts.length),
      ...arrival(accounts, facts.bornAt),
      ...volume(accounts, facts.logVolume),
      links.share,
      links.otherFamilyShare,
      ...inviters(accounts, facts.inviter),
      useOverlap(postings, from, to),
      links.identifiersPerAccount,
      links.lonelyShare,
      ...contexts(postings, from, to),
      (flags & (IdentifierFlag.hosting | IdentifierFlag.vpn | IdentifierFlag.relay | IdentifierFlag.tor)) !== 0 ? 1 : 0,
      (flags & (IdentifierFlag.bare | IdentifierFlag.masked)) !== 0 ? 1 : 0,
      model < 0 ? Number.NaN : Math.log2(modelAccounts[model]!),
      ...alikeTogether(accounts, facts),
    ]
  }
}

/** Number of pairs of account and identifier per device model: how popular it is here. */
function accountsPerModel(population: Population, postings: Postings): Float64Array {
  const { model } = population.identifiers
  const counts = new Float64Array(model.reduce((max, value) => Math.max(max, value), -1) + 1)
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    if (model[identifier]! >= 0) counts[model[identifier]!]! += accountsOn(postings, identifier)
  }
  return counts
}

/** Spread between the quartiles, share with a neighbour within six hours, largest share within one day. */
function arrival(accounts: Int32Array, bornAt: Float64Array): [number, number, number] {
  const times = new Float64Array(accounts.length)
  let count = 0
  for (const account of accounts) if (!Number.isNaN(bornAt[account]!)) times[count++] = bornAt[account]!
  if (count < 2) return [Number.NaN, Number.NaN, Number.NaN]
  const sorted = times.subarray(0, count).sort()
  let close = 0
  let busiest = 0
  let first = 0
  for (let index = 0; index < count; index++) {
    const before = index > 0 ? sorted[index]! - sorted[index - 1]! : Infinity
    const after = index + 1 < count ? sorted[index + 1]! - sorted[index]! : Infinity
    if (Math.min(before, after) <= 6 * hour) close++
    while (sorted[index]! - sorted[first]! > day) first++
    busiest = Math.max(busiest, index - first + 1)
  }
  const spread = count < 4 ? sorted[count - 1]! - sorted[0]! : quantile(sorted, 0.75) - quantile(sorted, 0.25)
  return [Math.log2(spread / hour + 0.25), close / count, busiest / count]
}

/** Spread between the quartiles, and share with a neighbour within 7 % (a tenth of an octave). */
function volume(accounts: Int32Array, logVolume: Float64Array): [number, number] {
  const values = new Float64Array(accounts.length)
  let count = 0
  for (const account of accounts) if (!Number.isNaN(logVolume[account]!)) values[count++] = logVolume[account]!
  if (count < 2) return [Number.NaN, Number.NaN]
  const sorted = values.subarray(0, count).sort()
  const spread = count < 4 ? sorted[count - 1]! - sorted[0]! : quantile(sorted, 0.75) - quantile(sorted, 0.25)
  return [spread, shareWithNeighbour(sorted, 0.1)]
}

/** Share with another account of the same six hours and nearly the same volume; of the same ten minutes; of equal volume. */
function alikeTogether(accounts: Int32Array, { bornAt, logVolume }: AccountFacts): [number, number, number] {
  const order = accounts.filter((account) => !Number.isNaN(bornAt[account]!)).sort((a, b) => bornAt[a]! - bornAt[b]!)
  if (order.length < 2) return [Number.NaN, Number.NaN, Number.NaN]
  let alike = 0
  let minutes = 0
  for (let index = 0; index < order.length; index++) {
    const account = order[index]!
    let found = false
    let near = false
    for (const direction of [-1, 1]) {
      for (let other = index + direction; other >= 0 && other < order.length && !found; other += direction) {
        const gap = Math.abs(bornAt[order[other]!]! - bornAt[account]!)
        if (gap > 6 * hour) break
        if (gap <= hour / 6) near = true
        else if (Number.isNaN(logVolume[account]!)) break
        if (Math.abs(logVolume[order[other]!]! - logVolume[account]!) <= 0.2) found = true
      }
    }
    if (found) alike++
    if (near) minutes++
  }
  const volumes = Float64Array.from(order, (account) => logVolume[account]!).filter((value) => !Number.isNaN(value)).sort()
  return [alike / order.length, minutes / order.length, volumes.length < 2 ? Number.NaN : shareWithNeighbour(volumes, 0.002)]
}

function shareWithNeighbour(sorted: Float64Array, distance: number): number {
  let close = 0
  for (let index = 0; index < sorted.length; index++) {
    const before = index > 0 ? sorted[index]! - sorted[index - 1]! : Infinity
    const after = index + 1 < sorted.length ? sorted[index + 1]! - sorted[index]! : Infinity
    if (Math.min(before, after) <= distance) close++
  }
  return close / sorted.length
}

/** Share invited by somebody on the same identifier; share of the most frequent inviter; distinct inviters per invited. */
function inviters(accounts: Int32Array, inviter: Int32Array): [number, number, number] {
  const counts = new Map<number, number>()
  let invited = 0
  for (const account of accounts) {
    if (inviter[account]! < 0) continue
    invited++
    counts.set(inviter[account]!, (counts.get(inviter[account]!) ?? 0) + 1)
  }
  if (invited === 0) return [Number.NaN, Number.NaN, Number.NaN]
  let inside = 0
  for (const account of accounts) inside += counts.get(account) ?? 0
  return [inside / accounts.length, Math.max(...counts.values()) / accounts.length, counts.size / invited]
}

/**
 * Share of consecutive users whose times of use overlap: a family uses a device side by side, a resold device passes on.
 * NaN if fewer than two have times.
 */
function useOverlap(postings: Postings, from: number, to: number): number {
  const timed: number[] = []
  for (let posting = from; posting < to; posting++) {
    if (!Number.isNaN(postings.firstAt[postings.pairOf[posting]!]!)) timed.push(postings.pairOf[posting]!)
  }
  if (timed.length < 2) return Number.NaN
  const { firstAt, lastAt } = postings
  timed.sort((a, b) => firstAt[a]! - firstAt[b]! || lastAt[a]! - lastAt[b]!)
  let overlapping = 0
  let latest = lastAt[timed[0]!]!
  for (const pair of timed.slice(1)) {
    if (firstAt[pair]! <= latest) overlapping++
    latest = Math.max(latest, lastAt[pair]!)
  }
  return overlapping / (timed.length - 1)
}

function contexts(postings: Postings, from: number, to: number): [number, number, number, number] {
  let own = 0
  let payment = 0
  let signup = 0
  const counts = new Map<number, number>()
  for (let posting = from; posting < to; posting++) {
    const bits = postings.context[postings.pairOf[posting]!]!
    if ((bits & ObservationContext.own) !== 0) own = 1
    if ((bits & (ObservationContext.payment | ObservationContext.payout)) !== 0) payment++
    if ((bits & ObservationContext.signup) !== 0) signup++
    const words = postings.words[postings.pairOf[posting]!]!
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  const size = to - from
  return [own, payment / size, signup / size, Math.max(...counts.values()) / size]
}
