// The main balance where it is in these books: money received, credit given, spending, and what goes back of either.
// Promises: a refund of money takes only money the member paid; what the balance does not cover waits and is taken when money arrives,
// so that the order in which facts are reported does not decide the balance.

import { digestOf } from '../../base/hashing.ts'
import { scaleHalfEven } from '../../base/money.ts'
import { type Covered, customerRefundEntries, grantEntries, rechargeEntries, spendEntries } from '../../ledger/index.ts'
import { moneyReceived } from '../qualification/qualification.ts'
import type { SheetEvent } from './document.ts'
import { refundedOf } from './reversing.ts'
import { byTime, type Sheet, type SheetTransfer } from './sheet.ts'
import { netSpendingOf, returnSpending } from './spending-back.ts'

const keyBytes = (event: SheetEvent): Buffer => Buffer.from(event.key, 'hex')

/** Posts what the event means for its account's main balance; `original` is what a refund or dispute is about. */
export function settleMainBalance(sheet: Sheet, actorId: bigint, event: SheetEvent, original: SheetEvent | null): void {
  if (sheet.rules.internalVersionAt((original ?? event).occurredAt) === null) return
  if (event.type === 'recharge') receive(sheet, actorId, event)
  if (event.type === 'spend') settleSpending(sheet, actorId, event, event)
  if (original?.type === 'recharge') giveBack(sheet, actorId, original, event)
  if (original?.type === 'spend' && isReturn(event)) settleSpending(sheet, actorId, original, event)
  if (event.type === 'recharge' || original?.type === 'spend') settleWaitingForMoney(sheet, actorId, event.accountId)
}

/** Takes what waited for money, the oldest first, as far as the balance now covers it. */
export function settleWaitingForMoney(sheet: Sheet, actorId: bigint, accountId: bigint): void {
  const waiting = [...sheet.waits.values()].filter((wait) => wait.waitsFor === 'money' && wait.event.accountId === accountId).map((wait) => wait.event).sort(byTime)
  for (const event of waiting) {
    const original = event.originalKey === null ? undefined : sheet.eventOfKey(event.originalKey)
    const isDone = event.type === 'spend' ? spend(sheet, actorId, event) : original === undefined || takeRefund(sheet, actorId, original, event)
    if (isDone) sheet.endWait(event)
  }
}

function receive(sheet: Sheet, actorId: bigint, event: SheetEvent): void {
  const amount = moneyReceived(event)
  // What was funded by reward is the member's own transfer, which these books made themselves.
  if (event.asset === null || amount === 0n || event.fundedBy === 'reward') return
  if (event.fundedBy !== 'paid') return grant(sheet, actorId, event, amount)
  sheet.post({ ...orderOf(actorId, event), naturalKey: digestOf('recharge', keyBytes(event)), kind: 'recharge', entries: rechargeEntries(event.accountId, event.asset, amount) })
  for (const about of sheet.eventsAbout(event)) giveBack(sheet, actorId, event, about)
}

/** Credit from a code or from staff is spendable, but nobody's payment: it lies in the bonus part and a refund never takes it. */
function grant(sheet: Sheet, actorId: bigint, event: SheetEvent, amount: bigint): void {
  const internal = sheet.rules.internalVersionAt(event.occurredAt)
  if (internal === null || event.asset === null) return
  const key = digestOf('grant', keyBytes(event))
  const rebate = sheet.addRebate({
    key: key.toString('hex'), kind: 'grant', programId: internal.programId, versionId: internal.id, referralId: null, eventId: event.id, accountId: event.accountId,
    base: amount, ratePpm: 0, amount, asset: event.asset, track: internal.rules.defaultTrack, checkId: null, occurredAt: event.occurredAt, maturesAt: event.occurredAt, expiresAt: null, actorId,
  })
  sheet.post({
    ...orderOf(actorId, event), naturalKey: digestOf('accrual', key), kind: 'accrual', programId: internal.programId,
    entries: grantEntries({ accountId: event.accountId, rebateId: rebate.id, asset: event.asset, amount }),
  })
}

/** Spending, less what was given back of it by now: more is taken, or the difference goes back to where it came from. */
function settleSpending(sheet: Sheet, actorId: bigint, event: SheetEvent, cause: SheetEvent): void {
  if (event !== cause) returnSpending(sheet, actorId, event, cause)
  if (spend(sheet, actorId, event)) sheet.endWait(event)
  else sheet.wait(event, 'money')
}

/** True when all of it that was not given back is covered. */
function spend(sheet: Sheet, actorId: bigint, event: SheetEvent): boolean {
  if (event.asset === null || event.amount === null) return true
  const { taken, returned } = netSpendingOf(sheet, event)
  const wanted = event.amount - refundedOf(event, sheet.eventsAbout(event)) - (taken - returned)
  if (wanted <= 0n) return true
  const covered = spendEntries(sheet.positions.mainBalance(event.accountId, event.asset), wanted, sheet.now)
  return post(sheet, actorId, event, taken, covered, { kind: 'spend', eventId: event.id, reversesId: null })
}

const isReturn = (event: SheetEvent): boolean => event.type === 'refund' || event.type === 'chargeback'

function giveBack(sheet: Sheet, actorId: bigint, original: SheetEvent, event: SheetEvent): void {
  if (isReturn(event) && !takeRefund(sheet, actorId, original, event)) sheet.wait(event, 'money')
}

/** Money given back in all is what follows from refunded to date; only what is still missing is posted. */
function takeRefund(sheet: Sheet, actorId: bigint, original: SheetEvent, event: SheetEvent): boolean {
  const recharge = sheet.movesOf(original.id).find((move) => move.kind === 'recharge')
  if (recharge === undefined || original.asset === null || original.amount === null || original.amount === 0n) return true
  const about = sheet.eventsAbout(original)
  const due = scaleHalfEven(moneyReceived(original), refundedOf(original, about), original.amount)
  const done = about.flatMap((each) => sheet.movesOf(each.id)).filter((move) => move.kind === 'refund' && move.reversesId === recharge.transferId && move.book === 'cash_clearing')
    .reduce((sum, move) => sum + move.amount, 0n)
  const covered = customerRefundEntries(sheet.positions.mainBalance(original.accountId, original.asset), due - done)
  return post(sheet, actorId, event, done, covered, { kind: 'refund', eventId: event.id, reversesId: recharge.transferId })
}

/** The key names what was done before, so that each part of a waiting fact is posted once. True when nothing is left to do. */
function post(sheet: Sheet, actorId: bigint, event: SheetEvent, done: bigint, covered: Covered, posting: Pick<SheetTransfer, 'kind' | 'eventId' | 'reversesId'>): boolean {
  if (covered.entries.length > 0) {
    sheet.post({ ...orderOf(actorId, event), ...posting, naturalKey: digestOf(posting.kind, keyBytes(event), done.toString()), entries: covered.entries })
  }
  return covered.uncovered === 0n
}

export function orderOf(actorId: bigint, event: SheetEvent): Pick<SheetTransfer, 'programId' | 'eventId' | 'reversesId' | 'occurredAt' | 'actorId'> {
  return { programId: null, eventId: event.id, reversesId: null, occurredAt: event.occurredAt, actorId }
}
