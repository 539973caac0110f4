// Accepting a claim: the referral is made, and what the client pays from the agreed time on earns.
// Promises: one inviter per client and programme, also against a sign-up or another claim at the same time; all in one transaction.

import type { Transaction } from '../../base/database.ts'
import { tieFacts } from '../attribution/relations.ts'
import { type Claim, changeClaim, type ClaimChange, type ClaimRules } from './claims.ts'
import { type ClaimPair, signedUpAt } from './bars.ts'
import { paymentsSince } from '../settlement/rebates.ts'
import type { Recorder } from '../recorder.ts'
import { resettleEvents } from '../settlement/resettle.ts'

/** The locks of `lockClaim` must be held, and nothing may bar the claim. `decision` says who decided, and who approved. */
export async function acceptClaim(transaction: Transaction, recorder: Recorder, claim: Claim & ClaimPair, rules: ClaimRules, decision: ClaimChange & { decidedBy: bigint }): Promise<Claim> {
  const now = recorder.clock.now()
  const signUpAt = await signedUpAt(transaction, claim.inviteeId)
  if (signUpAt === null) throw new Error('A claim is accepted of a client who never signed up.')
  const accruesFrom = rules.accruesFrom === 'signup' ? signUpAt : now
  const referralId = await makeReferral(transaction, recorder, claim, { accruesFrom, signUpAt, actorId: decision.decidedBy })
  const accepted = await changeClaim(transaction, claim, { ...decision, state: 'accepted', reason: null, referralId, accruesFrom })
  await settleSince(transaction, recorder, claim.inviteeId, accruesFrom)
  return accepted
}

interface Relation {
  readonly accruesFrom: Date
  readonly signUpAt: Date
  readonly actorId: bigint
}

/** The relation starts where it starts to earn, so that nothing earlier can earn by it; the fact says when the client came. */
async function makeReferral(transaction: Transaction, { clock }: Recorder, { programId, inviterId, inviteeId }: ClaimPair, { accruesFrom, signUpAt, actorId }: Relation): Promise<bigint> {
  const now = clock.now()
  const { id: referralId } = await transaction.referral.create({
    data: { programId, inviterId, inviteeId, state: 'active', source: 'claim', occurredAt: accruesFrom, recordedAt: now, effectiveAt: accruesFrom, actorId }, select: { id: true },
  })
  await transaction.source.createMany({ data: [{ name: 'claims' }], skipDuplicates: true })
  const { id: sourceId } = await transaction.source.findUniqueOrThrow({ where: { name: 'claims' }, select: { id: true } })
  const { id: batchId } = await transaction.batch.create({ data: { sourceId, actorId, kind: 'api', recordedAt: now }, select: { id: true } })
  await transaction.referralFact.createMany({
    data: [{ programId, inviterId, inviteeId, channel: 'claim', referralId, occurredAt: signUpAt, recordedAt: now, batchId }], skipDuplicates: true,
  })
  await tieFacts(transaction, [referralId])
  return referralId
}

async function settleSince(transaction: Transaction, recorder: Recorder, inviteeId: bigint, since: Date): Promise<void> {
  const { actorId, clock, check } = recorder
  // Imported history earns nothing, whenever it is bound.
  await resettleEvents(transaction, { actorId, now: clock.now(), check }, await paymentsSince(transaction, inviteeId, since))
}
