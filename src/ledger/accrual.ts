// Accrual and maturity: a rebate enters the books as pending, held or available, and pending money becomes available by the clock.

import type { EntryLine, Position } from './book-accounts.ts'
import { moveEntries, wholeOf } from './allocation.ts'
import { type Arrival, repaymentEntries } from './debts.ts'

export interface Accrual extends Arrival {
  readonly into: 'reward_pending' | 'reward_held' | 'reward_available'
}

/** The entries of a new rebate; what becomes available at once first repays the member's debts. */
export function accrualEntries(accrual: Accrual, debts: readonly Position[]): EntryLine[] {
  const { accountId, rebateId, asset, amount, into } = accrual
  if (amount === 0n) return []
  return [
    { accountId: null, kind: 'rebate_expense', asset, rebateId, amount: -amount },
    { accountId, kind: into, asset, rebateId, amount },
    ...(into === 'reward_available' ? repaymentEntries([accrual], debts) : []),
  ]
}

/** Credit that nobody earned by a referral goes straight to the bonus part of the main balance. */
export function grantEntries({ accountId, rebateId, asset, amount }: Arrival): EntryLine[] {
  if (amount === 0n) return []
  return [
    { accountId: null, kind: 'rebate_expense', asset, rebateId, amount: -amount },
    { accountId, kind: 'main_bonus', asset, rebateId, amount },
  ]
}

/** What matures by the given time among the positions; it first repays the members' debts. */
export function maturityEntries(positions: readonly Position[], debts: readonly Position[], at: Date): EntryLine[] {
  const mature = positions.filter((position) => position.kind === 'reward_pending' && position.maturesAt <= at)
  return [...mature.flatMap((position) => moveEntries(wholeOf(position), 'reward_available')), ...repaymentEntries(mature, debts)]
}
