// When a check that could only hold gets its real answer: the credit it held is released, or held on with that answer.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import type { CheckAnswer } from '../../checks/index.ts'
import { applyEnforcement, endHolds, lockMembers, placeHold } from '../../ledger/index.ts'
import { followHoldsAtHost } from '../host/freeze.ts'
import { holdDueAt } from './rebates.ts'

/** `previousId` is the check that the credit was held by; returns the number of rebates it concerned. Give it to the checks as `onResolved`. */
export async function resolveHeldCredits(
  transaction: Transaction, at: { readonly now: Date; readonly actorId: bigint }, resolved: { readonly previousId: string; readonly answer: CheckAnswer },
): Promise<number> {
  const { now, actorId } = at
  const { previousId, answer } = resolved
  const select = { id: true, rebateId: true, reason: true, onSilence: true, rebate: { select: { accountId: true, programId: true } } } as const
  const where = { checkId: previousId, endedAt: null, rebateId: { not: null } }
  const found = await transaction.hold.findMany({ where, select })
  await lockMembers(transaction, found.flatMap((hold) => hold.rebate?.accountId ?? []))
  const holds = await transaction.hold.findMany({ where, select, orderBy: { id: 'asc' } })
  for (const { id, rebateId, reason, onSilence, rebate } of holds) {
    if (rebateId === null || rebate === null) continue
    if (answer.decision === 'allow') {
      const naturalKey = digestOf('check resolved', rebateId.toString(), answer.check_id)
      await applyEnforcement(transaction, { kind: 'release', rebateIds: [rebateId], reasons: [reason] }, { naturalKey, actorId, at: now, programId: rebate.programId })
      continue
    }
    await endHolds(transaction, [id], { as: 'superseded', at: now, actorId })
    await placeHold(transaction, {
      subject: { kind: 'rebate', rebateId }, ownerId: SYSTEM_ACTOR_ID, reason: answer.decision === 'deny' ? 'denied_by_check' : 'held_by_check', checkId: answer.check_id,
      placedAt: now, dueAt: await holdDueAt(transaction, rebate.programId, now), onSilence: onSilence === 'release_recorded' ? 'release_recorded' : 'escalate',
    })
  }
  await followHoldsAtHost(transaction, { now }, holds.flatMap((hold) => hold.rebateId ?? []))
  return holds.length
}
