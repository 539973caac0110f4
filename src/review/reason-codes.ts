// Why a reviewer decided: the closed list of outcomes, which of them clear the members, and what an undo may say.
// Promises: every decision carries one of these words, so that decisions can be counted and learnt from.

import type { PlanAction } from './plan-types.ts'

/** The members did it. */
export const ABUSE_OUTCOMES = [
  'self_invitation', 'farm', 'signup_credit_farming', 'stolen_payment', 'claim_theft', 'paid_traffic', 'terms_other',
] as const

/** The members are what they seem, and this is why they looked alike. */
export const GENUINE_OUTCOMES = ['household', 'office_campus', 'reseller', 'shared_server', 'device_collision'] as const

/** What a person may say of a case; `inconclusive` is never a label. */
export const REVIEW_OUTCOMES = [...ABUSE_OUTCOMES, ...GENUINE_OUTCOMES, 'inconclusive'] as const

/** What a scan may say of a case. */
export const SCAN_OUTCOMES = ['evidence_gone', 'merged'] as const

/** Why a decision was taken back. */
export const UNDO_REASONS = ['correction', 'appeal_granted', ...REVIEW_OUTCOMES] as const

export type AbuseOutcome = (typeof ABUSE_OUTCOMES)[number]
export type ReviewOutcome = (typeof REVIEW_OUTCOMES)[number]
export type ScanOutcome = (typeof SCAN_OUTCOMES)[number]
export type ReasonCode = (typeof UNDO_REASONS)[number]

export function isGenuine(outcome: string | null): boolean {
  return GENUINE_OUTCOMES.some((each) => each === outcome)
}

export function isAbuse(outcome: string | null): boolean {
  return ABUSE_OUTCOMES.some((each) => each === outcome)
}

/** Taking needs abuse as its reason, giving back anything but; a freeze may wait for an answer, an undo may say why it was wrong. */
export function isReasonFitting(action: PlanAction, reason: string): boolean {
  switch (action.kind) {
    case 'cancel':
    case 'reclaim':
    case 'restrict':
      return isAbuse(reason)
    case 'freeze':
      return isAbuse(reason) || reason === 'inconclusive'
    case 'release':
      return isGenuine(reason) || reason === 'inconclusive'
    case 'dismiss':
    case 'confirm':
      return reason === action.outcome
    case 'undo':
      return UNDO_REASONS.some((each) => each === reason)
  }
}
