// What is known of kinds of identifiers before any data: the family whose members are correlated, how much a shared value
// says by itself, and whether it may link two accounts at all.
import { IdentifierFlag } from '../population.ts'

/** Members of one family are correlated: a device brings its cookie, a card its wallet. Evidence is capped per family. */
export const families = ['network', 'device', 'payment', 'payout', 'contact', 'other'] as const
export type Family = (typeof families)[number]

export interface KindTraits {
  readonly family: Family
  /** Log-odds in bits that two accounts on one such value are one operator, knowing nothing else. */
  readonly priorBits: number
  /** Whether a shared value alone may link accounts; otherwise it only adds to a link. */
  readonly links: boolean
}

const traits = (family: Family, priorBits: number, links: boolean): KindTraits => ({ family, priorBits, links })

const known: ReadonlyMap<string, KindTraits> = new Map([
  ['ip', traits('network', -4, false)],
  ['ip:network', traits('network', -7, false)],
  ['ip:api', traits('other', 1, true)],
  ['device:install', traits('device', 3, true)],
  ['device:cookie', traits('device', 2, true)],
  ['device:fingerprint', traits('device', 0, true)],
  ['device', traits('device', 0, true)],
  ['payment:fingerprint', traits('payment', 2.5, true)],
  ['payment:bank', traits('payment', 2, true)],
  ['payment:wallet', traits('payment', 2, true)],
  ['payment:masked', traits('payment', -3, false)],
  ['payment', traits('payment', 0, true)],
  ['bank', traits('payment', 2.5, true)],
  ['wallet', traits('payment', 2, true)],
  ['payout', traits('payout', 2, true)],
  ['payout:bank', traits('payout', 3, true)],
  ['payout:wallet', traits('payout', 3, true)],
  ['email', traits('contact', 4, true)],
  ['email:domain', traits('contact', -5, false)],
  ['email:pattern', traits('contact', -2, false)],
  ['phone', traits('contact', 2.5, true)],
  ['callback', traits('other', 1, true)],
  ['origin', traits('other', 0, true)],
  ['host', traits('other', 0, true)],
])

const ordinary = traits('other', 0, true)

/** Traits of a kind: by its full name, else by its first word, else ordinary. */
export function kindTraits(kind: string): KindTraits {
  return known.get(kind) ?? known.get(kind.split(':')[0] ?? kind) ?? ordinary
}

/** Addresses that are the same everywhere, and domains that everybody has, are no identity at all. */
export function isMeaningless(kind: string, flags: number): boolean {
  if ((flags & (IdentifierFlag.privateRange | IdentifierFlag.carrierNat)) !== 0) return true
  return kind === 'email:domain' && (flags & IdentifierFlag.freeProvider) !== 0
}

/**
 * Kinds that repeat the same value in a common space (a bank account is `payment:bank` or `payout:bank`, and `bank`): where
 * the common kind is present, the narrower one would only count the same fact twice.
 */
export function twinKinds(kind: string): readonly string[] {
  return twins.get(kind) ?? []
}

const twins: ReadonlyMap<string, readonly string[]> = new Map([
  ['payment:bank', ['bank']],
  ['payout:bank', ['bank']],
  ['payment:wallet', ['wallet']],
  ['payout:wallet', ['wallet']],
  ['payout', ['payment:fingerprint', 'payment:masked']],
])
