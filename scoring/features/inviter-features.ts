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
  const mark = (inviter: number) => {
    if (marked === inviter) return
    marked = inviter
    for (let index = start[inviter]!; index < start[inviter + 1]!; index++) siblingOf[referrals.invitee[order[index]!]!] = inviter
  }
  const linkedSiblings = createLinkedSiblings({ postings, bitsOf, links, siblingOf })
  const measure = ({ inviter, invitee }: ReferralSubject): number[] => {
    mark(inviter)
    const linked = linkedSiblings(inviter, invitee)
    const others = facts.invitees[inviter]! - 1
    let nearest = Infinity
    let within = 0
    let alike = 0
    for (let index = start[inviter]!; index < start[inviter + 1]!; index++) {
      const other = referrals.invitee[order[index]!]!
      if (other === invitee || other === inviter) continue
      const gap = Math.abs(facts.bornAt[other]! - facts.bornAt[invitee]!) / hour
      if (gap < nearest) nearest = gap
      if (gap <= 24) within++
      if (Math.abs(facts.logVolume[other]! - facts.logVolume[invitee]!) <= 0.1) alike++
    }
    return [
      linked.best,
      linked.count,
      others > 0 ? linked.count / others : Number.NaN,
      Math.log2(1 + Math.max(0, others)),
      nearest < Infinity ? Math.log2(nearest + 1 / 60) : Number.NaN,
      others > 0 ? within / others : Number.NaN,
      others > 0 ? alike / others : Number.NaN,
    ]
  }
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
