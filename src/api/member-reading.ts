// A member's page as it is answered: figures, balances, debts with their causes, and history lines with what a member may know of a hold.

import { z } from 'zod'
import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import type { OwedDebt, RebateState } from '../ledger/index.ts'
import { formatInZone } from '../policies/index.ts'
import {
  DEBT_SENTENCES, debtReason, type Figures, HISTORY_LABELS, HISTORY_TYPES, type HistoryLine, holdSentence, medianHoldSeconds, type Member, rateText, readFigures, type Sentence,
} from '../statements/index.ts'
import { amountAnswer, amountOf, type ExponentOf } from './schemas.ts'

const sentence = z.strictObject({ en: z.string(), 'zh-CN': z.string() })

export const figuresAnswer = z.strictObject({
  clicks: z.number().int(), referrals: z.number().int(), pending_referrals: z.number().int(), conversions: z.number().int(),
  conversion_rate: z.number().nullable().describe('Conversions by referrals; null without a referral.'), conversion_rate_text: z.string().describe('As a member reads it: `66.7 %`, or –.'),
  total_earnings: z.array(amountAnswer).describe('Accrued − reversed − reclaimed.'), cancelled_referrals: z.number().int().describe('Left out of all the others.'),
}).meta({ id: 'Figures' })

const STATES = ['pending', 'held', 'available', 'transferred', 'heldInMain', 'inTransit', 'spent', 'paidOut', 'expired', 'usedForDebt', 'reversed', 'reclaimed', 'debt', 'debtRepaid', 'writtenOff'] as const satisfies readonly (keyof RebateState)[]
const stateName = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const historyLineAnswer = z.strictObject({
  id: z.string(), type: z.enum(HISTORY_TYPES), label: sentence, at: z.iso.datetime(), recorded_at: z.iso.datetime(), asset: z.string(), amount: z.string(),
  source: z.string().nullable().describe('The invitee, masked.'), source_event: z.string().nullable().describe('What the invitee did.'),
  base: z.string().nullable(), rate_ppm: z.number().int().nullable(), track: z.string().nullable(), rebate_id: z.string().nullable(), matures_at: z.iso.datetime().nullable(), expires_at: z.iso.datetime().nullable(),
  states: z.record(z.string(), z.string()).nullable().describe(`Of a rebate, where its amount lies now; zeros are left out: ${STATES.map(stateName).join(', ')}.`),
  notice: sentence.nullable().describe('Of a held rebate: what its member may be told.'), payout_state: z.string().nullable(),
}).meta({ id: 'HistoryLine' })

export const debtAnswer = z.strictObject({
  rebate_id: z.string(), asset: z.string(), amount: z.string().describe('Still owed.'),
  causes: z.array(z.strictObject({ reason: z.enum(['refunded', 'reclaimed', 'taken_over', 'other']), sentence, at: z.iso.datetime(), amount: z.string() })),
}).meta({ id: 'Debt' })

export async function presentFigures(reader: Transaction, member: Member, exponentOf: ExponentOf): Promise<z.output<typeof figuresAnswer>> {
  const found: Figures = await readFigures(reader, member)
  return {
    clicks: found.clicks, referrals: found.referrals, pending_referrals: found.pendingReferrals, conversions: found.conversions,
    conversion_rate: found.conversionRate, conversion_rate_text: rateText(found.conversionRate),
    total_earnings: found.earnings.map(({ asset, amount }) => amountOf(amount, asset, exponentOf)), cancelled_referrals: found.cancelledReferrals,
  }
}

export interface Presenting {
  readonly programId: bigint
  readonly zone: string
  readonly now: Date
  readonly exponentOf: ExponentOf
  /** Where a member may add information or ask for a person, as the host offers it. */
  readonly reviewUrl: string | null
}

export async function presentLines(reader: Transaction, lines: readonly HistoryLine[], presenting: Presenting): Promise<z.output<typeof historyLineAnswer>[]> {
  const isHeld = lines.some(({ holds }) => holds.length > 0)
  const median = isHeld ? await medianHoldSeconds(reader, presenting.programId, presenting.now) : null
  return lines.map((line) => presentLine(line, presenting, median))
}

function presentLine(line: HistoryLine, presenting: Presenting, medianSeconds: number | null): z.output<typeof historyLineAnswer> {
  const { exponentOf } = presenting
  const amount = (value: bigint): string => formatAmount(value, exponentOf(line.asset))
  return {
    id: line.id, type: line.type, label: { ...HISTORY_LABELS[line.type] }, at: line.at.toISOString(), recorded_at: line.recordedAt.toISOString(), asset: line.asset, amount: amount(line.amount),
    source: line.source, source_event: line.sourceEvent, base: line.base === null ? null : amount(line.base), rate_ppm: line.ratePpm, track: line.track, rebate_id: line.rebateId?.toString() ?? null,
    matures_at: line.maturesAt?.toISOString() ?? null, expires_at: line.expiresAt?.toISOString() ?? null, states: statesOf(line.state, amount),
    notice: noticeOf(line, presenting, medianSeconds), payout_state: line.payoutState,
  }
}

function statesOf(state: RebateState | null, amount: (value: bigint) => string): Record<string, string> | null {
  if (state === null) return null
  return Object.fromEntries(STATES.flatMap((name) => (state[name] === 0n ? [] : [[stateName(name), amount(state[name])]])))
}

/** The day by which most end is only said while it lies ahead. */
function noticeOf({ holds, state, asset, at }: HistoryLine, { zone, now, exponentOf, reviewUrl }: Presenting, medianSeconds: number | null): Sentence | null {
  const [hold] = holds
  if (hold === undefined || state === null) return null
  const day = (time: Date): string => formatInZone(zone, time).slice(0, 10)
  const mostEndBy = medianSeconds === null ? null : new Date(hold.placedAt.getTime() + medianSeconds * 1000)
  return holdSentence({
    amount: `${formatAmount(state.held + state.heldInMain, exponentOf(asset))} ${asset}`, earnedOn: day(at),
    mostEndBy: mostEndBy === null || mostEndBy <= now ? null : day(mostEndBy), link: reviewUrl,
  })
}

export function presentDebt({ rebateId, asset, amount, causes }: OwedDebt, exponentOf: ExponentOf): z.output<typeof debtAnswer> {
  return {
    rebate_id: rebateId.toString(), asset, amount: amountOf(amount, asset, exponentOf).amount,
    causes: causes.map((cause) => {
      const reason = debtReason(cause)
      return { reason, sentence: { ...DEBT_SENTENCES[reason] }, at: cause.occurredAt.toISOString(), amount: amountOf(cause.amount, asset, exponentOf).amount }
    }),
  }
}
