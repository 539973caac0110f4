// What a refund of a purchase means for the credit that paid it: it comes back with its old end, and never as something already ended.
// Promises: nobody gains time by refunds; what was reclaimed meanwhile does not come back as spendable.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { applyEnforcement, openHoldsOf, positionsOfRebates, rebateStates } from '../../ledger/index.ts'
import { programVersionOf } from '../../policies/index.ts'
import { expirePosition } from './expiry.ts'
import { holdDueAt } from '../settlement/rebates.ts'
import type { Recording } from '../recorder.ts'

export interface CreditRefund {
  /** The credit that had paid. */
  readonly rebateId: bigint
  /** What of it was posted back. */
  readonly amount: bigint
  /** When the spending was posted. */
  readonly spentAt: Date
  /** The event of the refund. */
  readonly refund: { readonly id: bigint; readonly naturalKey: Uint8Array }
}

/** Whoever spent in the last minutes of a credit has at least this long to spend it again. */
const SHORTEST_SECONDS = 86_400

/**
 * Call it once the refund's posting is written, in its transaction: for each credit with an end that it gave back. The old end stays
 * while it lies ahead. Where it has passed, the purchase and not the member's delay used up the time: the credit gets the time that was
 * left when it was spent, a day at least, counted from now. What of it had not been spent, and ended, stays ended.
 */
export async function restoreCredit(transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, credit: CreditRefund): Promise<void> {
  const { rebateId, amount, spentAt, refund } = credit
  const rebate = await transaction.rebate.findUniqueOrThrow({ where: { id: rebateId }, select: { programId: true, programVersionId: true, expiresAt: true, effectiveAt: true } })
  if (rebate.expiresAt === null) return
  const endsAt = await creditEndsAt(transaction, rebateId, now)
  if (endsAt <= now) {
    const spendable = (await positionsOfRebates(transaction, [rebateId])).find(({ kind }) => kind === 'main_bonus' || kind === 'main_reward')
    if (spendable !== undefined && spendable.amount > amount) await expirePosition(transaction, { now, actorId }, { ...spendable, kind: spendable.kind === 'main_bonus' ? 'main_bonus' : 'main_reward', amount: spendable.amount - amount, endedAt: endsAt })
    const whole = rebate.expiresAt.getTime() - rebate.effectiveAt.getTime()
    const left = Math.max(SHORTEST_SECONDS * 1000, Math.min(whole, endsAt.getTime() - spentAt.getTime()))
    const seconds = BigInt(Math.ceil((now.getTime() + left - endsAt.getTime()) / 1000))
    await transaction.creditExtension.createMany({ data: [{ rebateId, eventId: refund.id, seconds, recordedAt: now, actorId }], skipDuplicates: true })
  }
  const [state] = await rebateStates(transaction, [rebateId])
  if ((state?.reclaimed ?? 0n) === 0n || (await openHoldsOf(transaction, [rebateId])).length > 0) return
  // The rest of it was taken back by a decision: whether that holds for this part too is for a person to say.
  const { rules } = await programVersionOf(transaction, rebate.programVersionId)
  await applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebateId] }, {
    naturalKey: digestOf('restored after reclaim', rebateId.toString(), refund.naturalKey), actorId, at: now, programId: rebate.programId,
    hold: { reason: 'restored_after_reclaim', ownerId: SYSTEM_ACTOR_ID, dueAt: await holdDueAt(transaction, rebate.programId, now), onSilence: rules.onSilence },
  })
}

/** When a credit ends, with the time in which it was held and what refunds gave. The credit must have an end. */
export async function creditEndsAt(transaction: Transaction, rebateId: bigint, now: Date): Promise<Date> {
  const [row] = await transaction.$queryRaw<{ ends_at: Date | null }[]>`select credit_expires_at(id, expires_at, ${now}::timestamptz) as ends_at from rebate where id = ${rebateId}`
  if (row === undefined || row.ends_at === null) throw new Error('A credit without an end was asked for it.')
  return row.ends_at
}
