// Tracks: which way of being rewarded a member is on. Upgrading and downgrading is the member's own step, a contract's track needs the contract.
// Promises: in force from the time of the change on; what was accrued keeps its track; changes are added, never altered.

import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { lockMembers } from '../../ledger/index.ts'
import { programVersionAt, trackOf } from '../../policies/index.ts'
import type { StandingActor } from './enrolment.ts'
import type { Recording } from '../recorder.ts'
import { type Member, readStandings } from './standing.ts'
import { announceStanding } from './notices.ts'

export interface TrackWish extends Member {
  /** The key of the track. */
  readonly track: string
}

export type TrackRefusal = 'no_rules_in_force' | 'unknown_track' | 'needs_contract' | 'contract_in_force'
export type TrackAnswer =
  | { readonly ok: true; readonly isNew: boolean; readonly track: string; readonly effectiveFrom: Date }
  | { readonly ok: false; readonly reason: TrackRefusal }

/** In force from now. */
export async function changeTrack({ database, keys, clock, actorId }: StandingActor, wish: TrackWish): Promise<TrackAnswer> {
  return database.inTransaction(async (transaction) => {
    await lockMembers(transaction, [wish.accountId])
    const now = clock.now()
    const answer = await chooseTrack(transaction, wish, { effectiveFrom: now, at: now, actorId })
    if (!answer.ok || !answer.isNew) return answer
    await appendAct(transaction, keys, clock, {
      actorId, kind: 'track_changed', objectKind: 'account', objectId: wish.accountId, before: { track: answer.before }, after: { programId: wish.programId, track: wish.track },
    })
    return answer
  })
}

/** What the host's `track_change` event means: in force from when it occurred. The member must be locked. */
export async function takeTrackChange(
  transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, change: TrackWish & { readonly occurredAt: Date },
): Promise<TrackAnswer> {
  return chooseTrack(transaction, change, { effectiveFrom: change.occurredAt, at: now, actorId, isReported: true })
}

interface Recorded {
  readonly effectiveFrom: Date
  readonly at: Date
  readonly actorId: bigint
  /** Of the host's events an earlier one may come later: also one that changes nothing now is kept. */
  readonly isReported?: boolean
}

async function chooseTrack(transaction: Transaction, wish: TrackWish, recorded: Recorded): Promise<Extract<TrackAnswer, { ok: false }> | (Extract<TrackAnswer, { ok: true }> & { before: string })> {
  const { programId, accountId, track } = wish
  const version = await programVersionAt(transaction, programId, recorded.effectiveFrom)
  if (version === null) return { ok: false, reason: 'no_rules_in_force' }
  const found = trackOf(version.rules, track)
  if (found === null) return { ok: false, reason: 'unknown_track' }
  const standings = await readStandings(transaction, [wish])
  const before = standings.trackAt(programId, accountId, recorded.effectiveFrom, version.rules)
  const answer = { ok: true as const, track, before, effectiveFrom: recorded.effectiveFrom }
  if (before === track && recorded.isReported !== true) return { ...answer, isNew: false }
  if (found.entry === 'contract' && before !== track) return { ok: false, reason: 'needs_contract' }
  // Who leaves a contract's track ends the contract: else nobody could say which of the two is meant.
  if (before !== track && await isUnderContract(transaction, wish, recorded.effectiveFrom)) return { ok: false, reason: 'contract_in_force' }
  await addTrack(transaction, wish, recorded)
  return { ...answer, isNew: before !== track }
}

async function isUnderContract(transaction: Transaction, { programId, accountId }: Member, at: Date): Promise<boolean> {
  const contracts = await transaction.contract.count({
    where: { programId, accountId, approvedAt: { not: null }, signedAt: { lte: at }, OR: [{ endedAt: null }, { endedAt: { gt: at } }] },
  })
  return contracts > 0
}

/** The member must be locked. */
export async function addTrack(transaction: Transaction, { programId, accountId, track }: TrackWish, { effectiveFrom, at, actorId }: Recorded, contractId: bigint | null = null): Promise<void> {
  await transaction.trackChange.create({ data: { programId, accountId, track, contractId, effectiveFrom, recordedAt: at, actorId } })
  await announceStanding(transaction, { programId, accountId, at, change: { changed: 'track', track, effective_from: effectiveFrom } })
}
