// Instructions to the host over HTTP: what is asked of it, its answers, a refused one given again, and the comparison with its own list.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, decimalAmount, externalId, programKey } from '../../checks/index.ts'
import {
  answerInstruction, type AnswerRefusal, chooseReceiver, DIFFERENCES, INSTRUCTION_STATES, listInstructions, retryInstruction, runReconciliation,
} from '../../programs/index.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, joined, mayUse, programOf, readerOf } from '../parts.ts'
import { parseUnits } from '../parse-units.ts'
import { type Answer, defineRoute, type Route, type RouteRequest } from '../route.ts'
import { amountOf, idText, limitOf, line, page } from '../schemas.ts'

const params = z.strictObject({ id: z.uuid() })
const endedAnswer = z.strictObject({ instruction_id: z.string(), kind: z.string(), state: z.string(), asset: z.string(), amount: z.string(), confirmed: z.string() }).meta({ id: 'EndedInstruction' })
const instructionAnswer = z.strictObject({
  instruction_id: z.string(), program: z.string(), account: z.string().nullable().describe('Null: erased.'), kind: z.string(), asset: z.string(), amount: z.string(), state: z.string(),
  confirmed: z.string().nullable(), reference: z.string().nullable(), refusal: z.string().nullable(), recorded_at: z.iso.datetime(), withdrawn_at: z.iso.datetime().nullable(), ended_at: z.iso.datetime().nullable(),
}).meta({ id: 'Instruction' })
const differenceAnswer = z.strictObject({
  kind: z.enum(DIFFERENCES), instruction_id: z.string().nullable(), reference: z.string().nullable(), account: z.string().nullable(), asset: z.string(), ours: z.string().nullable(), host: z.string().nullable(),
}).meta({ id: 'ReconciliationDifference' })
const reference = line(200)

export function instructionRoutes(parts: ApiParts): Route[] {
  return [list(parts), confirm(parts), refuse(parts), retry(parts), reconcile(parts), receiver(parts)]
}

function list({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/instructions', tag: 'Settlement', scope: 'delivery:read', programs: 'by_request', summary: 'Instructions to the host, newest first.',
    query: page.extend({ state: z.enum(INSTRUCTION_STATES).optional() }),
    answers: { 200: { description: '`next` goes on from there.', schema: z.strictObject({ instructions: z.array(instructionAnswer), next: z.string().nullable() }) } },
    async handle({ query, identity }) {
      const exponentOf = await exponentsOf(database.prisma)
      const limit = limitOf(query)
      const rows = await listInstructions(database.prisma, { limit, state: query.state, after: query.after === undefined ? undefined : BigInt(query.after), programId: callerOf({ identity }).programId })
      return { status: 200, body: { next: rows.length < limit ? null : rows.at(-1)?.id.toString() ?? null, instructions: rows.map((row) => ({
        instruction_id: row.publicId, program: row.program, account: row.account, kind: row.kind, ...amountOf(row.amount, row.asset, exponentOf), state: row.state,
        confirmed: row.confirmed === null ? null : amountOf(row.confirmed, row.asset, exponentOf).amount, reference: row.reference, refusal: row.refusal,
        recorded_at: row.recordedAt.toISOString(), withdrawn_at: row.withdrawnAt?.toISOString() ?? null, ended_at: row.endedAt?.toISOString() ?? null,
      })) } }
    },
  })
}

function confirm(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/instructions/:id/confirm', tag: 'Settlement', scope: 'delivery:write', programs: 'by_request', idempotency: 'required', params,
    summary: 'The host did an instruction, in full or in part.',
    description: 'May come in any order and any number of times; another amount than the first is a conflict. What is not confirmed of a partial answer is refused.',
    body: z.strictObject({ confirmed: decimalAmount, reference: reference.optional(), reason: line(100).optional().describe('Why not all of it.') }),
    answers: { 200: { description: 'Taken, now or before.', schema: endedAnswer } }, problems: ['not_found', 'conflict', 'refused'],
    handle: ({ body, ...request }) => answer(parts, request, { confirmed: body.confirmed, reference: body.reference, refusal: body.reason }),
  })
}

function refuse(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/instructions/:id/refuse', tag: 'Settlement', scope: 'delivery:write', programs: 'by_request', idempotency: 'required', params,
    summary: 'The host did nothing of an instruction, and why.',
    body: z.strictObject({ reason: line(100), reference: reference.optional() }),
    answers: { 200: { description: 'Taken, now or before.', schema: endedAnswer } }, problems: ['not_found', 'conflict'],
    handle: ({ body, ...request }) => answer(parts, request, { confirmed: '0', reference: body.reference, refusal: body.reason }),
  })
}

const ANSWER_PROBLEMS: Readonly<Record<AnswerRefusal, { code: 'not_found' | 'refused' | 'conflict'; detail: string }>> = {
  unknown_instruction: { code: 'not_found', detail: 'There is no such instruction.' },
  exceeds_amount: { code: 'refused', detail: 'More than the instruction asks for.' },
  answered_otherwise: { code: 'conflict', detail: 'The instruction was answered otherwise before.' },
}

type AnswerRequest = Omit<RouteRequest<unknown, unknown, { id: string }>, 'body'>

