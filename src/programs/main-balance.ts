// The main balance where it is in these books: money received, credit given, spending, and refunds to the customer.
// Promises: a refund takes only money the member paid; what the balance does not cover waits and is taken when money arrives,
// so that the order in which facts are reported does not decide the balance.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { scaleHalfEven } from '../base/money.ts'
import {
  balanceOf, type Covered, customerRefundEntries, grantEntries, type MainBalance, positionsOf, type Posting, postTransfer, rechargeEntries, spendEntries,
} from '../ledger/index.ts'
import { type MoneyEvent, eventsAbout, eventsByIds, findEvent } from './event-facts.ts'
import type { Recording } from './recorder.ts'
import { moneyReceived } from './rewards.ts'
import { refundedOf } from './settle.ts'

interface InternalVersion {
  readonly programId: bigint
  readonly versionId: bigint
}

/** The first programme that keeps the main balance in these books at that time, or null. */
async function internalVersionAt(transaction: Transaction, occurredAt: Date): Promise<InternalVersion | null> {
  const rows = await transaction.$queryRaw<{ id: bigint; program_id: bigint; settlement: string }[]>`
    select distinct on (program_id) id, program_id, rules->>'settlement' as settlement from program_version
      where effective_from <= ${occurredAt}::timestamptz order by program_id, effective_from desc`
  const row = rows.find((each) => each.settlement === 'internal')
  return row === undefined ? null : { programId: row.program_id, versionId: row.id }
}

/** Posts what the event means for its account's main balance. The member must be locked. */
export async function settleMainBalance(transaction: Transaction, recording: Recording, event: MoneyEvent, original: MoneyEvent | null): Promise<void> {
  if ((await internalVersionAt(transaction, (original ?? event).occurredAt)) === null) return
  if (event.type === 'recharge') await receive(transaction, recording, event)
  if (event.type === 'spend' && !(await spend(transaction, recording, event))) await wait(transaction, recording, event)
  if (original?.type === 'recharge') await giveBack(transaction, recording, original, event)
  if (event.type === 'recharge') await settleWaitingForMoney(transaction, recording, event.accountId)
}

/** Takes what waited for money, the oldest first, as far as the balance now covers it. The member must be locked. */
export async function settleWaitingForMoney(transaction: Transaction, recording: Recording, accountId: bigint): Promise<void> {
  const waiting = await transaction.waitingEvent.findMany({ where: { accountId, waitsFor: 'money' }, select: { eventId: true } })
  if (waiting.length === 0) return
  for (const event of await eventsByIds(transaction, waiting.map((row) => row.eventId))) {
    const isDone = event.type === 'spend' ? await spend(transaction, recording, event) : await refundOriginal(transaction, recording, event)
    if (isDone) await transaction.waitingEvent.delete({ where: { eventId: event.id } })
  }
}

async function receive(transaction: Transaction, recording: Recording, event: MoneyEvent): Promise<void> {
  const amount = moneyReceived(event)
  // What was funded by reward is the member's own transfer, which these books made themselves.
  if (event.asset === null || amount === 0n || event.fundedBy === 'reward') return
  if (event.fundedBy !== 'paid') return grant(transaction, recording, event, amount)
  await postTransfer(transaction, {
    ...timesOf(recording, event), naturalKey: digestOf('recharge', event.naturalKey), kind: 'recharge', eventId: event.id,
    entries: rechargeEntries(event.accountId, event.asset, amount),
  })
  for (const about of await eventsAbout(transaction, event)) await giveBack(transaction, recording, event, about)
}

/** Credit from a code or from staff is spendable, but nobody's payment: it lies in the bonus part and a refund never takes it. */
async function grant(transaction: Transaction, recording: Recording, event: MoneyEvent, amount: bigint): Promise<void> {
  const internal = await internalVersionAt(transaction, event.occurredAt)
  if (internal === null || event.asset === null) return
  const { now, actorId } = recording
  const naturalKey = new Uint8Array(digestOf('grant', event.naturalKey))
  const { id: rebateId } = await transaction.rebate.create({
    data: {
      naturalKey, kind: 'grant', programId: internal.programId, programVersionId: internal.versionId, eventId: event.id, accountId: event.accountId,
      base: amount, ratePpm: 0, amount, asset: event.asset, occurredAt: event.occurredAt, recordedAt: now, effectiveAt: now, maturesAt: event.occurredAt, actorId,
    },
    select: { id: true },
  })
  await postTransfer(transaction, {
    ...timesOf(recording, event), naturalKey: digestOf('accrual', naturalKey), kind: 'accrual', programId: internal.programId, eventId: event.id,
    entries: grantEntries({ accountId: event.accountId, rebateId, asset: event.asset, amount }),
  })
}

