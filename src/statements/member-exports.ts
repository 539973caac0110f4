// What a member's exports hold: the whole history with amounts per state, and the invitees. Other people appear masked, without ids.

import { HISTORY_LABELS, type HistoryType } from './member-history.ts'
import { maskName } from './mask.ts'
import { CONVERTING_PAYMENTS, type Member } from './member-figures.ts'
import type { Period } from './period.ts'
import type { RowQuery } from './row-cursor.ts'
import { type Column, unitsText } from './write-table.ts'

/** Amounts of a rebate by where they lie: the column, its Chinese header, and the book accounts. */
const STATES = [
  ['pending', '待到账', ['reward_pending']], ['held', '冻结', ['reward_held']], ['available', '可用', ['reward_available']],
  ['transferred', '已划转', ['main_reward', 'main_bonus']], ['held_in_main', '主余额冻结', ['main_held']], ['in_transit', '途中', ['payout_in_transit']],
  ['spent', '已消费', ['host_clearing']], ['paid_out', '已提现', ['cash_clearing', 'withholding_payable', 'payout_fees']], ['expired', '已过期', ['breakage']],
  ['reversed', '已冲回', ['reversed']], ['reclaimed', '已追回', ['reclaimed']], ['debt', '欠款', ['debt']],
] as const
type StateName = (typeof STATES)[number][0]

export type HistoryRow = Readonly<Record<StateName, string | null>> & {
  readonly type: HistoryType
  readonly at: Date
  readonly recorded_at: Date
  readonly invitee: string | null
  readonly source_event: string | null
  readonly base: string | null
  readonly rate_ppm: number | null
  readonly amount: string
  readonly asset: string
  readonly exponent: number
  readonly track: string | null
  readonly rebate_id: string | null
  readonly matures_at: Date | null
}

export const HISTORY_COLUMNS: readonly Column<HistoryRow>[] = [
  { name: 'type', chinese: '类型', type: 'text', value: (row) => row.type },
  { name: 'type_name', chinese: '类型名称', type: 'text', value: (row) => `${HISTORY_LABELS[row.type].en} / ${HISTORY_LABELS[row.type]['zh-CN']}` },
  { name: 'at', chinese: '时间', type: 'time', value: (row) => row.at },
  { name: 'recorded_at', chinese: '记录时间', type: 'time', value: (row) => row.recorded_at },
  { name: 'source', chinese: '来源', type: 'text', value: (row) => (row.invitee === null ? null : maskName(row.invitee)) },
  { name: 'source_event', chinese: '来源事件', type: 'text', value: (row) => row.source_event },
  { name: 'base', chinese: '基数', type: 'amount', value: (row) => unitsText(row.base, row.exponent) },
  { name: 'rate_percent', chinese: '比例(%)', type: 'amount', value: (row) => (row.rate_ppm === null ? null : unitsText(String(row.rate_ppm), 4)) },
  { name: 'amount', chinese: '金额', type: 'amount', value: (row) => unitsText(row.amount, row.exponent) },
  { name: 'asset', chinese: '币种', type: 'text', value: (row) => row.asset },
  { name: 'track', chinese: '档位', type: 'text', value: (row) => row.track },
  { name: 'rebate_id', chinese: '返利编号', type: 'number', value: (row) => row.rebate_id },
  { name: 'matures_at', chinese: '到账时间', type: 'time', value: (row) => row.matures_at },
  ...STATES.map(([name, chinese]): Column<HistoryRow> => ({ name, chinese, type: 'amount', value: (row) => unitsText(row[name], row.exponent) })),
]

const STATE_SUMS = STATES.map(([name, , kinds]) => `coalesce(sum(e.amount) filter (where b.kind in (${kinds.map((kind) => `'${kind}'`).join(', ')})), 0)::text as ${name}`).join(', ')

