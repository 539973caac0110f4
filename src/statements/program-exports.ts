// What finance exports of a programme or of the whole platform: the lines of a statement, and every entry of its period.

import { COLUMN_LABELS, COLUMN_SQL, STATEMENT_COLUMNS, type StatementColumn } from './columns.ts'
import type { Period } from './period.ts'
import type { StatementLine } from './read-statement.ts'
import type { RowQuery } from './row-cursor.ts'
import { type Column, unitsText } from './write-table.ts'

export interface LineRow {
  readonly line: StatementLine
  readonly exponent: number
}

const amountColumn = (column: StatementColumn | 'opening' | 'closing', of: (line: StatementLine) => string): Column<LineRow> =>
  ({ name: column, chinese: COLUMN_LABELS[column]['zh-CN'], type: 'amount', value: ({ line, exponent }) => unitsText(of(line), exponent) })

export const LINE_COLUMNS: readonly Column<LineRow>[] = [
  { name: 'asset', chinese: '币种', type: 'text', value: ({ line }) => line.asset },
  { name: 'account', chinese: '账户', type: 'text', value: ({ line }) => line.account },
  { name: 'owner', chinese: '归属', type: 'text', value: ({ line }) => line.owner },
  amountColumn('opening', (line) => line.opening),
  ...STATEMENT_COLUMNS.map((column) => amountColumn(column, (line) => line.columns[column] ?? '0')),
  amountColumn('closing', (line) => line.closing),
]

export interface EntryRow {
  readonly entry_id: string
  readonly transfer_id: string
  readonly effective_at: Date
  readonly occurred_at: Date
  readonly recorded_at: Date
  readonly kind: string
  readonly column: string
  readonly program: string | null
  readonly owner: string | null
  readonly is_platform: boolean
  readonly account: string
  readonly asset: string
  readonly exponent: number
  readonly amount: string
  readonly rebate_id: string | null
  readonly event_id: string | null
  readonly decision_id: string | null
}

export const ENTRY_COLUMNS: readonly Column<EntryRow>[] = [
  { name: 'entry_id', chinese: '分录编号', type: 'number', value: (row) => row.entry_id },
  { name: 'transfer_id', chinese: '凭证编号', type: 'number', value: (row) => row.transfer_id },
  { name: 'effective_at', chinese: '入账时间', type: 'time', value: (row) => row.effective_at },
  { name: 'occurred_at', chinese: '发生时间', type: 'time', value: (row) => row.occurred_at },
  { name: 'recorded_at', chinese: '记录时间', type: 'time', value: (row) => row.recorded_at },
  { name: 'kind', chinese: '凭证类型', type: 'text', value: (row) => row.kind },
  { name: 'column', chinese: '报表栏目', type: 'text', value: (row) => row.column },
  { name: 'program', chinese: '项目', type: 'text', value: (row) => row.program },
  { name: 'owner', chinese: '归属', type: 'text', value: (row) => (row.is_platform ? 'platform' : 'member') },
  { name: 'member', chinese: '会员', type: 'text', value: (row) => row.owner },
  { name: 'account', chinese: '账户', type: 'text', value: (row) => row.account },
  { name: 'asset', chinese: '币种', type: 'text', value: (row) => row.asset },
  { name: 'amount', chinese: '金额', type: 'amount', value: (row) => unitsText(row.amount, row.exponent) },
  { name: 'rebate_id', chinese: '返利编号', type: 'number', value: (row) => row.rebate_id },
  { name: 'event_id', chinese: '事件编号', type: 'number', value: (row) => row.event_id },
  { name: 'decision_id', chinese: '决定编号', type: 'number', value: (row) => row.decision_id },
]

/** Every entry of the period, in the order in which they took effect; `programId` null: of the whole platform. */
export function entriesQuery(programId: bigint | null, { startsAt, endsAt }: Period): RowQuery {
  return {
    text: `
      select e.id::text as entry_id, t.id::text as transfer_id, t.effective_at, t.occurred_at, t.recorded_at, t.kind, ${COLUMN_SQL} as column, p.key as program,
             n.external_id as owner, b.account_id is null as is_platform, b.kind as account, e.asset, a.exponent, e.amount::text, e.rebate_id::text, t.event_id::text, t.decision_id::text
        from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id join asset a on a.code = e.asset
        left join rebate r on r.id = e.rebate_id left join program p on p.id = r.program_id left join account_identity n on n.account_id = b.account_id
        where t.effective_at >= $1 and t.effective_at < $2 ${programId === null ? '' : 'and r.program_id = $3'} order by t.effective_at, e.id`,
    values: [startsAt, endsAt, ...(programId === null ? [] : [programId])],
  }
}