/** True when all of it is covered. */
async function spend(transaction: Transaction, recording: Recording, event: MoneyEvent): Promise<boolean> {
  if (event.asset === null || event.amount === null) return true
  const done = await movedBy(transaction, { eventId: event.id, kind: 'spend' }, 'host_clearing')
  const balance = await mainBalanceOf(transaction, event.accountId, event.asset)
  return post(transaction, recording, event, done, spendEntries(balance, event.amount - done), { kind: 'spend', eventId: event.id })
}

async function refundOriginal(transaction: Transaction, recording: Recording, event: MoneyEvent): Promise<boolean> {
  const original = event.originalKey === null ? null : await findEvent(transaction, event.originalKey)
  return original === null ? true : takeRefund(transaction, recording, original, event)
}

async function giveBack(transaction: Transaction, recording: Recording, original: MoneyEvent, event: MoneyEvent): Promise<void> {
  if (event.type !== 'refund' && event.type !== 'chargeback') return
  if (!(await takeRefund(transaction, recording, original, event))) await wait(transaction, recording, event)
}

/** Money given back in all is what follows from refunded to date; only what is still missing is posted. */
async function takeRefund(transaction: Transaction, recording: Recording, original: MoneyEvent, event: MoneyEvent): Promise<boolean> {
  const recharge = await transaction.transfer.findUnique({ where: { naturalKey: new Uint8Array(digestOf('recharge', original.naturalKey)) }, select: { id: true } })
  if (recharge === null || original.asset === null || original.amount === null || original.amount === 0n) return true
  const refunded = refundedOf(original, await eventsAbout(transaction, original))
  const due = scaleHalfEven(moneyReceived(original), refunded, original.amount)
  const done = await movedBy(transaction, { reversesId: recharge.id, kind: 'refund' }, 'cash_clearing')
  const balance = await mainBalanceOf(transaction, original.accountId, original.asset)
  return post(transaction, recording, event, done, customerRefundEntries(balance, due - done), { kind: 'refund', eventId: event.id, reversesId: recharge.id })
}

/** The key names what was done before, so that each part of a waiting fact is posted once. True when nothing is left to do. */
async function post(
  transaction: Transaction, recording: Recording, event: MoneyEvent, done: bigint, covered: Covered, posting: Pick<Posting, 'kind' | 'eventId' | 'reversesId'>,
): Promise<boolean> {
  if (covered.entries.length > 0) {
    await postTransfer(transaction, {
      ...timesOf(recording, event), ...posting, naturalKey: digestOf(posting.kind, event.naturalKey, done.toString()), entries: covered.entries,
    })
  }
  return covered.uncovered === 0n
}

async function wait(transaction: Transaction, recording: Recording, event: MoneyEvent): Promise<void> {
  await transaction.waitingEvent.createMany({
    data: [{ eventId: event.id, accountId: event.accountId, waitsFor: 'money', recordedAt: recording.now }], skipDuplicates: true,
  })
}

async function mainBalanceOf(transaction: Transaction, accountId: bigint, asset: string): Promise<MainBalance> {
  return {
    accountId, asset,
    paid: await balanceOf(transaction, accountId, 'main_paid', asset),
    positions: await positionsOf(transaction, accountId, { kinds: ['main_bonus', 'main_reward'], asset }),
  }
}

/** What transfers of the fact moved so far into an account of the platform. */
async function movedBy(transaction: Transaction, where: { eventId?: bigint; reversesId?: bigint; kind: string }, into: string): Promise<bigint> {
  const sum = await transaction.entry.aggregate({ where: { transfer: where, bookAccount: { kind: into } }, _sum: { amount: true } })
  return sum._sum.amount ?? 0n
}

function timesOf({ now, actorId }: Recording, event: MoneyEvent): Pick<Posting, 'occurredAt' | 'recordedAt' | 'effectiveAt' | 'actorId'> {
  return { occurredAt: event.occurredAt, recordedAt: now, effectiveAt: now, actorId }
}
