// What a member earned and from whom, read from the books: the figures and the log, in SQL, a page at a time.
// Promises: cancelled referrals leave the figures and are counted apart; other people appear masked.

import type { Transaction } from '../base/database.ts'

export const LOG_TYPES = ['rebate', 'signup_credit', 'opening', 'reward_transfer'] as const
export type LogType = (typeof LOG_TYPES)[number]

export interface Figures {
  readonly clicks: number
  readonly referrals: number
  readonly pending_referrals: number
  readonly conversions: number
  readonly conversion_rate: number | null
  readonly total_earnings: readonly { asset: string; amount: bigint }[]
  readonly cancelled_referrals: number
}

interface Counts {
  clicks: bigint
  referrals: bigint
  conversions: bigint
  cancelled: bigint
}

export async function readFigures(reader: Transaction, programId: bigint, accountId: bigint): Promise<Figures> {
  // A conversion is a referral with a qualifying payment that was not wholly taken back: a rebate of which something is left.
  const [counts] = await reader.$queryRaw<Counts[]>`
    select (select count(*) from click c join invite_code k on k.id = c.code_id where k.program_id = ${programId} and k.account_id = ${accountId} and not c.is_bot) as clicks,
           count(*) filter (where state <> 'cancelled') as referrals,
           count(*) filter (where state <> 'cancelled' and exists (
             select 1 from rebate r where r.referral_id = f.id and r.kind = 'rebate' and r.amount > (
               select coalesce(sum(e.amount), 0) from entry e join book_account b on b.id = e.book_account_id where e.rebate_id = r.id and b.kind = 'reversed'))) as conversions,
           count(*) filter (where state = 'cancelled') as cancelled
      from referral f where f.program_id = ${programId} and f.inviter_id = ${accountId}`
  const earnings = await reader.$queryRaw<{ asset: string; amount: bigint }[]>`
    select r.asset, (sum(r.amount) - coalesce(sum(gone.amount), 0))::bigint as amount from rebate r
      left join lateral (select sum(e.amount) as amount from entry e join book_account b on b.id = e.book_account_id where e.rebate_id = r.id and b.kind in ('reversed', 'reclaimed')) as gone on true
      where r.program_id = ${programId} and r.account_id = ${accountId} group by r.asset order by r.asset`
  const [referrals, conversions] = [Number(counts?.referrals ?? 0), Number(counts?.conversions ?? 0)]
  return {
    clicks: Number(counts?.clicks ?? 0), referrals, pending_referrals: referrals - conversions, conversions,
    conversion_rate: referrals === 0 ? null : conversions / referrals, total_earnings: earnings, cancelled_referrals: Number(counts?.cancelled ?? 0),
  }
}

export interface LogQuery {
  readonly programId: bigint
  readonly accountId: bigint
  readonly types: readonly LogType[]
  readonly limit: number
  /** `milliseconds-id-kind` of the last line read. */
  readonly after: string | undefined
}

export interface LogLine {
  readonly id: string
  readonly type: LogType
  readonly at: string
  readonly asset: string
  readonly amount: bigint
  readonly source: string | null
  readonly base: bigint | null
  readonly rate_ppm: number | null
  readonly rebate_id: string
}

interface LogRow {
  key: 'r' | 't'
  id: bigint
  type: LogType
  at: Date
  asset: string
  amount: bigint
  invitee: string | null
  base: bigint | null
  rate_ppm: number | null
  rebate_id: bigint
}

/** Newest first: what was earned, and what was moved to the main balance, each line with its rebate. */
export async function readLog(reader: Transaction, { programId, accountId, types, limit, after }: LogQuery): Promise<{ lines: LogLine[]; next: string | null }> {
  const [milliseconds = '9999999999999', id = '0', key = 'z'] = after?.split('-') ?? []
  const before = new Date(Number(milliseconds))
  const rows = await reader.$queryRaw<LogRow[]>`
    with line as (
      select 'r' as key, r.id, r.kind as type, date_trunc('milliseconds', r.effective_at) as at, r.asset, r.amount, r.referral_id, r.base, r.rate_ppm, r.id as rebate_id
        from rebate r where r.program_id = ${programId} and r.account_id = ${accountId}
      union all
      select 't', e.id, 'reward_transfer', date_trunc('milliseconds', t.effective_at), e.asset, e.amount, r.referral_id, null, null, r.id
        from book_account b join entry e on e.book_account_id = b.id join transfer t on t.id = e.transfer_id and t.kind = 'reward_transfer' join rebate r on r.id = e.rebate_id
        where b.account_id = ${accountId} and b.kind = 'main_reward' and e.amount > 0 and r.program_id = ${programId}
    )
    select line.key, line.id, line.type, line.at, line.asset, line.amount, n.external_id as invitee, line.base, line.rate_ppm, line.rebate_id
      from line left join referral f on f.id = line.referral_id left join account_identity n on n.account_id = f.invitee_id
      where line.type = any (${[...types]}) and (line.at, line.id, line.key) < (${before}, ${key === 'z' ? 9_000_000_000_000_000_000n : BigInt(id)}, ${key})
      order by line.at desc, line.id desc, line.key desc limit ${limit}`
  const lines = rows.map((row) => ({
    id: `${row.key}${row.id}`, type: row.type, at: row.at.toISOString(), asset: row.asset, amount: row.amount, source: row.invitee === null ? null : maskName(row.invitee),
    base: row.base, rate_ppm: row.rate_ppm, rebate_id: row.rebate_id.toString(),
  }))
  const last = rows.at(-1)
  return { lines, next: last === undefined || rows.length < limit ? null : `${last.at.getTime()}-${last.id}-${last.key}` }
}

/** Enough to recognise a friend, too little to find a stranger. */
export function maskName(name: string): string {
  const [first = ''] = name
  return `${first}***`
}