/** The oldest first; `types` as in the history. Every row is the same as a page of the history shows. */
export function historyQuery({ programId, accountId }: Member, types: readonly HistoryType[], period: Period | null): RowQuery {
  const nothing = STATES.map(([name]) => `null::text as ${name}`).join(', ')
  const within = (column: string): string => (period === null ? '' : `and ${column} >= $4 and ${column} < $5`)
  return {
    text: `
      select line.*, a.exponent from (
        select r.kind as type, r.occurred_at as at, r.recorded_at, n.external_id as invitee, v.type as source_event, r.base::text, r.rate_ppm, r.amount::text, r.asset, r.track, r.id::text as rebate_id, r.matures_at, s.*
          from rebate r left join referral f on f.id = r.referral_id left join account_identity n on n.account_id = f.invitee_id and f.invitee_id <> r.account_id left join event v on v.id = r.event_id
          cross join lateral (select ${STATE_SUMS} from entry e join book_account b on b.id = e.book_account_id where e.rebate_id = r.id) as s
          where r.account_id = $1 and r.program_id = $2 and r.kind = any ($3::text[]) ${within('r.occurred_at')}
        union all
        select 'reward_transfer', t.effective_at, t.recorded_at, n.external_id, null, r.base::text, r.rate_ppm, e.amount::text, e.asset, r.track, r.id::text, null, ${nothing}
          from book_account o join entry e on e.book_account_id = o.id and e.amount > 0 join transfer t on t.id = e.transfer_id and t.kind = 'reward_transfer' join rebate r on r.id = e.rebate_id
          left join referral f on f.id = r.referral_id left join account_identity n on n.account_id = f.invitee_id and f.invitee_id <> r.account_id
          where o.account_id = $1 and o.kind in ('main_reward', 'payout_in_transit') and r.program_id = $2 and 'reward_transfer' = any ($3::text[]) ${within('t.effective_at')}
        union all
        select 'payout', p.requested_at, p.requested_at, null, null, null, null, p.gross::text, p.asset, null, null, null, ${nothing}
          from payout p where p.account_id = $1 and p.program_id = $2 and 'payout' = any ($3::text[]) ${within('p.requested_at')}
      ) as line join asset a on a.code = line.asset order by line.at, line.type, line.rebate_id`,
    values: [accountId, programId, types, ...(period === null ? [] : [period.startsAt, period.endsAt])],
  }
}

export interface InviteeRow {
  readonly name: string | null
  readonly state: string
  readonly source: string
  readonly joined_at: Date
  readonly converted_at: Date | null
  readonly asset: string | null
  readonly exponent: number | null
  readonly earned: string | null
  readonly invited: number
}

export const INVITEE_COLUMNS: readonly Column<InviteeRow>[] = [
  { name: 'name', chinese: '被邀请人', type: 'text', value: (row) => (row.name === null ? null : maskName(row.name)) },
  { name: 'state', chinese: '状态', type: 'text', value: (row) => row.state },
  { name: 'source', chinese: '绑定方式', type: 'text', value: (row) => row.source },
  { name: 'joined_at', chinese: '注册时间', type: 'time', value: (row) => row.joined_at },
  { name: 'converted_at', chinese: '首次有效付款', type: 'time', value: (row) => row.converted_at },
  { name: 'earned', chinese: '收益', type: 'amount', value: (row) => unitsText(row.earned, row.exponent ?? 0) },
  { name: 'asset', chinese: '币种', type: 'text', value: (row) => row.asset },
  { name: 'invited', chinese: '其邀请人数', type: 'number', value: (row) => row.invited },
]

/** The oldest first; one row per invitee and asset. */
export function inviteesQuery({ programId, accountId }: Member): RowQuery {
  return {
    text: `
      select n.external_id as name, f.state, f.source, f.occurred_at as joined_at, (select min(occurred_at) from (${CONVERTING_PAYMENTS.text}) as payment) as converted_at,
             sums.asset, a.exponent, sums.earned,
             (select count(*)::int from referral below where below.inviter_id = f.invitee_id and below.program_id = f.program_id and below.state <> 'cancelled') as invited
        from referral f left join account_identity n on n.account_id = f.invitee_id
        left join lateral (
          select r.asset, sum(r.amount - coalesce((select sum(e.amount) from entry e
              where e.rebate_id = r.id and e.book_account_id in (select b.id from book_account b where b.account_id is null and b.kind in ('reversed', 'reclaimed'))), 0))::text as earned
            from rebate r where r.referral_id = f.id and r.kind in ('rebate', 'opening') group by r.asset) as sums on true
        left join asset a on a.code = sums.asset
        where f.inviter_id = $1 and f.program_id = $2 order by f.occurred_at, f.id, sums.asset`,
    values: [accountId, programId],
  }
}
