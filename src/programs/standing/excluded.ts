// Excluded accounts: staff, tests and sales-owned leads, for a time, in one programme or in all; they neither earn nor are earned from.
// Promises: each beginning and end is an act; what was earned before stays earned.

import { appendAct } from '../../acts/index.ts'
import type { StandingActor } from './enrolment.ts'

export const EXCLUSION_REASONS = ['staff', 'test', 'sales_owned'] as const
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number]

export interface NewExclusion {
  /** Null: every programme. */
  readonly programId: bigint | null
  readonly accountId: bigint
  readonly reason: ExclusionReason
  /** Start inclusive, end exclusive; an absent start is now, an absent end is none. */
  readonly startsAt?: Date | undefined
  readonly endsAt?: Date | undefined
}

export interface Exclusion {
  readonly id: bigint
  readonly programId: bigint | null
  readonly accountId: bigint
  readonly reason: string
  readonly startsAt: Date
  readonly endsAt: Date | null
}

export type ExclusionRefusal = 'ends_before_start' | 'unknown_exclusion' | 'already_ended'
export type ExclusionAnswer = { readonly ok: true; readonly exclusion: Exclusion } | { readonly ok: false; readonly reason: ExclusionRefusal }

export async function excludeAccount({ database, keys, clock, actorId }: StandingActor, { programId, accountId, reason, startsAt, endsAt }: NewExclusion): Promise<ExclusionAnswer> {
  const now = clock.now()
  const from = startsAt ?? now
  if (endsAt !== undefined && endsAt <= from) return { ok: false, reason: 'ends_before_start' }
  return database.inTransaction(async (transaction): Promise<ExclusionAnswer> => {
    const exclusion = await transaction.excludedAccount.create({ data: { programId, accountId, reason, startsAt: from, endsAt: endsAt ?? null, recordedAt: now, actorId } })
    await appendAct(transaction, keys, clock, {
      actorId, kind: 'account_excluded', objectKind: 'account', objectId: accountId, reason, after: { exclusionId: exclusion.id, programId, startsAt: from, endsAt: endsAt ?? null },
    })
    return { ok: true, exclusion }
  })
}

/** From now on the account counts again; one that has not begun yet is taken back from its start. */
export async function endExclusion({ database, keys, clock, actorId }: StandingActor, exclusionId: bigint): Promise<ExclusionAnswer> {
  return database.inTransaction(async (transaction): Promise<ExclusionAnswer> => {
    await transaction.$queryRaw`select id from excluded_account where id = ${exclusionId} for update`
    const known = await transaction.excludedAccount.findUnique({ where: { id: exclusionId } })
    if (known === null) return { ok: false, reason: 'unknown_exclusion' }
    const now = clock.now()
    if (known.endsAt !== null && known.endsAt <= now) return { ok: false, reason: 'already_ended' }
    const exclusion = await transaction.excludedAccount.update({ where: { id: exclusionId }, data: { endsAt: now > known.startsAt ? now : known.startsAt } })
    await appendAct(transaction, keys, clock, {
      actorId, kind: 'exclusion_ended', objectKind: 'account', objectId: known.accountId, before: { endsAt: known.endsAt }, after: { exclusionId, endsAt: exclusion.endsAt },
    })
    return { ok: true, exclusion }
  })
}
