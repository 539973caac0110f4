// Who answers for a case, and until when; changed only by somebody who saw its newest version.

import { appendAct } from '../acts/index.ts'
import type { Reviewer } from './make-plan.ts'
import type { Refused } from './plan-types.ts'

export interface Assignment {
  readonly caseId: bigint
  /** The version that the assigning person saw. */
  readonly version: number
  /** Null gives the case back to the queue. */
  readonly ownerId: bigint | null
  readonly dueAt?: Date | undefined
}

export type AssignmentResult = { readonly ok: true; readonly version: number } | Refused<'unknown_case' | 'case_closed' | 'case_changed'>

export async function assignCase(reviewer: Reviewer, assignment: Assignment): Promise<AssignmentResult> {
  return await reviewer.database.inTransaction(async (transaction): Promise<AssignmentResult> => {
    const { caseId, version, ownerId, dueAt } = assignment
    const now = reviewer.clock.now()
    const { count } = await transaction.reviewCase.updateMany({
      where: { id: caseId, version, state: 'open' },
      data: { ownerId, ...(dueAt === undefined ? {} : { dueAt }), version: { increment: 1 }, actedBy: reviewer.actorId, actedAt: now },
    })
    if (count === 0) {
      const row = await transaction.reviewCase.findUnique({ where: { id: caseId }, include: { actorReviewCaseActedByToactor: { select: { name: true } } } })
      if (row === null) return { ok: false, reason: 'unknown_case', detail: `There is no case ${caseId}.` }
      if (row.state !== 'open') return { ok: false, reason: 'case_closed', detail: `Case ${caseId} was closed as ${row.outcome}.` }
      const who = row.actorReviewCaseActedByToactor?.name ?? 'Somebody'
      return { ok: false, reason: 'case_changed', detail: `${who} acted on case ${caseId} at ${row.actedAt?.toISOString() ?? 'an unknown time'}: look again.` }
    }
    await appendAct(transaction, reviewer.keys, reviewer.clock, {
      actorId: reviewer.actorId, kind: 'case_assigned', objectKind: 'case', objectId: caseId, after: { ownerId, dueAt },
    })
    return { ok: true, version: version + 1 }
  })
}
