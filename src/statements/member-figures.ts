// The six figures of a member in a programme: clicks, referrals still pending, conversions, their rate, and what was earned in all.
// Promises: previews by bots are no clicks; cancelled referrals leave the figures and are counted apart; amounts come from the entries.

import { Prisma, type Transaction } from '../base/database.ts'

export interface Member {
  readonly programId: bigint
  readonly accountId: bigint
}

export interface Figures {
  readonly clicks: number
  readonly referrals: number
  /** Referrals − conversions. */
  readonly pendingReferrals: number
  /** Referrals with at least one qualifying payment that was not wholly given back. */
  readonly conversions: number
  /** Conversions ÷ referrals; null without a referral. */
  readonly conversionRate: number | null
  /** Accrued − reversed − reclaimed, per asset; credit that a new customer was given is no earning. */
  readonly earnings: readonly { readonly asset: string; readonly amount: bigint }[]
  readonly cancelledReferrals: number
}

interface Counts {
  clicks: bigint
  referrals: bigint
  conversions: bigint
  cancelled: bigint
}

/** What makes a rebate an earning of the member: it came from a referral. */
const IS_EARNING = Prisma.sql`r.kind in ('rebate', 'opening') and r.referral_id is not null`

/**
 * The qualifying payments of referral `f` that were not wholly given back, as rows of their time. A payment that the platform's own books
 * had rewarded counts also where they did not name it; one that qualified and earned nothing, e.g. beyond a cap, counts too.
 */
export const CONVERTING_PAYMENTS = Prisma.sql`
  select coalesce(v.occurred_at, paid.occurred_at) as occurred_at
    from (select r.event_id, r.occurred_at from rebate r where r.referral_id = f.id and ${IS_EARNING}
          union all select c.event_id, null from client_payment c where c.referral_id = f.id) as paid
    left join event v on v.id = paid.event_id
    where v.id is null or v.amount > coalesce((
      select sum(coalesce(b.amount, v.amount)) from event b
        where b.original_key = v.natural_key and b.account_id = v.account_id and b.type in ('refund', 'chargeback') and (b.asset is null or b.asset = v.asset)), 0)`

export async function readFigures(reader: Transaction, { programId, accountId }: Member): Promise<Figures> {
  const [counts] = await reader.$queryRaw<Counts[]>`
    select (select count(*) from invite_code k join click c on c.code_id = k.id and not c.is_bot where k.program_id = ${programId} and k.account_id = ${accountId})
             + (select coalesce(sum(d.clicks), 0)::bigint from invite_code k join click_day d on d.code_id = k.id where k.program_id = ${programId} and k.account_id = ${accountId}) as clicks,
           count(*) filter (where state <> 'cancelled') as referrals,
           count(*) filter (where state <> 'cancelled' and exists (${CONVERTING_PAYMENTS})) as conversions,
           count(*) filter (where state = 'cancelled') as cancelled
      from referral f where f.program_id = ${programId} and f.inviter_id = ${accountId}`
  const [referrals, conversions] = [Number(counts?.referrals ?? 0), Number(counts?.conversions ?? 0)]
  return {
    clicks: Number(counts?.clicks ?? 0), referrals, pendingReferrals: referrals - conversions, conversions,
    conversionRate: referrals === 0 ? null : conversions / referrals, earnings: await readEarnings(reader, { programId, accountId }), cancelledReferrals: Number(counts?.cancelled ?? 0),
  }
}

/** Two sums, because the database reads what was accrued from an index alone and what was taken back from the few entries that took it. */
async function readEarnings(reader: Transaction, { programId, accountId }: Member): Promise<Figures['earnings']> {
  const accrued = await reader.$queryRaw<{ asset: string; amount: bigint }[]>`
    select r.asset, sum(r.amount)::bigint as amount from rebate r where r.account_id = ${accountId} and r.program_id = ${programId} and ${IS_EARNING} group by 1 order by 1`
  const gone = await reader.$queryRaw<{ asset: string; amount: bigint }[]>`
    select r.asset, sum(e.amount)::bigint as amount from rebate r join entry e on e.rebate_id = r.id
      where r.account_id = ${accountId} and r.program_id = ${programId} and ${IS_EARNING}
        and e.book_account_id = any (array(select id from book_account where account_id is null and kind in ('reversed', 'reclaimed'))) group by 1`
  const goneOf = new Map(gone.map(({ asset, amount }) => [asset, amount]))
  return accrued.map(({ asset, amount }) => ({ asset, amount: amount - (goneOf.get(asset) ?? 0n) }))
}

/** As a member reads it: `66.7 %`, or – where there is nothing to divide. */
export function rateText(rate: number | null): string {
  return rate === null ? '–' : `${(Math.round(rate * 1000) / 10).toString()} %`
}
