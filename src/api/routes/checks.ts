// The pre-credit check over HTTP: asked, verified, and read where a hold got its real answer.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { checkAnswer, checkDecision, type CheckRefusal, checkRequest, CHECK_SUBJECTS } from '../../checks/index.ts'
import { readKey } from '../idempotency.ts'
import { type ApiParts, callerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { limitOf, page, time } from '../schemas.ts'

export const PRE_CREDIT_PATH = '/v1/checks/pre-credit'

const verification = z.discriminatedUnion('valid', [
  z.strictObject({
    valid: z.literal(true), check_id: z.string(), program_id: z.string(), subject: z.enum(CHECK_SUBJECTS), subject_digest: z.string(), amount: z.string(), asset: z.string(),
    decision: checkDecision, degraded: z.boolean(), expires_at: z.iso.datetime(),
  }),
  z.strictObject({ valid: z.literal(false), reason: z.enum(['malformed', 'forged', 'expired']) }),
]).meta({ id: 'CheckVerification' })

const resolvedCheck = z.strictObject({
  check_id: z.string(), supersedes: z.string(), decision: checkDecision, would: checkDecision.optional(), probability: z.number().nullable(), resolved_at: z.iso.datetime(),
})
const resolvedChecks = z.strictObject({ checks: z.array(resolvedCheck), next: z.string().nullable() }).meta({ id: 'ResolvedChecks' })

const PROBLEM_OF: Readonly<Record<CheckRefusal, ConstructorParameters<typeof Problem>[0]>> = {
  unknown_program: 'not_found', unknown_asset: 'refused', bad_amount: 'invalid_request', bad_observation: 'invalid_request', key_reused: 'key_reused',
}

export function checkRoutes(parts: ApiParts): Route[] {
  return [preCredit(parts), verify(parts), resolved(parts)]
}

function preCredit({ checks, metrics }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: PRE_CREDIT_PATH, tag: 'Checks', scope: 'checks:write', programs: 'by_request',
    summary: 'Asks whether an amount may be credited: allow, hold or deny.',
    description: 'Answered from memory. Give a 300 ms timeout; on timeout, 429 or 5xx book the amount as pending and repeat with the same Idempotency-Key. '
      + 'A repeated key gets the first answer byte for byte, with the header Idempotency-Hit, as long as the process lives and for a day after it was recorded.',
    body: checkRequest.meta({ id: 'CheckRequest' }),
    answers: { 200: { description: 'The answer, signed.', schema: checkAnswer.meta({ id: 'CheckAnswer' }) } },
    problems: ['not_found', 'refused', 'key_reused'],
    async handle({ body, identity, idempotencyKey }) {
      const caller = callerOf({ identity })
      const startedAt = process.hrtime.bigint()
      const outcome = await checks.evaluate(body, { actorId: caller.actorId, programId: caller.programId, requestKey: readKey(idempotencyKey, false) })
      metrics.check(Number(process.hrtime.bigint() - startedAt) / 1e9)
      if (!outcome.ok) throw new Problem(PROBLEM_OF[outcome.reason], outcome.reason, outcome.detail)
      return { status: 200, text: outcome.text, headers: outcome.replayed ? { 'Idempotency-Hit': 'true' } : {} }
    },
  })
}

function verify({ checks }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/checks/verify', tag: 'Checks', scope: 'checks:write', programs: 'by_request',
    summary: 'Says what a token of the check proves.',
    body: z.strictObject({ token: z.string().min(1).max(4096) }),
    answers: { 200: { description: 'What the token proves, or why it proves nothing.', schema: verification } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const result = checks.verify(body.token)
      if (!result.ok) return { status: 200, body: { valid: false, reason: result.reason } }
      const { claims } = result
      const caller = callerOf({ identity })
      if (caller.programId !== null && caller.programId.toString() !== claims.program_id) throw new Problem('not_found', 'program', 'There is no such program.')
      return { status: 200, body: { valid: true, ...claims, expires_at: new Date(claims.expires_at).toISOString() } }
    },
  })
}

function resolved({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/checks', tag: 'Checks', scope: 'checks:read', programs: 'by_request',
    summary: 'Real answers to checks that had to hold because something was missing.',
    query: page.pick({ limit: true }).extend({ resolved_since: time, after: z.string().regex(/^chk_[0-9a-f]{32}$/).optional() }),
    answers: { 200: { description: 'In the order of their answers.', schema: resolvedChecks } },
    async handle({ query, identity }) {
      const caller = callerOf({ identity })
      const limit = limitOf(query)
      const since = new Date(query.resolved_since)
      const mark = query.after === undefined ? null : await database.prisma.checkRecord.findUnique({ where: { id: query.after }, select: { evaluatedAt: true, id: true } })
      const rows = await database.prisma.checkRecord.findMany({
        where: {
          supersedes: { not: null }, evaluatedAt: { gte: since }, ...(caller.programId === null ? {} : { programId: caller.programId }),
          ...(mark === null ? {} : { OR: [{ evaluatedAt: { gt: mark.evaluatedAt } }, { evaluatedAt: mark.evaluatedAt, id: { gt: mark.id } }] }),
        },
        orderBy: [{ evaluatedAt: 'asc' }, { id: 'asc' }], take: limit,
        select: { id: true, supersedes: true, decision: true, would: true, probability: true, evaluatedAt: true },
      })
      const found = rows.map((row) => ({
        check_id: row.id, supersedes: row.supersedes, decision: row.decision, ...(row.would === null ? {} : { would: row.would }), probability: row.probability, resolved_at: row.evaluatedAt.toISOString(),
      }))
      return { status: 200, body: { checks: found, next: rows.length < limit ? null : rows.at(-1)?.id ?? null } }
    },
  })
}
