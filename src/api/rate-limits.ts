// Limits on what anybody may call or guess at: per client address, or per key, and minute, in this process.

import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import type { RequestHandler } from 'express'
import type { Clock } from '../base/clock.ts'
import { Problem } from '../base/problems.ts'
import type { Identity } from '../identities/index.ts'
import { createBudget } from './budget.ts'
import { PROBLEM_TYPE, problemBody } from './problem-reply.ts'
import { requestIdOf } from './respond.ts'

const WINDOW_MILLISECONDS = 60_000

/** Addresses come from the connection, or from X-Forwarded-For where the application trusts the proxy; IPv6 counts by network. */
export function limitPerMinute(limit: number): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MILLISECONDS, limit, standardHeaders: 'draft-8', legacyHeaders: false, validate: { trustProxy: false, xForwardedForHeader: false, forwardedHeader: false },
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? ''),
    handler(request, response) {
      const requestId = requestIdOf(request)
      const text = problemBody(new Problem('too_many_requests', 'rate', `At most ${limit} such requests a minute.`), requestId)
      response.writeHead(429, { 'Content-Type': PROBLEM_TYPE, 'Cache-Control': 'no-store', 'X-Request-Id': requestId, 'Content-Length': Buffer.byteLength(text) }).end(text)
    },
  })
}

/** One name per client: an address, or for IPv6 its network, of which a client has any number of addresses. */
export function addressName(address: string): string {
  return address === '' ? '' : ipKeyGenerator(address)
}

/** For routes that a host’s server calls for all its visitors: the address says nothing there, so each key has so many calls a minute. */
export function limitCallsPerMinute(clock: Clock, limit: number): (identity: Identity | null) => void {
  const budget = createBudget(clock, limit, 60)
  return (identity) => {
    if (identity !== null && !budget.take(identity.actorId.toString())) throw new Problem('too_many_requests', 'rate', `At most ${limit} such requests a minute.`)
  }
}
