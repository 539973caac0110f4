// How the inviter's other invitees look, the referral itself left out. Numbers alone never speak against anybody: what others
// do counts only in so far as this invitee shares identifiers with them, or arrived and spends like them.
import { identifierBits } from '../linking/evidence.ts'
import { fixed } from '../linking/exact.ts'
import { countingSort } from '../linking/postings.ts'
import type { LinkingInput } from './account-features.ts'
import type { ReferralFeatureGroup, ReferralSubject } from './referral-features.ts'

const hour = 3600
/** Identifiers on more accounts than this are not searched for siblings. */
const siblingAccountsMax = 200

export function inviterFeatures({ population, postings, facts, strength, links }: LinkingInput): ReferralFeatureGroup {
  const { referrals, accounts, asOf } = population
  const known = Int32Array.from({ length: referrals.count }, (_, row) => row).filter((row) => !(referrals.at[row]! > asOf))
  const { order, start } = countingSort(known, referrals.inviter, accounts.count)
  const bitsOf = Float64Array.from(strength, identifierBits)
  const siblingOf = new Int32Array(accounts.count).fill(-1)
  let marked = -1
  let siblings: Siblings = { births: new Float64Array(0), volumes: new Float64Array(0) }
  const mark = (inviter: number) => {
    if (marked === inviter) return
    marked = inviter
    const invitees: number[] = []
    for (let index = start[inviter]!; index < start[inviter + 1]!; index++) {
      const invitee = referrals.invitee[order[index]!]!
      if (invitee === inviter || siblingOf[invitee] === inviter) continue
      siblingOf[invitee] = inviter
      invitees.push(invitee)
    }
    siblings = { births: sortedKnown(invitees, facts.bornAt), volumes: sortedKnown(invitees, facts.logVolume) }
  }
  const linkedSiblings = createLinkedSiblings({ postings, bitsOf, links, siblingOf })
  // Rows are visited inviter by inviter, so that an inviter of thousands is sorted once.
  const cache = new Map<number, readonly number[]>()
  const compute = ({ row, inviter, invitee }: ReferralSubject): readonly number[] => {
    mark(inviter)
    const linked = linkedSiblings(inviter, invitee)
    const others = facts.invitees[inviter]! - (inviter === invitee || referrals.at[row]! > asOf ? 0 : 1)
    const gap = nearestOther(siblings.births, facts.bornAt[invitee]!) / hour
    const sameDay = countWithin(siblings.births, facts.bornAt[invitee]!, 24 * hour) - 1
    const alike = countWithin(siblings.volumes, facts.logVolume[invitee]!, 0.1) - 1
    const share = (count: number) => (others > 0 ? Math.max(0, count) / others : Number.NaN)
    return [
      linked.best,
      linked.count,
      share(linked.count),
      Math.log2(1 + Math.max(0, others)),
      Number.isFinite(gap) ? Math.log2(gap + 1 / 60) : Number.NaN,
      share(sameDay),
      share(alike),
    ]
  }
  for (let inviter = 0; inviter < accounts.count; inviter++) {
    for (let index = start[inviter]!; index < start[inviter + 1]!; index++) {
      const row = order[index]!
      cache.set(row, compute({ row, inviter, invitee: referrals.invitee[row]!, at: referrals.at[row]! }))
    }
  }
  const measure = (subject: ReferralSubject) => cache.get(subject.row) ?? compute(subject)
  return {
    features: [
      { name: 'sibling_bits_best', monotone: 1 },
      { name: 'siblings_linked', monotone: 1 },
      { name: 'siblings_linked_share', monotone: 1 },
      { name: 'siblings_log2', monotone: 0 },
      { name: 'sibling_arrival_gap_hours_log2', monotone: 0 },
      { name: 'siblings_same_day_share', monotone: 0 },
      { name: 'siblings_same_volume_share', monotone: 0 },
    ],
    measure,
  }
}

interface Siblings {
  /** Sorted, unknown ones left out. */
  readonly births: Float64Array
  readonly volumes: Float64Array
}

function sortedKnown(accounts: readonly number[], values: Float64Array): Float64Array {
  return Float64Array.from(accounts, (account) => values[account]!).filter((value) => !Number.isNaN(value)).sort()
}

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Distance to the nearest sorted value, one value equal to the given one left out; Infinity if there is none. */
function nearestOther(sorted: Float64Array, value: number): number {
  const at = lowerBound(sorted, value)
  const self = sorted[at] === value ? 1 : 0
  const before = at > 0 ? value - sorted[at - 1]! : Infinity
  const after = at + self < sorted.length ? sorted[at + self]! - value : Infinity
  return Math.min(before, after)
}

/** How many sorted values lie within a distance, ends included; 0 of an unknown value. */
function countWithin(sorted: Float64Array, value: number, distance: number): number {
  let count = 0
  for (let index = lowerBound(sorted, value - distance); index < sorted.length && sorted[index]! <= value + distance; index++) count++
  return Number.isNaN(value) ? 0 : count
}

interface SiblingSearch {
  readonly postings: LinkingInput['postings']
  readonly bitsOf: Float64Array
  readonly links: Uint8Array
  /** The inviter for whom an account is marked as invitee. */
  readonly siblingOf: Int32Array
}

/** Other invitees of the inviter that share linking identifiers with this one: how many, and the best evidence. */
function createLinkedSiblings({ postings, bitsOf, links, siblingOf }: SiblingSearch) {
  const bits = new Float64Array(postings.accounts)
  const touched: number[] = []
  return (inviter: number, invitee: number): { best: number; count: number } => {
    for (let pair = postings.accountStart[invitee]!; pair < postings.accountStart[invitee + 1]!; pair++) {
      const identifier = postings.identifierOf[pair]!
      const from = postings.identifierStart[identifier]!
      const to = postings.identifierStart[identifier + 1]!
      if (links[identifier] === 0 || to - from > siblingAccountsMax) continue
      for (let posting = from; posting < to; posting++) {
        const other = postings.accountOf[posting]!
        if (other === invitee || other === inviter || siblingOf[other] !== inviter) continue
        if (bits[other] === 0) touched.push(other)
        bits[other]! += fixed(bitsOf[identifier]!) + 1 / 1024
      }
    }
    let best = 0
    let count = 0
    for (const other of touched) {
      best = Math.max(best, bits[other]!)
      if (bits[other]! >= 1) count++
      bits[other] = 0
    }
    touched.length = 0
    return { best, count }
  }
}
