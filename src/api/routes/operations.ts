// What operators and their tools ask: is it alive, is it ready, how does it do, and what is the contract.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import type { ApiParts } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'

export interface Operations {
  readonly isMetricsServed: boolean
  readonly isStopping: () => boolean
  readonly document: () => string
}

export function operationRoutes({ database, checks, metrics }: ApiParts, operations: Operations): Route[] {
  const health = defineRoute({
    method: 'get', path: '/healthz', tag: 'Operations', scope: null, programs: 'none', summary: 'Whether the process is alive.',
    answers: { 200: { description: 'It is.', schema: z.strictObject({ status: z.literal('ok') }) } },
    handle: () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
  })
  const ready = defineRoute({
    method: 'get', path: '/readyz', tag: 'Operations', scope: null, programs: 'none', summary: 'Whether requests can be answered: database reachable, check index loaded, not stopping.',
    answers: { 200: { description: 'They can.', schema: z.strictObject({ status: z.literal('ready') }) } },
    async handle() {
      if (operations.isStopping()) throw new Problem('unavailable', 'stopping', 'The process is stopping.')
      if (!checks.state().isLoaded) throw new Problem('unavailable', 'index', 'The check index is not loaded yet.')
      await database.prisma.$queryRaw`select 1`.catch(() => {
        throw new Problem('unavailable', 'database', 'The database does not answer.')
      })
      return { status: 200, body: { status: 'ready' } }
    },
  })
  const openapi = defineRoute({
    method: 'get', path: '/openapi.json', tag: 'Operations', scope: null, programs: 'none', summary: 'This contract, as OpenAPI 3.1.',
    answers: { 200: { description: 'The document, made from the schemas that validate.', schema: z.record(z.string(), z.unknown()) } },
    handle: () => Promise.resolve({ status: 200, text: operations.document() }),
  })
  const metered = defineRoute({
    method: 'get', path: '/metrics', tag: 'Operations', scope: 'metrics:read', programs: 'unlimited_key', summary: 'Metrics in the form of Prometheus.',
    answers: { 200: { description: 'The metrics.', contentType: 'text/plain; version=0.0.4; charset=utf-8' } },
    handle: async () => ({ status: 200, text: await metrics.text(), headers: { 'Content-Type': metrics.contentType } }),
  })
  return [health, ready, openapi, ...(operations.isMetricsServed ? [metered] : [])]
}
