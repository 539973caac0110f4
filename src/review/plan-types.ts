// The words of plans: what is asked for, the effects it would have, what the reviewer sees beside them, and why it may be refused.
// Promises: everything here is plain JSON (ids and amounts in the smallest unit as decimal strings), so that it is hashed and stored as it is.

import type { MemberKind, PlatformKind } from '../ledger/index.ts'
import type { ReviewOutcome } from './reason-codes.ts'

/** An internal id as a decimal string. */
export type Id = string
/** An amount in the asset's smallest unit as a decimal string. */
export type Amount = string

/** What an action is about: a case (or the ring of one), narrowed to members or to rebates; or rebates alone. */
export interface PlanTarget {
  readonly caseId?: Id | undefined
  readonly ringId?: Id | undefined
  /** Accounts named by the reviewer: only what concerns them, even below the threshold. */
  readonly members?: readonly Id[] | undefined
  /** Exactly these rebates. */
  readonly rebates?: readonly Id[] | undefined
}

export const RESTRICTIONS = ['no_new_referrals', 'no_transfer', 'no_payout', 'host_review'] as const
export type Restriction = (typeof RESTRICTIONS)[number]

export type PlanAction =
  /** Ends the paying relations. From a date or the start, what was earned since is reclaimed too. */
  | { readonly kind: 'cancel'; readonly target: PlanTarget; readonly from: 'now' | 'start' | { readonly date: string } }
  /** Moves pending, available and transferred reward aside and suspends the relations, until release or reclaim. */
  | { readonly kind: 'freeze'; readonly target: PlanTarget; readonly signupCredit?: boolean | undefined }
  /** Gives frozen and held reward back, and resumes suspended relations. */
  | { readonly kind: 'release'; readonly target: PlanTarget }
  /** Takes reward back; what is already spent or paid out becomes debt. Of a sign-up credit only the unspent part. */
  | { readonly kind: 'reclaim'; readonly target: PlanTarget; readonly signupCredit?: boolean | undefined }
  | { readonly kind: 'restrict'; readonly target: PlanTarget; readonly restriction: Restriction; readonly endsAt: string }
  /** The members are cleared, or nothing can be said: everything held is given back and the case closed. */
  | { readonly kind: 'dismiss'; readonly target: PlanTarget; readonly outcome: ReviewOutcome }
  /** The case is closed as abuse, once nothing is frozen under it. */
  | { readonly kind: 'confirm'; readonly target: PlanTarget; readonly outcome: ReviewOutcome }
  | { readonly kind: 'undo'; readonly decisionId: Id }

export type PlanActionKind = PlanAction['kind']

/** One line of a transfer: above zero raises the book account. */
export interface PostingLine {
  /** Null for an account of the platform. */
  readonly accountId: Id | null
  readonly book: MemberKind | PlatformKind
  readonly asset: string
  readonly rebateId: Id | null
  readonly amount: Amount
}

/** The smallest balanced part of a posting, e.g. one rebate from available to held; parts of one member make one transfer. */
export interface PostingEffect {
  readonly kind: 'posting'
  readonly transfer: 'freeze' | 'release' | 'reclaim' | 'undo' | 'write_off_restored'
  readonly programId: Id
  /** The member whose rebate moves. */
  readonly accountId: Id
  readonly rebateId: Id
  /** The transfer that an undo, or a restored debt, takes back. */
  readonly reversesId: Id | null
  readonly lines: readonly PostingLine[]
}

export interface ReferralStanding {
  readonly state: string
  /** ISO 8601, or `apply` for the moment of applying. */
  readonly effectiveAt: string
}

export interface ReferralEffect {
  readonly kind: 'referral'
  readonly referralId: Id
  readonly inviterId: Id
  readonly inviteeId: Id
  readonly before: ReferralStanding
  readonly after: ReferralStanding
}

interface HoldSubjectIds {
  readonly rebateId: Id | null
  readonly referralId: Id | null
}

/** Several holds may lie on one rebate, each with its own reason; its money moves when the last one ends. */
export type HoldEffect = { readonly kind: 'hold' } & HoldSubjectIds & (
  | { readonly change: 'place'; readonly reason: string; readonly days: number; readonly onSilence: 'escalate' | 'release_recorded' }
  | { readonly change: 'end'; readonly holdId: Id; readonly reason: string; readonly as: 'released' | 'reclaimed' | 'superseded' }
  /** An undo opens again what the decision had ended. */
  | { readonly change: 'reopen'; readonly holdId: Id; readonly reason: string }
)

export type RestrictionEffect =
  | { readonly kind: 'restriction'; readonly change: 'place'; readonly accountId: Id; readonly restriction: Restriction; readonly endsAt: string }
  | { readonly kind: 'restriction'; readonly change: 'lift'; readonly accountId: Id; readonly restriction: Restriction; readonly restrictionId: Id }

