// The book accounts by name: what a member is owed, what the platform spent, and which of them name the rebate they hold.

/** What the platform owes a member; `debt` is at or below zero. */
export const MEMBER_KINDS = ['reward_pending', 'reward_held', 'reward_available', 'main_paid', 'main_reward', 'main_bonus', 'main_held', 'payout_in_transit', 'debt'] as const
export type MemberKind = (typeof MEMBER_KINDS)[number]

/** All but the money that the member paid: these hold their amount rebate by rebate. */
export type PositionKind = Exclude<MemberKind, 'main_paid'>

export const PLATFORM_KINDS = ['rebate_expense', 'reclaimed', 'reversed', 'breakage', 'host_clearing', 'cash_clearing', 'withholding_payable', 'payout_fees', 'bad_debt', 'opening_balance'] as const
export type PlatformKind = (typeof PLATFORM_KINDS)[number]

export type TransferKind =
  | 'accrual' | 'maturity' | 'reversal' | 'reward_transfer' | 'recharge' | 'spend' | 'refund' | 'hold'
  | 'freeze' | 'release' | 'reclaim' | 'undo' | 'payout' | 'payout_paid' | 'payout_failed' | 'payout_returned'
  | 'host_confirmed' | 'host_refused' | 'recovery' | 'expiry' | 'credit_restored' | 'opening' | 'write_off' | 'write_off_restored'

/** One line of a transfer. A positive amount raises the book account; the lines of a transfer sum to zero per asset. */
export interface EntryLine {
  /** Null for an account of the platform. */
  readonly accountId: bigint | null
  readonly kind: MemberKind | PlatformKind
  readonly asset: string
  readonly rebateId: bigint | null
  readonly amount: bigint
}

/** grant: spendable credit that nobody paid for and that earned nobody anything. */
export type RebateKind = 'rebate' | 'signup_credit' | 'grant' | 'opening'

/** How much of one rebate lies in one book account of a member, with what is needed to move it. */
export interface Position {
  readonly accountId: bigint
  readonly kind: PositionKind
  readonly asset: string
  readonly rebateId: bigint
  /** Never zero; below zero for debt. */
  readonly amount: bigint
  readonly programId: bigint
  readonly rebateKind: RebateKind
  readonly occurredAt: Date
  readonly maturesAt: Date
  /** When what lies here ends, with the time in which it was held and what refunds gave; null of what has no end. */
  readonly expiresAt: Date | null
}
