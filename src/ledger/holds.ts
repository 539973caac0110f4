// Holds as rows: written in the transaction of their posting, always with an owner, a due date and a policy on silence.
// Several reasons may hold one rebate; its money is released when the last of them ends.

import type { Transaction } from '../base/database.ts'

export type HoldSubject =
  | { readonly kind: 'rebate'; readonly rebateId: bigint }
  | { readonly kind: 'referral'; readonly referralId: bigint }
  | { readonly kind: 'account' | 'payout'; readonly accountId: bigint }

export interface NewHold {
  readonly subject: HoldSubject
  readonly ownerId: bigint
  /** A stable word, e.g. `held_by_check`, `denied_by_check`, `dispute`, `freeze`. One open hold per rebate and reason. */
  readonly reason: string
  readonly checkId?: string | null
  readonly isDegraded?: boolean
  readonly caseId?: bigint | null
  readonly decisionId?: bigint | null
  /** The transfer that moved the money, if any did. */
  readonly placedBy?: bigint | null
  readonly placedAt: Date
  readonly dueAt: Date
  readonly onSilence: 'escalate' | 'release_recorded'
}

export type HoldEnd = 'released' | 'reclaimed' | 'reversed' | 'superseded'

export async function placeHold(transaction: Transaction, hold: NewHold): Promise<bigint> {
  const { subject, checkId = null, isDegraded = false, caseId = null, decisionId = null, placedBy = null, ...rest } = hold
  const { id } = await transaction.hold.create({
    data: {
      ...rest, checkId, isDegraded, caseId, decisionId, placedBy,
      subjectKind: subject.kind,
      rebateId: subject.kind === 'rebate' ? subject.rebateId : null,
      referralId: subject.kind === 'referral' ? subject.referralId : null,
      accountId: subject.kind === 'account' || subject.kind === 'payout' ? subject.accountId : null,
    },
    select: { id: true },
  })
  return id
}

export interface HoldEnding {
  readonly as: HoldEnd
  readonly at: Date
  readonly actorId: bigint
  readonly transferId?: bigint | null
}

/** Ends those of the given holds that are still open; returns how many there were. */
export async function endHolds(transaction: Transaction, holdIds: readonly bigint[], ending: HoldEnding): Promise<number> {
  if (holdIds.length === 0) return 0
  const { count } = await transaction.hold.updateMany({
    where: { id: { in: [...holdIds] }, endedAt: null },
    data: { endedAt: ending.at, endedAs: ending.as, endedActorId: ending.actorId, endedBy: ending.transferId ?? null },
  })
  return count
}

export interface OpenHold {
  readonly id: bigint
  readonly rebateId: bigint
  readonly reason: string
  readonly decisionId: bigint | null
  readonly placedAt: Date
  readonly dueAt: Date
}

/** The open holds of rebates, oldest first. */
export async function openHoldsOf(transaction: Transaction, rebateIds: readonly bigint[]): Promise<OpenHold[]> {
  const rows = await transaction.hold.findMany({
    where: { rebateId: { in: [...rebateIds] }, endedAt: null },
    select: { id: true, rebateId: true, reason: true, decisionId: true, placedAt: true, dueAt: true },
    orderBy: { id: 'asc' },
  })
  return rows.flatMap((row) => (row.rebateId === null ? [] : [{ ...row, rebateId: row.rebateId }]))
}
