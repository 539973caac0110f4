// What inviter and invitee were both seen with: evidence in bits per family, how rare it is per kind, before or after the
// invitation. An address adds to a pair that something else links; alone it stays apart.
import { identifierBits } from '../linking/evidence.ts'
import { fixed } from '../linking/exact.ts'
import { families, kindTraits } from '../linking/kinds.ts'
import { ObservationContext } from '../population.ts'
import type { LinkingInput } from './account-features.ts'
import type { ReferralFeatureGroup } from './referral-features.ts'

const network = families.indexOf('network')
const linkingFamilies = families.filter((family) => family !== 'network')

/** A family's second identifier and all later ones count this much: they come with the first. */
export const correlatedShare = 0.25

/** Kinds whose rarity is a feature of its own, because a shared one means something else in each. */
const rarityGroups = ['install', 'cookie', 'fingerprint', 'payment', 'contact', 'pattern', 'other', 'address', 'network'] as const
type RarityGroup = (typeof rarityGroups)[number]

export function rarityGroup(kind: string): RarityGroup {
  if (kind === 'ip') return 'address'
  if (kind === 'ip:network') return 'network'
  if (kind === 'device:install') return 'install'
  if (kind === 'device:cookie') return 'cookie'
  if (kind.startsWith('device')) return 'fingerprint'
  if (kind === 'email:pattern' || kind === 'email:domain' || kind === 'payment:masked') return 'pattern'
  const { family } = kindTraits(kind)
  if (family === 'payment' || family === 'payout') return 'payment'
  return family === 'contact' ? 'contact' : 'other'
}

/** From 8 for a value that only these two share down to a half for one that hundreds do; 0 if none is shared. */
const rarity = (accounts: number) => Math.max(0.5, 9 - Math.log2(accounts))

export function sharedFeatures(input: LinkingInput): ReferralFeatureGroup {
  const compare = createComparison(input)
  return {
    features: [
      ...linkingFamilies.map((family) => ({ name: `shared_${family}_bits`, monotone: 1 as const })),
      { name: 'shared_network_bits_with_link', monotone: 1 },
      { name: 'shared_network_bits_alone', monotone: 1 },
      { name: 'shared_total_bits', monotone: 1 },
      { name: 'shared_families', monotone: 1 },
      { name: 'shared_identifiers', monotone: 1 },
      { name: 'shared_share_of_invitee', monotone: 1 },
      { name: 'shared_weak_identifiers', monotone: 1 },
      { name: 'shared_used_by_inviter_before', monotone: 1 },
      { name: 'shared_used_by_both_before', monotone: 1 },
      { name: 'shared_first_by_invitee', monotone: 0 },
      { name: 'shared_use_overlap_share', monotone: 0 },
      { name: 'shared_addresses', monotone: 0 },
      { name: 'shared_addresses_share_of_invitee', monotone: 0 },
      { name: 'shared_address_accounts_log2', monotone: 0 },
      { name: 'shared_payment_context', monotone: 1 },
      { name: 'shared_identifier_accounts_log2', monotone: 0 },
      ...rarityGroups.map((group) => ({ name: `shared_${group}_rarity`, monotone: 1 as const })),
    ],
    measure: ({ inviter, invitee, at }) => compare(inviter, invitee, at),
  }
}

function createComparison({ population, postings, strength, links }: LinkingInput) {
  const kindFamily = Uint8Array.from(population.identifiers.kinds, (kind) => families.indexOf(kindTraits(kind).family))
  const kindGroup = Uint8Array.from(population.identifiers.kinds, (kind) => rarityGroups.indexOf(rarityGroup(kind)))
  const addressGroup = rarityGroups.indexOf('address')
  const { kind } = population.identifiers
  const { accountStart, identifierOf, identifierStart, firstAt, lastAt, context } = postings
  const best = new Float64Array(families.length)
  const sum = new Float64Array(families.length)
  const rarest = new Float64Array(rarityGroups.length)
  return (inviter: number, invitee: number, at: number): number[] => {
    best.fill(0)
    sum.fill(0)
    rarest.fill(0)
    let shared = 0
    let weak = 0
    let inviterBefore = 0
    let bothBefore = 0
    let inviteeFirst = 0
    let overlapping = 0
    let timed = 0
    let addresses = 0
    let inviteeLinking = 0
    let inviteeAddresses = 0
    let addressAccounts = Number.NaN
    let linkAccounts = Number.NaN
    let paid = 0
    let left = accountStart[inviter]!
    const leftEnd = accountStart[inviter + 1]!
    for (let right = accountStart[invitee]!; right < accountStart[invitee + 1]!; right++) {
      const identifier = identifierOf[right]!
      const group = kindGroup[kind[identifier]!]!
      if (links[identifier] === 1) inviteeLinking++
      if (group === addressGroup) inviteeAddresses++
      while (left < leftEnd && identifierOf[left]! < identifier) left++
      if (left === leftEnd || identifierOf[left] !== identifier) continue
      const accounts = identifierStart[identifier + 1]! - identifierStart[identifier]!
      const size = Math.log2(accounts)
      const bits = fixed(identifierBits(strength[identifier]!))
      const family = kindFamily[kind[identifier]!]!
      sum[family]! += bits
      if (bits > best[family]!) best[family] = bits
      if (rarity(accounts) > rarest[group]!) rarest[group] = rarity(accounts)
      if (group === addressGroup) {
        addresses++
        if (!(addressAccounts <= size)) addressAccounts = size
      }
      if (links[identifier] === 0) {
        weak++
        continue
      }
      shared++
      if (!(linkAccounts <= size)) linkAccounts = size
      if ((context[left]! & context[right]! & (ObservationContext.payment | ObservationContext.payout)) !== 0) paid++
      if (firstAt[left]! < at) inviterBefore++
      if (firstAt[left]! < at && firstAt[right]! < at) bothBefore++
      if (firstAt[right]! < firstAt[left]!) inviteeFirst++
      if (Number.isNaN(firstAt[left]!) || Number.isNaN(firstAt[right]!)) continue
      timed++
      if (firstAt[left]! <= lastAt[right]! && firstAt[right]! <= lastAt[left]!) overlapping++
    }
    const familyBits = families.map((_, family) => best[family]! + correlatedShare * (sum[family]! - best[family]!))
    const linkBits = familyBits.reduce((total, bits, family) => total + (family === network ? 0 : bits), 0)
    const networkBits = familyBits[network]!
    return [
      ...familyBits.filter((_, family) => family !== network),
      linkBits > 0 ? networkBits : 0,
      linkBits > 0 ? 0 : networkBits,
      linkBits + (linkBits > 0 ? Math.min(networkBits, 3) : 0),
      familyBits.filter((bits, family) => family !== network && bits > 0.5).length,
      shared,
      inviteeLinking > 0 ? shared / inviteeLinking : Number.NaN,
      weak,
      inviterBefore, bothBefore, inviteeFirst,
      timed > 0 ? overlapping / timed : Number.NaN,
      addresses,
      inviteeAddresses > 0 ? addresses / inviteeAddresses : Number.NaN,
      addressAccounts,
      paid,
      linkAccounts,
      ...rarest,
    ]
  }
}
