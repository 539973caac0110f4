// Giving up debts that will not be repaid: older than twelve months, or below a floor, proposed by one person and approved by another.
// Promises: only what is still owed then; it is restored where what made the debt is taken back, and money the member paid is never touched.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { lockMembers, postTransfer, restoreWriteOffs, writeOffEntries } from '../ledger/index.ts'
import { isPerson, type PayoutDesk, working } from './desk.ts'

/** Months after which a debt counts as old. */
export const OLD_MONTHS = 12

export interface Debt {
  readonly accountId: bigint
  readonly rebateId: bigint
  readonly programId: bigint
  readonly asset: string
  /** Still owed; above zero. */
  readonly amount: bigint
  /** When it last grew. */
  readonly since: Date
  /** What made it grow last: reversal, reclaim, payout_paid … */
  readonly cause: string
  readonly causeTransferId: bigint
  readonly writeOffId: bigint | null
}

interface Row {
  account_id: bigint
  rebate_id: bigint
  program_id: bigint
  asset: string
  amount: bigint
  since: Date
  cause: string
  transfer_id: bigint
  write_off_id: bigint | null
}

/** Open debts of a programme, the oldest first, each with its cause; `writeOffId` where its writing off is proposed. */
export async function readDebts(transaction: Transaction, { programId, accountId = null, rebateId = null, limit = 1000 }: { programId: bigint; accountId?: bigint | null; rebateId?: bigint | null; limit?: number }): Promise<Debt[]> {
  const rows = await transaction.$queryRaw<Row[]>`
    select b.account_id, p.rebate_id, r.program_id, b.asset, -p.amount as amount, last.recorded_at as since, last.kind as cause, last.id as transfer_id, w.id as write_off_id
      from book_account b join position p on p.book_account_id = b.id and p.amount < 0 join rebate r on r.id = p.rebate_id and r.program_id = ${programId}
      join lateral (select t.id, t.kind, t.recorded_at from entry e join transfer t on t.id = e.transfer_id
        where e.book_account_id = b.id and e.rebate_id = p.rebate_id and e.amount < 0 order by e.id desc limit 1) as last on true
      left join write_off w on w.rebate_id = p.rebate_id and w.approved_by is null
      where b.kind = 'debt' and (${accountId}::bigint is null or b.account_id = ${accountId}) and (${rebateId}::bigint is null or p.rebate_id = ${rebateId})
      order by last.recorded_at, p.rebate_id limit ${limit}`
  return rows.map((row) => ({
    accountId: row.account_id, rebateId: row.rebate_id, programId: row.program_id, asset: row.asset, amount: row.amount, since: row.since, cause: row.cause,
    causeTransferId: row.transfer_id, writeOffId: row.write_off_id,
  }))
}

export interface WriteOff {
  readonly id: bigint
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly asset: string
  readonly amount: bigint
  readonly reason: 'old' | 'small'
  readonly state: 'proposed' | 'written_off' | 'restored'
}

export type WriteOffRefusal = 'needs_a_person' | 'no_debt' | 'neither_old_nor_small' | 'already_proposed' | 'unknown' | 'same_person' | 'not_waiting' | 'not_written_off'
export type WriteOffAnswer = { readonly ok: true; readonly writeOff: WriteOff } | { readonly ok: false; readonly reason: WriteOffRefusal }

/** `floor`: debts below it, in the asset's smallest unit, may be given up at once. */
export async function proposeWriteOff(desk: PayoutDesk, { rebateId, floor }: { readonly rebateId: bigint; readonly floor: bigint }): Promise<WriteOffAnswer> {
  return working(desk, async ({ transaction, now, actorId, acts }): Promise<WriteOffAnswer> => {
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    const rebate = await transaction.rebate.findUnique({ where: { id: rebateId }, select: { accountId: true, programId: true } })
    if (rebate === null) return { ok: false, reason: 'no_debt' }
    await lockMembers(transaction, [rebate.accountId])
    const [debt] = await readDebts(transaction, { programId: rebate.programId, accountId: rebate.accountId, rebateId })
    if (debt === undefined) return { ok: false, reason: 'no_debt' }
    if (debt.writeOffId !== null) return { ok: false, reason: 'already_proposed' }
    const reason = isOld(debt.since, now) ? 'old' : debt.amount < floor ? 'small' : null
    if (reason === null) return { ok: false, reason: 'neither_old_nor_small' }
    const row = await transaction.writeOff.create({ data: { accountId: debt.accountId, rebateId, asset: debt.asset, amount: debt.amount, reason, proposedBy: actorId, proposedAt: now } })
    acts.push({ actorId, kind: 'write_off_proposed', objectKind: 'write_off', objectId: row.id, after: { rebateId, amount: debt.amount, asset: debt.asset }, reason })
    return { ok: true, writeOff: viewOf(row) }
  })
}

