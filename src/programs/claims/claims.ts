// Claims: a later request to be attributed, where the programme allows that: what they are, which states and reasons they have, and how
// a step of one is written. A claim goes from the client's confirmation over the check to a person's decision, and ends accepted or refused.

import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { enqueue } from '../../delivery/index.ts'
import { type ProgramRules, programVersionAt } from '../../policies/index.ts'
import type { Recorder } from '../recorder.ts'

export const CLAIM_STATES = ['waiting_for_client', 'waiting_for_review', 'waiting_for_approval', 'accepted', 'refused'] as const
export type ClaimState = (typeof CLAIM_STATES)[number]

/** What of the inviter's own facts is wrong: known at once. */
export type OwnFault = 'own_resource_unknown' | 'own_email_unknown' | 'referral_link_unknown'
/** What keeps the client from being attributed: looked at only when the client has confirmed. */
export type ClaimBar =
  | 'has_inviter' | 'self_referral' | 'cycle' | 'not_eligible' | 'signup_unknown' | 'signed_up_before_code' | 'inviter_restricted' | 'enrolment_closed'
/** What a person refuses for. */
export const REFUSAL_REASONS = ['evidence_insufficient', 'self_invitation', 'claim_theft', 'terms_other'] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]
export const CLAIM_REASONS = [
  'own_resource_unknown', 'own_email_unknown', 'referral_link_unknown', 'not_confirmed', 'declined_by_client', 'has_inviter', 'self_referral', 'cycle', 'not_eligible',
  'signup_unknown', 'signed_up_before_code', 'inviter_restricted', 'enrolment_closed', ...REFUSAL_REASONS,
] as const
export type ClaimReason = (typeof CLAIM_REASONS)[number]

/** Days that a client has to confirm. */
export const CONFIRM_DAYS = 14

export interface Claim {
  readonly id: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  /** Null where the facts name nobody. */
  readonly inviteeId: bigint | null
  readonly state: ClaimState
  readonly reason: ClaimReason | null
  readonly probability: number | null
  readonly checkId: string | null
  readonly referralId: bigint | null
  readonly accruesFrom: Date | null
  readonly needsSecondPerson: boolean
  readonly enteredBy: bigint
  readonly confirmedAt: Date | null
  readonly decidedBy: bigint | null
  readonly decidedAt: Date | null
  readonly approvedBy: bigint | null
  readonly approvedAt: Date | null
  readonly dueAt: Date
  readonly recordedAt: Date
}

type ClaimRow = Omit<Claim, 'state' | 'reason'> & { readonly state: string; readonly reason: string | null }
export const asClaim = (row: ClaimRow): Claim => ({ ...row, state: row.state as ClaimState, reason: row.reason as ClaimReason | null })

export async function findClaim(transaction: Transaction, id: bigint): Promise<Claim | null> {
  const row = await transaction.claim.findUnique({ where: { id } })
  return row === null ? null : asClaim(row)
}

export type ClaimRules = NonNullable<ProgramRules['binding']['claims']>

/** The rules that were in force when the claim was entered: they hold for it to its end. */
export async function rulesOfClaims(transaction: Transaction, programId: bigint, enteredAt: Date): Promise<{ rules: ProgramRules; claims: ClaimRules } | null> {
  const version = await programVersionAt(transaction, programId, enteredAt)
  const claims = version?.rules.binding.claims
  return version === null || claims === undefined ? null : { rules: version.rules, claims }
}

/** A step that the caller may not take, or not now; nothing of it is kept. */
export type StepRefusal = 'unknown_claim' | 'claim_not_waiting' | 'another_claim_waits' | 'person_needed' | 'own_entry' | 'second_person_needed'
export type StepAnswer = { readonly ok: true; readonly claim: Claim } | { readonly ok: false; readonly reason: StepRefusal }

export type ClaimStep = 'claim_entered' | 'claim_confirmed' | 'claim_declined' | 'claim_lapsed' | 'claim_barred' | 'claim_accepted' | 'claim_refused' | 'claim_proposed' | 'claim_approved'

export type ClaimChange = Partial<Omit<Claim, 'id' | 'programId' | 'inviterId' | 'inviteeId' | 'enteredBy' | 'recordedAt'>>

/** Writes what changed. The attribution lock of the programme must be held. */
export async function changeClaim(transaction: Transaction, claim: Claim, change: ClaimChange): Promise<Claim> {
  await transaction.claim.update({ where: { id: claim.id }, data: change, select: { id: true } })
  return { ...claim, ...change }
}

/** The act and the message of a step; last in its transaction. */
export async function noteStep(transaction: Transaction, { keys, clock }: Pick<Recorder, 'keys' | 'clock'>, step: { kind: ClaimStep; actorId: bigint; claim: Claim; note?: string | undefined }): Promise<void> {
  const { kind, actorId, claim, note } = step
  if (kind === 'claim_entered' || claim.state === 'accepted' || claim.state === 'refused') await announce(transaction, claim, clock.now())
  await appendAct(transaction, keys, clock, {
    actorId, kind, objectKind: 'claim', objectId: claim.id, after: { state: claim.state, checkId: claim.checkId, referralId: claim.referralId, accruesFrom: claim.accruesFrom },
    ...(claim.reason === null ? {} : { reason: claim.reason }), ...(note === undefined ? {} : { body: { note } }),
  })
}

/** The host asks the client, or tells the member; names go with the message's row. */
async function announce(transaction: Transaction, claim: Claim, at: Date): Promise<void> {
  const { id, programId, inviterId, inviteeId, state, reason, dueAt } = claim
  const names = await transaction.accountIdentity.findMany({ where: { accountId: { in: [inviterId, ...(inviteeId === null ? [] : [inviteeId])] } }, select: { accountId: true, externalId: true } })
  const nameOf = (accountId: bigint | null): string | null => names.find((each) => each.accountId === accountId)?.externalId ?? null
  await enqueue(transaction, {
    topic: state === 'accepted' || state === 'refused' ? 'claim.decided' : 'claim.opened', objectKind: 'claim', objectId: id, programId, at,
    body: { claim_id: id, inviter: nameOf(inviterId), client: nameOf(inviteeId), state, reason, due_at: dueAt.toISOString() },
  })
}
