// Batches: what is sent together, made by one person and released by another. Releasing is what sends: a bank file becomes final,
// and payouts through a processor are intended, to be called by the sender.
// Promises: whatever may not be paid any more is left out with its reason; a file is written from the books and is the same bytes for ever.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { writeOrders } from './bank-file.ts'
import { type SendRefusal, whyNotSent } from './decide-payout.ts'
import { isPerson, type PayoutDesk, type Working, working } from './desk.ts'
import { openBankAccount } from './destinations.ts'
import { changePayout, lockPayouts, type PayoutMethod, type PayoutRow } from './payout-row.ts'
import { takeStep } from './take-step.ts'

/** Payouts of one batch. */
export const BATCH_MAX = 500

export interface Batch {
  readonly id: bigint
  readonly programId: bigint
  readonly method: PayoutMethod
  readonly state: 'made' | 'released'
  readonly madeBy: bigint
  readonly madeAt: Date
  readonly releasedBy: bigint | null
  readonly releasedAt: Date | null
  /** SHA-256 of the bank file, once released. */
  readonly fileDigest: Uint8Array | null
  readonly totals: readonly { readonly asset: string; readonly payouts: number; readonly gross: bigint; readonly withheld: bigint }[]
}

export interface LeftOut {
  readonly payoutId: bigint
  readonly reason: SendRefusal | 'destination_erased'
}

export type BatchAnswer =
  | { readonly ok: true; readonly batch: Batch; readonly leftOut: readonly LeftOut[] }
  | { readonly ok: false; readonly reason: 'needs_a_person' | 'nothing_to_send' | 'unknown' | 'same_person' | 'already_released' }

/** Takes up to 500 approved payouts that are in no batch, the oldest first. */
export async function makeBatch(desk: PayoutDesk, { programId, method }: { readonly programId: bigint; readonly method: PayoutMethod }): Promise<BatchAnswer> {
  return working(desk, async (work): Promise<BatchAnswer> => {
    const { transaction, now, actorId, acts } = work
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    const found = await transaction.payout.findMany({ where: { programId, method, state: 'approved', batchId: null }, select: { id: true }, orderBy: { id: 'asc' }, take: BATCH_MAX })
    const payouts = (await lockPayouts(transaction, found.map(({ id }) => id))).filter(({ state, batchId }) => state === 'approved' && batchId === null)
    const { going, leftOut } = await sort(work, payouts)
    if (going.length === 0) return { ok: false, reason: 'nothing_to_send' }
    const { id } = await transaction.payoutBatch.create({ data: { programId, method, state: 'made', madeBy: actorId, madeAt: now }, select: { id: true } })
    for (const payout of going) await changePayout(transaction, payout, { batchId: id })
    acts.push({ actorId, kind: 'payout_batch_made', objectKind: 'payout_batch', objectId: id, after: { programId, method, payouts: going.map((payout) => payout.id) } })
    return { ok: true, batch: await readBatch(transaction, id), leftOut }
  })
}

/** Sends it: everything in it is in transit from here on. */
export async function releaseBatch(desk: PayoutDesk, id: bigint): Promise<BatchAnswer> {
  return working(desk, async (work): Promise<BatchAnswer> => {
    const { transaction, keys, now, actorId, acts } = work
    const known = await transaction.payoutBatch.findUnique({ where: { id } })
    if (known === null) return { ok: false, reason: 'unknown' }
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    if (known.madeBy === actorId) return { ok: false, reason: 'same_person' }
    const found = await transaction.payout.findMany({ where: { batchId: id }, select: { id: true } })
    const locked = await lockPayouts(transaction, found.map((payout) => payout.id))
    const [fresh] = await transaction.$queryRaw<{ state: string }[]>`select state from payout_batch where id = ${id} for no key update`
    if (fresh?.state !== 'made') return { ok: false, reason: 'already_released' }
    const { going, leftOut } = await sort(work, locked.filter((payout) => payout.batchId === id && payout.state === 'approved'))
    if (going.length === 0) return { ok: false, reason: 'nothing_to_send' }
    for (const { payoutId, reason } of leftOut) {
      const payout = locked.find((each) => each.id === payoutId)
      if (payout !== undefined) await changePayout(transaction, payout, { batchId: null, reason })
    }
    for (const payout of going) await takeStep(work, payout, { step: 'send', reason: null, data: { sentAt: now } })
    const file = known.method === 'bank' ? await fileOf(transaction, keys, id) : null
    const fileDigest = file === null ? null : new Uint8Array(digestOf(file))
    await transaction.payoutBatch.update({ where: { id }, data: { state: 'released', releasedBy: actorId, releasedAt: now, fileDigest } })
    acts.push({
      actorId, kind: 'payout_batch_released', objectKind: 'payout_batch', objectId: id,
      after: { payouts: going.map((payout) => payout.id), leftOut: leftOut.map(({ payoutId, reason }) => `${payoutId} ${reason}`), ...(fileDigest === null ? {} : { fileDigest: Buffer.from(fileDigest).toString('hex') }) },
    })
    return { ok: true, batch: await readBatch(transaction, id), leftOut }
  })
}

