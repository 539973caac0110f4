// Whom a member invited, page by page: masked, with state, when they joined and first paid, and what they earned the member; and the tree,
// of which one level earns and the next is a number.

import type { Transaction } from '../base/database.ts'
import { NEWEST, type Place, placeText } from './keyset.ts'
import { maskName } from './mask.ts'
import { CONVERTING_PAYMENTS, type Member } from './member-figures.ts'

export type ReferralState = 'active' | 'suspended' | 'cancelled'

export interface Invitee {
  /** Masked; null for an account that was erased. */
  readonly name: string | null
  readonly state: ReferralState
  readonly source: string
  readonly joinedAt: Date
  /** The first qualifying payment that was not wholly given back; null: none yet. */
  readonly convertedAt: Date | null
  /** Accrued − reversed − reclaimed, per asset, also of a referral that was cancelled later. */
  readonly earned: readonly { readonly asset: string; readonly amount: bigint }[]
  /** How many this invitee brought: shown, not paid. */
  readonly invited: number
}

export interface InviteePage {
  readonly invitees: readonly Invitee[]
  readonly next: string | null
}

interface Row {
  id: bigint
  microseconds: bigint
  state: ReferralState
  source: string
  occurred_at: Date
  name: string | null
  converted_at: Date | null
  earned: { asset: string; amount: string }[] | null
  invited: bigint
}

export interface InviteeQuery {
  readonly states?: readonly ReferralState[] | undefined
  readonly limit: number
  readonly after?: Place | undefined
}

/** The newest first. */
export async function readInvitees(reader: Transaction, { programId, accountId }: Member, { states, limit, after = NEWEST }: InviteeQuery): Promise<InviteePage> {
  const rows = await reader.$queryRaw<Row[]>`
    select f.id, (extract(epoch from f.occurred_at) * 1000000)::bigint as microseconds, f.state, f.source, f.occurred_at, n.external_id as name,
           (select min(occurred_at) from (${CONVERTING_PAYMENTS}) as payment) as converted_at,
           (select jsonb_agg(jsonb_build_object('asset', asset, 'amount', amount::text) order by asset) from (
              select r.asset, sum(r.amount - coalesce((select sum(e.amount) from entry e
                  where e.rebate_id = r.id and e.book_account_id in (select b.id from book_account b where b.account_id is null and b.kind in ('reversed', 'reclaimed'))), 0)) as amount
                from rebate r where r.referral_id = f.id and r.kind in ('rebate', 'opening') group by r.asset) as sums) as earned,
           (select count(*) from referral below where below.inviter_id = f.invitee_id and below.program_id = f.program_id and below.state <> 'cancelled') as invited
      from (select * from referral
              where inviter_id = ${accountId} and program_id = ${programId} and (occurred_at, id) < (timestamptz 'epoch' + ${after.microseconds} * interval '1 microsecond', ${after.id})
                and (${states === undefined} or state = any (${[...(states ?? [])]}))
              order by occurred_at desc, id desc limit ${limit + 1}) as f
      left join account_identity n on n.account_id = f.invitee_id
      order by f.occurred_at desc, f.id desc`
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    invitees: rows.slice(0, limit).map((row) => ({
      name: row.name === null ? null : maskName(row.name), state: row.state, source: row.source, joinedAt: row.occurred_at, convertedAt: row.converted_at,
      earned: (row.earned ?? []).map(({ asset, amount }) => ({ asset, amount: BigInt(amount) })), invited: Number(row.invited),
    })),
    next: last === undefined ? null : placeText(last),
  }
}

export interface TreeSize {
  /** The level that earns. */
  readonly invitees: number
  /** The level below it, which earns nothing here. */
  readonly invitedByThem: number
}

/** Without cancelled relations. */
export async function readTreeSize(reader: Transaction, { programId, accountId }: Member): Promise<TreeSize> {
  const [row] = await reader.$queryRaw<{ own: bigint; below: bigint }[]>`
    select count(distinct f.id) as own, count(below.id) as below from referral f
      left join referral below on below.inviter_id = f.invitee_id and below.program_id = f.program_id and below.state <> 'cancelled'
      where f.inviter_id = ${accountId} and f.program_id = ${programId} and f.state <> 'cancelled'`
  return { invitees: Number(row?.own ?? 0), invitedByThem: Number(row?.below ?? 0) }
}
