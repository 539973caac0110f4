// What the host's answer to an instruction means for the books: given is cleared, refused comes back, taken back repays the debt.
// Promises: what comes back of a held rebate stays held; what the host took beyond the debt goes back to it.

import type { EntryLine, Position } from './book-accounts.ts'
import { repaymentEntries } from './debts.ts'

/** One rebate's part of an instruction and how much of it the host did. */
export interface AnsweredLine {
  readonly rebateId: bigint
  readonly amount: bigint
  readonly confirmed: bigint
}

export interface HostAnswer {
  readonly accountId: bigint
  readonly asset: string
  readonly lines: readonly AnsweredLine[]
  /** Rebates with an open hold. */
  readonly held: ReadonlySet<bigint>
}

/** Spreads what the host did over the lines, the oldest first. */
export function spreadOver(lines: readonly { readonly rebateId: bigint; readonly amount: bigint }[], confirmed: bigint): AnsweredLine[] {
  let left = confirmed
  return lines.map((line) => {
    const part = left < line.amount ? left : line.amount
    left -= part
    return { ...line, confirmed: part }
  })
}

/** The end of a credit or a grant: what was given leaves for host_clearing, what was refused is available again and first repays the member's debts. */
export function giveAnswerEntries({ accountId, asset, lines, held }: HostAnswer, debts: readonly Position[]): EntryLine[] {
  const entries: EntryLine[] = []
  for (const { rebateId, amount, confirmed } of lines) {
    entries.push({ accountId, kind: 'payout_in_transit', asset, rebateId, amount: -amount })
    if (confirmed > 0n) entries.push({ accountId: null, kind: 'host_clearing', asset, rebateId, amount: confirmed })
    if (amount > confirmed) entries.push({ accountId, kind: held.has(rebateId) ? 'reward_held' : 'reward_available', asset, rebateId, amount: amount - confirmed })
  }
  const back = lines.filter((line) => line.amount > line.confirmed && !held.has(line.rebateId))
  return [...entries, ...repaymentEntries(back.map(({ rebateId, amount, confirmed }) => ({ accountId, rebateId, asset, amount: amount - confirmed })), debts)]
}

/** What of a recovery is more than what was still owed of its rebate, and lies with us now. */
export interface Excess {
  readonly rebateId: bigint
  readonly amount: bigint
}

export interface Recovery {
  readonly entries: readonly EntryLine[]
  /** In transit back to the host; what is held stays here. */
  readonly excess: readonly Excess[]
}

/** The end of a reclaim; `debts` are the member's, of which each rebate's own is repaid. */
export function recoveryOf({ accountId, asset, lines, held }: HostAnswer, debts: readonly Position[]): Recovery {
  const entries: EntryLine[] = []
  const excess: Excess[] = []
  for (const { rebateId, confirmed } of lines) {
    if (confirmed === 0n) continue
    const owed = -(debts.find((debt) => debt.rebateId === rebateId && debt.asset === asset)?.amount ?? 0n)
    const repaid = owed < confirmed ? owed : confirmed
    entries.push({ accountId: null, kind: 'host_clearing', asset, rebateId, amount: -confirmed })
    if (repaid > 0n) entries.push({ accountId, kind: 'debt', asset, rebateId, amount: repaid })
    if (confirmed === repaid) continue
    entries.push({ accountId, kind: held.has(rebateId) ? 'reward_held' : 'payout_in_transit', asset, rebateId, amount: confirmed - repaid })
    if (!held.has(rebateId)) excess.push({ rebateId, amount: confirmed - repaid })
  }
  return { entries, excess }
}
