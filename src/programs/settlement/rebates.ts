// Reading what rebates rest on, for parts that act on one of them.

import type { Transaction } from '../../base/database.ts'
import type { Session } from '../../base/session.ts'
import { policyAt } from '../../policies/index.ts'

/** When a hold of the programme that is placed now is due. */
export async function holdDueAt(transaction: Transaction, programId: bigint, now: Date): Promise<Date> {
  const { policy } = await policyAt(transaction, programId, now)
  return new Date(now.getTime() + policy.holdDays * 86_400_000)
}

/** Payments of an account since a time that may still earn: imported history may not. The oldest first. */
export async function paymentsSince(session: Session, accountId: bigint, since: Date): Promise<bigint[]> {
  const rows = await session.$queryRaw<{ id: bigint }[]>`
    select e.id from event e join batch b on b.id = e.batch_id
      where e.account_id = ${accountId} and e.occurred_at >= ${since}::timestamptz and e.type in ('recharge', 'payment', 'spend') and not coalesce(e.is_history, b.kind = 'import')
      order by e.occurred_at, e.id`
  return rows.map(({ id }) => id)
}
