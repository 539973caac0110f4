// The canonical values of bank accounts and wallets, where money in and money out meet:
// a payout destination equal to somebody's payment instrument is then one shared identifier of kind `bank` or `wallet`.
import { isIban } from './card-number.ts'

/** Letters and digits only, upper case; an IBAN in any grouping gives the same value. Empty if nothing is left. */
export function canonicalBankAccount(value: string): string {
  return value.normalize('NFKC').replace(/^iban[:\s]*/i, '').replace(/[^\p{L}\p{N}]/gu, '').toUpperCase()
}

export function looksLikeIban(value: string): boolean {
  return isIban(canonicalBankAccount(value))
}

/** Hexadecimal and bech32 wallet addresses and e-mail wallets ignore case; base58 addresses do not. */
export function canonicalWallet(value: string): string {
  return /^0x[0-9a-f]+$/i.test(value) || /^(?:bc1|ltc1|addr1|cosmos1)/i.test(value) || value.includes('@')
    ? value.toLowerCase()
    : value
}

/** Country and last four characters: enough for an analyst to recognise it, too little to use it. */
export function maskBankAccount(canonical: string): string {
  const country = /^[A-Z]{2}\d{2}/.test(canonical) ? canonical.slice(0, 2) : ''
  return `${country}…${canonical.slice(-4)}`
}
