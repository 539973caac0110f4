// The main balance by funding: money received raises the paid part; spending takes bonus (earliest expiry first), reward, then paid;
// a customer's refund takes the paid part only.

import { allocate } from './allocation.ts'
import type { EntryLine, Position } from './book-accounts.ts'

/** A member's main balance in one asset. */
export interface MainBalance {
  readonly accountId: bigint
  readonly asset: string
  /** Balance of main_paid. */
  readonly paid: bigint
  /** Positions of main_bonus and main_reward, oldest first. */
  readonly positions: readonly Position[]
}

export interface Covered {
  readonly entries: readonly EntryLine[]
  /** What the balance does not cover; it waits for money. */
  readonly uncovered: bigint
}

/** Money received from the member. */
export function rechargeEntries(accountId: bigint, asset: string, amount: bigint): EntryLine[] {
  if (amount === 0n) return []
  return [
    { accountId: null, kind: 'cash_clearing', asset, rebateId: null, amount: -amount },
    { accountId, kind: 'main_paid', asset, rebateId: null, amount },
  ]
}

/** Spending on the platform at a time: bonus, reward, paid, of what has not ended by then. */
export function spendEntries(balance: MainBalance, amount: bigint, at: Date): Covered {
  const { accountId, asset } = balance
  const lasting = balance.positions.filter(({ expiresAt }) => expiresAt === null || at < expiresAt)
  const bonus = lasting.filter((position) => position.kind === 'main_bonus').sort(byExpiry)
  const reward = lasting.filter((position) => position.kind === 'main_reward')
  const { parts, uncovered } = allocate([...bonus, ...reward], amount)
  const entries: EntryLine[] = parts.flatMap(({ position, amount: taken }) => [
    { accountId, kind: position.kind, asset, rebateId: position.rebateId, amount: -taken },
    { accountId: null, kind: 'host_clearing' as const, asset, rebateId: position.rebateId, amount: taken },
  ])
  const paid = balance.paid < uncovered ? balance.paid : uncovered
  return { entries: [...entries, ...paidEntries(balance, paid, 'host_clearing')], uncovered: uncovered - paid }
}

/** Money given back to the customer, as far as the paid part covers it. */
export function customerRefundEntries(balance: MainBalance, amount: bigint): Covered {
  const paid = balance.paid < amount ? balance.paid : amount
  return { entries: paidEntries(balance, paid, 'cash_clearing'), uncovered: amount - paid }
}

function paidEntries({ accountId, asset }: MainBalance, amount: bigint, to: 'host_clearing' | 'cash_clearing'): EntryLine[] {
  if (amount === 0n) return []
  return [
    { accountId, kind: 'main_paid', asset, rebateId: null, amount: -amount },
    { accountId: null, kind: to, asset, rebateId: null, amount },
  ]
}

function byExpiry(left: Position, right: Position): number {
  return (left.expiresAt?.getTime() ?? Infinity) - (right.expiresAt?.getTime() ?? Infinity) || 0
}
