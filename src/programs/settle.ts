// Settling a money event: the rebates it earns, what of them refunds and chargebacks take back, and whether a dispute holds them.
// Promises: computed from all that is known of the event, so the order and number of reports do not matter; safe to repeat.

import { SYSTEM_ACTOR_ID } from '../acts/index.ts'
import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { applyEnforcement, endHolds, openHoldsOf, positionsOfRebates, postTransfer, rebateStates, takeBackEntries } from '../ledger/index.ts'
import { programVersionOf } from '../policies/index.ts'
import { type MoneyEvent, eventsAbout, withoutImported } from './event-facts.ts'
import { type PayingReferral, holdDueAt, makeRebates } from './rebates.ts'
import type { Recording } from './recorder.ts'
import { reversedInAll } from './rewards.ts'

interface EarnedRebate {
  readonly id: bigint
  readonly naturalKey: Uint8Array
  readonly programId: bigint
  readonly programVersionId: bigint
  readonly kind: string
}

export interface Settling {
  readonly event: MoneyEvent
  readonly referrals: readonly PayingReferral[]
  /** The event that led here. */
  readonly cause: MoneyEvent
  /** Whether what the event earns and did not get yet is made now. */
  readonly mayEarn: boolean
}

/** The invitee's facts and all members must be locked. */
export async function settleEvent(transaction: Transaction, recording: Recording, { event, referrals, cause, mayEarn }: Settling): Promise<void> {
  if (mayEarn) await makeRebates(transaction, recording, event, referrals)
  const known = await eventsAbout(transaction, event)
  if (known.length === 0) return
  const rebates = await transaction.rebate.findMany({
    where: { eventId: event.id, kind: { in: ['rebate', 'opening'] } },
    select: { id: true, naturalKey: true, programId: true, programVersionId: true, kind: true }, orderBy: { id: 'asc' },
  })
  for (const rebate of rebates) {
    // An opening rebate came as the platform's books had left it: refunds of that time are in it already.
    const about = rebate.kind === 'opening' ? await withoutImported(transaction, known) : known
    await reverseRefunded(transaction, recording, rebate, event, refundedOf(event, about), cause)
    await holdDisputed(transaction, recording, rebate, about, cause)
  }
}

/** What of the amount was given back so far, by refunds and chargebacks together; one without an amount gives back all. */
export function refundedOf(event: MoneyEvent, about: readonly MoneyEvent[]): bigint {
  const whole = event.amount ?? 0n
  const returned = about.filter((each) => each.type === 'refund' || each.type === 'chargeback')
  const sum = returned.reduce((total, each) => total + (each.amount ?? whole), 0n)
  return sum < whole ? sum : whole
}

/** Reversed to date is what follows from refunded to date; only the difference is posted. */
async function reverseRefunded(
  transaction: Transaction, recording: Recording, rebate: EarnedRebate, event: MoneyEvent, refunded: bigint, cause: MoneyEvent,
): Promise<void> {
  const [state] = await rebateStates(transaction, [rebate.id])
  if (state === undefined) return
  const due = reversedInAll(state.amount, state.asset, refunded, event.amount ?? 0n) - state.reversed
  const amount = due < state.outstanding ? due : state.outstanding
  if (amount <= 0n) return
  const { now, actorId } = recording
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('reversal', rebate.naturalKey, state.reversed.toString(), state.reclaimed.toString(), cause.naturalKey),
    kind: 'reversal', programId: rebate.programId, eventId: cause.id,
    occurredAt: cause.occurredAt, recordedAt: now, effectiveAt: now, actorId,
    entries: takeBackEntries({ ...state, amount, sink: 'reversed' }, await positionsOfRebates(transaction, [rebate.id])),
  })
  if (amount < state.outstanding) return
  const holds = await openHoldsOf(transaction, [rebate.id])
  await endHolds(transaction, holds.map((hold) => hold.id), { as: 'reversed', at: now, actorId, transferId })
}

/** Disputed while more disputes were opened than won; a rebate that nothing is left of needs no hold. */
async function holdDisputed(transaction: Transaction, recording: Recording, rebate: EarnedRebate, about: readonly MoneyEvent[], cause: MoneyEvent): Promise<void> {
  const opened = about.filter((each) => each.type === 'dispute_opened').length
  const won = about.filter((each) => each.type === 'dispute_won').length
  if (opened === 0) return
  const { now, actorId } = recording
  const [state] = await rebateStates(transaction, [rebate.id])
  const isHeld = (await openHoldsOf(transaction, [rebate.id])).some((hold) => hold.reason === 'dispute')
  const order = { naturalKey: digestOf('dispute', rebate.naturalKey, opened.toString(), won.toString(), cause.naturalKey), actorId, at: now, programId: rebate.programId }
  if (opened > won && !isHeld && state !== undefined && state.outstanding > 0n) {
    const { rules } = await programVersionOf(transaction, rebate.programVersionId)
    const hold = { reason: 'dispute', ownerId: SYSTEM_ACTOR_ID, dueAt: await holdDueAt(transaction, rebate.programId, now), onSilence: rules.onSilence }
    await applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebate.id] }, { ...order, hold })
  } else if (opened <= won && isHeld) {
    await applyEnforcement(transaction, { kind: 'release', rebateIds: [rebate.id], reasons: ['dispute'] }, order)
  }
}
