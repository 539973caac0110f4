// Entering a claim, by the host for a member or by staff. Promises: the answer is the same whether the client exists or not, has an
// inviter or not; wrong facts about the member's own side are said at once; claims of one inviter are counted, whatever became of them.

import { randomBytes } from 'node:crypto'
import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { canonicalJson, digestOf } from '../../base/hashing.ts'
import { asClaim, type Claim, CONFIRM_DAYS, noteStep, rulesOfClaims } from './claims.ts'
import { bodyOf, type GivenFacts, hashFacts, type HashedFacts, verifyFacts } from './facts.ts'
import type { Recorder } from '../recorder.ts'

const DAY_MILLISECONDS = 86_400_000
const COUNTED_DAYS = 30

export interface NewClaim {
  readonly programId: bigint
  readonly inviterId: bigint
  readonly facts: GivenFacts
}

/** Nothing is kept of these. */
export type EntryRefusal = 'claims_not_offered' | 'facts_missing' | 'client_not_named' | 'bad_email' | 'too_many_claims'
export type EntryAnswer = { readonly ok: true; readonly claim: Claim } | { readonly ok: false; readonly reason: EntryRefusal }

export async function enterClaim(recorder: Recorder, { programId, inviterId, facts: given }: NewClaim): Promise<EntryAnswer> {
  return recorder.database.inTransaction(async (transaction): Promise<EntryAnswer> => {
    const now = recorder.clock.now()
    const found = await rulesOfClaims(transaction, programId, now)
    if (found === null) return { ok: false, reason: 'claims_not_offered' }
    if (found.claims.facts.some((fact) => given[fact] === undefined)) return { ok: false, reason: 'facts_missing' }
    if (given.client_resource === undefined && given.client_email === undefined) return { ok: false, reason: 'client_not_named' }
    const facts = hashFacts(recorder.keys, given)
    if ('refused' in facts) return { ok: false, reason: facts.refused }
    if (await isBeyondCap(transaction, { programId, inviterId }, found.claims.maximumPerMonth, now)) return { ok: false, reason: 'too_many_claims' }
    const claim = await writeClaim(transaction, recorder, { programId, inviterId }, facts)
    await noteStep(transaction, recorder, { kind: 'claim_entered', actorId: recorder.actorId, claim })
    return { ok: true, claim }
  })
}

/** Claims of one inviter are entered one after another, so that they are counted rightly. */
async function isBeyondCap(transaction: Transaction, { programId, inviterId }: { programId: bigint; inviterId: bigint }, maximum: number, now: Date): Promise<boolean> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`claims ${programId} ${inviterId}`}, 0))`
  const since = new Date(now.getTime() - COUNTED_DAYS * DAY_MILLISECONDS)
  return (await transaction.claim.count({ where: { programId, inviterId, recordedAt: { gt: since } } })) >= maximum
}

async function writeClaim(transaction: Transaction, { clock, actorId }: Recorder, { programId, inviterId }: { programId: bigint; inviterId: bigint }, facts: HashedFacts): Promise<Claim> {
  const now = clock.now()
  const { fault, clientId } = await verifyFacts(transaction, programId, inviterId, facts)
  const [body, salt] = [bodyOf(facts), randomBytes(16)]
  const row = await transaction.claim.create({
    data: {
      programId, inviterId, inviteeId: clientId, factsDigest: new Uint8Array(digestOf(salt, canonicalJson(body))), enteredBy: actorId, recordedAt: now,
      dueAt: new Date(now.getTime() + CONFIRM_DAYS * DAY_MILLISECONDS),
      ...(fault === null ? { state: 'waiting_for_client' } : { state: 'refused', reason: fault, decidedBy: SYSTEM_ACTOR_ID, decidedAt: now }),
    },
  })
  await transaction.claimBody.create({ data: { claimId: row.id, salt: new Uint8Array(salt), body } })
  return asClaim(row)
}
