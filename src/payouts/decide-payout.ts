// Approving and cancelling a payout before it is sent. Promises: who approves is a person and not the one who asked; everything that
// could have changed since the request is looked at again; a cancelled payout's money is the member's again.

import { endHolds, openHoldsOf, rebateStates } from '../ledger/index.ts'
import { isPerson, type PayoutDesk, type Working, working } from './desk.ts'
import { changePayout, lockPayouts, type PayoutRow } from './payout-row.ts'
import { partsOf, takeStep } from './take-step.ts'
import { type StandingRefusal, whyNotPaid, whyNotUsable } from './terms.ts'

export type DecisionRefusal = 'unknown' | 'not_waiting' | 'needs_a_person' | 'same_person' | SendRefusal
export type PayoutDecision = { readonly ok: true; readonly payout: PayoutRow } | { readonly ok: false; readonly reason: DecisionRefusal }

export async function approvePayout(desk: PayoutDesk, id: bigint): Promise<PayoutDecision> {
  return working(desk, async (work): Promise<PayoutDecision> => {
    const { transaction, actorId, now } = work
    const [payout] = await lockPayouts(transaction, [id])
    if (payout === undefined) return { ok: false, reason: 'unknown' }
    if (payout.state !== 'requested') return { ok: false, reason: 'not_waiting' }
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    if (payout.requestedBy === actorId) return { ok: false, reason: 'same_person' }
    const reason = await whyNotSent(work, payout)
    if (reason !== null) return { ok: false, reason }
    await endOwnHold(work, payout, 'released')
    return { ok: true, payout: await takeStep(work, payout, { step: 'approve', reason: null, data: { approvedBy: actorId, approvedAt: now } }) }
  })
}

/** Before it is sent; its money comes back, and repays debts first. `reason` is a stable word. */
export async function cancelPayout(desk: PayoutDesk, id: bigint, reason = 'asked'): Promise<PayoutDecision> {
  return working(desk, async (work): Promise<PayoutDecision> => {
    const [payout] = await lockPayouts(work.transaction, [id])
    if (payout === undefined) return { ok: false, reason: 'unknown' }
    if (payout.state !== 'requested' && payout.state !== 'approved') return { ok: false, reason: 'not_waiting' }
    await endOwnHold(work, payout, 'superseded')
    return { ok: true, payout: await takeStep(work, payout, { step: 'cancel', reason, data: { batchId: null } }) }
  })
}

/** taken_back: of one of its rebates is owed; rebate_held: one of them is held for review. */
export type SendRefusal = StandingRefusal | 'taken_back' | 'rebate_held'

/** Why this payout must not be approved or sent as things are now, or null. */
export async function whyNotSent({ transaction, now }: Pick<Working, 'transaction' | 'now'>, payout: PayoutRow): Promise<SendRefusal | null> {
  const standing = await whyNotPaid(transaction, now, payout.accountId, payout.holdId)
  if (standing !== null) return standing
  const destination = await transaction.payoutDestination.findUniqueOrThrow({ where: { id: payout.destinationId } })
  const usable = await whyNotUsable(transaction, now, destination)
  if (usable !== null) return usable
  const rebateIds = (await partsOf({ transaction }, payout.id)).map(({ rebateId }) => rebateId)
  if ((await rebateStates(transaction, rebateIds)).some(({ debt }) => debt > 0n)) return 'taken_back'
  return (await openHoldsOf(transaction, rebateIds)).length > 0 ? 'rebate_held' : null
}

async function endOwnHold({ transaction, now, actorId }: Working, payout: PayoutRow, as: 'released' | 'superseded'): Promise<void> {
  if (payout.holdId !== null) await endHolds(transaction, [payout.holdId], { as, at: now, actorId })
}

/**
 * When a check that could only hold a payout gets its real answer: allowed, its hold ends, and it goes on unless its amount needs a person;
 * otherwise the hold stays for a person to end. Call it where checks report what they resolved; returns the number of payouts concerned.
 */
export async function resolveHeldPayouts(desk: PayoutDesk, { previousId, isAllowed }: { readonly previousId: string; readonly isAllowed: boolean }): Promise<number> {
  return working(desk, async (work) => {
    const found = await work.transaction.payout.findMany({ where: { checkId: previousId, state: 'requested', holdId: { not: null } }, select: { id: true } })
    const payouts = await lockPayouts(work.transaction, found.map(({ id }) => id))
    for (const payout of payouts) {
      if (payout.state !== 'requested' || !isAllowed) continue
      await endOwnHold(work, payout, 'released')
      if (payout.needsApproval) await changePayout(work.transaction, payout, { reason: null })
      else await takeStep(work, payout, { step: 'approve', reason: null, data: { approvedAt: work.now } })
    }
    return payouts.length
  })
}