export type BatchFile = { readonly ok: true; readonly text: string; readonly digest: string } | { readonly ok: false; readonly reason: 'unknown' | 'not_released' | 'no_file' | 'destination_erased' }

/** The bank's file of a released batch, byte for byte as at its release. Every reading of it is an act, because it holds bank accounts. */
export async function exportBatchFile(desk: PayoutDesk, id: bigint, reason: string): Promise<BatchFile> {
  return working(desk, async ({ transaction, keys, actorId, acts }): Promise<BatchFile> => {
    const batch = await transaction.payoutBatch.findUnique({ where: { id } })
    if (batch === null) return { ok: false, reason: 'unknown' }
    if (batch.method !== 'bank') return { ok: false, reason: 'no_file' }
    if (batch.state !== 'released' || batch.fileDigest === null) return { ok: false, reason: 'not_released' }
    const text = await fileOf(transaction, keys, id)
    if (text === null) return { ok: false, reason: 'destination_erased' }
    if (!digestOf(text).equals(batch.fileDigest)) throw new Error(`The file of batch ${id} is not the one that was released.`)
    const digest = Buffer.from(batch.fileDigest).toString('hex')
    acts.push({ actorId, kind: 'payout_file_exported', objectKind: 'payout_batch', objectId: id, body: { reason, digest } })
    return { ok: true, text, digest }
  })
}

/** What may go now, and why the rest may not. */
async function sort(work: Working, payouts: readonly PayoutRow[]): Promise<{ going: PayoutRow[]; leftOut: LeftOut[] }> {
  const going: PayoutRow[] = []
  const leftOut: LeftOut[] = []
  for (const payout of payouts) {
    const reason = (await whyNotSent(work, payout)) ?? (await isErased(work.transaction, payout) ? 'destination_erased' as const : null)
    if (reason === null) going.push(payout)
    else leftOut.push({ payoutId: payout.id, reason })
  }
  return { going, leftOut }
}

async function isErased(transaction: Transaction, { destinationId }: PayoutRow): Promise<boolean> {
  return (await transaction.payoutDestinationBody.count({ where: { destinationId } })) === 0
}

/** Null when a destination in it was erased since. */
async function fileOf(transaction: Transaction, keys: KeyRing, batchId: bigint): Promise<string | null> {
  const payouts = await transaction.payout.findMany({ where: { batchId }, orderBy: { id: 'asc' } })
  const orders = []
  for (const payout of payouts) {
    const account = await openBankAccount(transaction, keys, payout.destinationId)
    if (account === null) return null
    orders.push({ payoutId: payout.id, account, currency: payout.asset, amount: payout.gross - payout.withheld })
  }
  return writeOrders(orders)
}

export async function readBatch(transaction: Transaction, id: bigint): Promise<Batch> {
  const { method, state, ...row } = await transaction.payoutBatch.findUniqueOrThrow({ where: { id } })
  const totals = await transaction.payout.groupBy({ by: ['asset'], where: { batchId: id }, _count: true, _sum: { gross: true, withheld: true }, orderBy: { asset: 'asc' } })
  return {
    ...row, method: method === 'bank' ? 'bank' : 'stripe', state: state === 'made' ? 'made' : 'released',
    totals: totals.map((each) => ({ asset: each.asset, payouts: each._count, gross: each._sum.gross ?? 0n, withheld: each._sum.withheld ?? 0n })),
  }
}
