// The facts that an export folder states, one shape per table: typed, checked and exact. Amounts are whole smallest units
// of their asset (micros, or whole days for DAY), times are seconds since 1970, and `null` says that the folder is silent.
// Identifiers come normalised, beside the raw value, which whoever takes the fact seals or drops.

import type { NormalisedIdentifier } from '../../scoring/identifiers/index.ts'

interface Common {
  /** Line of the file on which the row begins. */
  readonly line: number
}

export interface AccountFact extends Common {
  readonly table: 'accounts'
  readonly accountId: string
  readonly createdAt: number
  readonly email: string | null
  readonly phone: string | null
  /** Of the e-mail address and the phone number. */
  readonly identifiers: readonly NormalisedIdentifier[]
  readonly status: string | null
  readonly inviteCode: string | null
  readonly organisationId: string | null
  readonly parentAccountId: string | null
  readonly country: string | null
}

export interface ReferralFact extends Common {
  readonly table: 'referrals'
  readonly inviterId: string
  readonly inviteeId: string
  readonly createdAt: number
  readonly channel: 'link' | 'code' | 'claim' | null
  readonly program: string | null
}

export interface ClickFact extends Common {
  readonly table: 'clicks'
  readonly clickId: string
  readonly clickedAt: number
  readonly inviteCode: string | null
  /** Who signed up after this click. */
  readonly accountId: string | null
  readonly landingPage: string | null
  readonly referer: string | null
  readonly adParameters: string | null
}

export type TransactionFactType =
  'recharge' | 'payment' | 'spend' | 'refund' | 'dispute_opened' | 'dispute_won' | 'chargeback'

export interface TransactionFact extends Common {
  readonly table: 'transactions'
  readonly transactionId: string
  readonly accountId: string
  readonly type: TransactionFactType
  readonly amountUnits: bigint
  readonly currency: string
  readonly occurredAt: number
  /** Raw. */
  readonly paymentInstrument: string | null
  /** Of the payment instrument. */
  readonly identifiers: readonly NormalisedIdentifier[]
  readonly refunds: string | null
  readonly periodUnit: 'day' | 'week' | 'month' | 'year' | null
  readonly periodCount: number | null
  readonly fundedBy: 'paid' | 'reward' | 'credit' | 'code' | 'staff' | null
  readonly item: string | null
}

export interface ObservationFact extends Common {
  readonly table: 'observations'
  readonly accountId: string
  readonly kind: string
  /** Raw. */
  readonly value: string
  readonly identifiers: readonly NormalisedIdentifier[]
  readonly observedAt: number | null
  /** The context exactly as reported. */
  readonly context: string | null
  readonly userAgent: string | null
  readonly attributes: Readonly<Record<string, string>> | null
  readonly display: string | null
}

export interface RebateFact extends Common {
  readonly table: 'rebates'
  readonly rebateId: string
  readonly inviterId: string
  readonly inviteeId: string
  readonly amountUnits: bigint
  readonly currency: string
  readonly occurredAt: number
  readonly status: 'pending' | 'available' | 'transferred' | 'paid' | 'reversed' | null
  readonly transactionId: string | null
}

export interface BalanceFact extends Common {
  readonly table: 'balances'
  readonly accountId: string
  readonly bookAccount: string
  readonly asset: string
  readonly amountUnits: bigint
  readonly asOf: number
}

export interface PayoutFact extends Common {
  readonly table: 'payouts'
  readonly payoutId: string
  readonly accountId: string
  readonly amountUnits: bigint
  readonly currency: string
  readonly occurredAt: number
  /** Raw. */
  readonly destination: string
  readonly identifiers: readonly NormalisedIdentifier[]
}

/** For fitting and evaluation only; nothing that decides may read it. */
export interface LabelFact extends Common {
  readonly table: 'labels'
  readonly accountId: string
  readonly isAbuser: boolean
  readonly cluster: string | null
  readonly source: string | null
}

/** For fitting and evaluation only; nothing that decides may read it. */
export interface ReferralLabelFact extends Common {
  readonly table: 'referral_labels'
  readonly inviterId: string
  readonly inviteeId: string
  readonly isSelfInvite: boolean
  readonly stratum: string | null
}

export type FolderFact =
  | AccountFact | ReferralFact | ClickFact | TransactionFact | ObservationFact
  | RebateFact | BalanceFact | PayoutFact | LabelFact | ReferralLabelFact
