// Bank accounts as members give them: checked, made canonical and masked. An IBAN is checked by its check digits (ISO 13616);
// other account numbers need their bank's code and country, and a routing number of the United States its checksum.

import { z } from 'zod'

const holder = z.string().trim().min(2).max(140).refine((text) => !/[\p{Cc}\p{Surrogate}]/u.test(text), 'must hold no control characters')

export const bankAccountInput = z.union([
  z.strictObject({ account_holder: holder, iban: z.string().min(15).max(42), bic: z.string().max(11).optional() }),
  z.strictObject({ account_holder: holder, account_number: z.string().min(3).max(34), bank_code: z.string().min(3).max(20), country: z.string().regex(/^[A-Z]{2}$/, 'must be a country code of two capital letters') }),
])
export type BankAccountInput = z.output<typeof bankAccountInput>

/** Every field is text; those that do not apply are empty. */
export interface BankAccount {
  readonly accountHolder: string
  readonly iban: string
  readonly accountNumber: string
  readonly bankCode: string
  readonly bic: string
  readonly country: string
}

export type BankAccountRefusal = 'iban' | 'bic' | 'account_number' | 'bank_code'
export type BankAccountResult = { readonly ok: true; readonly account: BankAccount; readonly canonical: string; readonly shownAs: string } | { readonly ok: false; readonly reason: BankAccountRefusal }

export function readBankAccount(input: BankAccountInput): BankAccountResult {
  const accountHolder = input.account_holder.normalize('NFC')
  if ('iban' in input) {
    const iban = compact(input.iban)
    const bic = compact(input.bic ?? '')
    if (!isIban(iban)) return { ok: false, reason: 'iban' }
    if (bic !== '' && !/^[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$/.test(bic)) return { ok: false, reason: 'bic' }
    return found({ accountHolder, iban, accountNumber: '', bankCode: '', bic, country: iban.slice(0, 2) }, iban)
  }
  const accountNumber = compact(input.account_number)
  const bankCode = compact(input.bank_code)
  if (!/^[A-Z0-9]{3,34}$/.test(accountNumber) || !/\d{3}/.test(accountNumber)) return { ok: false, reason: 'account_number' }
  if (!/^[A-Z0-9]{3,20}$/.test(bankCode) || (input.country === 'US' && !isRoutingNumber(bankCode))) return { ok: false, reason: 'bank_code' }
  return found({ accountHolder, iban: '', accountNumber, bankCode, bic: '', country: input.country }, `${input.country}${bankCode}${accountNumber}`)
}

function found(account: BankAccount, canonical: string): BankAccountResult {
  return { ok: true, account, canonical, shownAs: `${account.country} …${canonical.slice(-4)}` }
}

function compact(text: string): string {
  return text.normalize('NFKC').replaceAll(/[\s.-]/g, '').toUpperCase()
}

/** ISO 13616: moved to the end, letters as numbers, the remainder by 97 is one. */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false
  const digits = Array.from(text.slice(4) + text.slice(0, 4), (character) => parseInt(character, 36).toString()).join('')
  return BigInt(digits) % 97n === 1n
}

/** The checksum of the American Bankers Association: weights 3, 7 and 1. */
function isRoutingNumber(text: string): boolean {
  const weights = [3, 7, 1]
  return /^\d{9}$/.test(text) && Array.from(text, Number).reduce((sum, digit, place) => sum + digit * (weights[place % 3] ?? 0), 0) % 10 === 0
}
