// Reading the facts as logs, from a position on. Sequence order is not commit order, so a reader advances only below the
// oldest transaction still running: no row that commits late is ever jumped over.

import type pg from 'pg'

/** Between two rows of a log: all rows up to it were read. */
export interface LogPosition {
  /** The transaction that wrote the last row read. */
  readonly transaction: bigint
  readonly id: bigint
}

export const LOG_START: LogPosition = { transaction: 0n, id: 0n }

const COLUMNS = {
  account: 'occurred_at, recorded_at',
  observation: 'account_id, identifier_id, context, occurred_at, recorded_at',
  event: 'type, account_id, amount, asset, funded_by, occurred_at, recorded_at',
  referral_fact: 'program_id, inviter_id, invitee_id, channel, clicked_at, referral_id, not_payable, occurred_at, recorded_at',
  rebate: 'program_id, referral_id, account_id, amount, asset, occurred_at, recorded_at',
} as const

interface Times {
  readonly id: string
  readonly recorded_at: Date
}

export interface LogRows {
  readonly account: Times & { readonly occurred_at: Date | null }
  readonly observation: Times & { readonly account_id: string; readonly identifier_id: string; readonly context: string; readonly occurred_at: Date | null }
  readonly event: Times & {
    readonly type: string; readonly account_id: string; readonly amount: string | null; readonly asset: string | null
    readonly funded_by: string; readonly occurred_at: Date
  }
  readonly referral_fact: Times & {
    readonly program_id: string; readonly inviter_id: string; readonly invitee_id: string; readonly channel: string
    readonly clicked_at: Date | null; readonly referral_id: string | null; readonly not_payable: string | null; readonly occurred_at: Date
  }
  readonly rebate: Times & {
    readonly program_id: string; readonly referral_id: string | null; readonly account_id: string; readonly amount: string
    readonly asset: string; readonly occurred_at: Date
  }
}

export type LogName = keyof LogRows

export interface LogPage<Row> {
  readonly rows: readonly Row[]
  /** Where to go on. */
  readonly position: LogPosition
}

/** The next rows after the position, at most `limit`; none when the log is read up to the oldest running transaction. */
export async function readLog<Name extends LogName>(
  client: pg.PoolClient | pg.Pool, name: Name, after: LogPosition, limit = 10_000,
): Promise<LogPage<LogRows[Name]>> {
  const result = await client.query<LogRows[Name] & { transaction: string }>(
    `SELECT id, xid::text AS transaction, ${COLUMNS[name]} FROM ${name}
       WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY xid, id LIMIT $3`,
    [after.transaction.toString(), after.id.toString(), limit])
  const last = result.rows.at(-1)
  return {
    rows: result.rows,
    position: last === undefined ? after : { transaction: BigInt(last.transaction), id: BigInt(last.id) },
  }
}
