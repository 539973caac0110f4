// A person's decision on a claim, and a second person's where the rules ask for one. Promises: nobody decides what they entered or approves
// what they decided; what bars a claim meanwhile ends it, whatever was decided.

import type { Transaction } from '../../base/database.ts'
import { answerDueAt } from '../qualification/answer-days.ts'
import { type Claim, changeClaim, type ClaimChange, noteStep, type RefusalReason, rulesOfClaims, type StepAnswer } from './claims.ts'
import { acceptClaim } from './accept.ts'
import { barOf, stakeOf } from './bars.ts'
import { end, lockClaim, type LockedClaim } from './confirm.ts'
import type { Recorder } from '../recorder.ts'

export type ClaimVerdict = { readonly accepts: true; readonly note?: string | undefined } | { readonly accepts: false; readonly reason: RefusalReason; readonly note?: string | undefined }

export interface Decision {
  readonly claimId: bigint
  readonly verdict: ClaimVerdict
  /** Keys of servers and jobs decide nothing. */
  readonly isPerson: boolean
}

/** The first person's: accepts, refuses, or proposes to a second person what they may not accept alone. */
export async function decideClaim(recorder: Recorder, { claimId, verdict, isPerson }: Decision): Promise<StepAnswer> {
  return recorder.database.inTransaction(async (transaction): Promise<StepAnswer> => {
    if (!isPerson) return { ok: false, reason: 'person_needed' }
    const claim = await lockClaim(transaction, claimId)
    if (claim === null) return { ok: false, reason: 'unknown_claim' }
    if (claim.state !== 'waiting_for_review') return { ok: false, reason: 'claim_not_waiting' }
    const decided = { decidedBy: recorder.actorId, decidedAt: recorder.clock.now() }
    if (!verdict.accepts) return refuse(transaction, recorder, claim, { ...decided, reason: verdict.reason }, verdict.note)
    if (claim.enteredBy === recorder.actorId) return { ok: false, reason: 'own_entry' }
    return accept(transaction, recorder, claim, { ...decided }, verdict.note)
  })
}

/** The second person's. */
export async function approveClaim(recorder: Recorder, { claimId, verdict, isPerson }: Decision): Promise<StepAnswer> {
  return recorder.database.inTransaction(async (transaction): Promise<StepAnswer> => {
    if (!isPerson) return { ok: false, reason: 'person_needed' }
    const claim = await lockClaim(transaction, claimId)
    if (claim === null) return { ok: false, reason: 'unknown_claim' }
    if (claim.state !== 'waiting_for_approval' || claim.decidedBy === null) return { ok: false, reason: 'claim_not_waiting' }
    if ([claim.enteredBy, claim.decidedBy].includes(recorder.actorId)) return { ok: false, reason: 'second_person_needed' }
    const approved = { approvedBy: recorder.actorId, approvedAt: recorder.clock.now() }
    if (!verdict.accepts) return refuse(transaction, recorder, claim, { ...approved, reason: verdict.reason }, verdict.note)
    return accept(transaction, recorder, claim, { ...approved, decidedBy: claim.decidedBy }, verdict.note)
  })
}

async function refuse(transaction: Transaction, recorder: Recorder, claim: Claim, change: ClaimChange, note: string | undefined): Promise<StepAnswer> {
  const refused = await changeClaim(transaction, claim, { ...change, state: 'refused' })
  await noteStep(transaction, recorder, { kind: 'claim_refused', actorId: recorder.actorId, claim: refused, note })
  return { ok: true, claim: refused }
}

async function accept(transaction: Transaction, recorder: Recorder, claim: LockedClaim, by: ClaimChange & { decidedBy: bigint }, note: string | undefined): Promise<StepAnswer> {
  const now = recorder.clock.now()
  const found = await rulesOfClaims(transaction, claim.programId, claim.recordedAt)
  if (found === null) throw new Error('A claim is of a programme without claims.')
  const bar = await barOf(transaction, claim, found.rules, now)
  if (bar !== null) return end(transaction, recorder, claim, 'claim_barred', bar)
  // More may have been paid since the client confirmed.
  const needsSecondPerson = claim.needsSecondPerson || (await stakeOf(transaction, claim.inviteeId, found.rules, found.claims)).needsSecondPerson
  if (needsSecondPerson && by.approvedBy === undefined) {
    const dueAt = await answerDueAt(transaction, { programId: claim.programId, accountId: claim.inviterId }, { rules: found.rules, of: 'claim', now })
    const proposed = await changeClaim(transaction, claim, { ...by, needsSecondPerson, state: 'waiting_for_approval', dueAt })
    await noteStep(transaction, recorder, { kind: 'claim_proposed', actorId: recorder.actorId, claim: proposed, note })
    return { ok: true, claim: proposed }
  }
  const accepted = await acceptClaim(transaction, recorder, claim, found.claims, { ...by, needsSecondPerson })
  await noteStep(transaction, recorder, { kind: by.approvedBy === undefined ? 'claim_accepted' : 'claim_approved', actorId: recorder.actorId, claim: accepted, note })
  return { ok: true, claim: accepted }
}
