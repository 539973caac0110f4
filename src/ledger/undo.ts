// Undo: the exact inverse of a posted transfer. The floors of the books refuse it once something it must take back is gone.

import type { Transaction } from '../base/database.ts'
import type { EntryLine } from './book-accounts.ts'

/** The same lines with opposite signs, last first. */
export function inverseEntries(entries: readonly EntryLine[]): EntryLine[] {
  return entries.map((entry) => ({ ...entry, amount: -entry.amount })).reverse()
}

/** The lines of a posted transfer in their order. */
export async function entriesOf(transaction: Transaction, transferId: bigint): Promise<EntryLine[]> {
  const rows = await transaction.entry.findMany({ where: { transferId }, include: { bookAccount: { select: { accountId: true, kind: true } } }, orderBy: { id: 'asc' } })
  return rows.map((row) => ({
    accountId: row.bookAccount.accountId,
    kind: row.bookAccount.kind as EntryLine['kind'],
    asset: row.asset,
    rebateId: row.rebateId,
    amount: row.amount,
  }))
}
