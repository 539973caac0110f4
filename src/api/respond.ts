// One request through one route: who calls, what they may, whether it is well formed, once or again, and the answer in its final bytes.
// Promises: the same steps in the same order for every route, in front of Express and behind it; every request has an id; logs name routes, never values.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { Log } from '../base/log.ts'
import { Problem } from '../base/problems.ts'
import type { Authentication, Identity } from '../identities/index.ts'
import { answerOnce, KEY_HEADER, readKey } from './idempotency.ts'
import type { Metrics } from './metrics.ts'
import { asProblem, invalidRequest, PROBLEM_TYPE, problemBody } from './problem-reply.ts'
import { readJsonBody, readRawBody } from './read-body.ts'
import type { Answer, Route } from './route.ts'
import { type StartedStream, startStream, writeStream } from './stream-reply.ts'

export interface Responding {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly authentication: Authentication
  monotonicSeconds(): number
}

export interface Matched {
  readonly params: unknown
  readonly query: unknown
  /** The client's address where it may be another than the connection's. */
  readonly address?: string | undefined
}

const DRAIN_MILLISECONDS = 1_000
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/

/** The caller's own request id if it is harmless, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

/** On every answer; Helmet adds those that matter to browsers. */
const HEADERS: Readonly<Record<string, string>> = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' }

export async function respond(responding: Responding, route: Route, request: IncomingMessage, response: ServerResponse, matched: Matched): Promise<void> {
  const startedSeconds = responding.monotonicSeconds()
  const requestId = requestIdOf(request)
  const written = await answer(responding, route, request, requestId, matched)
  const isCut = !request.complete
  const headers = { ...HEADERS, 'X-Request-Id': requestId, ...written.headers, ...(isCut ? { Connection: 'close' } : {}) }
  const reason = written.stream === null ? written.reason : await writePieces(responding, request, response, { ...written, headers, requestId, stream: written.stream })
  if (written.stream === null) {
    response.writeHead(written.status, { ...headers, 'Content-Length': Buffer.byteLength(written.text) })
    response.end(request.method === 'HEAD' ? undefined : written.text)
  }
  // What is left of a refused body is thrown away for a moment, so that the answer arrives; then the connection is cut.
  if (isCut) {
    request.resume()
    setTimeout(() => request.destroy(), DRAIN_MILLISECONDS).unref()
  }
  const seconds = responding.monotonicSeconds() - startedSeconds
  responding.metrics.request(route.path, route.method, written.status, seconds)
  const level = written.status >= 500 ? 'error' : 'info'
  responding.log[level]({ request_id: requestId, method: route.method, route: route.path, status: written.status, milliseconds: Math.round(seconds * 1e5) / 100, caller: written.caller, reason }, 'request')
}

/** Why the stream did not end as it should, for the log. */
async function writePieces(
  responding: Responding, request: IncomingMessage, response: ServerResponse, { status, headers, requestId, stream }: Pick<Written, 'status' | 'headers'> & { requestId: string; stream: StartedStream },
): Promise<string | undefined> {
  const { end, error } = await writeStream(request, response, { status, headers }, stream)
  if (end === 'failed') responding.log.error({ request_id: requestId, error: error instanceof Error ? error.name : typeof error, at: placeOf(error) }, 'a stream was cut')
  return end === 'complete' ? undefined : end
}

interface Written {
  readonly status: number
  readonly text: string
  /** In place of the text. */
  readonly stream: StartedStream | null
  readonly headers: Readonly<Record<string, string>>
  readonly caller: string | undefined
  readonly reason: string | undefined
}

