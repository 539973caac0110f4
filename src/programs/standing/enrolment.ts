// Enrolment: everybody takes part without applying; a member or staff may close and reopen, staff may suspend.
// Promises: changes are added with their act and are in force from their time on; closing and reopening evades no suspension.

import { appendAct } from '../../acts/index.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database, Transaction } from '../../base/database.ts'
import type { KeyRing } from '../../base/keys.ts'
import { lockMembers } from '../../ledger/index.ts'
import type { Enrolment, Member } from './standing.ts'
import { announceStanding } from './notices.ts'

/** Who changes the standing of members: as the API and the command line have it. */
export interface StandingActor {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

export type EnrolmentReason = 'joined' | 'idle' | 'new_client' | 'member' | 'staff'

export interface EnrolmentRow {
  readonly state: Enrolment
  readonly reason: EnrolmentReason
  readonly effectiveFrom: Date
}

export interface EnrolmentWish extends Member {
  readonly state: Enrolment
  /** For whom the caller speaks. */
  readonly by: 'member' | 'staff'
}

export type EnrolmentRefusal = 'not_by_member' | 'closed_by_staff'
export type EnrolmentAnswer =
  | { readonly ok: true; readonly isNew: boolean; readonly state: Enrolment; readonly effectiveFrom: Date | null }
  | { readonly ok: false; readonly reason: EnrolmentRefusal }

/** In force from now. A member closes, and reopens what they closed; only staff suspend, and end what staff did. */
export async function changeEnrolment({ database, keys, clock, actorId }: StandingActor, wish: EnrolmentWish): Promise<EnrolmentAnswer> {
  return database.inTransaction(async (transaction): Promise<EnrolmentAnswer> => {
    const { programId, accountId } = wish
    await lockMembers(transaction, [accountId])
    const now = clock.now()
    const history = (await readEnrolments(transaction, wish)).filter((row) => row.effectiveFrom <= now)
    const current = history.at(-1)
    if ((current?.state ?? 'active') === wish.state) return { ok: true, isNew: false, state: wish.state, effectiveFrom: current?.effectiveFrom ?? null }
    const next = wish.by === 'staff' ? { state: wish.state, reason: 'staff' as const } : wishedByMember(wish.state, history)
    if (typeof next === 'string') return { ok: false, reason: next }
    await addEnrolment(transaction, wish, { ...next, effectiveFrom: now }, { at: now, actorId })
    await appendAct(transaction, keys, clock, {
      actorId, kind: 'enrolment_changed', objectKind: 'account', objectId: accountId, reason: wish.by,
      before: { state: current?.state ?? 'active' }, after: { programId, state: next.state },
    })
    return { ok: true, isNew: true, state: next.state, effectiveFrom: now }
  })
}

/** Reopening leads back to where the member stood: who was suspended before closing is suspended again. */
function wishedByMember(state: Enrolment, history: readonly EnrolmentRow[]): { state: Enrolment; reason: EnrolmentReason } | EnrolmentRefusal {
  if (state === 'closed') return { state, reason: 'member' }
  const current = history.at(-1)
  if (state === 'suspended' || current?.state !== 'closed') return 'not_by_member'
  if (current.reason !== 'member') return 'closed_by_staff'
  const before = history.findLast((row) => row.state !== 'closed')
  return before?.state === 'suspended' ? { state: 'suspended', reason: before.reason } : { state: 'active', reason: 'member' }
}

/** All changes of one member in the order of their times; the later recorded of two at one time is the later one. */
export async function readEnrolments(transaction: Transaction, { programId, accountId }: Member): Promise<EnrolmentRow[]> {
  const rows = await transaction.enrolmentChange.findMany({
    where: { programId, accountId }, select: { state: true, reason: true, effectiveFrom: true }, orderBy: [{ effectiveFrom: 'asc' }, { id: 'asc' }],
  })
  return rows.map((row) => ({ state: row.state as Enrolment, reason: row.reason as EnrolmentReason, effectiveFrom: row.effectiveFrom }))
}

/** The member must be locked. */
export async function addEnrolment(transaction: Transaction, { programId, accountId }: Member, row: EnrolmentRow, recorded: { readonly at: Date; readonly actorId: bigint }): Promise<void> {
  await transaction.enrolmentChange.create({ data: { programId, accountId, ...row, recordedAt: recorded.at, actorId: recorded.actorId } })
  await announceStanding(transaction, {
    programId, accountId, at: recorded.at, change: { changed: 'enrolment', enrolment: row.state, reason: row.reason, effective_from: row.effectiveFrom },
  })
}
