// Contracts: the record that a signed paper puts a member onto a track, entered by one person and approved by another.
// The payout destination that a contract names is recorded with payouts, which name the contract.
// Promises: in force from the signing once approved, and not before; what was accrued between keeps its track; the document's
// reference lies in an erasable body that is bound by a salted hash.

import { appendAct } from '../../acts/index.ts'
import { saltedDigest } from '../../base/hashing.ts'
import type { Transaction } from '../../base/database.ts'
import { lockMembers } from '../../ledger/index.ts'
import { programVersionAt, trackOf } from '../../policies/index.ts'
import type { StandingActor } from './enrolment.ts'
import type { Member } from './standing.ts'
import { announceStanding } from './notices.ts'
import { addTrack } from './tracks.ts'

export interface NewContract extends Member {
  readonly track: string
  readonly signedAt: Date
  /** Where the paper is kept, in words of the operator. */
  readonly documentReference: string
}

export type ContractRefusal =
  | 'no_rules_in_force' | 'not_a_contract_track' | 'signed_in_the_future' | 'one_is_waiting' | 'one_is_in_force'
  | 'unknown_contract' | 'same_person' | 'not_a_person' | 'not_waiting' | 'already_ended' | 'track_changed_since_signing'
export type ContractAnswer = { readonly ok: true; readonly contract: Contract } | { readonly ok: false; readonly reason: ContractRefusal }

export interface Contract extends Member {
  readonly id: bigint
  readonly track: string
  readonly signedAt: Date
  readonly enteredBy: bigint
  readonly enteredAt: Date
  readonly approvedBy: bigint | null
  readonly approvedAt: Date | null
  readonly endedAt: Date | null
}

/** Changes nothing but the record: it waits for another person. */
export async function enterContract({ database, keys, clock, actorId }: StandingActor, contract: NewContract): Promise<ContractAnswer> {
  return database.inTransaction(async (transaction): Promise<ContractAnswer> => {
    await lockMembers(transaction, [contract.accountId])
    const now = clock.now()
    const reason = await whyNotEntered(transaction, contract, now)
    if (reason !== null) return { ok: false, reason }
    const { programId, accountId, track, signedAt, documentReference } = contract
    const { salt, digest } = saltedDigest(documentReference)
    const row = await transaction.contract.create({
      data: { programId, accountId, track, signedAt, documentDigest: new Uint8Array(digest), enteredBy: actorId, enteredAt: now },
    })
    await transaction.contractBody.create({ data: { contractId: row.id, salt: new Uint8Array(salt), documentReference } })
    await appendAct(transaction, keys, clock, { actorId, kind: 'contract_entered', objectKind: 'contract', objectId: row.id, after: { programId, accountId, track, signedAt } })
    return { ok: true, contract: row }
  })
}

async function whyNotEntered(transaction: Transaction, { programId, accountId, track, signedAt }: NewContract, now: Date): Promise<ContractRefusal | null> {
  if (signedAt > now) return 'signed_in_the_future'
  const version = await programVersionAt(transaction, programId, now)
  if (version === null) return 'no_rules_in_force'
  if (trackOf(version.rules, track)?.entry !== 'contract') return 'not_a_contract_track'
  const open = await transaction.contract.findMany({ where: { programId, accountId, endedAt: null }, select: { approvedAt: true } })
  if (open.some((each) => each.approvedAt === null)) return 'one_is_waiting'
  return open.length > 0 ? 'one_is_in_force' : null
}

/** By another person than who entered it; the member is on the track from the signing on. */
export async function approveContract({ database, keys, clock, actorId }: StandingActor, contractId: bigint): Promise<ContractAnswer> {
  return database.inTransaction(async (transaction): Promise<ContractAnswer> => {
    const contract = await lockContract(transaction, contractId)
    if (contract === null) return { ok: false, reason: 'unknown_contract' }
    if (contract.endedAt !== null) return { ok: false, reason: 'already_ended' }
    if (contract.approvedAt !== null) return { ok: false, reason: 'not_waiting' }
    if (contract.enteredBy === actorId) return { ok: false, reason: 'same_person' }
    if ((await transaction.actor.count({ where: { id: actorId, kind: 'person' } })) === 0) return { ok: false, reason: 'not_a_person' }
    const { programId, accountId, track, signedAt } = contract
    // A track that was chosen after the signing would stand beside the contract's: the member or the contract must say which is meant.
    const later = await transaction.trackChange.count({ where: { programId, accountId, effectiveFrom: { gt: signedAt } } })
    if (later > 0) return { ok: false, reason: 'track_changed_since_signing' }
    const now = clock.now()
    const approved = await transaction.contract.update({ where: { id: contractId }, data: { approvedBy: actorId, approvedAt: now } })
    await addTrack(transaction, { programId, accountId, track }, { effectiveFrom: signedAt, at: now, actorId }, contractId)
    await announceStanding(transaction, { programId, accountId, at: now, change: { changed: 'contract', contract_id: contractId, contract: 'approved', signed_at: signedAt } })
    await appendAct(transaction, keys, clock, { actorId, kind: 'contract_approved', objectKind: 'contract', objectId: contractId, after: { programId, accountId, track, signedAt } })
    return { ok: true, contract: approved }
  })
}

/** From now on: a contract in force ends, and the member is on the default track again; one that waits is withdrawn. */
export async function endContract({ database, keys, clock, actorId }: StandingActor, contractId: bigint): Promise<ContractAnswer> {
  return database.inTransaction(async (transaction): Promise<ContractAnswer> => {
    const contract = await lockContract(transaction, contractId)
    if (contract === null) return { ok: false, reason: 'unknown_contract' }
    if (contract.endedAt !== null) return { ok: false, reason: 'already_ended' }
    const now = clock.now()
    const { programId, accountId } = contract
    const ended = await transaction.contract.update({ where: { id: contractId }, data: { endedAt: now, endedBy: actorId } })
    if (contract.approvedAt !== null) {
      const version = await programVersionAt(transaction, programId, now)
      if (version === null) throw new Error('A contract is of a programme without rules in force.')
      await addTrack(transaction, { programId, accountId, track: version.rules.defaultTrack }, { effectiveFrom: now, at: now, actorId }, contractId)
      await announceStanding(transaction, { programId, accountId, at: now, change: { changed: 'contract', contract_id: contractId, contract: 'ended' } })
    }
    await appendAct(transaction, keys, clock, { actorId, kind: contract.approvedAt === null ? 'contract_withdrawn' : 'contract_ended', objectKind: 'contract', objectId: contractId, after: { programId, accountId } })
    return { ok: true, contract: ended }
  })
}

/** The contract as it is once its member is locked; null where there is none. */
async function lockContract(transaction: Transaction, contractId: bigint): Promise<Contract | null> {
  const found = await transaction.contract.findUnique({ where: { id: contractId }, select: { accountId: true } })
  if (found === null) return null
  await lockMembers(transaction, [found.accountId])
  return transaction.contract.findUnique({ where: { id: contractId } })
}

/** The reference of a contract's document; null once it was erased. */
export async function documentReferenceOf(transaction: Transaction, contractId: bigint): Promise<string | null> {
  return (await transaction.contractBody.findUnique({ where: { contractId }, select: { documentReference: true } }))?.documentReference ?? null
}
