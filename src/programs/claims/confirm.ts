// The client's own word on a claim, and what follows from it: what bars the claim ends it; the pre-credit check is asked; where a live check
// allows it the claim is accepted, else a person decides. Promises: to anybody but its client a claim is not there.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { askBeforeCredit, type CheckAnswer } from '../../checks/index.ts'
import { type CheckPolicy, policyAt, type ProgramRules } from '../../policies/index.ts'
import { answerDueAt } from '../qualification/answer-days.ts'
import { lockAttribution } from '../attribution/attribution.ts'
import { type Claim, changeClaim, type ClaimReason, type ClaimRules, findClaim, noteStep, rulesOfClaims, type StepAnswer } from './claims.ts'
import { acceptClaim } from './accept.ts'
import { barOf, type ClaimPair, type Stake, stakeOf } from './bars.ts'
import { lockFacts } from '../settlement/facts-lock.ts'
import type { Recorder } from '../recorder.ts'

export interface Confirmation {
  readonly claimId: bigint
  /** Who the host says is asked: the claim's client, or nobody's business. */
  readonly clientId: bigint
  readonly confirms: boolean
}

export type LockedClaim = Claim & ClaimPair

/** The claim as it is under its locks, in the order in which sign-ups take them; null where there is none with a client. */
export async function lockClaim(transaction: Transaction, claimId: bigint): Promise<LockedClaim | null> {
  const seen = await findClaim(transaction, claimId)
  if (seen === null || seen.inviteeId === null) return null
  await lockFacts(transaction, [seen.inviteeId])
  await lockAttribution(transaction, [seen.programId])
  const claim = await findClaim(transaction, claimId)
  return claim === null || claim.inviteeId === null ? null : { ...claim, inviteeId: claim.inviteeId }
}

export async function confirmClaim(recorder: Recorder, { claimId, clientId, confirms }: Confirmation): Promise<StepAnswer> {
  return recorder.database.inTransaction(async (transaction): Promise<StepAnswer> => {
    const seen = await findClaim(transaction, claimId)
    if (seen === null || seen.inviteeId !== clientId) return { ok: false, reason: 'unknown_claim' }
    const claim = await lockClaim(transaction, claimId)
    if (claim === null || claim.state !== 'waiting_for_client') return { ok: false, reason: 'claim_not_waiting' }
    const now = recorder.clock.now()
    if (claim.dueAt <= now) return end(transaction, recorder, claim, 'claim_lapsed', 'not_confirmed')
    if (!confirms) return end(transaction, recorder, claim, 'claim_declined', 'declined_by_client')
    const found = await rulesOfClaims(transaction, claim.programId, claim.recordedAt)
    if (found === null) throw new Error('A claim is of a programme without claims.')
    const bar = await barOf(transaction, claim, found.rules, now)
    if (bar !== null) return end(transaction, recorder, { ...claim, confirmedAt: now }, 'claim_barred', bar)
    const waiting = await transaction.claim.count({ where: { programId: claim.programId, inviteeId: clientId, state: { in: ['waiting_for_review', 'waiting_for_approval'] } } })
    return waiting > 0 ? { ok: false, reason: 'another_claim_waits' } : { ok: true, claim: await judge(transaction, recorder, claim, found) }
  })
}

/** Ends the claim without anybody's judgement: what is written says why. */
export async function end(
  transaction: Transaction, recorder: Pick<Recorder, 'keys' | 'clock' | 'actorId'>, claim: Claim, kind: 'claim_lapsed' | 'claim_declined' | 'claim_barred', reason: ClaimReason,
): Promise<{ readonly ok: true; readonly claim: Claim }> {
  const now = recorder.clock.now()
  const actorId = kind === 'claim_declined' ? recorder.actorId : SYSTEM_ACTOR_ID
  const change = { state: 'refused', reason, decidedBy: claim.decidedBy ?? actorId, decidedAt: claim.decidedAt ?? now, confirmedAt: claim.confirmedAt } as const
  const ended = await changeClaim(transaction, claim, change)
  await noteStep(transaction, recorder, { kind, actorId, claim: ended })
  return { ok: true, claim: ended }
}

async function judge(transaction: Transaction, recorder: Recorder, claim: LockedClaim, { rules, claims }: { rules: ProgramRules; claims: ClaimRules }): Promise<Claim> {
  const now = recorder.clock.now()
  const stake = await stakeOf(transaction, claim.inviteeId, rules, claims)
  const { policy } = await policyAt(transaction, claim.programId, now)
  const answer = await ask(transaction, recorder, claim, stake, rules)
  const known = { confirmedAt: now, probability: answer?.probability ?? null, checkId: answer?.check_id ?? null, needsSecondPerson: stake.needsSecondPerson }
  if (!isAcceptedByItself(answer, policy, stake, claim)) {
    const dueAt = await answerDueAt(transaction, { programId: claim.programId, accountId: claim.inviterId }, { rules, of: 'claim', now })
    const waiting = await changeClaim(transaction, claim, { ...known, state: 'waiting_for_review', dueAt })
    await noteStep(transaction, recorder, { kind: 'claim_confirmed', actorId: recorder.actorId, claim: waiting })
    return waiting
  }
  const confirmed = { ...claim, ...await changeClaim(transaction, claim, { ...known, state: 'waiting_for_review' }), inviteeId: claim.inviteeId }
  const accepted = await acceptClaim(transaction, recorder, confirmed, claims, { decidedBy: SYSTEM_ACTOR_ID, decidedAt: now })
  await noteStep(transaction, recorder, { kind: 'claim_confirmed', actorId: recorder.actorId, claim: confirmed })
  await noteStep(transaction, recorder, { kind: 'claim_accepted', actorId: SYSTEM_ACTOR_ID, claim: accepted })
  return accepted
}

/** The answer itself is kept with the claim, not only what follows from it; null where none came. */
async function ask(transaction: Transaction, recorder: Recorder, claim: LockedClaim, { paid }: Stake, { asset }: ProgramRules): Promise<CheckAnswer | null> {
  let answer: CheckAnswer | null = null
  const listening: Recorder['check'] = async (request, caller) => {
    const outcome = await recorder.check(request, caller)
    if (outcome.ok) answer = outcome.answer
    return outcome
  }
  const { programId, inviterId, inviteeId, id } = claim
  await askBeforeCredit(transaction, { actorId: recorder.actorId, check: listening }, { programId, subject: 'claim', subjectId: `claim:${id}`, inviterId, inviteeId, amount: paid, asset })
  return answer
}

/**
 * A check that only observes allows everything, so its word decides nothing; one that is in force and allows without reserve does, unless
 * so much is at stake that persons decide. Nobody's own entry is accepted in their name: the system accepts what it did not enter.
 */
function isAcceptedByItself(answer: CheckAnswer | null, policy: CheckPolicy, { needsSecondPerson }: Stake, { enteredBy }: Claim): boolean {
  return answer !== null && answer.decision === 'allow' && answer.would === undefined && !answer.degraded && policy.mode !== 'observe' && !needsSecondPerson && enteredBy !== SYSTEM_ACTOR_ID
}
