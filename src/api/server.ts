// The HTTP server: the hot route answered first, everything else through Express, one way of answering for all.
// Promises: what is served is what is documented; client addresses come only from the connection or from configured proxies; a stop lets running requests end.

import packageJson from '../../package.json' with { type: 'json' }
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type ErrorRequestHandler, type Express } from 'express'
import helmet from 'helmet'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Log } from '../base/log.ts'
import { createOutgoing, type Outgoing } from '../base/outgoing.ts'
import { Problem } from '../base/problems.ts'
import type { Checks } from '../checks/index.ts'
import { createAuthentication } from '../identities/index.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { documentOf } from './openapi.ts'
import type { ApiParts, PayoutSettings } from './parts.ts'
import { limitPerMinute } from './rate-limits.ts'
import { defineRoute, type Route } from './route.ts'
import { respond, type Responding } from './respond.ts'
import { PRE_CREDIT_PATH } from './routes/checks.ts'
import { routesOf } from './routes/index.ts'

export interface ApiOptions {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log: Log
  readonly checks: Checks
  /** Made beforehand where the check reports its answers to it. */
  readonly metrics?: Metrics
  /** Seconds on a clock that never jumps. */
  monotonicSeconds(): number
  /** Addresses or ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[]
  readonly isMetricsServed?: boolean
  /** Requests per minute and address on routes that anybody may call or guess at. */
  readonly guessesPerMinute?: number
  /** Default: public addresses by https alone. */
  readonly outgoing?: Outgoing
  /** Default: no processor. */
  readonly payouts?: Partial<PayoutSettings>
}

export interface Api {
  readonly routes: readonly Route[]
  /** Starts to listen; port 0 picks a free one. */
  listen(host: string, port: number): Promise<{ readonly url: string; readonly port: number }>
  /** Accepts no more, lets running requests end, then closes; after the grace the rest is cut. */
  close(graceSeconds?: number): Promise<void>
}

export function createApi(options: ApiOptions): Api {
  const { database, keys, clock, log, checks, monotonicSeconds } = options
  const metrics = options.metrics ?? createMetrics()
  metrics.watch(checks)
  const authentication = createAuthentication({ database, clock })
  const parts: ApiParts = { database, keys, clock, log, checks, metrics, authentication, outgoing: options.outgoing ?? createOutgoing(), payouts: { processor: null, writeOffBelow: '5', ...options.payouts } }
  let isStopping = false
  let document = ''
  const routes = routesOf(parts, { isMetricsServed: options.isMetricsServed ?? true, isStopping: () => isStopping, document: () => document })
  document = documentOf(routes, packageJson.version)
  const responding: Responding = { database, clock, log, metrics, authentication, monotonicSeconds }
  const application = createApplication(responding, routes, options)
  const hot = routes.find(({ method, path }) => method === 'post' && path === PRE_CREDIT_PATH)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, (request, response) => {
    if (hot !== undefined && request.method === 'POST' && request.url === PRE_CREDIT_PATH) {
      void respond(responding, hot, request, response, { params: {}, query: {} })
      return
    }
    application(request, response)
  })
  server.on('clientError', refuseMalformed)
  return {
    routes,
    listen: (host, port) => listen(server, host, port),
    async close(graceSeconds = 10) {
      isStopping = true
      const timer = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000).unref()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      clearTimeout(timer)
    },
  }
}

function createApplication(responding: Responding, routes: readonly Route[], options: ApiOptions): Express {
  const application = express()
  application.set('trust proxy', options.trustedProxies === undefined || options.trustedProxies.length === 0 ? false : [...options.trustedProxies])
  application.set('query parser', 'simple')
  application.disable('etag')
  application.use(helmet())
  const guesses = limitPerMinute(options.guessesPerMinute ?? 60)
  for (const route of routes) {
    application[route.method](route.path, ...(route.limit === 'guesses' ? [guesses] : []), async (request, response) => {
      await respond(responding, route, request, response, { params: { ...request.params }, query: { ...request.query }, address: request.ip })
    })
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    const refusal = refusing(path, new Problem('method_not_allowed', 'method', `Offered here: ${methods.join(', ')}.`))
    application.all(path, async (request, response) => {
      response.setHeader('Allow', methods.join(', '))
      await respond(responding, refusal, request, response, { params: {}, query: {} })
    })
  }
  const unknown = refusing('(unknown)', new Problem('not_found', 'route', 'There is no such route.'))
  application.use(async (request, response) => respond(responding, unknown, request, response, { params: {}, query: {} }))
  const malformed = refusing('(malformed)', new Problem('invalid_request', 'address', 'The address is malformed.'))
  const failed = refusing('(failed)', new Problem('internal', 'unexpected', 'Something failed here.'))
  const onError: ErrorRequestHandler = (error: { status?: number }, request, response, next) => {
    if (response.headersSent) return next(error)
    void respond(responding, error.status !== undefined && error.status < 500 ? malformed : failed, request, response, { params: {}, query: {} })
  }
  application.use(onError)
  return application
}

function refusing(path: string, problem: Problem): Route {
  return defineRoute({ method: 'get', path, tag: '', summary: '', scope: null, programs: 'none', answers: {}, handle: () => Promise.reject(problem) })
}

function listen(server: Server, host: string, port: number): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve({ url: `http://${name}:${address.port}`, port: address.port })
    })
  })
}

/** What is not HTTP gets the plainest answer and is cut off. */
function refuseMalformed(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