async function answer(
  { database, keys, clock }: ApiParts, { params: { id }, identity, transaction }: AnswerRequest, given: { confirmed: string; reference: string | undefined; refusal: string | undefined },
): Promise<Answer> {
  const reader = readerOf(database, transaction)
  const exponentOf = await exponentsOf(reader)
  const known = await reader.hostInstruction.findUnique({ where: { publicId: id }, select: { asset: true } })
  if (known === null) throw new Problem('not_found', 'unknown_instruction', ANSWER_PROBLEMS.unknown_instruction.detail)
  const recorder = { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }
  const confirmed = parseUnits(given.confirmed, exponentOf(known.asset))
  const result = await answerInstruction(recorder, { instructionId: id, confirmed, reference: given.reference, refusal: given.refusal }, (programId) => mayUse(identity, programId))
  if (!result.ok) throw new Problem(ANSWER_PROBLEMS[result.reason].code, result.reason, ANSWER_PROBLEMS[result.reason].detail)
  const { ended } = result
  return { status: 200, body: {
    instruction_id: ended.instructionId, kind: ended.kind, state: ended.state, ...amountOf(ended.amount, ended.asset, exponentOf), confirmed: amountOf(ended.confirmed, ended.asset, exponentOf).amount,
  } }
}

function retry({ database, keys, clock, checks }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/instructions/:id/retry', tag: 'Settlement', scope: 'delivery:write', programs: 'by_request', idempotency: 'required', params,
    summary: 'Gives again what the host refused: nothing refused is sent again by itself.',
    answers: { 201: { description: 'A new instruction.', schema: z.strictObject({ instruction_id: z.string(), asset: z.string(), amount: z.string() }) } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, identity, transaction }) {
      const exponentOf = await exponentsOf(readerOf(database, transaction))
      const recorder = { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId, check: checks.evaluate }
      const result = await retryInstruction(recorder, id, (programId) => mayUse(identity, programId))
      if (!result.ok) throw new Problem(result.reason === 'unknown_instruction' ? 'not_found' : 'refused', result.reason, 'Nothing of this instruction can be given again.')
      return { status: 201, body: { instruction_id: result.instructionId, ...amountOf(result.amount, result.asset, exponentOf) } }
    },
  })
}

function reconcile({ database, keys, clock }: ApiParts): Route {
  const row = z.strictObject({
    instruction_id: z.uuid().optional(), reference: reference.optional(), account: externalId, asset: assetCode, amount: decimalAmount, status: z.enum(['done', 'refused', 'pending']),
  }).refine(({ instruction_id, reference: own }) => instruction_id !== undefined || own !== undefined, 'must name the instruction or the host’s reference')
  return defineRoute({
    method: 'post', path: '/v1/reconciliations', tag: 'Settlement', scope: 'delivery:write', programs: 'by_request', bodyBytesMax: 8 * 1024 * 1024,
    summary: 'Compares the host’s own list of what it did with our instructions.',
    description: 'The list is complete: every instruction that the host knows. Without differences, or where they are accepted, endpoints that wait after a restore go on. Longer lists: the command `ringfence reconcile`.',
    body: z.strictObject({
      program: programKey.optional().describe('Without it, of every program.'), rows: z.array(row).max(20_000), in_transit_hours: z.number().int().min(0).max(8760).default(24),
      take_answers: z.boolean().default(false).describe('Answer open instructions by the list.'), accept_differences: z.boolean().default(false),
    }),
    answers: { 200: { description: 'What was found.', schema: z.strictObject({
      reconciliation_id: z.string(), matched: z.number().int(), waiting: z.number().int(), answers_taken: z.number().int(), differences_left: z.number().int(), endpoints_released: z.number().int(),
      counts: z.record(z.enum(DIFFERENCES), z.number().int()), differences: z.array(differenceAnswer).describe('The first 1,000, as found before answers were taken.'),
    }).meta({ id: 'Reconciliation' }) } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const program = body.program === undefined ? null : await programOf(database.prisma, identity, body.program)
      if (program === null && !mayUse(identity, null)) throw new Problem('not_found', 'program', 'This key is limited to a program: name it.')
      const exponentOf = await exponentsOf(database.prisma)
      const rows = body.rows.map(({ instruction_id: instructionId, amount, ...rest }) => ({ ...rest, instructionId, amount: parseUnits(amount, exponentOf(rest.asset)) }))
      const ran = await runReconciliation({ database, keys, clock, actorId: callerOf({ identity }).actorId }, {
        programId: program?.id ?? null, rows, inTransitHoursMax: body.in_transit_hours, takeAnswers: body.take_answers, acceptDifferences: body.accept_differences,
      })
      const text = (amount: bigint | null, asset: string): string | null => (amount === null ? null : amountOf(amount, asset, exponentOf).amount)
      return { status: 200, body: {
        reconciliation_id: ran.reconciliationId.toString(), matched: ran.report.matched, waiting: ran.report.waiting, answers_taken: ran.answersTaken, differences_left: ran.differences,
        endpoints_released: ran.endpointsReleased, counts: ran.report.counts,
        differences: ran.report.differences.slice(0, 1000).map(({ instructionId, ours, host, ...rest }) => ({ ...rest, instruction_id: instructionId, ours: text(ours, rest.asset), host: text(host, rest.asset) })),
      } }
    },
  })
}

function receiver({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/receiver', tag: 'Settlement', scope: 'members:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Which resource of a member (an instance, a project) receives what the host grants from now on.',
    body: z.strictObject({ program: programKey, account: externalId, resource: line(200) }),
    answers: { 201: { description: 'Named in instructions from now on.', schema: z.strictObject({ receiver_id: idText }) } }, problems: ['not_found'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const recorder = { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }
      return { status: 201, body: { receiver_id: (await chooseReceiver(recorder, { programId: program.id, accountId, resource: body.resource })).toString() } }
    },
  })
}
