// Debt: what was taken back after the member had already used it. It is repaid only from rebates that become available later,
// oldest debt first, and never from money the member paid.

import type { EntryLine, Position } from './book-accounts.ts'

/** An amount of a rebate at the moment in which it becomes available to its member. */
export interface Arrival {
  readonly accountId: bigint
  readonly rebateId: bigint
  readonly asset: string
  readonly amount: bigint
}

/** The repayments that the arrivals make, in order; `debts` are the members' positions of kind debt, oldest first. */
export function repaymentEntries(arrivals: readonly Arrival[], debts: readonly Position[]): EntryLine[] {
  const owed = debts.filter((debt) => debt.kind === 'debt').map((debt) => ({ debt, left: -debt.amount }))
  const entries: EntryLine[] = []
  for (const arrival of arrivals) {
    let free = arrival.amount
    for (const item of owed) {
      if (item.debt.accountId !== arrival.accountId || item.debt.asset !== arrival.asset) continue
      const repaid = item.left < free ? item.left : free
      if (repaid === 0n) continue
      item.left -= repaid
      free -= repaid
      entries.push(
        { accountId: arrival.accountId, kind: 'reward_available', asset: arrival.asset, rebateId: arrival.rebateId, amount: -repaid },
        { accountId: arrival.accountId, kind: 'debt', asset: arrival.asset, rebateId: item.debt.rebateId, amount: repaid },
      )
    }
  }
  return entries
}
