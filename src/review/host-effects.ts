// What a decision asks of the host where the host keeps the money: freeze, release or take back what lies there, and the opposite on undo.
// Promises: an instruction is an effect like any other, seen before it is sent, hashed with the plan, and written with the decision.

import type { Transaction } from '../base/database.ts'
import type { EntryLine } from '../ledger/index.ts'
import { type HostHeld, hostHeldOf } from '../programs/index.ts'
import type { InstructionEffect, PostingEffect } from './plan-types.ts'

interface Owned {
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly programId: bigint
  readonly asset: string
}

interface Part extends Owned {
  readonly amount: bigint
}

/** What of each rebate the host could freeze and has not been told to. */
export function freezeAtHost(states: readonly Owned[], held: ReadonlyMap<bigint, HostHeld>): InstructionEffect[] {
  return instructionEffects('freeze', partsOf(states, held, (each) => each.held - each.frozen))
}

/** What of each rebate the host was told to freeze. */
export function releaseAtHost(states: readonly Owned[], held: ReadonlyMap<bigint, HostHeld>): InstructionEffect[] {
  return instructionEffects('release', partsOf(states, held, (each) => each.frozen))
}

/** What the entries make owed, as far as it lies at the host. */
export function reclaimAtHost(states: readonly Owned[], held: ReadonlyMap<bigint, HostHeld>, entries: readonly EntryLine[]): InstructionEffect[] {
  const owed = new Map<bigint, bigint>()
  for (const { kind, rebateId, amount } of entries) if (kind === 'debt' && rebateId !== null) owed.set(rebateId, (owed.get(rebateId) ?? 0n) - amount)
  return instructionEffects('reclaim', partsOf(states, held, (each) => {
    const amount = owed.get(each.rebateId) ?? 0n
    return amount < each.held ? amount : each.held
  }))
}

function partsOf(states: readonly Owned[], held: ReadonlyMap<bigint, HostHeld>, amountOf: (each: HostHeld) => bigint): Part[] {
  return states.flatMap((state) => {
    const there = held.get(state.rebateId)
    const amount = there === undefined ? 0n : amountOf(there)
    return amount > 0n ? [{ ...state, amount }] : []
  })
}

/** One instruction per member, programme and asset, in the order of their first rebate. */
function instructionEffects(ask: InstructionEffect['ask'], parts: readonly Part[], followsId: string | null = null): InstructionEffect[] {
  const groups = new Map<string, Part[]>()
  for (const part of parts) {
    const key = `${part.accountId} ${part.programId} ${part.asset}`
    groups.set(key, [...(groups.get(key) ?? []), part])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    return [{
      kind: 'instruction' as const, ask, programId: first.programId.toString(), accountId: first.accountId.toString(), asset: first.asset, followsId,
      amount: group.reduce((sum, part) => sum + part.amount, 0n).toString(), lines: group.map((part) => ({ rebateId: part.rebateId.toString(), amount: part.amount.toString() })),
    }]
  })
}

export interface OppositeInstructions {
  readonly effects: readonly InstructionEffect[]
  /** The undo's postings; where the host already gave money back, it goes back to the host and no debt is left to lift. */
  readonly postings: readonly PostingEffect[]
}

/**
 * The opposite of what the decision asked: frozen is released, released frozen again, what the host took back is given again, and a
 * reclaim that it has not answered is withdrawn; should it have been done all the same, its answer sends the money back. What the host
 * took back of a rebate that is held again stays here, held.
 */
export async function oppositeInstructions(
  transaction: Transaction, decisionId: bigint, undo: { readonly postings: readonly PostingEffect[]; readonly heldAgain: ReadonlySet<string> },
): Promise<OppositeInstructions> {
  const { postings, heldAgain } = undo
  const rows = await transaction.hostInstruction.findMany({
    where: { decisionId }, select: { id: true, kind: true, programId: true, accountId: true, asset: true, state: true, endedTransferId: true, hostInstructionLine: { orderBy: { place: 'asc' } } },
    orderBy: { id: 'asc' },
  })
  if (rows.length === 0) return { effects: [], postings }
  const held = await hostHeldOf(transaction, rows.flatMap((row) => row.hostInstructionLine.map((line) => line.rebateId)))
  const effects: InstructionEffect[] = []
  let changed = postings
  for (const row of rows) {
    const owned = row.hostInstructionLine.map((line) => ({ rebateId: line.rebateId, accountId: row.accountId, programId: row.programId, asset: row.asset, done: line.confirmedAmount ?? line.amount }))
    const least = (left: bigint, right: bigint): bigint => (left < right ? left : right)
    const doneOf = new Map(owned.map((line) => [line.rebateId, line.done]))
    if (row.kind === 'freeze') effects.push(...instructionEffects('release', partsOf(owned, held, (each) => least(each.frozen, doneOf.get(each.rebateId) ?? 0n))))
    else if (row.kind === 'release') effects.push(...instructionEffects('freeze', partsOf(owned, held, (each) => least(each.held - each.frozen, doneOf.get(each.rebateId) ?? 0n))))
    else if (row.kind === 'reclaim' && row.state === 'in_transit') effects.push(...instructionEffects('withdraw', owned.map((line) => ({ ...line, amount: line.done })), row.id.toString()))
    else if (row.kind === 'reclaim' && row.endedTransferId !== null) {
      const recovered = await recoveredBy(transaction, row.endedTransferId)
      effects.push(...instructionEffects('give', owned.flatMap((line) => {
        const amount = recovered.get(line.rebateId) ?? 0n
        return amount > 0n && !heldAgain.has(line.rebateId.toString()) ? [{ ...line, amount }] : []
      }), row.id.toString()))
      changed = changed.map((posting) => withoutRecoveredDebt(posting, recovered, heldAgain))
    }
  }
  return { effects, postings: changed }
}

/** Per rebate, how much of its debt a recovery repaid. */
async function recoveredBy(transaction: Transaction, transferId: bigint): Promise<ReadonlyMap<bigint, bigint>> {
  const rows = await transaction.entry.findMany({ where: { transferId, bookAccount: { kind: 'debt' } }, select: { rebateId: true, amount: true } })
  return new Map(rows.flatMap((row) => (row.rebateId === null ? [] : [[row.rebateId, row.amount]])))
}

function withoutRecoveredDebt(posting: PostingEffect, recovered: ReadonlyMap<bigint, bigint>, heldAgain: ReadonlySet<string>): PostingEffect {
  const lines = posting.lines.flatMap((line) => {
    const back = line.book === 'debt' && line.rebateId !== null ? recovered.get(BigInt(line.rebateId)) ?? 0n : 0n
    if (back === 0n || BigInt(line.amount) <= 0n) return [line]
    const left = BigInt(line.amount) - back
    const given = { ...line, book: heldAgain.has(line.rebateId ?? '') ? 'reward_held' as const : 'payout_in_transit' as const, amount: back.toString() }
    return left === 0n ? [given] : [{ ...line, amount: left.toString() }, given]
  })
  return { ...posting, lines }
}
