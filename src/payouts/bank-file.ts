// The bank's two files: the orders that go out, and the confirmation that comes back. Both are CSV with a header, in UTF-8.
// Promises: the same payouts give the same bytes; no cell is read as a formula by a spreadsheet; a line that cannot be read says why.

import { parse } from 'csv-parse/sync'
import { csvLine } from '../base/csv.ts'
import { formatAmount, parseMicros } from '../base/money.ts'
import type { BankAccount } from './bank-account.ts'
import { referenceOf } from './reference.ts'

export const ORDER_COLUMNS = ['reference', 'account_holder', 'iban', 'bic', 'account_number', 'bank_code', 'country', 'currency', 'amount'] as const
export const CONFIRMATION_COLUMNS = ['reference', 'status', 'amount', 'fee', 'date'] as const
export const CONFIRMATION_LINES_MAX = 2_000

export interface BankOrder {
  readonly payoutId: bigint
  readonly account: BankAccount
  readonly currency: string
  /** Micros: gross less what is withheld; the bank's own fee is taken from it. */
  readonly amount: bigint
}

export function writeOrders(orders: readonly BankOrder[]): string {
  const lines = orders.map(({ payoutId, account, currency, amount }) => csvLine([
    referenceOf(payoutId), account.accountHolder, account.iban, account.bic, account.accountNumber, account.bankCode, account.country, currency, formatAmount(amount),
  ]))
  return [csvLine([...ORDER_COLUMNS]), ...lines].join('')
}

export interface ConfirmationLine {
  readonly reference: string
  readonly status: 'paid' | 'returned'
  readonly amount: bigint
  readonly fee: bigint
  readonly date: Date
}

export type LineFault = 'columns' | 'status' | 'amount' | 'fee' | 'date'
/** The number of a line counts the header as 1, as an editor shows it when no cell holds a line break. */
export interface ReadLine {
  readonly number: number
  readonly reference: string
  readonly line: ConfirmationLine | LineFault
}
export type ReadConfirmation = { readonly ok: true; readonly lines: readonly ReadLine[] } | { readonly ok: false; readonly reason: 'not_csv' | 'header' | 'too_many_lines' }

export function readConfirmation(text: string): ReadConfirmation {
  let rows: string[][]
  try {
    rows = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true })
  } catch {
    return { ok: false, reason: 'not_csv' }
  }
  const [header = [], ...body] = rows
  if (header.length !== CONFIRMATION_COLUMNS.length || CONFIRMATION_COLUMNS.some((name, place) => header[place]?.toLowerCase() !== name)) return { ok: false, reason: 'header' }
  if (body.length > CONFIRMATION_LINES_MAX) return { ok: false, reason: 'too_many_lines' }
  return { ok: true, lines: body.map((cells, place) => ({ number: place + 2, reference: (cells[0] ?? '').slice(0, 40), line: readLine(cells) })) }
}

function readLine(cells: readonly string[]): ConfirmationLine | LineFault {
  const [reference, status, amountText, feeText, dateText] = cells
  if (cells.length !== CONFIRMATION_COLUMNS.length || reference === undefined || amountText === undefined || feeText === undefined || dateText === undefined) return 'columns'
  if (status !== 'paid' && status !== 'returned') return 'status'
  const amount = parseMicros(amountText)
  if (!amount.ok) return 'amount'
  const fee = parseMicros(feeText === '' ? '0' : feeText)
  if (!fee.ok) return 'fee'
  const date = readDate(dateText)
  return date === null ? 'date' : { reference, status, amount: amount.amount, fee: fee.amount, date }
}

/** A calendar day such as 2026-06-01, as its first moment in UTC. */
function readDate(text: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const date = new Date(`${text}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? null : date
}
