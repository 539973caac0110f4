// The rows of a generated world, one type per file of the export folder, named by the columns of that file.
// Times are whole seconds since the epoch and amounts are units of the currency; only the writer turns them into text.

export interface AccountRow {
  account_id: string
  created_at: number
  email: string
  phone: string
  status: string
  invite_code: string
  org_id: string
  country: string
}

export interface ReferralRow {
  inviter_id: string
  invitee_id: string
  created_at: number
  channel: string
}

export interface ObservationRow {
  account_id: string
  kind: string
  value: string
  observed_at: number
  context: string
  user_agent: string
}

export interface TransactionRow {
  transaction_id: string
  account_id: string
  type: string
  amount: number
  currency: string
  occurred_at: number
  payment_instrument: string
  refunds: string
  funded_by: string
  item: string
}

export interface RebateRow {
  rebate_id: string
  inviter_id: string
  invitee_id: string
  amount: number
  currency: string
  occurred_at: number
  status: string
  transaction_id: string
}

export interface ClickRow {
  click_id: string
  invite_code: string
  clicked_at: number
  /** The account that signed up after this click; empty when nobody did. */
  account_id: string
}

export interface PayoutRow {
  payout_id: string
  account_id: string
  amount: number
  currency: string
  occurred_at: number
  destination: string
}

export interface LabelRow {
  account_id: string
  is_abuser: 0 | 1
  /** The operator, where the account is one of several of one operator; else empty. */
  cluster: string
  /** The skill of the operator, or `honest`. */
  source: string
}

export interface ReferralLabelRow {
  inviter_id: string
  invitee_id: string
  is_self_invite: 0 | 1
  stratum: string
}

export interface World {
  readonly name: string
  readonly seed: number
  readonly variation: number | undefined
  /** Offset from UTC in minutes that the writer puts on every time. */
  readonly zoneMinutes: number
  /** Columns that this platform does not have: they are left out of the files. */
  readonly absentColumns: { readonly [file: string]: readonly string[] }
  readonly accounts: AccountRow[]
  readonly referrals: ReferralRow[]
  readonly observations: ObservationRow[]
  readonly transactions: TransactionRow[]
  readonly rebates: RebateRow[]
  readonly clicks: ClickRow[]
  readonly payouts: PayoutRow[]
  readonly labels: LabelRow[]
  readonly referral_labels: ReferralLabelRow[]
}
