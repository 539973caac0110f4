// The entries of a payout in each of its steps, rebate by rebate: into transit, out to the payee, and back again.
// Promises: the lines of every rebate sum to zero, so value never moves between rebates except to repay a debt; what is withheld and the
// fee are split over the rebates exactly, with nothing below zero; money that the member paid is not touched.

import { allocate, moveEntries, type Part } from './allocation.ts'
import type { EntryLine, Position, PositionKind } from './book-accounts.ts'
import { type Arrival, repaymentEntries } from './debts.ts'

/** How much of one rebate a payout carries. */
export type PayoutPart = Arrival

/** What of the gross amount does not reach the payee. */
export interface PayoutDeductions {
  readonly withheld: bigint
  readonly fee: bigint
}

export function payoutRequestEntries(parts: readonly Part[]): EntryLine[] {
  return parts.flatMap((part) => moveEntries(part, 'payout_in_transit'))
}

/** From transit to the payee, the tax office and the bank. */
export function payoutPaidEntries(parts: readonly PayoutPart[], deductions: PayoutDeductions): EntryLine[] {
  return splitDeductions(parts, deductions).flatMap((split) => [
    { accountId: split.accountId, kind: 'payout_in_transit' as const, asset: split.asset, rebateId: split.rebateId, amount: -split.amount },
    ...outwardEntries(split),
  ])
}

const SOURCES: readonly PositionKind[] = ['reward_available', 'reward_held', 'main_held', 'main_reward']

/**
 * Paid after all, when the money had already been given back: it is taken from where the rebate lies now, and what the member used
 * meanwhile becomes a debt. `positions` are those of the rebates now.
 */
export function payoutPaidLateEntries(parts: readonly PayoutPart[], deductions: PayoutDeductions, positions: readonly Position[]): EntryLine[] {
  return splitDeductions(parts, deductions).flatMap((split) => {
    const { accountId, asset, rebateId } = split
    const own = positions.filter((position) => position.rebateId === rebateId && SOURCES.includes(position.kind))
    own.sort((left, right) => SOURCES.indexOf(left.kind) - SOURCES.indexOf(right.kind))
    const { parts: taken, uncovered } = allocate(own, split.amount)
    const lines: EntryLine[] = taken.map(({ position, amount }) => ({ accountId, kind: position.kind, asset, rebateId, amount: -amount }))
    if (uncovered > 0n) lines.push({ accountId, kind: 'debt', asset, rebateId, amount: -uncovered })
    return [...lines, ...outwardEntries(split)]
  })
}

export interface PayoutReturn {
  readonly parts: readonly PayoutPart[]
  /** What went to accounts of the platform when it was paid, to be taken back from there; null while it is still in transit. */
  readonly paid: readonly EntryLine[] | null
  /** Rebates with an open hold: what comes back of them stays held. */
  readonly heldRebateIds: ReadonlySet<bigint>
  readonly debts: readonly Position[]
}

/** Back to the member: what becomes available repays debts first. */
export function payoutReturnEntries({ parts, paid, heldRebateIds, debts }: PayoutReturn): EntryLine[] {
  const moves = parts.flatMap((part): EntryLine[] => {
    const { accountId, asset, rebateId, amount } = part
    const from: EntryLine[] = paid === null
      ? [{ accountId, kind: 'payout_in_transit', asset, rebateId, amount: -amount }]
      : paid.filter((line) => line.rebateId === rebateId).map((line) => ({ ...line, amount: -line.amount }))
    return [...from, { accountId, kind: heldRebateIds.has(rebateId) ? 'reward_held' : 'reward_available', asset, rebateId, amount }]
  })
  return [...moves, ...repaymentEntries(parts.filter(({ rebateId }) => !heldRebateIds.has(rebateId)), debts)]
}

interface SplitPart extends PayoutPart {
  readonly withheld: bigint
  readonly fee: bigint
}

/** Each part bears its share of the running total, rounded down; so shares sum exactly and none is greater than its part. */
function splitDeductions(parts: readonly PayoutPart[], { withheld, fee }: PayoutDeductions): SplitPart[] {
  const gross = parts.reduce((sum, part) => sum + part.amount, 0n)
  const deducted = withheld + fee
  if (deducted > gross) throw new Error('More is withheld than is paid out.')
  let [before, deductedBefore, withheldBefore] = [0n, 0n, 0n]
  return parts.map((part) => {
    before += part.amount
    const deductedSoFar = deducted * before / gross
    const withheldSoFar = deducted === 0n ? 0n : withheld * deductedSoFar / deducted
    const split = { ...part, withheld: withheldSoFar - withheldBefore, fee: deductedSoFar - deductedBefore - (withheldSoFar - withheldBefore) }
    deductedBefore = deductedSoFar
    withheldBefore = withheldSoFar
    return split
  })
}

function outwardEntries({ asset, rebateId, amount, withheld, fee }: SplitPart): EntryLine[] {
  const lines: EntryLine[] = [
    { accountId: null, kind: 'cash_clearing', asset, rebateId, amount: amount - withheld - fee },
    { accountId: null, kind: 'withholding_payable', asset, rebateId, amount: withheld },
    { accountId: null, kind: 'payout_fees', asset, rebateId, amount: fee },
  ]
  return lines.filter((line) => line.amount !== 0n)
}
