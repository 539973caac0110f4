// Spending that is given back: to where it was taken from, in proportion, so that credit and reward come back as what they were,
// with the end that they had.
// Promises: given back to date is what follows from refunded to date; a rebate that was taken back meanwhile first repays its own debt,
// and one that is held comes back held.

import { digestOf } from '../../base/hashing.ts'
import { scaleHalfEven } from '../../base/money.ts'
import type { EntryLine, MemberKind } from '../../ledger/index.ts'
import type { SheetEvent } from './document.ts'
import { refundedOf } from './reversing.ts'
import type { Sheet } from './sheet.ts'

interface Source {
  readonly rebateId: bigint | null
  readonly kind: MemberKind
  /** Taken and not yet given back. */
  left: bigint
}

/** What spending took so far, and what of it went back. */
export function netSpendingOf(sheet: Sheet, event: SheetEvent): { readonly taken: bigint; readonly returned: bigint } {
  const clearing = (id: bigint, kind: string): bigint => sheet.movesOf(id).filter((move) => move.kind === kind && move.book === 'host_clearing').reduce((sum, move) => sum + move.amount, 0n)
  const returned = sheet.eventsAbout(event).reduce((sum, about) => sum - clearing(about.id, 'refund'), 0n)
  return { taken: clearing(event.id, 'spend'), returned }
}

/** Posts what is due to go back of the spending and did not yet. */
export function returnSpending(sheet: Sheet, actorId: bigint, event: SheetEvent, cause: SheetEvent): void {
  if (event.asset === null || event.amount === null) return
  const { taken, returned } = netSpendingOf(sheet, event)
  const due = taken - returned - (event.amount - refundedOf(event, sheet.eventsAbout(event)))
  if (due <= 0n) return
  const [first] = sheet.movesOf(event.id).filter((move) => move.kind === 'spend')
  const shares = sharesOf(sourcesOf(sheet, event), due)
  sheet.post({
    naturalKey: digestOf('spending returned', Buffer.from(event.key, 'hex'), Buffer.from(cause.key, 'hex'), returned.toString()), kind: 'refund',
    programId: null, eventId: cause.id, reversesId: first?.transferId ?? null, occurredAt: cause.occurredAt, actorId,
    entries: shares.flatMap(({ source, amount }) => returnEntries(sheet, event, source, amount)),
  })
  for (const { source: { rebateId, kind }, amount } of shares) {
    if (rebateId !== null && kind === 'main_bonus' && sheet.positions.endOf(rebateId) !== null) sheet.returns.push({ cause, rebateId, amount, spentAt: first?.at ?? sheet.now })
  }
}

/** In the order in which they were taken. */
function sourcesOf(sheet: Sheet, event: SheetEvent): Source[] {
  const sources = new Map<bigint | null, Source>()
  for (const move of sheet.movesOf(event.id)) {
    if (move.kind !== 'spend' || move.book === 'host_clearing') continue
    const source = sources.get(move.rebateId)
    if (source === undefined) sources.set(move.rebateId, { rebateId: move.rebateId, kind: move.book as MemberKind, left: -move.amount })
    else source.left -= move.amount
  }
  for (const about of sheet.eventsAbout(event)) {
    for (const move of sheet.movesOf(about.id)) {
      const source = sources.get(move.rebateId)
      if (move.kind === 'refund' && move.book !== 'host_clearing' && source !== undefined) source.left -= move.amount
    }
  }
  return [...sources.values()]
}

/** In proportion to what is left of each; rounded over the running sum, so that the shares sum to the amount exactly. */
function sharesOf(sources: readonly Source[], amount: bigint): { readonly source: Source; readonly amount: bigint }[] {
  const whole = sources.reduce((sum, source) => sum + source.left, 0n)
  let before = 0n
  let given = 0n
  return sources.flatMap((source) => {
    before += source.left
    const share = (whole === 0n ? 0n : scaleHalfEven(amount, before, whole)) - given
    given += share
    return share === 0n ? [] : [{ source, amount: share }]
  })
}

function returnEntries(sheet: Sheet, { accountId, asset }: SheetEvent, { rebateId, kind }: Source, amount: bigint): EntryLine[] {
  if (asset === null) return []
  const out: EntryLine = { accountId: null, kind: 'host_clearing', asset, rebateId, amount: -amount }
  if (rebateId === null) return [out, { accountId, kind, asset, rebateId, amount }]
  const owed = sheet.positions.ofRebate(rebateId).find((position) => position.kind === 'debt' && position.accountId === accountId)
  const repaid = owed === undefined ? 0n : -owed.amount < amount ? -owed.amount : amount
  const into = sheet.openHoldsOf(rebateId).length > 0 ? 'main_held' : kind
  const back: EntryLine[] = [{ accountId, kind: 'debt', asset, rebateId, amount: repaid }, { accountId, kind: into, asset, rebateId, amount: amount - repaid }]
  return [out, ...back.filter((line) => line.amount !== 0n)]
}
