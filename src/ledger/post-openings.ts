// Opening entries in bulk: what the platform's own books held before ours began, one transfer each against `opening_balance`.
// Promises: every one goes through the database's posting function; a natural key that was posted before is not posted again; it takes
// effect at its own time, or now where that time is closed.

import type pg from 'pg'
import type { MemberKind } from './book-accounts.ts'

export interface Opening {
  /** Unique for ever. */
  readonly naturalKey: Uint8Array
  readonly programId: bigint
  readonly accountId: number
  readonly kind: MemberKind
  readonly asset: string
  /** Null only for money that the member paid. */
  readonly rebateId: string | null
  /** Never zero; below zero for debt. */
  readonly amount: bigint
  readonly occurredAt: Date
}

/** Must run in the caller's transaction; returns how many were posted now. */
export async function postOpenings(
  client: pg.PoolClient, by: { actorId: bigint; recordedAt: Date }, openings: readonly Opening[],
): Promise<number> {
  if (openings.length === 0) return 0
  const column = <Value>(of: (opening: Opening) => Value): Value[] => openings.map(of)
  const result = await client.query<{ posted: string }>(
    `SELECT count(*) FILTER (WHERE NOT posting.replayed) AS posted
       FROM (SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::timestamptz[])
               AS o(natural_key, program_id, account_id, kind, asset, rebate_id, amount, occurred_at)
               ORDER BY o.account_id, o.natural_key) AS o
       CROSS JOIN LATERAL post_transfer(o.natural_key, 'opening', o.program_id, NULL, NULL, NULL, o.occurred_at, $9,
         open_time(o.program_id, o.occurred_at, $9), $10,
         ARRAY[o.account_id, NULL], ARRAY[o.kind, 'opening_balance'], ARRAY[o.asset, o.asset], ARRAY[o.rebate_id, o.rebate_id],
         ARRAY[o.amount, -o.amount]) AS posting`,
    [column((each) => Buffer.from(each.naturalKey)), column((each) => each.programId), column((each) => each.accountId), column((each) => each.kind),
      column((each) => each.asset), column((each) => each.rebateId), column((each) => each.amount), column((each) => each.occurredAt),
      by.recordedAt, by.actorId])
  return Number(result.rows[0]?.posted ?? 0)
}
