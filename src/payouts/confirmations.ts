// What the bank or the processor says of a payout that was sent: paid, failed or returned, in any order and any number of times.
// Promises: each word counts once; a word older than the newest that counted changes nothing; an amount that is not ours is refused.

import { digestOf } from '../base/hashing.ts'
import { type LineFault, readConfirmation, type ReadLine } from './bank-file.ts'
import { type PayoutDesk, type Working, working } from './desk.ts'
import { changePayout, lockPayouts, type PayoutRow } from './payout-row.ts'
import { payoutIdOf } from './reference.ts'
import { RANKS, stateAfter } from './states.ts'
import { takeStep } from './take-step.ts'

export interface Word {
  readonly step: 'confirm' | 'fail' | 'return'
  /** Its own id: counts once. */
  readonly externalId: string
  /** Decides which of two words is newer. */
  readonly occurredAt: Date
  /** The time that the books state, where it is another. */
  readonly postedAt?: Date
  readonly reason?: string | null
  readonly fee?: bigint
}

/** known: it had been said before. late: something newer had been said. */
export type WordOutcome = 'applied' | 'known' | 'late'

/** The member must be locked. */
export async function applyWord(work: Working, payout: PayoutRow, word: Word): Promise<WordOutcome> {
  const { transaction } = work
  if ((await transaction.payoutEvent.count({ where: { externalId: word.externalId } })) > 0) return 'known'
  const told = { at: word.occurredAt, rank: RANKS[word.step] }
  if (stateAfter(payout.state, word.step) !== null && isNewer(told, payout)) {
    await takeStep(work, payout, {
      step: word.step, occurredAt: word.postedAt ?? word.occurredAt, externalId: word.externalId, reason: word.reason ?? null,
      data: { told, ...(word.fee === undefined ? {} : { fee: word.fee }) },
    })
    return 'applied'
  }
  await rememberWord(work, payout.id, word.externalId, { kind: word.step, occurredAt: word.occurredAt })
  return 'late'
}

/** Whether a word is newer than the newest that counted. */
export function isNewer(told: { readonly at: Date; readonly rank: number }, { toldAt, toldRank }: Pick<PayoutRow, 'toldAt' | 'toldRank'>): boolean {
  return toldAt === null || toldRank === null || told.at > toldAt || (told.at.getTime() === toldAt.getTime() && told.rank > toldRank)
}

/** Keeps that it was said, without an effect; a word that is known already stays as it is. */
export async function rememberWord(work: Working, payoutId: bigint | null, externalId: string, { kind, occurredAt }: { kind: string; occurredAt: Date }): Promise<void> {
  await work.transaction.payoutEvent.createMany({
    data: [{ payoutId, externalId, kind, isApplied: false, occurredAt, recordedAt: work.now, actorId: work.actorId }], skipDuplicates: true,
  })
}

/** From here on only newer words count. */
export async function noteTold(work: Working, payout: PayoutRow, told: { readonly at: Date; readonly rank: number }): Promise<PayoutRow> {
  return isNewer(told, payout) ? changePayout(work.transaction, payout, { toldAt: told.at, toldRank: told.rank }) : payout
}

export type LineOutcome = WordOutcome | LineFault | 'unknown_reference' | 'wrong_amount' | 'not_sent' | 'before_sent' | 'in_the_future'

export interface LineResult {
  readonly number: number
  readonly reference: string
  readonly payoutId: bigint | null
  readonly outcome: LineOutcome
}

export type ConfirmationAnswer = { readonly ok: true; readonly results: readonly LineResult[] } | { readonly ok: false; readonly reason: 'not_csv' | 'header' | 'too_many_lines' }

/** Takes the bank's file line by line: what can be applied is, and each other line says why not. Given twice it counts once. */
export async function takeConfirmation(desk: PayoutDesk, programId: bigint, text: string): Promise<ConfirmationAnswer> {
  const read = readConfirmation(text)
  if (!read.ok) return read
  return working(desk, async (work): Promise<ConfirmationAnswer> => {
    const { transaction, actorId, acts } = work
    const ids = read.lines.flatMap(({ reference }) => payoutIdOf(reference) ?? [])
    const found = await transaction.payout.findMany({ where: { id: { in: ids }, programId, method: 'bank' }, select: { id: true } })
    const payouts = new Map((await lockPayouts(transaction, found.map(({ id }) => id))).map((payout) => [payout.id, payout]))
    const results: LineResult[] = []
    for (const line of read.lines) {
      const payout = payouts.get(payoutIdOf(line.reference) ?? 0n)
      results.push({ number: line.number, reference: line.reference, payoutId: payout?.id ?? null, outcome: await takeLine(work, line, payout) })
      if (payout !== undefined) payouts.set(payout.id, (await lockPayouts(transaction, [payout.id]))[0] ?? payout)
    }
    const count = (outcome: LineOutcome): number => results.filter((each) => each.outcome === outcome).length
    acts.push({
      actorId, kind: 'payout_confirmation_taken', objectKind: 'program', objectId: programId,
      after: { digest: digestOf(text).toString('hex'), lines: results.length, applied: count('applied'), known: count('known'), late: count('late') },
    })
    return { ok: true, results }
  })
}

async function takeLine(work: Working, { line }: ReadLine, payout: PayoutRow | undefined): Promise<LineOutcome> {
  if (typeof line === 'string') return line
  if (payout === undefined) return 'unknown_reference'
  if (payout.sentAt === null) return 'not_sent'
  if (line.date > work.now) return 'in_the_future'
  // A day has no hour, and banks are in other zones.
  if (line.date.getTime() < payout.sentAt.getTime() - 2 * 86_400_000) return 'before_sent'
  const ordered = payout.gross - payout.withheld
  // The bank takes its fee from what was ordered; what comes back is what had arrived, or all of it.
  const isRight = line.status === 'paid' ? line.amount + line.fee === ordered : line.amount === ordered || line.amount === ordered - payout.fee
  if (!isRight) return 'wrong_amount'
  const externalId = `bank:${digestOf(payout.id.toString(), line.status, line.amount.toString(), line.fee.toString(), line.date.toISOString()).toString('hex')}`
  // Noon lies on the same day in nearly every zone, so that a year's payments are those of the bank's calendar.
  const noon = new Date(line.date.getTime() + 43_200_000)
  return applyWord(work, payout, {
    step: line.status === 'paid' ? 'confirm' : 'return', externalId, occurredAt: line.date, postedAt: noon < work.now ? noon : work.now, ...(line.status === 'paid' ? { fee: line.fee } : { reason: 'returned_by_bank' }),
  })
}
