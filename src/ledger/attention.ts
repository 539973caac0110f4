// What is not wrong in the books but waits for somebody: unpaid debts, overdue holds, facts that wait for others.
// Promises: internal ids and sums only; reads one moment.

import type { Database } from '../base/database.ts'

export interface AttentionLine {
  readonly kind: 'debts' | 'overdue_holds' | 'waiting_events'
  readonly asset: string | null
  readonly count: number
  /** In the smallest unit of the asset; null where it is not about money. */
  readonly amount: bigint | null
  readonly oldestAt: Date
  /** Table and id of the oldest. */
  readonly oldest: string
}

/** Debts count when they have stood for `debtDays`; a fact that waits, when it was recorded so long ago. */
export async function readAttention({ pool }: Pick<Database, 'pool'>, now: Date, { debtDays = 90, waitingDays = 30 } = {}): Promise<readonly AttentionLine[]> {
  const { rows } = await pool.query<{ kind: AttentionLine['kind']; asset: string | null; count: string; amount: string | null; oldest_at: Date; oldest: string }>(QUERY, [now, debtDays, waitingDays])
  return rows.map(({ kind, asset, count, amount, oldest_at: oldestAt, oldest }) => ({ kind, asset, count: Number(count), amount: amount === null ? null : BigInt(amount), oldestAt, oldest }))
}

const QUERY = `
  with owed as (
    select p.rebate_id, b.asset, -p.amount as amount,
        (select min(t.effective_at) from entry e join transfer t on t.id = e.transfer_id where e.book_account_id = p.book_account_id and e.rebate_id = p.rebate_id and e.amount < 0) as since
      from position p join book_account b on b.id = p.book_account_id and b.kind = 'debt' where p.amount < 0
  )
  select 'debts' as kind, asset, count(*) as count, sum(amount) as amount, min(since) as oldest_at, (array_agg('rebate ' || rebate_id order by since, rebate_id))[1] as oldest
    from owed where since <= $1::timestamptz - $2 * interval '1 day' group by asset
  union all
  select 'overdue_holds', null, count(*), null, min(due_at), (array_agg('hold ' || id order by due_at, id))[1] from hold where ended_at is null and due_at < $1 having count(*) > 0
  union all
  select 'waiting_events', null, count(*), null, min(recorded_at), (array_agg('event ' || event_id order by recorded_at, event_id))[1]
    from waiting_event where recorded_at <= $1::timestamptz - $3 * interval '1 day' having count(*) > 0
  order by kind, asset`
