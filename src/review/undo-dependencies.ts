// What may rest on a decision: later decisions and holds that name the same things.

import type { Transaction } from '../base/database.ts'
import type { PlanRefusal, Refused } from './plan-types.ts'
import type { DecisionToUndo } from './undo-effects.ts'

type Dependency = Refused<PlanRefusal> | null

/** A later decision on the same rebate, referral, account or on the state of the same case; one that was itself undone does not count. */
export async function decidedAgain(transaction: Transaction, decisionId: bigint): Promise<Dependency> {
  const rows = await transaction.$queryRaw<{ id: bigint; actor: string }[]>`
    SELECT later.id, actor.name AS actor FROM decision later JOIN actor ON actor.id = later.actor_id
      WHERE later.id > ${decisionId}
        AND NOT EXISTS (SELECT 1 FROM decision undo WHERE undo.undoes_id = later.id)
        AND (later.undoes_id IS NULL OR later.undoes_id < ${decisionId})
        AND (EXISTS (SELECT 1 FROM decision_effect theirs JOIN decision_effect mine ON mine.decision_id = ${decisionId} AND mine.rebate_id = theirs.rebate_id
                      WHERE theirs.decision_id = later.id)
          OR EXISTS (SELECT 1 FROM decision_effect theirs JOIN decision_effect mine ON mine.decision_id = ${decisionId} AND mine.referral_id = theirs.referral_id
                      WHERE theirs.decision_id = later.id)
          OR EXISTS (SELECT 1 FROM decision_effect theirs JOIN decision_effect mine ON mine.decision_id = ${decisionId} AND mine.account_id = theirs.account_id
                      WHERE theirs.decision_id = later.id)
          OR EXISTS (SELECT 1 FROM decision_effect theirs JOIN decision mine ON mine.id = ${decisionId} AND mine.case_id = later.case_id
                      WHERE theirs.decision_id = later.id AND theirs.kind = 'case'))
      ORDER BY later.id LIMIT 1`
  const later = rows[0]
  return later === undefined ? null : { ok: false, reason: 'decided_again', detail: `Decision ${later.id} by ${later.actor} names the same since; undo that first.` }
}

/** Another hold placed on the same rebate since keeps what the undo would set free. */
export async function heldSince(transaction: Transaction, decision: DecisionToUndo, rebateIds: readonly bigint[]): Promise<Dependency> {
  const placed = await transaction.hold.findMany({ where: { decisionId: decision.id }, select: { id: true }, orderBy: { id: 'desc' }, take: 1 })
  const newest = placed[0]
  if (newest === undefined) return null
  const later = await transaction.hold.findFirst({
    where: { rebateId: { in: [...rebateIds] }, endedAt: null, id: { gt: newest.id } }, select: { rebateId: true, reason: true }, orderBy: { id: 'asc' },
  })
  return later === null ? null : { ok: false, reason: 'held_since', detail: `Rebate ${later.rebateId} is also held since, because of ${later.reason}.` }
}
