// Events in: each is written once for ever with all that it means for referrals, rebates and balances, in one transaction.
// Promises: the same event again gives the same answer and changes nothing; the order of reports does not change the balances;
// a refund or dispute that comes before its original waits for it.

import type { Transaction } from '../base/database.ts'
import { eventKey } from '../population/index.ts'
import { lockMembers } from '../ledger/index.ts'
import { type Attributed, attribute } from './attribution.ts'
import {
  type EventFact, type FactRefusal, type MoneyEvent, findEvent, isAboutAnOriginal, isMoney, moneyEventsSince, whyRefused, writeEvent,
} from './event-facts.ts'
import { settleMainBalance } from './main-balance.ts'
import { type PayingReferral, referralsOf } from './rebates.ts'
import type { Recorder, Recording } from './recorder.ts'
import { settleEvent } from './settle.ts'

/** How long the creation of an account may lie before the event that reports its sign-up. */
const SIGN_UP_MILLISECONDS = 86_400_000

export interface EarnedRebate {
  readonly rebateId: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  readonly amount: bigint
  readonly asset: string
}

export type EventAnswer =
  | {
    readonly ok: true
    readonly eventId: bigint
    /** False when the same event was known. */
    readonly isNew: boolean
    /** Whether the event waits for its original or for money. */
    readonly isWaiting: boolean
    /** What the event itself earned. */
    readonly rebates: readonly EarnedRebate[]
    /** On a new sign-up: the relations it made or could not make. */
    readonly attributed: readonly Attributed[]
  }
  | { readonly ok: false; readonly reason: FactRefusal }

/** One transaction with everything that the event means. */
export async function recordEvent(recorder: Recorder, batchId: bigint, fact: EventFact): Promise<EventAnswer> {
  const reason = whyRefused(fact, recorder.clock.now())
  if (reason !== null) return { ok: false, reason }
  return recorder.database.inTransaction(async (transaction) => {
    const recording: Recording = { actorId: recorder.actorId, now: recorder.clock.now(), check: recorder.check }
    await lockFacts(transaction, fact.accountId)
    const original = fact.originalEventId === undefined ? null : await findEvent(transaction, eventKey(recorder.keys, fact.source, fact.originalEventId))
    const refusal = await whyRefusedHere(transaction, fact, original)
    if (refusal !== null) return { ok: false, reason: refusal }
    const written = await writeEvent(transaction, recorder.keys, fact, { at: recording.now, batchId })
    if (written.outcome === 'key_reused') return { ok: false, reason: 'key_reused' }
    const { event } = written
    const attributed = written.outcome === 'new' ? await applyEvent(transaction, recording, { fact, event, original, batchId }) : []
    return { ok: true, eventId: event.id, isNew: written.outcome === 'new', attributed, ...(await describe(transaction, event)) }
  })
}

/** Facts of one account are recorded one after another: an original and its refund, a sign-up and its first recharge must see each other. */
async function lockFacts(transaction: Transaction, accountId: bigint): Promise<void> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`facts ${accountId}`}, 0))`
}

async function whyRefusedHere(transaction: Transaction, fact: EventFact, original: MoneyEvent | null): Promise<FactRefusal | null> {
  if (fact.asset !== undefined && (await transaction.asset.count({ where: { code: fact.asset } })) === 0) return 'unknown_asset'
  if (original === null || !isAboutAnOriginal(fact.type)) return null
  if (original.accountId !== fact.accountId) return 'original_of_another_account'
  if (!isMoney(original.type)) return 'original_cannot_be_refunded'
  return fact.asset === undefined || fact.asset === original.asset ? null : 'original_in_another_asset'
}

interface Applied {
  readonly fact: EventFact
  readonly event: MoneyEvent
  readonly original: MoneyEvent | null
  readonly batchId: bigint
}

async function applyEvent(transaction: Transaction, recording: Recording, { fact, event, original, batchId }: Applied): Promise<Attributed[]> {
  const attributed = event.type === 'signup' ? await signUp(transaction, recording, fact, event, batchId) : []
  const referrals = await referralsOf(transaction, event.accountId)
  await lockMembers(transaction, [event.accountId, ...referrals.map((referral) => referral.inviterId)])
  if (isMoney(event.type)) {
    await transaction.waitingEvent.deleteMany({ where: { accountId: event.accountId, originalKey: new Uint8Array(event.naturalKey) } })
    await settleMainBalance(transaction, recording, event, null)
    await settleEvent(transaction, recording, { event, referrals, cause: event, mayEarn: true })
  } else if (isAboutAnOriginal(event.type)) {
    await applyToOriginal(transaction, recording, event, original, referrals)
  } else if (attributed.some((each) => each.referralId !== null)) {
    // What was reported before its account's sign-up earns now.
    for (const earlier of await moneyEventsSince(transaction, event.accountId, event.occurredAt)) {
      await settleEvent(transaction, recording, { event: earlier, referrals, cause: event, mayEarn: true })
    }
  }
  return attributed
}

async function applyToOriginal(
  transaction: Transaction, recording: Recording, event: MoneyEvent, original: MoneyEvent | null, referrals: readonly PayingReferral[],
): Promise<void> {
  if (original === null) {
    await transaction.waitingEvent.create({
      data: { eventId: event.id, accountId: event.accountId, waitsFor: 'original', originalKey: event.originalKey === null ? null : new Uint8Array(event.originalKey), recordedAt: recording.now },
    })
    return
  }
  await settleMainBalance(transaction, recording, event, original)
  // What an original earns, it earned when it came: a refund of imported history must not make it earn.
  await settleEvent(transaction, recording, { event: original, referrals, cause: event, mayEarn: false })
}

async function signUp(transaction: Transaction, recording: Recording, fact: EventFact, event: MoneyEvent, batchId: bigint): Promise<Attributed[]> {
  const isLate = await isKnownCustomer(transaction, event)
  return attribute(transaction, {
    accountId: event.accountId, occurredAt: event.occurredAt, recordedAt: recording.now, actorId: recording.actorId, batchId,
    invitation: fact.invitation ?? {}, isLate,
  })
}

/** An account signs up once; one that the platform made long before this sign-up is no new customer. */
async function isKnownCustomer(transaction: Transaction, event: MoneyEvent): Promise<boolean> {
  const others = await transaction.event.count({ where: { accountId: event.accountId, type: 'signup', id: { not: event.id } } })
  const { occurredAt } = await transaction.account.findUniqueOrThrow({ where: { id: event.accountId }, select: { occurredAt: true } })
  return others > 0 || (occurredAt !== null && event.occurredAt.getTime() - occurredAt.getTime() > SIGN_UP_MILLISECONDS)
}

async function describe(transaction: Transaction, event: MoneyEvent): Promise<{ rebates: EarnedRebate[]; isWaiting: boolean }> {
  const rows = await transaction.rebate.findMany({
    where: { eventId: event.id, kind: 'rebate' }, select: { id: true, programId: true, accountId: true, amount: true, asset: true }, orderBy: { id: 'asc' },
  })
  const rebates = rows.map((row) => ({ rebateId: row.id, programId: row.programId, inviterId: row.accountId, amount: row.amount, asset: row.asset }))
  return { rebates, isWaiting: (await transaction.waitingEvent.count({ where: { eventId: event.id } })) > 0 }
}
