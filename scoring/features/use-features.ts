// How the shared things are used: the sign-up, the share of the invitee's life on them, the minutes between one account's use
// and the other's. One operator switches accounts on one device; a household lives side by side on several.
import { rarityGroup } from './shared-features.ts'
import type { LinkingInput } from './account-features.ts'
import type { ReferralFeatureGroup, ReferralSubject } from './referral-features.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour
/** What is seen this close to the creation of an account belongs to its sign-up. */
const signupSeconds = 15 * minute

/** What sharing is measured on. */
const classes = ['device', 'payment', 'address'] as const

function classOf(kind: string): number {
  const group = rarityGroup(kind)
  if (group === 'install' || group === 'cookie' || group === 'fingerprint') return 0
  if (group === 'payment') return 1
  return group === 'address' ? 2 : -1
}

export function useFeatures(input: LinkingInput): ReferralFeatureGroup {
  const measurePair = createUseMeasure(input)
  return {
    features: [
      ...classes.flatMap((word) => [
        { name: `${word}_use_shared_share`, monotone: 0 as const },
        { name: `${word}_use_shared_share_of_inviter`, monotone: 0 as const },
        { name: `${word}_signup_rarity`, monotone: 0 as const },
        { name: `${word}_signup_gap_days_log2`, monotone: 0 as const },
        { name: `${word}_switch_gap_minutes_log2`, monotone: 0 as const },
        { name: `${word}_switches_log2`, monotone: 0 as const },
      ]),
      { name: 'invitee_own_devices', monotone: 0 },
      { name: 'invitee_own_payments', monotone: 0 },
      { name: 'device_shared_exclusive_rarity', monotone: 0 },
      { name: 'payment_shared_exclusive_rarity', monotone: 0 },
    ],
    measure: (subject) => measurePair(subject),
  }
}

function createUseMeasure({ population, postings, facts }: LinkingInput) {
  const kindClass = Int8Array.from(population.identifiers.kinds, classOf)
  const { kind } = population.identifiers
  const { accountStart, identifierOf, identifierStart, momentStart, momentAt } = postings
  const moments = (pair: number) => momentAt.subarray(momentStart[pair], momentStart[pair + 1])
  const usesOf = (account: number) => {
    const uses = [0, 0, 0]
    for (let pair = accountStart[account]!; pair < accountStart[account + 1]!; pair++) {
      const own = kindClass[kind[identifierOf[pair]!]!]!
      if (own >= 0) uses[own]! += momentStart[pair + 1]! - momentStart[pair]!
    }
    return uses
  }
  return ({ inviter, invitee }: ReferralSubject): number[] => {
    const born = facts.bornAt[invitee]!
    const uses = usesOf(invitee)
    const inviterUses = usesOf(inviter)
    const shared = [0, 0, 0]
    const inviterShared = [0, 0, 0]
    const signupRarity = [0, 0, 0]
    const signupGap = [Number.NaN, Number.NaN, Number.NaN]
    const switchGap = [Infinity, Infinity, Infinity]
    const switches = [0, 0, 0]
    const own = [0, 0, 0]
    const rarest = [0, 0, 0]
    let left = accountStart[inviter]!
    for (let right = accountStart[invitee]!; right < accountStart[invitee + 1]!; right++) {
      const identifier = identifierOf[right]!
      const which = kindClass[kind[identifier]!]!
      if (which < 0) continue
      while (left < accountStart[inviter + 1]! && identifierOf[left]! < identifier) left++
      const accounts = identifierStart[identifier + 1]! - identifierStart[identifier]!
      if (left === accountStart[inviter + 1]! || identifierOf[left] !== identifier) {
        if (accounts === 1) own[which]!++
        continue
      }
      const theirs = moments(left)
      const mine = moments(right)
      shared[which]! += mine.length
      inviterShared[which]! += theirs.length
      const rarity = Math.max(0.5, 9 - Math.log2(accounts))
      rarest[which] = Math.max(rarest[which]!, rarity)
      if (mine.length > 0 && Math.abs(mine[0]! - born) <= signupSeconds) {
        signupRarity[which] = Math.max(signupRarity[which]!, rarity)
        const gap = gapBefore(theirs, mine[0]!)
        if (!(signupGap[which]! <= gap)) signupGap[which] = gap
      }
      const met = meeting(theirs, mine)
      switchGap[which] = Math.min(switchGap[which]!, met.gap)
      switches[which]! += met.count
    }
    const values: number[] = []
    classes.forEach((_, which) => values.push(
      uses[which]! > 0 ? shared[which]! / uses[which]! : Number.NaN,
      inviterUses[which]! > 0 ? inviterShared[which]! / inviterUses[which]! : Number.NaN,
      signupRarity[which]!,
      Math.log2(signupGap[which]! / day + 1 / 1024),
      switchGap[which]! < Infinity ? Math.log2(switchGap[which]! / minute + 1 / 4) : Number.NaN,
      Math.log2(1 + switches[which]!),
    ))
    values.push(own[0]!, own[1]!)
    // Rare and most of the invitee's use: a friend who once borrowed the device does not live on it.
    values.push(...[0, 1].map((which) => (uses[which]! > 0 ? (rarest[which]! * shared[which]!) / uses[which]! : 0)))
    return values
  }
}

/** Seconds from the last of the sorted times at or before a moment; NaN if none is. */
function gapBefore(times: Float64Array, at: number): number {
  let gap = Number.NaN
  for (const time of times) {
    if (time > at) break
    gap = at - time
  }
  return gap
}

/** The smallest gap between the two sorted lists, and how many of the second are within half an hour of one of the first. */
function meeting(first: Float64Array, second: Float64Array): { gap: number; count: number } {
  let gap = Infinity
  let count = 0
  let index = 0
  if (first.length === 0) return { gap, count }
  for (const time of second) {
    while (index + 1 < first.length && Math.abs(first[index + 1]! - time) <= Math.abs(first[index]! - time)) index++
    const distance = Math.abs(first[index]! - time)
    if (distance < gap) gap = distance
    if (distance <= 30 * minute) count++
  }
  return { gap, count }
}
