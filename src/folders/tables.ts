// The files of an export folder and their columns: the one place that says what is required, optional or unknown.

export const tables = {
  accounts: {
    required: ['account_id', 'created_at'],
    optional: ['email', 'phone', 'status', 'invite_code', 'org_id', 'parent_account_id', 'country'],
  },
  referrals: {
    required: ['inviter_id', 'invitee_id', 'created_at'],
    optional: ['channel', 'program'],
  },
  clicks: {
    required: ['click_id', 'clicked_at'],
    optional: ['invite_code', 'account_id', 'landing_page', 'referer', 'ad_parameters'],
  },
  transactions: {
    required: ['transaction_id', 'account_id', 'type', 'amount', 'currency', 'occurred_at'],
    optional: ['payment_instrument', 'refunds', 'period_unit', 'period_count', 'funded_by', 'item'],
  },
  observations: {
    required: ['account_id', 'kind', 'value'],
    optional: ['observed_at', 'context', 'user_agent', 'attributes', 'display'],
  },
  rebates: {
    required: ['rebate_id', 'inviter_id', 'invitee_id', 'amount', 'currency', 'occurred_at'],
    optional: ['status', 'transaction_id'],
  },
  balances: {
    required: ['account_id', 'book_account', 'asset', 'amount', 'as_of'],
    optional: [],
  },
  payouts: {
    required: ['payout_id', 'account_id', 'amount', 'currency', 'occurred_at', 'destination'],
    optional: [],
  },
  labels: {
    required: ['account_id', 'is_abuser'],
    optional: ['cluster', 'source'],
  },
  referral_labels: {
    required: ['inviter_id', 'invitee_id', 'is_self_invite'],
    optional: ['stratum'],
  },
} as const satisfies Record<string, { required: readonly string[]; optional: readonly string[] }>

export type TableName = keyof typeof tables

/** Reading order: accounts first, so that every later row can be checked against them as it streams by. */
export const tableNames: readonly TableName[] = [
  'accounts', 'referrals', 'clicks', 'transactions', 'observations',
  'rebates', 'balances', 'payouts', 'labels', 'referral_labels',
]

/** Tables that exist for fitting and evaluation only; nothing that decides may depend on them. */
export const labelTables: ReadonlySet<TableName> = new Set<TableName>(['labels', 'referral_labels'])

export const words = {
  channel: ['link', 'code', 'claim'],
  type: ['recharge', 'payment', 'spend', 'refund', 'dispute_opened', 'dispute_won', 'chargeback'],
  period_unit: ['day', 'week', 'month', 'year'],
  funded_by: ['paid', 'reward', 'credit', 'code', 'staff'],
  status: ['pending', 'available', 'transferred', 'paid', 'reversed'],
} as const
