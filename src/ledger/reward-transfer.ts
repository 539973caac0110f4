// The member's own step: earned reward becomes part of the main balance, rebate by rebate, the oldest first.

import { type Part, allocate, moveEntries } from './allocation.ts'
import type { EntryLine, Position } from './book-accounts.ts'

export interface RewardTransferPlan {
  readonly entries: readonly EntryLine[]
  /** Which rebates gave how much: the lines of the member's log. */
  readonly parts: readonly Part[]
  readonly amount: bigint
  readonly uncovered: bigint
}

/** `positions` of kind reward_available, oldest first; `amount` or all of them. */
export function rewardTransferPlan(positions: readonly Position[], amount: bigint | 'all'): RewardTransferPlan {
  const available = positions.filter((position) => position.kind === 'reward_available')
  const wanted = amount === 'all' ? available.reduce((sum, position) => sum + position.amount, 0n) : amount
  const { parts, uncovered } = allocate(available, wanted)
  return { entries: parts.flatMap((part) => moveEntries(part, 'main_reward')), parts, amount: wanted - uncovered, uncovered }
}