async function answer(responding: Responding, route: Route, request: IncomingMessage, requestId: string, matched: Matched): Promise<Written> {
  let identity: Identity | null = null
  try {
    identity = await identify(responding.authentication, route, request)
    const given = await answerOf(responding, route, request, requestId, matched, identity)
    return { ...given, caller: identity?.prefix, reason: undefined }
  } catch (error) {
    const problem = asProblem(error)
    // The message of a bug may name values; its kind and place do not.
    if (problem !== error) responding.log.error({ request_id: requestId, error: error instanceof Error ? error.name : typeof error, at: placeOf(error) }, 'unexpected')
    const retry: Record<string, string> = problem.code === 'unavailable' || problem.code === 'in_flight' ? { 'Retry-After': '1' } : {}
    const challenge: Record<string, string> = problem.code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {}
    return { status: problem.status, text: problemBody(problem, requestId), stream: null, headers: { 'Content-Type': PROBLEM_TYPE, ...retry, ...challenge }, caller: identity?.prefix, reason: `${problem.code}/${problem.reason}` }
  }
}

async function identify(authentication: Authentication, route: Route, request: IncomingMessage): Promise<Identity | null> {
  if (route.scope === null) return null
  const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const identity = token === undefined ? undefined : authentication.authenticateRemembered(token) ?? (await authentication.authenticate(token))
  if (identity === undefined) throw new Problem('unauthorized', 'api_key', 'A valid API key is needed.')
  if (!identity.scopes.has(route.scope)) throw new Problem('forbidden', 'scope', `This key has no scope ${route.scope}.`)
  if (route.programs === 'unlimited_key' && identity.programId !== null) throw new Problem('forbidden', 'program', 'This key is limited to a program, and this is about all of them.')
  return identity
}

async function answerOf(responding: Responding, route: Route, request: IncomingMessage, requestId: string, matched: Matched, identity: Identity | null) {
  const params = parse(route.params, matched.params, 'path')
  const query = parse(route.query, matched.query, 'query')
  const key = route.idempotency === 'none' ? headerOf(request, KEY_HEADER) : readKey(headerOf(request, KEY_HEADER), route.idempotency === 'required')
  const body = route.body === undefined ? undefined : parse(route.body, await readJsonBody(request, route.bodyBytesMax), 'body')
  const rawBody = route.takesRawBody ? await readRawBody(request, route.bodyBytesMax) : ''
  const call = {
    body, rawBody, query, params, identity, requestId, idempotencyKey: key, userAgent: headerOf(request, 'user-agent') ?? '', header: (name: string) => headerOf(request, name),
    address: matched.address ?? request.socket.remoteAddress ?? '', isHead: request.method === 'HEAD',
  }
  if (route.idempotency === 'none' || key === undefined || identity === null) {
    const given = await route.handle({ ...call, transaction: null })
    return { ...written(given), stream: given.stream === undefined ? null : await startStream(given.stream) }
  }
  const stored = await answerOnce(responding, { actorId: identity.actorId, route: `${route.method} ${route.path}`, key, request: { body, params, query } }, async (transaction) => {
    const given = await route.handle({ ...call, transaction })
    if (given.stream !== undefined) throw new Error('An answer that is given again cannot be a stream.')
    const { status, text } = written(given)
    return { status, text }
  })
  return { status: stored.status, text: stored.text, stream: null, headers: { 'Content-Type': JSON_TYPE, ...(stored.isHit ? { 'Idempotency-Hit': 'true' } : {}) } }
}

const JSON_TYPE = 'application/json; charset=utf-8'

function written({ status, body, text, headers }: Answer): { status: number; text: string; headers: Readonly<Record<string, string>> } {
  if (text !== undefined) return { status, text, headers: { ...(text === '' ? {} : { 'Content-Type': JSON_TYPE }), ...headers } }
  return body === undefined ? { status, text: '', headers: headers ?? {} } : { status, text: JSON.stringify(body), headers: { 'Content-Type': JSON_TYPE, ...headers } }
}

function parse(schema: Route['body'], value: unknown, where: 'body' | 'query' | 'path'): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(value)
  if (!result.success) throw invalidRequest(where, result.error)
  return result.data
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** The first place of our own code in a stack: file and line. */
function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return /((?:src|scoring)\/[\w./-]+:\d+)/.exec(error.stack ?? '')?.[1]
}
