// The features of the referral scorecard that can be told from one hop: what both were seen with, and what the invitee shares
// with the inviter's other invitees. They have the names and values that the detector gives them; all others stay as they were.

import { correlatedShare, rarityGroup } from '../../scoring/features/shared-features.ts'
import { identifierBits } from '../../scoring/linking/evidence.ts'
import { fixed } from '../../scoring/linking/exact.ts'
import { families, isMeaningless, kindTraits } from '../../scoring/linking/kinds.ts'

/** An identifier that both sides were seen with. */
export interface SharedIdentifier {
  readonly kind: string
  readonly flags: number
  /** Probability that it belongs to one operator. */
  readonly strength: number
  /** Accounts seen with it, these two included. */
  readonly accounts: number
}

export interface PairEvidence {
  readonly shared: readonly SharedIdentifier[]
  /** Linking identifiers of the invitee, shared or not. */
  readonly inviteeLinking: number
  /** Addresses of the invitee, shared or not. */
  readonly inviteeAddresses: number
  /** The best evidence in bits that ties the invitee to another invitee of this inviter, and how many such ties there are. */
  readonly siblingBitsBest: number
  readonly siblingsLinked: number
}

/** Whether a shared value of this kind may link two accounts by itself. */
export function mayLink(kind: string, flags: number): boolean {
  return kindTraits(kind).links && !isMeaningless(kind, flags)
}

/** Feature values by the detector's names; NaN where there is nothing to measure. */
export function pairFeatures(evidence: PairEvidence): ReadonlyMap<string, number> {
  const shared = evidence.shared.filter(({ kind, flags }) => !isMeaningless(kind, flags))
  const linking = shared.filter(({ kind }) => kindTraits(kind).links)
  const addresses = shared.filter(({ kind }) => rarityGroup(kind) === 'address')
  const values = new Map<string, number>()
  const bitsOf = familyBits(shared)
  const networkBits = bitsOf.get('network') ?? 0
  let linkBits = 0
  let familiesShared = 0
  for (const [family, bits] of bitsOf) {
    if (family === 'network') continue
    values.set(`shared_${family}_bits`, bits)
    linkBits += bits
    if (bits > 0.5) familiesShared++
  }
  values.set('shared_network_bits_with_link', linkBits > 0 ? networkBits : 0)
  values.set('shared_network_bits_alone', linkBits > 0 ? 0 : networkBits)
  values.set('shared_total_bits', linkBits + (linkBits > 0 ? Math.min(networkBits, 3) : 0))
  values.set('shared_families', familiesShared)
  values.set('shared_identifiers', linking.length)
  values.set('shared_weak_identifiers', shared.length - linking.length)
  values.set('shared_share_of_invitee', evidence.inviteeLinking > 0 ? linking.length / evidence.inviteeLinking : Number.NaN)
  values.set('shared_identifier_accounts_log2', fewestAccounts(linking))
  values.set('shared_addresses', addresses.length)
  values.set('shared_addresses_share_of_invitee', evidence.inviteeAddresses > 0 ? addresses.length / evidence.inviteeAddresses : Number.NaN)
  values.set('shared_address_accounts_log2', fewestAccounts(addresses))
  for (const [group, rarest] of rarities(shared)) values.set(`shared_${group}_rarity`, rarest)
  values.set('sibling_bits_best', evidence.siblingBitsBest)
  values.set('siblings_linked', evidence.siblingsLinked)
  return values
}

/** A family's best identifier counts whole, its others in part: they come with the first. */
function familyBits(shared: readonly SharedIdentifier[]): Map<string, number> {
  const best = new Map<string, number>(families.map((family) => [family, 0]))
  const sum = new Map<string, number>(families.map((family) => [family, 0]))
  for (const { kind, strength } of shared) {
    const { family } = kindTraits(kind)
    const bits = fixed(identifierBits(strength))
    sum.set(family, (sum.get(family) ?? 0) + bits)
    best.set(family, Math.max(best.get(family) ?? 0, bits))
  }
  return new Map(families.map((family) => {
    const most = best.get(family) ?? 0
    return [family, most + correlatedShare * ((sum.get(family) ?? 0) - most)]
  }))
}

const RARITY_GROUPS = ['install', 'cookie', 'fingerprint', 'payment', 'contact', 'pattern', 'other', 'address', 'network'] as const

function rarities(shared: readonly SharedIdentifier[]): Map<string, number> {
  const rarest = new Map<string, number>(RARITY_GROUPS.map((group) => [group, 0]))
  for (const { kind, accounts } of shared) {
    const group = rarityGroup(kind)
    rarest.set(group, Math.max(rarest.get(group) ?? 0, Math.max(0.5, 9 - Math.log2(accounts))))
  }
  return rarest
}

function fewestAccounts(shared: readonly SharedIdentifier[]): number {
  return shared.length === 0 ? Number.NaN : Math.log2(Math.min(...shared.map(({ accounts }) => accounts)))
}
