// What lies at the host of each rebate, by the instructions that it was given: the books know only that it left.
// Promises: an open instruction counts as done, because it may be; its answer corrects that.

import type { Transaction } from '../base/database.ts'
import type { InstructionKind } from './host-instructions.ts'

export interface HostHeld {
  readonly rebateId: bigint
  /** Given and not asked back; never below zero. */
  readonly held: bigint
  /** The part of it that the host was told to freeze. */
  readonly frozen: bigint
}

interface Row {
  rebate_id: bigint
  kind: InstructionKind
  counted: bigint
}

/** Only rebates of which something lies there are in it. */
export async function hostHeldOf(transaction: Transaction, rebateIds: readonly bigint[]): Promise<ReadonlyMap<bigint, HostHeld>> {
  if (rebateIds.length === 0) return new Map()
  const rows = await transaction.$queryRaw<Row[]>`
    select l.rebate_id, i.kind, coalesce(l.confirmed_amount, case when i.withdrawn_at is null then l.amount else 0 end) as counted
      from host_instruction_line l join host_instruction i on i.id = l.instruction_id
      where l.rebate_id = any (${[...rebateIds]}) order by i.id`
  const byRebate = new Map<bigint, HostHeld>()
  for (const row of rows) byRebate.set(row.rebate_id, after(byRebate.get(row.rebate_id) ?? { rebateId: row.rebate_id, held: 0n, frozen: 0n }, row))
  return new Map([...byRebate].filter(([, each]) => each.held > 0n).map(([id, each]) => [id, { ...each, frozen: least(each.frozen, each.held) }]))
}

/** A reclaim takes what is frozen first. */
function after({ rebateId, held, frozen }: HostHeld, { kind, counted }: Row): HostHeld {
  switch (kind) {
    case 'credit':
    case 'grant_days':
      return { rebateId, held: held + counted, frozen }
    case 'reclaim':
      return { rebateId, held: held - counted, frozen: frozen - least(frozen, counted) }
    case 'freeze':
      return { rebateId, held, frozen: frozen + counted }
    case 'release':
      return { rebateId, held, frozen: frozen - least(frozen, counted) }
  }
}

export function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}
