// What a member owes and why: each debt with the rebate it belongs to and the transfer that made it, fit to be shown to the member.

import type { Transaction } from '../base/database.ts'
import type { TransferKind } from './book-accounts.ts'

export interface OwedDebt {
  readonly rebateId: bigint
  readonly asset: string
  /** Still owed; above zero. */
  readonly amount: bigint
  /** What took the rebate back after it was used, oldest first. */
  readonly causes: readonly DebtCause[]
}

export interface DebtCause {
  readonly transferId: bigint
  readonly kind: TransferKind
  readonly eventId: bigint | null
  readonly decisionId: bigint | null
  readonly occurredAt: Date
  readonly amount: bigint
}

interface Row {
  rebate_id: bigint
  asset: string
  owed: bigint
  transfer_id: bigint
  kind: TransferKind
  event_id: bigint | null
  decision_id: bigint | null
  occurred_at: Date
  amount: bigint
}

export async function debtCausesOf(transaction: Transaction, accountId: bigint): Promise<OwedDebt[]> {
  const rows = await transaction.$queryRaw<Row[]>`
    select p.rebate_id, b.asset, -p.amount as owed, t.id as transfer_id, t.kind, t.event_id, t.decision_id, t.occurred_at, -e.amount as amount
      from book_account b
      join position p on p.book_account_id = b.id and p.amount < 0
      join entry e on e.book_account_id = b.id and e.rebate_id = p.rebate_id and e.amount < 0
      join transfer t on t.id = e.transfer_id
      where b.account_id = ${accountId} and b.kind = 'debt'
      order by p.rebate_id, e.id`
  const debts = new Map<bigint, OwedDebt & { causes: DebtCause[] }>()
  for (const row of rows) {
    const debt = debts.get(row.rebate_id) ?? { rebateId: row.rebate_id, asset: row.asset, amount: row.owed, causes: [] }
    debts.set(row.rebate_id, debt)
    debt.causes.push({
      transferId: row.transfer_id, kind: row.kind, eventId: row.event_id, decisionId: row.decision_id, occurredAt: row.occurred_at, amount: row.amount,
    })
  }
  return [...debts.values()]
}
