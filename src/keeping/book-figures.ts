// What an operator watches of the books and their keeping: ages, counts and sums of the whole database, for metrics and alerts.
// Promises: no ids and no member in any of it; each figure by an index or over a small table, cheap enough for every scrape.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'

export interface Figure {
  readonly name: string
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Figures that have no value yet (no scan has finished, nothing was verified) are left out. */
export async function readBookFigures({ database, clock }: { readonly database: Pick<Database, 'pool'>; readonly clock: Clock }): Promise<readonly Figure[]> {
  const { rows: [row] } = await database.pool.query<Record<string, string | null>>(QUERY, [clock.now()])
  const { rows: debts } = await database.pool.query<{ asset: string; owed: string }>(
    `select asset, -sum(balance) as owed from book_account where kind = 'debt' and balance <> 0 group by asset`)
  const single = FIGURES.flatMap(({ name, help, column }) => {
    const value = row?.[column] ?? null
    return value === null ? [] : [{ name, help, labels: {}, value: Number(value) }]
  })
  return [...single, ...debts.map(({ asset, owed }) => ({ name: 'ringfence_debt_units', help: 'What members owe, in the smallest unit of the asset.', labels: { asset }, value: Number(owed) }))]
}

const FIGURES: readonly { readonly name: string; readonly help: string; readonly column: string }[] = [
  { name: 'ringfence_verification_ok', help: '1 when the newest nightly verification found everything in order, else 0.', column: 'verified_ok' },
  { name: 'ringfence_verification_timestamp_seconds', help: 'When the newest verification ended, in seconds of the epoch.', column: 'verified_at' },
  { name: 'ringfence_scan_timestamp_seconds', help: 'When the newest finished scan ended, in seconds of the epoch.', column: 'scanned_at' },
  { name: 'ringfence_holds_open', help: 'Open holds.', column: 'holds_open' },
  { name: 'ringfence_holds_overdue', help: 'Open holds whose due date has passed.', column: 'holds_overdue' },
  { name: 'ringfence_holds_without_case', help: 'Open holds for review that no case looks after and that are older than a day.', column: 'holds_without_case' },
  { name: 'ringfence_transfers_unsealed', help: 'Transfers, gaps included, that are not yet sealed into the chain of acts.', column: 'unsealed' },
  { name: 'ringfence_jobs_given_up', help: 'Runs of jobs that were asked for and failed every time.', column: 'jobs_given_up' },
  { name: 'ringfence_source_events_missing', help: 'Numbers of sources that count their events which did not arrive.', column: 'events_missing' },
  { name: 'ringfence_accrual_questions_open', help: 'Payments that would earn and wait for a person’s answer.', column: 'questions_open' },
  { name: 'ringfence_database_bytes', help: 'Size of the database.', column: 'bytes' },
]

const QUERY = `
  select v.is_ok::int as verified_ok, extract(epoch from v.finished_at) as verified_at,
    (select extract(epoch from finished_at) from scan where state = 'finished' order by id desc limit 1) as scanned_at,
    h.open as holds_open, h.overdue as holds_overdue, h.without_case as holds_without_case,
    (select coalesce(max(id), 0) from transfer) - (select coalesce(max(last_transfer_id), 0) from posting_seal) as unsealed,
    (select count(*) from graphile_worker._private_jobs where attempts >= max_attempts and locked_at is null) as jobs_given_up,
    (select coalesce(sum(to_sequence - from_sequence + 1), 0) from source_gap) as events_missing,
    (select count(*) from accrual_question where answered_at is null) as questions_open,
    pg_database_size(current_database()) as bytes
    from (select count(*) as open, count(*) filter (where due_at < $1) as overdue,
                 count(*) filter (where case_id is null and not is_degraded and reason <> 'dispute' and placed_at < $1::timestamptz - interval '1 day') as without_case
            from hold where ended_at is null) as h
    left join (select is_ok, finished_at from verification order by id desc limit 1) as v on true`
