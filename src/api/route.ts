// One route as one value: what it takes, what it gives, who may call it. The router, the authorisation and the document are made from it.

import type { z } from 'zod'
import type { Transaction } from '../base/database.ts'
import type { ProblemCode } from '../base/problems.ts'
import type { Identity, Scope } from '../identities/index.ts'

export type Method = 'get' | 'post'

/** What an answer is, before it is written: JSON, another text with its type, or text as it comes. */
export interface Answer {
  readonly status: number
  /** Written as JSON. */
  readonly body?: unknown
  /** Written as it is. */
  readonly text?: string
  /**
   * Written piece by piece, compressed where the caller accepts it; the first piece is awaited before the status is sent, so that a failure
   * until then is answered as one. Later the connection is cut: a caller that got an end got everything. Not for idempotent routes.
   */
  readonly stream?: AsyncIterable<string>
  readonly headers?: Readonly<Record<string, string>>
}

export interface RouteRequest<Body, Query, Params> {
  readonly body: Body
  /** The body as it came, where the route takes it so; else empty. */
  readonly rawBody: string
  readonly query: Query
  readonly params: Params
  /** Never null where the route names a scope. */
  readonly identity: Identity | null
  readonly requestId: string
  /** The caller's own key of this request, where it gave one. */
  readonly idempotencyKey: string | undefined
  /** Where effect, record and answer commit together; null where the route is not idempotent by key. */
  readonly transaction: Transaction | null
  readonly userAgent: string
  /** Of the connection, or as a configured proxy forwarded it. */
  readonly address: string
  /** Whether only the head of the answer is asked for: nobody followed a link. */
  readonly isHead: boolean
  readonly header: (name: string) => string | undefined
}

export interface AnswerDescription {
  readonly description: string
  readonly schema?: z.ZodType
  readonly contentType?: string
}

export interface Route {
  readonly method: Method
  /** With `:name` for parameters. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Null: anybody may call it. */
  readonly scope: Scope | null
  /** `key`: the caller's Idempotency-Key is required and the first answer is given again. `optional`: honoured if given. */
  readonly idempotency: 'none' | 'optional' | 'required'
  readonly body?: z.ZodType
  /** Takes its JSON as it came, because a signature is over its bytes; the handler judges it. */
  readonly takesRawBody: boolean
  readonly query?: z.ZodObject
  readonly params?: z.ZodObject
  readonly answers: Readonly<Record<number, AnswerDescription>>
  /** Beyond those that every route has. */
  readonly problems: readonly ProblemCode[]
  readonly bodyBytesMax: number
  /** Whether the key's program limit is checked by the handler (by what the request names) or the route needs an unlimited key. */
  readonly programs: 'by_request' | 'unlimited_key' | 'none'
  readonly limit: 'guesses' | null
  handle(request: RouteRequest<unknown, unknown, unknown>): Promise<Answer>
}

export const BODY_BYTES_MAX = 64 * 1024

type OutputOf<Schema extends z.ZodType | undefined> = Schema extends z.ZodType ? z.output<Schema> : undefined

interface RouteInput<Body extends z.ZodType | undefined, Query extends z.ZodObject | undefined, Params extends z.ZodObject | undefined> {
  readonly method: Method
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly scope: Scope | null
  readonly idempotency?: Route['idempotency']
  readonly body?: Body
  readonly takesRawBody?: boolean
  readonly query?: Query
  readonly params?: Params
  readonly answers: Route['answers']
  readonly problems?: readonly ProblemCode[]
  readonly bodyBytesMax?: number
  readonly programs: Route['programs']
  readonly limit?: Route['limit']
  handle(request: RouteRequest<OutputOf<Body>, OutputOf<Query>, OutputOf<Params>>): Promise<Answer>
}

/** Keeps the handler's types and gives the plain value; the handler is only ever called with what its schemas gave. */
export function defineRoute<Body extends z.ZodType | undefined = undefined, Query extends z.ZodObject | undefined = undefined, Params extends z.ZodObject | undefined = undefined>(
  input: RouteInput<Body, Query, Params>,
): Route {
  const { handle, body, query, params, ...rest } = input
  return {
    idempotency: 'none', takesRawBody: false, problems: [], bodyBytesMax: BODY_BYTES_MAX, limit: null, ...rest,
    ...(body === undefined ? {} : { body }), ...(query === undefined ? {} : { query }), ...(params === undefined ? {} : { params }),
    handle: (request) => handle(request as RouteRequest<OutputOf<Body>, OutputOf<Query>, OutputOf<Params>>),
  }
}

/** Problems that any route may answer, by what it is. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes = new Set<ProblemCode>(['internal', 'unavailable', ...route.problems])
  if (route.scope !== null) for (const code of ['unauthorized', 'forbidden'] as const) codes.add(code)
  if (route.limit !== null) codes.add('too_many_requests')
  if (route.query !== undefined || route.params !== undefined || route.body !== undefined || route.idempotency !== 'none') codes.add('invalid_request')
  if (route.body !== undefined || route.takesRawBody) for (const code of ['invalid_request', 'too_large', 'unsupported_media_type'] as const) codes.add(code)
  if (route.idempotency !== 'none') for (const code of ['in_flight', 'key_reused'] as const) codes.add(code)
  return [...codes]
}
