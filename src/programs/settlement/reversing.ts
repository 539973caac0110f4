// What refunds and chargebacks of a payment take back of its rebates, and whether a dispute holds them.
// Promises: computed from all that is known of the payment, so the order and number of reports do not matter; safe to repeat.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { digestOf } from '../../base/hashing.ts'
import { freezeEntries, releaseEntries, takeBackEntries } from '../../ledger/index.ts'
import { reversedInAll } from '../qualification/reversed-share.ts'
import type { SheetEvent, SheetRebate } from './document.ts'
import type { Sheet } from './sheet.ts'

/** `cause` is the event that led here. */
export function reverseAndHold(sheet: Sheet, actorId: bigint, event: SheetEvent, cause: SheetEvent): void {
  const known = sheet.eventsAbout(event)
  if (known.length === 0) return
  for (const rebate of sheet.rebatesOf(event)) {
    // An opening rebate came as the platform's books had left it: refunds of that time are in it already.
    const about = rebate.kind === 'opening' ? known.filter((each) => !each.isImported) : known
    reverseRefunded(sheet, actorId, rebate, { event, about, cause })
    holdDisputed(sheet, actorId, rebate, { event, about, cause })
  }
}

/** What of the amount was given back so far, by refunds and chargebacks together; one without an amount gives back all. */
export function refundedOf(event: SheetEvent, about: readonly SheetEvent[]): bigint {
  const whole = event.amount ?? 0n
  const returned = about.filter((each) => each.type === 'refund' || each.type === 'chargeback')
  const sum = returned.reduce((total, each) => total + (each.amount ?? whole), 0n)
  return sum < whole ? sum : whole
}

interface Happened {
  readonly event: SheetEvent
  readonly about: readonly SheetEvent[]
  readonly cause: SheetEvent
}

interface Standing {
  readonly amount: bigint
  readonly reversed: bigint
  readonly reclaimed: bigint
  /** What a refund or a reclaim can still take back. */
  readonly outstanding: bigint
}

function standingOf(sheet: Sheet, rebate: SheetRebate): Standing {
  const sum = (kind: string): bigint => sheet.sumOf(rebate.id, kind)
  // An opening rebate that had left the platform's books before ours began was never posted: nothing of it can be taken back here.
  const amount = rebate.kind === 'opening' ? -sum('opening_balance') : rebate.amount
  const [reversed, reclaimed] = [sum('reversed'), sum('reclaimed')]
  return { amount, reversed, reclaimed, outstanding: amount - reversed - reclaimed - sum('breakage') }
}

/** Reversed to date is what follows from refunded to date; only the difference is posted. */
function reverseRefunded(sheet: Sheet, actorId: bigint, rebate: SheetRebate, { event, about, cause }: Happened): void {
  const state = standingOf(sheet, rebate)
  const due = reversedInAll(state.amount, rebate.asset, refundedOf(event, about), event.amount ?? 0n) - state.reversed
  const amount = due < state.outstanding ? due : state.outstanding
  if (amount <= 0n) return
  const { accountId, asset, programId } = rebate
  const transfer = sheet.post({
    naturalKey: digestOf('reversal', Buffer.from(rebate.key, 'hex'), state.reversed.toString(), state.reclaimed.toString(), Buffer.from(cause.key, 'hex')),
    kind: 'reversal', programId, eventId: cause.id, reversesId: null, occurredAt: cause.occurredAt, actorId,
    entries: takeBackEntries({ rebateId: rebate.id, accountId, asset, amount, sink: 'reversed' }, sheet.positions.ofRebate(rebate.id)),
  })
  // What a host gave back of it beyond the debt is the member’s own and may still be held.
  const isHeld = sheet.positions.ofRebate(rebate.id).some(({ kind }) => kind === 'reward_held' || kind === 'main_held')
  if (amount < state.outstanding || isHeld) return
  for (const hold of sheet.openHoldsOf(rebate.id)) hold.ended = { as: 'reversed', actorId, transfer }
}

/** Disputed while more disputes were opened than won; a rebate that nothing is left of needs no hold. */
function holdDisputed(sheet: Sheet, actorId: bigint, rebate: SheetRebate, { about, cause }: Happened): void {
  const opened = about.filter((each) => each.type === 'dispute_opened').length
  const won = about.filter((each) => each.type === 'dispute_won').length
  if (opened === 0) return
  const { now } = sheet
  const holds = sheet.openHoldsOf(rebate.id)
  const disputed = holds.filter((hold) => hold.reason === 'dispute')
  const positions = sheet.positions.ofRebate(rebate.id)
  const order = {
    naturalKey: digestOf('dispute', Buffer.from(rebate.key, 'hex'), opened.toString(), won.toString(), Buffer.from(cause.key, 'hex')),
    programId: rebate.programId, eventId: cause.id, reversesId: null, occurredAt: now, actorId,
  }
  if (opened > won && disputed.length === 0 && standingOf(sheet, rebate).outstanding > 0n) {
    const entries = freezeEntries(positions)
    const transfer = entries.length === 0 ? null : sheet.post({ ...order, kind: 'freeze', entries })
    const { rules } = sheet.rules.versionOf(rebate.versionId)
    const placed = { ownerId: SYSTEM_ACTOR_ID, checkId: null, isDegraded: false, dueAt: sheet.rules.holdDueAt(rebate.programId, now), onSilence: rules.onSilence, transfer }
    sheet.hold({ id: null, rebateId: rebate.id, reason: 'dispute', placed })
  } else if (opened <= won && disputed.length > 0) {
    const debts = sheet.positions.of(rebate.accountId, ['debt'])
    const entries = holds.length > disputed.length ? [] : releaseEntries(positions, debts, now)
    const transfer = entries.length === 0 ? null : sheet.post({ ...order, kind: 'release', entries })
    for (const hold of disputed) hold.ended = { as: 'released', actorId, transfer }
  }
}