/** A calendar year, as everybody counts it. */
function isOld(since: Date, now: Date): boolean {
  const end = new Date(since)
  end.setUTCMonth(end.getUTCMonth() + OLD_MONTHS)
  return end <= now
}

export async function approveWriteOff(desk: PayoutDesk, id: bigint): Promise<WriteOffAnswer> {
  return working(desk, async ({ transaction, now, actorId, acts }): Promise<WriteOffAnswer> => {
    const known = await transaction.writeOff.findUnique({ where: { id }, include: { rebate: { select: { programId: true } } } })
    if (known === null) return { ok: false, reason: 'unknown' }
    await lockMembers(transaction, [known.accountId])
    const row = await transaction.writeOff.findUniqueOrThrow({ where: { id } })
    if (row.approvedBy !== null) return { ok: false, reason: 'not_waiting' }
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    if (row.proposedBy === actorId) return { ok: false, reason: 'same_person' }
    const [debt] = await readDebts(transaction, { programId: known.rebate.programId, accountId: row.accountId, rebateId: row.rebateId })
    // Repaid in part meanwhile, or grown: what two persons looked at is not what is owed now.
    if (debt === undefined || debt.amount !== row.amount) return { ok: false, reason: 'no_debt' }
    const { transferId } = await postTransfer(transaction, {
      naturalKey: digestOf('write-off', id.toString()), kind: 'write_off', programId: known.rebate.programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId,
      entries: writeOffEntries(row, row.amount),
    })
    const done = await transaction.writeOff.update({ where: { id }, data: { approvedBy: actorId, approvedAt: now, transferId } })
    acts.push({ actorId, kind: 'write_off_approved', objectKind: 'write_off', objectId: id, after: { rebateId: row.rebateId, amount: row.amount, transferId }, reason: row.reason })
    return { ok: true, writeOff: viewOf(done) }
  })
}

/** By hand, where an appeal is won: the debt stands again, and can be taken away where it was made. */
export async function restoreWriteOff(desk: PayoutDesk, id: bigint): Promise<WriteOffAnswer> {
  return working(desk, async ({ transaction, now, actorId, acts }): Promise<WriteOffAnswer> => {
    const known = await transaction.writeOff.findUnique({ where: { id } })
    if (known === null) return { ok: false, reason: 'unknown' }
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    await lockMembers(transaction, [known.accountId])
    const restored = await restoreWriteOffs(transaction, { now, actorId }, [known.rebateId])
    const row = await transaction.writeOff.findUniqueOrThrow({ where: { id } })
    if (restored.length === 0) return { ok: false, reason: 'not_written_off' }
    acts.push({ actorId, kind: 'write_off_restored', objectKind: 'write_off', objectId: id, after: { rebateId: row.rebateId, amount: row.amount, transferId: row.restoredBy } })
    return { ok: true, writeOff: viewOf(row) }
  })
}

interface WriteOffRow {
  readonly id: bigint
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly asset: string
  readonly amount: bigint
  readonly reason: string
  readonly transferId: bigint | null
  readonly restoredBy: bigint | null
}

function viewOf({ id, rebateId, accountId, asset, amount, reason, transferId, restoredBy }: WriteOffRow): WriteOff {
  return { id, rebateId, accountId, asset, amount, reason: reason === 'old' ? 'old' : 'small', state: transferId === null ? 'proposed' : restoredBy === null ? 'written_off' : 'restored' }
}
