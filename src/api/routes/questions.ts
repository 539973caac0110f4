// What events left open, and the answers of people; and which sources lost events on the way.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, decimalAmount } from '../../checks/index.ts'
import { readSources } from '../../intake/source-sequences.ts'
import { parseMicros } from '../../base/money.ts'
import { type AccrualQuestionLine, answerQuestion, listQuestions, QUESTION_REASONS, type QuestionAnswer } from '../../programs/index.ts'
import { type ApiParts, callerOf, exponentsOf, joined, mayUse, namesOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountAnswer, amountOf, type ExponentOf, idText, limitOf, line, page } from '../schemas.ts'

const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('period'), unit: z.enum(['month', 'year']), count: z.number().int().min(1).max(1200) }),
  z.strictObject({ kind: z.literal('conversion'), amount: decimalAmount, asset: assetCode, rate: decimalAmount, rate_source: line(100) }),
  z.strictObject({ kind: z.literal('nothing') }),
]).meta({ id: 'AccrualAnswer' })
const question = z.strictObject({
  question_id: z.string(), program_id: z.string(), reason: z.enum(QUESTION_REASONS), event_id: z.string(), event_type: z.string(), inviter: z.string().nullable(), invitee: z.string().nullable(),
  paid: amountAnswer.nullable(), occurred_at: z.iso.datetime(), asked_at: z.iso.datetime(), due_at: z.iso.datetime(), answer: answer.nullable(), answered_at: z.iso.datetime().nullable(),
}).meta({ id: 'AccrualQuestion' })
const source = z.strictObject({
  source: z.string(), newest: z.string(), changed_at: z.iso.datetime(), missing: z.string().describe('How many numbers did not arrive.'),
  gaps: z.array(z.strictObject({ from: z.string(), to: z.string(), noticed_at: z.iso.datetime() })).describe('The lowest ones, at most 100; both ends are missing themselves.'),
}).meta({ id: 'Source' })

export function questionRoutes(parts: ApiParts): Route[] {
  return [list(parts), reply(parts), sources(parts)]
}

function list({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/accrual-questions', tag: 'Events', scope: 'members:read', programs: 'by_request',
    summary: 'Payments that would earn but do not say what is needed: a period, or the amount in the program’s asset.',
    query: page.extend({ state: z.enum(['open', 'answered']).optional() }),
    answers: { 200: { description: 'In the order in which they were asked; `next` goes on from there.', schema: z.strictObject({ questions: z.array(question), next: z.string().nullable() }) } },
    async handle({ query: { state, after, limit }, identity }) {
      const reader = database.prisma
      const size = limitOf({ limit })
      const lines = await listQuestions(reader, {
        programId: identity?.programId ?? undefined, isOpen: state === undefined ? undefined : state === 'open', limit: size, after: after === undefined ? undefined : BigInt(after),
      })
      const names = await namesOf(reader, lines.flatMap(({ inviterId, inviteeId }) => [inviterId, inviteeId]))
      const exponentOf = await exponentsOf(reader)
      return { status: 200, body: { questions: lines.map((each) => present(each, names, exponentOf)), next: lines.length < size ? null : lines.at(-1)?.id.toString() ?? null } }
    },
  })
}

function reply({ database, keys, clock, checks }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/accrual-questions/:id/answer', tag: 'Events', scope: 'decisions:write', programs: 'by_request', idempotency: 'required',
    summary: 'Answers what a payment left open; it then earns under the rules of its own time, or nothing.',
    params: z.strictObject({ id: idText }), body: z.strictObject({ answer }),
    answers: { 200: { description: 'What it earned.', schema: z.strictObject({ rebates: z.array(z.strictObject({ rebate_id: z.string(), asset: z.string(), amount: z.string() })) }) } },
    problems: ['not_found', 'refused', 'conflict'],
    async handle({ params, body, identity, transaction }) {
      const reader = readerOf(database, transaction)
      const [found] = await listQuestions(reader, { id: BigInt(params.id), limit: 1 })
      if (found === undefined || !mayUse(identity, found.programId)) throw new Problem('not_found', 'question', 'There is no such question.')
      const exponentOf = await exponentsOf(reader)
      const recorder = { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId, check: checks.evaluate }
      const result = await answerQuestion(recorder, found.id, stored(body.answer, exponentOf))
      if (!result.ok) throw new Problem(result.reason === 'answered_otherwise' ? 'conflict' : 'refused', result.reason, 'This does not answer the question.')
      return { status: 200, body: { rebates: result.rebates.map(({ rebateId, amount, asset }) => ({ rebate_id: rebateId.toString(), ...amountOf(amount, asset, exponentOf) })) } }
    },
  })
}

function sources({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/sources', tag: 'Events', scope: 'events:write', programs: 'unlimited_key',
    summary: 'Sources that count their events: the newest number, and the numbers that did not arrive.',
    description: 'Send what is missing again, e.g. by importing its period once more: what is known changes nothing.',
    answers: { 200: { description: 'By name.', schema: z.strictObject({ sources: z.array(source) }) } },
    async handle() {
      const states = await readSources(database.prisma)
      return {
        status: 200,
        body: {
          sources: states.map(({ name, newest, changedAt, missing, gaps }) => ({
            source: name, newest: newest.toString(), changed_at: changedAt.toISOString(), missing: missing.toString(),
            gaps: gaps.map(({ from, to, noticedAt }) => ({ from: from.toString(), to: to.toString(), noticed_at: noticedAt.toISOString() })),
          })),
        },
      }
    },
  })
}

function stored(given: z.output<typeof answer>, exponentOf: ExponentOf): QuestionAnswer {
  if (given.kind !== 'conversion') return given
  const parsed = parseMicros(given.amount)
  const unit = 10n ** BigInt(6 - exponentOf(given.asset))
  if (!parsed.ok || parsed.amount % unit !== 0n) throw new Problem('refused', 'amount', 'The amount is none of this asset.')
  return { kind: 'conversion', amount: (parsed.amount / unit).toString(), asset: given.asset, rate: given.rate, rateSource: given.rate_source }
}

function present(each: AccrualQuestionLine, names: ReadonlyMap<bigint, string>, exponentOf: ExponentOf): z.output<typeof question> {
  const { answer: said } = each
  return {
    question_id: each.id.toString(), program_id: each.programId.toString(), reason: each.reason, event_id: each.eventId.toString(), event_type: each.eventType,
    inviter: names.get(each.inviterId) ?? null, invitee: names.get(each.inviteeId) ?? null, paid: each.amount === null || each.asset === null ? null : amountOf(each.amount, each.asset, exponentOf),
    occurred_at: each.occurredAt.toISOString(), asked_at: each.recordedAt.toISOString(), due_at: each.dueAt.toISOString(), answered_at: each.answeredAt?.toISOString() ?? null,
    answer: said === null || said.kind !== 'conversion' ? said
      : { kind: 'conversion', amount: amountOf(BigInt(said.amount), said.asset, exponentOf).amount, asset: said.asset, rate: said.rate, rate_source: said.rateSource },
  }
}
