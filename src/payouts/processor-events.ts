// What a processor says by itself, signed: payouts that arrived or failed, transfers that were reversed, accounts that may be paid out to.
// Promises: an event counts once, however often it is delivered; older words change nothing after newer ones; unsigned ones change nothing ever.

import { type PayoutDesk, type Working, working } from './desk.ts'
import { applyWord, isNewer, noteTold, rememberWord } from './confirmations.ts'
import { fingerprintOf } from './destinations.ts'
import { fromMinor, minorUnit } from './minor-units.ts'
import { lockPayouts, type PayoutRow } from './payout-row.ts'
import type { Processor, ProcessorEvent } from './processor.ts'
import { cameBack, groupOf, intendReversal } from './send-payouts.ts'
import { RANKS } from './states.ts'

/** unknown: it is about nothing of ours, and is remembered. amount_differs: it names our payout with another amount, and changes nothing. */
export type EventOutcome = 'applied' | 'known' | 'late' | 'unknown' | 'amount_differs'
export type EventAnswer = { readonly ok: true; readonly outcome: EventOutcome; readonly type: ProcessorEvent['kind'] } | { readonly ok: false; readonly reason: 'signature' }

export async function takeProcessorEvent(desk: PayoutDesk, processor: Processor, { text, signature }: { readonly text: string; readonly signature: string }): Promise<EventAnswer> {
  const event = processor.readEvent(text, signature, desk.clock.now())
  if (event === null) return { ok: false, reason: 'signature' }
  return working(desk, async (work): Promise<EventAnswer> => {
    await work.transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`payout event ${externalIdOf(event)}`}, 0))`
    const isKnown = (await work.transaction.payoutEvent.count({ where: { externalId: externalIdOf(event) } })) > 0
    return { ok: true, type: event.kind, outcome: isKnown ? 'known' : await take(work, event) }
  })
}

const externalIdOf = ({ id }: ProcessorEvent): string => `stripe:${id}`

async function take(work: Working, event: ProcessorEvent): Promise<EventOutcome> {
  switch (event.kind) {
    case 'payout': return takePayoutEvent(work, event)
    case 'transfer': return takeTransferEvent(work, event)
    case 'account': return takeAccountEvent(work, event)
    case 'other': return forget(work, event, null, 'unknown')
  }
}

/** Remembered without an effect. */
async function forget(work: Working, event: ProcessorEvent, payoutId: bigint | null, outcome: EventOutcome): Promise<EventOutcome> {
  await rememberWord(work, payoutId, externalIdOf(event), { kind: `${event.kind}_${outcome}`, occurredAt: event.at })
  return outcome
}

async function takePayoutEvent(work: Working, event: Extract<ProcessorEvent, { kind: 'payout' }>): Promise<EventOutcome> {
  const payout = await payoutOf(work, event)
  if (payout === null) return forget(work, event, null, 'unknown')
  const isOurs = event.currency === payout.asset && minorUnit(payout.asset) !== null && fromMinor(event.amountMinor, payout.asset) === payout.gross - payout.withheld - payout.fee
  if (!isOurs) return forget(work, event, payout.id, 'amount_differs')
  // Once the transfer was reversed the money is with us, whatever is said of the payout that it was for.
  if (event.word === 'paid' && (await work.transaction.payoutCall.count({ where: { payoutId: payout.id, step: 'reversal', outcome: 'done' } })) > 0) return forget(work, event, payout.id, 'late')
  if (event.word === 'paid') return applyWord(work, payout, { step: 'confirm', externalId: externalIdOf(event), occurredAt: event.at })
  const told = { at: event.at, rank: RANKS.fail }
  if (!isNewer(told, payout) || (payout.state !== 'in_transit' && payout.state !== 'paid')) return forget(work, event, payout.id, 'late')
  // The money is back on the payee's account at the processor, not yet with us: it is the member's again once the transfer is reversed.
  const noted = await noteTold(work, payout, told)
  await rememberWord(work, payout.id, externalIdOf(event), { kind: 'failed_at_processor', occurredAt: event.at })
  await intendReversal(work, noted, event.failure)
  return 'applied'
}

async function takeTransferEvent(work: Working, event: Extract<ProcessorEvent, { kind: 'transfer' }>): Promise<EventOutcome> {
  const { transaction, now } = work
  const payout = await payoutOf(work, event)
  if (payout === null) return forget(work, event, null, 'unknown')
  await adopt(work, payout.id, 'transfer', event.reference)
  if (!event.isReversed) return forget(work, event, payout.id, 'late')
  await transaction.payoutCall.createMany({ data: [{ payoutId: payout.id, step: 'reversal', attempt: 1, intendedAt: now }], skipDuplicates: true })
  await adopt(work, payout.id, 'reversal', event.reversalReference ?? `${event.reference}:reversed`)
  await rememberWord(work, payout.id, externalIdOf(event), { kind: 'transfer_reversed', occurredAt: event.at })
  await cameBack(work, await noteTold(work, payout, { at: event.at, rank: RANKS.fail }))
  return 'applied'
}

/** An open call whose effect the processor tells of is done. */
async function adopt({ transaction, now }: Working, payoutId: bigint, step: 'transfer' | 'reversal', reference: string): Promise<void> {
  const done = await transaction.payoutCall.count({ where: { payoutId, step, outcome: 'done' } })
  const open = await transaction.payoutCall.findFirst({ where: { payoutId, step, outcome: null }, orderBy: { attempt: 'desc' } })
  if (done > 0 || open === null) return
  await transaction.payoutCall.update({ where: { payoutId_step_attempt: { payoutId, step, attempt: open.attempt } }, data: { outcome: 'done', reference, endedAt: now } })
}

async function takeAccountEvent(work: Working, event: Extract<ProcessorEvent, { kind: 'account' }>): Promise<EventOutcome> {
  const { transaction, keys, now, actorId, acts } = work
  const destinations = await transaction.payoutDestination.findMany({ where: { fingerprint: new Uint8Array(fingerprintOf(keys, 'stripe', event.account)) }, select: { id: true } })
  if (destinations.length === 0) return forget(work, event, null, 'unknown')
  for (const { id: destinationId } of destinations) {
    await transaction.payoutDestinationState.create({ data: { destinationId, payoutsEnabled: event.payoutsEnabled, effectiveFrom: event.at, recordedAt: now, actorId } })
    acts.push({ actorId, kind: 'payout_destination_state', objectKind: 'payout_destination', objectId: destinationId, after: { payoutsEnabled: event.payoutsEnabled, effectiveFrom: event.at } })
  }
  await rememberWord(work, null, externalIdOf(event), { kind: 'account_applied', occurredAt: event.at })
  return 'applied'
}

/** By what we noted of the call, or by the name that the object carries where the call's answer was lost; locked. */
async function payoutOf({ transaction }: Working, { reference, group }: { readonly reference: string; readonly group: string | null }): Promise<PayoutRow | null> {
  const call = await transaction.payoutCall.findFirst({ where: { reference }, select: { payoutId: true } })
  const prefix = /^payout_([0-9a-f]{40})$/.exec(group ?? '')?.[1]
  const named = call !== null || prefix === undefined ? [] : await transaction.$queryRaw<{ id: bigint }[]>`
    select id from payout where natural_key >= decode(${prefix}, 'hex') and substring(natural_key for 20) = decode(${prefix}, 'hex') and method = 'stripe' limit 2`
  const id = call?.payoutId ?? (named.length === 1 ? named[0]?.id : undefined)
  const [payout] = id === undefined ? [] : await lockPayouts(transaction, [id])
  return payout !== undefined && (group === null || groupOf(payout) === group) ? payout : null
}
