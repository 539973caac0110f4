// What lies at the host of each rebate, by the instructions that it was given: the books know only that it left.
// Promises: an open instruction counts as done, because it may be; its answer corrects that.

import type { Transaction } from '../../base/database.ts'
import type { InstructionKind } from './instructions.ts'

export interface HostHeld {
  readonly rebateId: bigint
  /** Given and not asked back; never below zero. */
  readonly held: bigint
  /** The part of it that the host was told to freeze. */
  readonly frozen: bigint
  /** The part of it that the host has not confirmed yet. */
  readonly inTransit: bigint
}

interface Row {
  rebate_id: bigint
  kind: InstructionKind
  counted: bigint
  is_open: boolean
}

/** Only rebates of which something lies there are in it. */
export async function hostHeldOf(transaction: Transaction, rebateIds: readonly bigint[]): Promise<ReadonlyMap<bigint, HostHeld>> {
  if (rebateIds.length === 0) return new Map()
  const rows = await transaction.$queryRaw<Row[]>`
    select l.rebate_id, i.kind, coalesce(l.confirmed_amount, case when i.withdrawn_at is null then l.amount else 0 end) as counted, i.state = 'in_transit' as is_open
      from host_instruction_line l join host_instruction i on i.id = l.instruction_id
      where l.rebate_id = any (${[...rebateIds]}) order by i.id`
  const byRebate = new Map<bigint, HostHeld>()
  for (const row of rows) byRebate.set(row.rebate_id, after(byRebate.get(row.rebate_id) ?? { rebateId: row.rebate_id, held: 0n, frozen: 0n, inTransit: 0n }, row))
  return new Map([...byRebate].filter(([, each]) => each.held > 0n).map(([id, each]) => [id, { ...each, frozen: least(each.frozen, each.held) }]))
}

/** A reclaim takes what is frozen first. */
function after(before: HostHeld, { kind, counted, is_open: isOpen }: Row): HostHeld {
  const { held, frozen, inTransit } = before
  switch (kind) {
    case 'credit':
    case 'grant_days':
      return { ...before, held: held + counted, inTransit: inTransit + (isOpen ? counted : 0n) }
    case 'reclaim':
      return { ...before, held: held - counted, frozen: frozen - least(frozen, counted) }
    case 'freeze':
      return { ...before, frozen: frozen + counted }
    case 'release':
      return { ...before, frozen: frozen - least(frozen, counted) }
  }
}

export function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}
