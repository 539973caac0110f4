// Giving up a debt, and restoring it: the debt of one rebate against bad_debt. Written off is not forgiven for ever:
// whoever takes back what made the debt restores it first, so that the exact inverse can be posted.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import type { EntryLine, Position } from './book-accounts.ts'
import { postTransfer } from './post.ts'

/** The debt of a rebate is gone; `amount` is above zero. */
export function writeOffEntries({ accountId, asset, rebateId }: Pick<Position, 'accountId' | 'asset' | 'rebateId'>, amount: bigint): EntryLine[] {
  return [
    { accountId, kind: 'debt', asset, rebateId, amount },
    { accountId: null, kind: 'bad_debt', asset, rebateId, amount: -amount },
  ]
}

/**
 * Makes the debts of rebates stand again that were written off, so that an undo, a won dispute or an appeal can take them away where they
 * were made. The members must be locked. Returns the rebates concerned; safe to repeat.
 */
export async function restoreWriteOffs(transaction: Transaction, { now, actorId }: { readonly now: Date; readonly actorId: bigint }, rebateIds: readonly bigint[]): Promise<bigint[]> {
  const rows = await transaction.writeOff.findMany({
    where: { rebateId: { in: [...rebateIds] }, transferId: { not: null }, restoredBy: null }, include: { rebate: { select: { programId: true } } }, orderBy: { id: 'asc' },
  })
  for (const row of rows) {
    const { transferId } = await postTransfer(transaction, {
      naturalKey: digestOf('write-off restored', row.id.toString()), kind: 'write_off_restored', programId: row.rebate.programId, reversesId: row.transferId,
      occurredAt: now, recordedAt: now, effectiveAt: now, actorId,
      entries: writeOffEntries(row, row.amount).map((line) => ({ ...line, amount: -line.amount })).reverse(),
    })
    await transaction.writeOff.update({ where: { id: row.id }, data: { restoredBy: transferId } })
  }
  return [...new Set(rows.map((row) => row.rebateId))]
}
