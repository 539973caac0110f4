// Earned reward moves on, rebate by rebate, the oldest first: into the main balance of these books, or on its way to the host that keeps it.

import { type Part, allocate, moveEntries } from './allocation.ts'
import type { EntryLine, Position } from './book-accounts.ts'

export interface RewardTransferPlan {
  readonly entries: readonly EntryLine[]
  /** Which rebates gave how much: the lines of the member's log. */
  readonly parts: readonly Part[]
  readonly amount: bigint
  readonly uncovered: bigint
}

/** Where the main balance is: `internal` in these books, `host` at the platform. */
export type Settlement = 'internal' | 'host'

/** `positions` of kind reward_available, oldest first; `amount` or all of them. */
export function rewardTransferPlan(positions: readonly Position[], amount: bigint | 'all', settlement: Settlement = 'internal'): RewardTransferPlan {
  const available = positions.filter((position) => position.kind === 'reward_available')
  const wanted = amount === 'all' ? available.reduce((sum, position) => sum + position.amount, 0n) : amount
  const { parts, uncovered } = allocate(available, wanted)
  return { entries: parts.flatMap((part) => moveEntries(part, destinationOf(part.position, settlement))), parts, amount: wanted - uncovered, uncovered }
}

/** Credit with an end joins the bonus part, which is spent first. */
function destinationOf({ rebateKind }: Position, settlement: Settlement): 'main_reward' | 'main_bonus' | 'payout_in_transit' {
  if (settlement === 'host') return 'payout_in_transit'
  return rebateKind === 'rebate' || rebateKind === 'opening' ? 'main_reward' : 'main_bonus'
}
