// What an event would earn but could not be said: a list for people, and their answers, under which it then earns by the version of the
// event's own time. Promises: answered once; an answer that leaves the question open changes nothing; every answer is an act.

import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { canonicalJson } from '../../base/hashing.ts'
import type { EarnedRebate } from '../settlement/batch.ts'
import { lockFacts } from '../settlement/facts-lock.ts'
import type { Recorder } from '../recorder.ts'
import { type QuestionAnswer, questionAnswer } from '../settlement/answers.ts'
import { applyConsequencesAgain, earnedIn } from '../settlement/consequences.ts'
import { settleAgain } from '../settlement/settle-again.ts'

export const QUESTION_REASONS = ['period_missing', 'period_not_in_months', 'conversion_missing'] as const
export type QuestionReason = (typeof QUESTION_REASONS)[number]

export interface AccrualQuestionLine {
  readonly id: bigint
  readonly programId: bigint
  readonly reason: QuestionReason
  readonly eventId: bigint
  readonly eventType: string
  /** Who paid, and whose reward it would be. */
  readonly inviteeId: bigint
  readonly inviterId: bigint
  readonly amount: bigint | null
  readonly asset: string | null
  readonly occurredAt: Date
  readonly dueAt: Date
  readonly recordedAt: Date
  readonly answer: QuestionAnswer | null
  readonly answeredAt: Date | null
}

export interface QuestionFilter {
  readonly id?: bigint | undefined
  readonly programId?: bigint | undefined
  readonly isOpen?: boolean | undefined
  readonly limit: number
  /** Ids above this one. */
  readonly after?: bigint | undefined
}

/** In the order in which they were asked. */
export async function listQuestions(reader: Transaction, { id, programId, isOpen, limit, after }: QuestionFilter): Promise<AccrualQuestionLine[]> {
  const rows = await reader.accrualQuestion.findMany({
    where: {
      ...(id === undefined ? {} : { id }), ...(programId === undefined ? {} : { programId }), ...(after === undefined ? {} : { AND: { id: { gt: after } } }),
      ...(isOpen === undefined ? {} : { answeredAt: isOpen ? null : { not: null } }),
    },
    include: { event: { select: { type: true, amount: true, asset: true, occurredAt: true } }, referral: { select: { inviterId: true, inviteeId: true } } },
    orderBy: { id: 'asc' }, take: limit,
  })
  return rows.map((row) => ({
    id: row.id, programId: row.programId, reason: row.reason as QuestionReason, eventId: row.eventId, eventType: row.event.type, ...row.referral,
    amount: row.event.amount, asset: row.event.asset, occurredAt: row.event.occurredAt, dueAt: row.dueAt, recordedAt: row.recordedAt,
    answer: row.answer === null ? null : questionAnswer.parse(row.answer), answeredAt: row.answeredAt,
  }))
}

export type QuestionRefusal = 'unknown_question' | 'answered_otherwise' | 'does_not_answer' | 'unknown_asset'
export type QuestionResult =
  | { readonly ok: true; readonly isNew: boolean; readonly rebates: readonly EarnedRebate[] }
  | { readonly ok: false; readonly reason: QuestionRefusal }

const FITTING: Readonly<Record<QuestionReason, QuestionAnswer['kind']>> = { period_missing: 'period', period_not_in_months: 'period', conversion_missing: 'conversion' }

/** Thrown, so that the transaction takes back what it had already written. */
class LeftOpen extends Error {}

export async function answerQuestion(recorder: Recorder, id: bigint, answer: QuestionAnswer): Promise<QuestionResult> {
  try {
    return await recorder.database.inTransaction((transaction) => answerIn(transaction, recorder, id, answer))
  } catch (error) {
    if (error instanceof LeftOpen) return { ok: false, reason: 'does_not_answer' }
    throw error
  }
}

async function answerIn(transaction: Transaction, { keys, clock, actorId, check }: Recorder, id: bigint, answer: QuestionAnswer): Promise<QuestionResult> {
  const asked = await transaction.accrualQuestion.findUnique({ where: { id }, select: { eventId: true, reason: true, event: { select: { accountId: true } } } })
  if (asked === null) return { ok: false, reason: 'unknown_question' }
  await lockFacts(transaction, [asked.event.accountId])
  const known = await transaction.accrualQuestion.findUniqueOrThrow({ where: { id }, select: { answer: true, programId: true } })
  if (known.answer !== null) return canonicalJson(known.answer) === canonicalJson(answer) ? { ok: true, isNew: false, rebates: await earnedBy(transaction, asked.eventId, known.programId) } : { ok: false, reason: 'answered_otherwise' }
  if (answer.kind !== 'nothing' && answer.kind !== FITTING[asked.reason as QuestionReason]) return { ok: false, reason: 'does_not_answer' }
  if (answer.kind === 'conversion' && (await transaction.asset.count({ where: { code: answer.asset } })) === 0) return { ok: false, reason: 'unknown_asset' }
  const now = clock.now()
  await transaction.accrualQuestion.update({ where: { id }, data: { answer, answeredAt: now, answeredBy: actorId } })
  const recording = { actorId, now, check }
  const settled = await settleAgain(transaction, recording, { eventIds: [asked.eventId] })
  if (settled === null) throw new Error('A question is about an event that is not there.')
  if (settled.sheet.isOpen(asked.eventId, known.programId)) throw new LeftOpen()
  await applyConsequencesAgain(transaction, recording, settled)
  await appendAct(transaction, keys, clock, { actorId, kind: 'accrual_question_answered', objectKind: 'accrual_question', objectId: id, after: { ...answer } })
  return { ok: true, isNew: true, rebates: (earnedIn(settled).get(asked.eventId) ?? []).filter((rebate) => rebate.programId === known.programId) }
}

async function earnedBy(transaction: Transaction, eventId: bigint, programId: bigint): Promise<EarnedRebate[]> {
  const rows = await transaction.rebate.findMany({ where: { eventId, programId, kind: 'rebate' }, select: { id: true, accountId: true, amount: true, asset: true }, orderBy: { id: 'asc' } })
  return rows.map(({ id, accountId, amount, asset }) => ({ rebateId: id, programId, inviterId: accountId, amount, asset }))
}