export interface CaseEffect {
  readonly kind: 'case'
  readonly caseId: Id
  readonly before: { readonly state: string; readonly outcome: string | null }
  readonly after: { readonly state: string; readonly outcome: string | null }
}

/** What a reclaim cannot take because it is gone: it becomes debt, except of a sign-up credit. */
export interface GoneEffect {
  readonly kind: 'gone'
  readonly accountId: Id
  readonly rebateId: Id
  readonly asset: string
  readonly amount: Amount
  readonly becomes: 'debt' | 'loss'
}

/** A payment to be settled again after the change: earned while the relation was suspended, or refunded while the rebate was gone. */
export interface SettleEffect {
  readonly kind: 'settle'
  readonly why: 'earned_meanwhile' | 'refunded_meanwhile'
  /** Who paid. */
  readonly accountId: Id
  readonly eventId: Id
}

/** What the host is asked to do with money or days that it keeps; `withdraw` takes an unanswered reclaim back. */
export interface InstructionEffect {
  readonly kind: 'instruction'
  readonly ask: 'give' | 'freeze' | 'release' | 'reclaim' | 'withdraw'
  readonly programId: Id
  readonly accountId: Id
  readonly asset: string
  readonly amount: Amount
  readonly lines: readonly { readonly rebateId: Id; readonly amount: Amount }[]
  /** The instruction that an undo answers. */
  readonly followsId: Id | null
}

/** Somebody or something outside the reviewed members that the action concerns. */
export type ThirdPartyEffect =
  | { readonly kind: 'third_party'; readonly concern: 'outside_the_ring'; readonly accountId: Id; readonly referralId: Id }
  | { readonly kind: 'third_party'; readonly concern: 'payout_in_transit'; readonly accountId: Id; readonly rebateId: Id; readonly asset: string; readonly amount: Amount }

export type PlanEffect = PostingEffect | ReferralEffect | HoldEffect | RestrictionEffect | CaseEffect | GoneEffect | SettleEffect | InstructionEffect | ThirdPartyEffect

/** One member's balance of one kind, as it is and as it would be. */
export interface BalancePreview {
  readonly accountId: Id
  readonly asset: string
  readonly kind: string
  readonly before: string
  readonly after: string
}

export interface MemberPreview {
  readonly accountId: Id
  readonly score: number
  readonly isSelected: boolean
}

/** What the reviewer sees beside the effects; other accruals may change it without changing the plan. */
export interface PlanPreview {
  readonly balances: readonly BalancePreview[]
  readonly members: readonly MemberPreview[]
  /** Accounts at or above this score are selected without being named. */
  readonly threshold: number | null
  /** What the action leaves alone, and why. */
  readonly left: readonly { readonly rebateId: Id; readonly why: 'dispute_open' }[]
}

export interface Plan {
  readonly id: bigint
  readonly caseId: bigint | null
  readonly action: PlanAction
  readonly effects: readonly PlanEffect[]
  readonly preview: PlanPreview
  /** SHA-256 over the canonical effects, 64 hexadecimal digits. */
  readonly hash: string
  readonly recordedAt: Date
  readonly expiresAt: Date
}

export type PlanRefusal =
  | 'unknown_case'
  | 'unknown_ring'
  | 'unknown_rebate'
  | 'unknown_decision'
  | 'not_a_member'
  | 'case_closed'
  | 'nothing_to_do'
  | 'not_allowed_by_terms'
  | 'still_frozen'
  | 'outcome_not_fitting'
  | 'end_not_in_future'
  | 'already_undone'
  | 'money_moved'
  | 'is_an_undo'
  | 'decided_again'
  | 'held_since'

export interface Refused<Reason extends string> {
  readonly ok: false
  readonly reason: Reason
  /** One sentence for a person; internal ids only. */
  readonly detail: string
}

export type PlanResult = { readonly ok: true; readonly plan: Plan } | Refused<PlanRefusal>

export type ApplyRefusal = 'unknown_plan' | 'wrong_hash' | 'plan_expired' | 'plan_changed' | 'case_changed' | 'reason_not_fitting' | PlanRefusal

/** How an effect differs between the plan and now: planned and gone, new, or both with other values. */
export interface EffectDifference {
  readonly planned: PlanEffect | null
  readonly now: PlanEffect | null
}

export interface Decision {
  readonly id: bigint
  readonly planId: bigint
  readonly caseId: bigint | null
  readonly actorId: bigint
  readonly reason: string
  readonly undoesId: bigint | null
  readonly recordedAt: Date
  readonly effects: readonly PlanEffect[]
}

export type ApplyResult =
  | { readonly ok: true; readonly decision: Decision; readonly isReplay: boolean }
  | (Refused<ApplyRefusal> & { readonly changed?: readonly EffectDifference[] })
