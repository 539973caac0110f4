// The sums that caps are about, read from the rebates that were recorded so far.
// Promises: three statements at most for any number of queries; two transactions under one programme-wide cap go one after the other.

import type { Session } from '../../base/session.ts'
import type { CapQuery } from './caps.ts'

/**
 * Sums by the keys of the queries, of rebates as they were earned, openings included. The inviters must be locked already, the
 * invitee's facts too; programme-wide caps are locked here, in the order of programmes, until the transaction ends.
 */
export async function readCapUsage(session: Session, queries: readonly CapQuery[]): Promise<Map<string, bigint>> {
  const usage = new Map<string, bigint>()
  await lockPrograms(session, queries)
  for (const of of ['inviter', 'invitee', 'program'] as const) {
    const asked = new Map(queries.filter((query) => query.of === of).map((query) => [query.key, query]))
    if (asked.size === 0) continue
    for (const { key, used } of await sums[of](session, JSON.stringify([...asked.values()].map(asRow)))) usage.set(key, used)
  }
  return usage
}

async function lockPrograms(session: Session, queries: readonly CapQuery[]): Promise<void> {
  const programs = [...new Set(queries.filter(({ of }) => of === 'program').map(({ programId }) => programId))].sort((left, right) => (left < right ? -1 : 1))
  for (const programId of programs) await session.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`caps ${programId}`}, 0))`
}

function asRow({ key, programId, inviterId, referralId, from, until, asset }: CapQuery): Record<string, string | null> {
  return {
    key, program_id: programId.toString(), account_id: inviterId?.toString() ?? null, referral_id: referralId?.toString() ?? null,
    starts: from?.toISOString() ?? null, ends: until?.toISOString() ?? null, asset,
  }
}

interface Sum {
  readonly key: string
  readonly used: bigint
}

/** A query without an asset counts. One statement per kind, so that each finds its index. */
const sums = {
  inviter: (session: Session, rows: string): Promise<Sum[]> => session.$queryRaw<Sum[]>`
    select q.key, coalesce(sum(case when q.asset is not null then r.amount when r.id is not null then 1 end), 0)::bigint as used
      from jsonb_to_recordset(${rows}::jsonb) as q(key text, program_id bigint, account_id bigint, starts timestamptz, ends timestamptz, asset text)
      left join rebate r on r.account_id = q.account_id and r.program_id = q.program_id and r.kind in ('rebate', 'opening') and (q.asset is null or r.asset = q.asset)
        and (q.starts is null or r.occurred_at >= q.starts) and (q.ends is null or r.occurred_at < q.ends)
      group by q.key`,
  invitee: (session: Session, rows: string): Promise<Sum[]> => session.$queryRaw<Sum[]>`
    select q.key, coalesce(sum(case when q.asset is not null then r.amount when r.id is not null then 1 end), 0)::bigint as used
      from jsonb_to_recordset(${rows}::jsonb) as q(key text, referral_id bigint, starts timestamptz, ends timestamptz, asset text)
      left join rebate r on r.referral_id = q.referral_id and r.kind in ('rebate', 'opening') and (q.asset is null or r.asset = q.asset)
        and (q.starts is null or r.occurred_at >= q.starts) and (q.ends is null or r.occurred_at < q.ends)
      group by q.key`,
  program: (session: Session, rows: string): Promise<Sum[]> => session.$queryRaw<Sum[]>`
    select q.key, coalesce(sum(case when q.asset is not null then r.amount when r.id is not null then 1 end), 0)::bigint as used
      from jsonb_to_recordset(${rows}::jsonb) as q(key text, program_id bigint, starts timestamptz, ends timestamptz, asset text)
      left join rebate r on r.program_id = q.program_id and r.kind in ('rebate', 'opening') and (q.asset is null or r.asset = q.asset)
        and (q.starts is null or r.occurred_at >= q.starts) and (q.ends is null or r.occurred_at < q.ends)
      group by q.key`,
}
