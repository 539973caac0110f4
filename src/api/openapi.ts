// The OpenAPI 3.1 document, made from the very routes that are served and the very schemas that validate.

import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { PROBLEMS, type ProblemCode } from '../base/problems.ts'
import { SCOPES } from '../identities/index.ts'
import { PROBLEM_TYPE, problemSchema } from './problem-reply.ts'
import { problemsOf, type Route } from './route.ts'

/** As JSON text; the same routes give the same text. */
export function documentOf(routes: readonly Route[], version: string): string {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'api_key', {
    type: 'http', scheme: 'bearer', description: `An API key, rf_<prefix>_<secret>. Scopes: ${Object.entries(SCOPES).map(([scope, does]) => `${scope} (${does})`).join(' ')}`,
  })
  for (const route of routes) registry.registerPath(pathOf(route))
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Ringfence', version,
      description: 'A referral ledger with a graph-based detector of self-invitation. Ids are decimal strings, amounts decimal strings in units with their asset, times ISO 8601 in UTC. '
        + 'Refusals are application/problem+json with a stable code.',
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
  })
  return JSON.stringify(document)
}

type PathConfig = Parameters<OpenAPIRegistry['registerPath']>[0]

function pathOf(route: Route): PathConfig {
  const headers = z.object({
    'Idempotency-Key': (route.idempotency === 'required' ? z.string() : z.string().optional()).describe('The caller’s own key: the same key and body get the first answer again.'),
  })
  const takesKey = route.idempotency !== 'none' || route.problems.includes('key_reused')
  return {
    method: route.method,
    path: route.path.replaceAll(/:(\w+)/g, '{$1}'),
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, route.scope === null ? undefined : `Scope: ${route.scope}.`].filter((text) => text !== undefined).join(' '),
    operationId: `${route.method}${route.path.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    security: route.scope === null ? [] : [{ api_key: [] }],
    request: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(takesKey ? { headers } : {}),
      ...(route.body === undefined ? {} : { body: { required: true, description: `At most ${route.bodyBytesMax} bytes.`, content: { 'application/json': { schema: route.body } } } }),
    },
    responses: { ...answersOf(route), ...refusalsOf(route) },
  }
}

function answersOf(route: Route): PathConfig['responses'] {
  return Object.fromEntries(Object.entries(route.answers).map(([status, { description, schema, contentType = 'application/json' }]) => {
    if (schema === undefined && contentType === 'application/json') return [status, { description }]
    return [status, { description, content: { [contentType]: { schema: schema ?? z.string() } } }]
  }))
}

/** One response per status; its description names the codes. */
function refusalsOf(route: Route): PathConfig['responses'] {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of problemsOf(route)) byStatus.set(PROBLEMS[code].status, [...(byStatus.get(PROBLEMS[code].status) ?? []), code])
  return Object.fromEntries([...byStatus].map(([status, codes]) => [String(status), {
    description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join(' '), content: { [PROBLEM_TYPE]: { schema: problemSchema } },
  }]))
}
