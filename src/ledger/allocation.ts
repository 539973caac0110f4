// Allocation: which rebates an amount is taken from. Oldest first, so that log, freeze, reclaim and undo speak of rebates, not of sums.

import type { EntryLine, Position, PositionKind } from './book-accounts.ts'

/** A part of one position. */
export interface Part {
  readonly position: Position
  readonly amount: bigint
}

export interface Allocation {
  readonly parts: readonly Part[]
  /** What the positions could not cover. */
  readonly uncovered: bigint
}

/** Takes the amount from the positions in the order given, which positionsOf makes oldest first. */
export function allocate(positions: readonly Position[], amount: bigint): Allocation {
  const parts: Part[] = []
  let uncovered = amount
  for (const position of positions) {
    if (uncovered === 0n) break
    if (position.amount <= 0n) continue
    const taken = position.amount < uncovered ? position.amount : uncovered
    parts.push({ position, amount: taken })
    uncovered -= taken
  }
  return { parts, uncovered }
}

/** The whole of a position as a part. */
export const wholeOf = (position: Position): Part => ({ position, amount: position.amount })

/** Moves a part to another book account of the same member. */
export function moveEntries({ position, amount }: Part, to: PositionKind): EntryLine[] {
  const { accountId, asset, rebateId, kind } = position
  return [
    { accountId, kind, asset, rebateId, amount: -amount },
    { accountId, kind: to, asset, rebateId, amount },
  ]
}
