// Taking a rebate back, for a refund (reversed) or a decision (reclaimed): first what is there, then what was moved on, then debt.
// Promises: money the member paid is not among the sources; the debt is what the member had received of this rebate and used.

import type { EntryLine, Position, PositionKind } from './book-accounts.ts'
import { allocate } from './allocation.ts'

export interface TakeBack {
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly asset: string
  /** At most what is outstanding of the rebate; see rebateStates. */
  readonly amount: bigint
  readonly sink: 'reversed' | 'reclaimed'
}

/** In this order; what is in transit to a bank cannot be taken and becomes debt like what was spent. */
const SOURCES: readonly PositionKind[] = ['reward_pending', 'reward_held', 'reward_available', 'main_held', 'main_reward', 'main_bonus']

/** `positions` may hold more than this rebate's; only its own are taken. */
export function takeBackEntries(takeBack: TakeBack, positions: readonly Position[]): EntryLine[] {
  const { rebateId, accountId, asset, amount, sink } = takeBack
  if (amount === 0n) return []
  const own = positions.filter((position) => position.rebateId === rebateId && SOURCES.includes(position.kind))
  own.sort((left, right) => SOURCES.indexOf(left.kind) - SOURCES.indexOf(right.kind))
  const { parts, uncovered } = allocate(own, amount)
  const entries: EntryLine[] = parts.map(({ position, amount: taken }) => ({ accountId, kind: position.kind, asset, rebateId, amount: -taken }))
  if (uncovered > 0n) entries.push({ accountId, kind: 'debt', asset, rebateId, amount: -uncovered })
  entries.push({ accountId: null, kind: sink, asset, rebateId, amount })
  return entries
}
