// What a refund of a purchase means for the credit that paid it: it comes back with its old end, and never as something already ended.
// Promises: nobody gains time by refunds; what is held or was reclaimed does not come back as spendable.

import { SYSTEM_ACTOR_ID } from '../acts/index.ts'
import type { Transaction } from '../base/database.ts'
import { openHoldsOf, placeHold, rebateStates } from '../ledger/index.ts'
import { programVersionOf } from '../policies/index.ts'
import { expireMember } from './expiry.ts'
import { holdDueAt } from './rebates.ts'
import type { Recording } from './recorder.ts'

export interface CreditRefund {
  /** The credit that had paid. */
  readonly rebateId: bigint
  /** When the spending was posted. */
  readonly spentAt: Date
  /** The event of the refund. */
  readonly refundId: bigint
}

/** Whoever spent in the last minutes of a credit has at least this long to spend it again. */
const SHORTEST_SECONDS = 86_400

/**
 * Where the restored amount is to be posted. Call it before posting; the member must be locked. The old end stays while it lies ahead.
 * Where it has passed, the purchase and not the member's delay used up the time: the credit gets the time that was left when it was
 * spent, a day at least, counted from now. What of it had not been spent, and ended, stays ended.
 */
export async function restoreCredit(transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, { rebateId, spentAt, refundId }: CreditRefund): Promise<'main_bonus' | 'main_held'> {
  const rebate = await transaction.rebate.findUniqueOrThrow({ where: { id: rebateId }, select: { accountId: true, programId: true, programVersionId: true, expiresAt: true, effectiveAt: true } })
  if (rebate.expiresAt !== null) {
    await expireMember(transaction, { now, actorId }, rebate.accountId)
    const endsAt = await creditEndsAt(transaction, rebateId, now)
    if (endsAt <= now) {
      const whole = rebate.expiresAt.getTime() - rebate.effectiveAt.getTime()
      const left = Math.max(SHORTEST_SECONDS * 1000, Math.min(whole, endsAt.getTime() - spentAt.getTime()))
      const seconds = BigInt(Math.ceil((now.getTime() + left - endsAt.getTime()) / 1000))
      await transaction.creditExtension.createMany({ data: [{ rebateId, eventId: refundId, seconds, recordedAt: now, actorId }], skipDuplicates: true })
    }
  }
  if ((await openHoldsOf(transaction, [rebateId])).length > 0) return 'main_held'
  const [state] = await rebateStates(transaction, [rebateId])
  if ((state?.reclaimed ?? 0n) === 0n) return 'main_bonus'
  // The rest of it was taken back by a decision: whether that holds for this part too is for a person to say.
  const { rules } = await programVersionOf(transaction, rebate.programVersionId)
  await placeHold(transaction, {
    subject: { kind: 'rebate', rebateId }, ownerId: SYSTEM_ACTOR_ID, reason: 'restored_after_reclaim', placedAt: now,
    dueAt: await holdDueAt(transaction, rebate.programId, now), onSilence: rules.onSilence,
  })
  return 'main_held'
}

/** When a credit ends, with the time in which it was held and what refunds gave. The credit must have an end. */
export async function creditEndsAt(transaction: Transaction, rebateId: bigint, now: Date): Promise<Date> {
  const [row] = await transaction.$queryRaw<{ ends_at: Date | null }[]>`select credit_expires_at(id, expires_at, ${now}::timestamptz) as ends_at from rebate where id = ${rebateId}`
  if (row === undefined || row.ends_at === null) throw new Error('A credit without an end was asked for it.')
  return row.ends_at
}
