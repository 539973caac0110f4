// The columns of a statement: why money moved. Every kind of transfer has one, by type, so that a new kind cannot go missing from a total.

import type { TransferKind } from '../ledger/index.ts'

export const STATEMENT_COLUMNS = [
  'opened', 'accrued', 'matured', 'held', 'released', 'reversed', 'reclaimed', 'undone', 'transferred', 'paid', 'expired', 'debt', 'written_off', 'received', 'spent', 'given_back',
] as const
export type StatementColumn = (typeof STATEMENT_COLUMNS)[number]

/** Where the entries of a kind of transfer are counted; those that repay a debt are counted under `debt` whatever they came with. */
export const COLUMN_OF: Readonly<Record<TransferKind, StatementColumn>> = {
  opening: 'opened',
  accrual: 'accrued',
  maturity: 'matured',
  hold: 'held',
  freeze: 'held',
  release: 'released',
  reversal: 'reversed',
  reclaim: 'reclaimed',
  undo: 'undone',
  reward_transfer: 'transferred',
  host_confirmed: 'transferred',
  host_refused: 'transferred',
  payout: 'paid',
  payout_paid: 'paid',
  payout_failed: 'paid',
  payout_returned: 'paid',
  expiry: 'expired',
  recovery: 'debt',
  write_off: 'written_off',
  write_off_restored: 'written_off',
  recharge: 'received',
  spend: 'spent',
  credit_restored: 'spent',
  refund: 'given_back',
}

/** With these, what becomes available first repays debts: out of the reward balance, into the debt. */
const REPAYING: readonly TransferKind[] = ['accrual', 'maturity', 'release', 'payout_failed', 'payout_returned', 'host_refused']

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ')

/**
 * SQL for the column of an entry `e` of transfer `t` on book account `b`. A kind without a column stays visible under its own name.
 * Why the sign: with a repaying transfer, a debt only ever rises and the reward balance only falls where a debt is repaid.
 */
export const COLUMN_SQL = `case
  when t.kind in (${quoted(REPAYING)}) and ((b.kind = 'debt' and e.amount > 0) or (b.kind = 'reward_available' and e.amount < 0)) then 'debt'
  ${[...new Set(Object.values(COLUMN_OF))].map((column) => `when t.kind in (${quoted(Object.keys(COLUMN_OF).filter((kind) => COLUMN_OF[kind as TransferKind] === column))}) then '${column}'`).join('\n  ')}
  else t.kind end`

export const COLUMN_LABELS: Readonly<Record<StatementColumn | 'opening' | 'closing', { readonly en: string; readonly 'zh-CN': string }>> = {
  opening: { en: 'Opening', 'zh-CN': '期初余额' },
  opened: { en: 'Taken over', 'zh-CN': '期初导入' },
  accrued: { en: 'Accrued', 'zh-CN': '计提' },
  matured: { en: 'Matured', 'zh-CN': '到期可用' },
  held: { en: 'Held', 'zh-CN': '冻结' },
  released: { en: 'Released', 'zh-CN': '解冻' },
  reversed: { en: 'Reversed', 'zh-CN': '冲回' },
  reclaimed: { en: 'Reclaimed', 'zh-CN': '追回' },
  undone: { en: 'Undone', 'zh-CN': '撤销' },
  transferred: { en: 'Transferred', 'zh-CN': '划转' },
  paid: { en: 'Paid', 'zh-CN': '付款' },
  expired: { en: 'Expired', 'zh-CN': '过期' },
  debt: { en: 'Debt repaid', 'zh-CN': '偿还欠款' },
  written_off: { en: 'Written off', 'zh-CN': '核销' },
  received: { en: 'Received', 'zh-CN': '充值' },
  spent: { en: 'Spent', 'zh-CN': '消费' },
  given_back: { en: 'Given back', 'zh-CN': '退款' },
  closing: { en: 'Closing', 'zh-CN': '期末余额' },
}
