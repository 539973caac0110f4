// One step of one payout: what it posts, the row, its event, the message to the host and the act, all in one transaction.
// Promises: no step outside the closed table; each step posts once, rebate by rebate; what comes back repays debts first and stays held where a hold is open.

import { digestOf } from '../base/hashing.ts'
import { formatAmount } from '../base/money.ts'
import { enqueue, type Topic } from '../delivery/index.ts'
import {
  debtsOf, entriesOf, type EntryLine, openHoldsOf, payoutPaidEntries, payoutPaidLateEntries, type PayoutPart, payoutReturnEntries, positionsOfRebates, postTransfer,
} from '../ledger/index.ts'
import { exponentOfAsset } from '../policies/index.ts'
import type { Working } from './desk.ts'
import { type PayoutRow, reloadPayout } from './payout-row.ts'
import { referenceOf } from './reference.ts'
import { type PayoutState, type PayoutStep, placeOf, stateAfter } from './states.ts'

export interface StepOrder {
  readonly step: PayoutStep
  /** When it happened, as the bank or processor says; default: now. */
  readonly occurredAt?: Date
  /** The processor's or the bank file's own id of this word: each counts once. */
  readonly externalId?: string
  /** A stable word. */
  readonly reason?: string | null
  readonly data?: PayoutData
}

/** What else of the row changes with the step. */
export interface PayoutData {
  readonly fee?: bigint
  readonly withheld?: bigint
  readonly batchId?: bigint | null
  readonly approvedBy?: bigint
  readonly approvedAt?: Date
  readonly sentAt?: Date
  readonly told?: { readonly at: Date; readonly rank: number }
}

const TOPICS: Readonly<Record<PayoutState, Topic>> = {
  requested: 'payout.requested', approved: 'payout.approved', in_transit: 'payout.sent', paid: 'payout.paid', failed: 'payout.failed', returned: 'payout.returned', cancelled: 'payout.cancelled',
}

/** The member must be locked, and the step must be one of the table: throws otherwise. */
export async function takeStep(working: Working, payout: PayoutRow, order: StepOrder): Promise<PayoutRow> {
  const { transaction, now, actorId, acts } = working
  const state = stateAfter(payout.state, order.step)
  if (state === null) throw new Error(`A payout cannot ${order.step} from ${payout.state}.`)
  const { told, ...data } = order.data ?? {}
  const changed = { ...payout, ...data }
  const transferId = await postStep(working, changed, state, order)
  const isEnded = placeOf(state) !== 'transit'
  await transaction.payout.update({
    where: { id: payout.id },
    data: {
      ...data, state, version: payout.version + 1, endedAt: isEnded ? now : null, ...(order.reason === undefined ? {} : { reason: order.reason }),
      ...(told === undefined ? {} : { toldAt: told.at, toldRank: told.rank }),
    },
  })
  await transaction.payoutEvent.create({
    data: {
      payoutId: payout.id, kind: state, state, isApplied: true, transferId, externalId: order.externalId ?? null, occurredAt: order.occurredAt ?? now, recordedAt: now, actorId,
    },
  })
  const after = await reloadPayout(transaction, payout.id)
  await tell(working, after)
  acts.push({
    actorId, kind: `payout_${state}`, objectKind: 'payout', objectId: payout.id, before: { state: payout.state }, after: { state, gross: after.gross, withheld: after.withheld, fee: after.fee, transferId },
    ...(order.reason === undefined || order.reason === null ? {} : { reason: order.reason }),
  })
  return after
}

/** What subscribers are told about the payout as it is now. */
export async function tell({ transaction, now }: Working, payout: PayoutRow): Promise<void> {
  const [names] = await transaction.$queryRaw<{ program: string; account: string | null }[]>`
    select p.key as program, (select external_id from account_identity where account_id = ${payout.accountId}) as account from program p where p.id = ${payout.programId}`
  const amount = (value: bigint): string => formatAmount(value, exponentOfAsset(payout.asset))
  await enqueue(transaction, {
    topic: TOPICS[payout.state], objectKind: 'payout', objectId: payout.id, programId: payout.programId, at: now,
    body: {
      payout_id: payout.id, reference: referenceOf(payout.id), program: names?.program, account: names?.account ?? null, method: payout.method, state: payout.state, reason: payout.reason,
      asset: payout.asset, gross: amount(payout.gross), withheld: amount(payout.withheld), fee: amount(payout.fee), net: amount(payout.gross - payout.withheld - payout.fee),
    },
  })
}

/** The rebates of a payout with their amounts, as its request took them. */
export async function partsOf({ transaction }: Pick<Working, 'transaction'>, payoutId: bigint): Promise<PayoutPart[]> {
  const requested = await transaction.payoutEvent.findFirstOrThrow({ where: { payoutId, kind: 'requested' }, select: { transferId: true } })
  const lines = await entriesOf(transaction, requested.transferId ?? 0n)
  return lines.flatMap(({ kind, accountId, rebateId, asset, amount }) =>
    (kind === 'payout_in_transit' && accountId !== null && rebateId !== null ? [{ accountId, rebateId, asset, amount }] : []))
}

async function postStep(working: Working, payout: PayoutRow, state: PayoutState, order: StepOrder): Promise<bigint | null> {
  const [from, to] = [placeOf(payout.state), placeOf(state)]
  if (from === to) return null
  const { transaction, now, actorId } = working
  const parts = await partsOf(working, payout.id)
  const paid = from === 'out' ? await lastPaid(working, payout.id) : null
  const entries = to === 'member' ? await returnEntries(working, parts, paid?.lines ?? null)
    : from === 'transit' ? payoutPaidEntries(parts, payout)
      : payoutPaidLateEntries(parts, payout, await positionsOfRebates(transaction, parts.map(({ rebateId }) => rebateId)))
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('payout', state, payout.naturalKey, String(payout.version)),
    kind: to === 'out' ? 'payout_paid' : state === 'returned' ? 'payout_returned' : 'payout_failed',
    programId: payout.programId, reversesId: paid?.transferId ?? null, occurredAt: order.occurredAt ?? now, recordedAt: now, effectiveAt: now, actorId, entries,
  })
  return transferId
}

async function returnEntries({ transaction }: Working, parts: readonly PayoutPart[], paid: readonly EntryLine[] | null): Promise<EntryLine[]> {
  const holds = await openHoldsOf(transaction, parts.map(({ rebateId }) => rebateId))
  return payoutReturnEntries({ parts, paid, heldRebateIds: new Set(holds.map(({ rebateId }) => rebateId)), debts: await debtsOf(transaction, parts) })
}

/** What the newest payment posted to accounts of the platform. */
async function lastPaid({ transaction }: Working, payoutId: bigint): Promise<{ transferId: bigint; lines: EntryLine[] }> {
  const { transferId } = await transaction.payoutEvent.findFirstOrThrow({
    where: { payoutId, state: 'paid', transferId: { not: null } }, orderBy: { id: 'desc' }, select: { transferId: true },
  })
  if (transferId === null) throw new Error('A paid payout has no posting.')
  return { transferId, lines: (await entriesOf(transaction, transferId)).filter((line) => line.accountId === null) }
}
