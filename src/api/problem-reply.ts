// Refusals as problem+json (RFC 9457) with stable codes; what is not a refusal says nothing but that it failed.

import { z } from 'zod'
import { isConnectionLost } from '../base/database.ts'
import { Problem, PROBLEMS, type ProblemCode } from '../base/problems.ts'

export const problemSchema = z.strictObject({
  type: z.string().describe('urn:ringfence:problem: and the code'),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  reason: z.string().describe('A stable word for the case within the code'),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), message: z.string() })).optional(),
}).meta({ id: 'Problem' })

export const PROBLEM_TYPE = 'application/problem+json'

export function problemBody(problem: Problem, requestId: string): string {
  const { code, reason, status, message, pointers } = problem
  return JSON.stringify({
    type: `urn:ringfence:problem:${code}`, title: PROBLEMS[code].title, status, code, reason, detail: message, request_id: requestId,
    ...(pointers.length === 0 ? {} : { errors: [...pointers] }),
  } satisfies z.output<typeof problemSchema>)
}

/** Anything thrown, as a problem. What nobody expected is `internal` and keeps its message to the log. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isConnectionLost(error)) return new Problem('unavailable', 'database', 'The database does not answer; repeat the request with the same key.')
  return new Problem('internal', 'unexpected', PROBLEMS.internal.title)
}

const ISSUES_MAX = 20

/** Where and how a request is wrong; never with the value, which may identify somebody. */
export function invalidRequest(where: 'body' | 'query' | 'path', error: z.ZodError): Problem {
  const pointers = error.issues.slice(0, ISSUES_MAX).map((issue) => ({
    pointer: `/${[where, ...issue.path].map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 80)).join('/')}`,
    message: issue.code === 'unrecognized_keys' ? 'has fields that are not known' : issue.message,
  }))
  return new Problem('invalid_request', 'schema', `The ${where} is not of the documented form.`, pointers)
}
