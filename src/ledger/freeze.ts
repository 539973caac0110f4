// Freezing and releasing rebates as entries. A freeze follows the reward into the main balance, never touches money the member paid,
// and does not stop the clock of maturity; a release goes to pending or available by that clock.

import type { EntryLine, Position, PositionKind } from './book-accounts.ts'
import { moveEntries, wholeOf } from './allocation.ts'
import { repaymentEntries } from './debts.ts'

const FROZEN_INTO: Partial<Record<PositionKind, PositionKind>> = {
  reward_pending: 'reward_held',
  reward_available: 'reward_held',
  main_reward: 'main_held',
  main_bonus: 'main_held',
}

/** Moves everything of the given positions that can still be frozen. What is spent, paid out or in transit cannot. */
export function freezeEntries(positions: readonly Position[]): EntryLine[] {
  return positions.flatMap((position) => {
    const into = FROZEN_INTO[position.kind]
    return into === undefined ? [] : moveEntries(wholeOf(position), into)
  })
}

/** Moves what is held among the positions to where it would be by now; what becomes available first repays debts. */
export function releaseEntries(positions: readonly Position[], debts: readonly Position[], at: Date): EntryLine[] {
  const moves = positions.flatMap((position) => {
    const to = releasedInto(position, at)
    return to === undefined ? [] : moveEntries(wholeOf(position), to)
  })
  // Credit that was given to be spent repays nothing.
  const available = positions.filter((position) => releasedInto(position, at) === 'reward_available' && position.rebateKind !== 'signup_credit')
  return [...moves, ...repaymentEntries(available, debts)]
}

function releasedInto(position: Position, at: Date): PositionKind | undefined {
  if (position.kind === 'reward_held') return position.maturesAt <= at ? 'reward_available' : 'reward_pending'
  if (position.kind === 'main_held') return position.rebateKind === 'rebate' || position.rebateKind === 'opening' ? 'main_reward' : 'main_bonus'
  return undefined
}
