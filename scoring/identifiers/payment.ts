// Payment instruments: the processor's fingerprint of the whole number is strong; a mask (first and last digits) is weak,
// because thousands share one; bank accounts and wallets also get the canonical kind that payouts share.
import { canonicalBankAccount, canonicalWallet, looksLikeIban, maskBankAccount } from './bank.ts'
import { IdentifierFlag } from '../population.ts'
import { accepted, refused } from './shape.ts'
import type { NormaliseResult, Normaliser } from './shape.ts'

export const normalisePayment: Normaliser = (identifier) => {
  const { kind, value, attributes } = identifier
  const isBare = kind === 'payment'
  if (kind === 'payment:bank' || (isBare && looksLikeIban(value))) return bankAccount('payment:bank', value, attributes)
  if (kind === 'payment:wallet') return wallet('payment:wallet', value, attributes)
  if (kind === 'payment:masked' || (isBare && looksMasked(value))) {
    const canonical = value.normalize('NFKC').toLowerCase().replace(/[*x•·.#\s\p{Cf}]+/gu, '*')
    const flags = IdentifierFlag.masked | (isBare ? IdentifierFlag.bare : 0)
    return accepted({ kind: 'payment:masked', value: canonical, flags, model: null, attributes })
  }
  const named = isBare ? 'payment:fingerprint' : kind
  return accepted({ kind: named, value, flags: isBare ? IdentifierFlag.bare : 0, model: null, attributes })
}

/** Mask characters between digits, or too few digits to be a whole number: no identity. */
export function looksMasked(value: string): boolean {
  if (/\d?[*x•·#]{2,}[\s-]*\d{2,}/iu.test(value)) return true
  return /^[\d\s/|:;,-]{1,18}$/.test(value)
}

export function bankAccount(
  kind: 'payment:bank' | 'payout:bank',
  value: string,
  attributes: Readonly<Record<string, string>>,
): NormaliseResult {
  const canonical = canonicalBankAccount(value)
  if (canonical === '') return refused('empty_value')
  const shown = { ...attributes, mask: maskBankAccount(canonical) }
  return accepted(
    { kind, value: canonical, flags: 0, model: null, attributes: shown },
    { kind: 'bank', value: canonical, flags: 0, model: null, attributes: shown },
  )
}

export function wallet(
  kind: 'payment:wallet' | 'payout:wallet',
  value: string,
  attributes: Readonly<Record<string, string>>,
): NormaliseResult {
  const canonical = canonicalWallet(value)
  return accepted(
    { kind, value: canonical, flags: 0, model: null, attributes },
    { kind: 'wallet', value: canonical, flags: 0, model: null, attributes },
  )
}
