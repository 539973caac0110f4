// The document is the router: every route, parameter, status and problem of one is in the other, and answers have the form they promise.

import { beforeAll, describe, expect, test } from 'vitest'
import { PROBLEMS } from '../../src/base/problems.ts'
import { problemSchema } from '../../src/api/problem-reply.ts'
import { problemsOf } from '../../src/api/route.ts'
import { useApi } from './api.ts'

const { api, call } = await useApi()
interface Operation {
  readonly operationId: string
  readonly security: readonly unknown[]
  readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>
  readonly parameters?: readonly { name: string; in: string; required: boolean }[]
  readonly requestBody?: { required: boolean; content: Record<string, { schema: unknown }> }
}
let document: { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, unknown> } }

beforeAll(async () => {
  document = (await call('GET', '/openapi.json')).json as typeof document
})

describe('the contract', () => {
  test('is OpenAPI 3.1 and names exactly the routes that are served', () => {
    expect(document.openapi).toBe('3.1.0')
    const documented = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
    expect(documented.sort()).toEqual(api.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`).sort())
  })

  test('gives every operation an id of its own, its key, its parameters and its body', () => {
    const ids = new Set<string>()
    for (const route of api.routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
      const operation = document.paths[path]?.[route.method]
      expect(operation, path).toBeDefined()
      if (operation === undefined) continue
      ids.add(operation.operationId)
      expect(operation.security).toEqual(route.scope === null ? [] : [{ api_key: [] }])
      const names = (place: string) => (operation.parameters ?? []).filter((each) => each.in === place).map(({ name }) => name).sort()
      expect(names('path')).toEqual(Object.keys(route.params?.shape ?? {}).sort())
      expect(names('query')).toEqual(Object.keys(route.query?.shape ?? {}).sort())
      expect(operation.parameters?.find(({ name }) => name === 'Idempotency-Key')?.required ?? false).toBe(route.idempotency === 'required')
      expect(operation.requestBody?.required ?? false).toBe(route.body !== undefined)
      const statuses = [...Object.keys(route.answers), ...problemsOf(route).map((code) => String(PROBLEMS[code].status))]
      expect(Object.keys(operation.responses).sort()).toEqual([...new Set(statuses)].sort())
    }
    expect(ids.size).toBe(api.routes.length)
  })

  test('points to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(references.length).toBeGreaterThan(20)
    for (const name of references) expect(document.components.schemas, name).toHaveProperty(name)
  })

  test('writes every pattern so that others read it as we do: anchored, without flags', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map((match) => JSON.parse(match[1] ?? '""') as string)
    expect(patterns.length).toBeGreaterThan(20)
    for (const pattern of patterns) expect(pattern).toMatch(/^\^[^]*\$$/)
  })

  test('forbids unknown fields in every body', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        const schema = operation.requestBody?.content['application/json']?.schema
        if (schema !== undefined) expect(isClosed(schema), path).toBe(true)
      }
    }
  })

  test('describes the problems that are sent', async () => {
    for (const [method, path, given] of [['GET', '/v1/rings', {}], ['GET', '/nowhere', {}], ['POST', '/v1/checks/pre-credit', { token: 'x', raw: '{' }]] as const) {
      expect(problemSchema.safeParse((await call(method, path, given)).json).success).toBe(true)
    }
  })
})

/** Whether an object schema, or every alternative of one, refuses fields it does not name. */
function isClosed(schema: unknown): boolean {
  const node = schema as { $ref?: string; oneOf?: unknown[]; anyOf?: unknown[]; additionalProperties?: unknown; properties?: unknown }
  if (node.$ref !== undefined) return isClosed(document.components.schemas[node.$ref.split('/').at(-1) ?? ''])
  const alternatives = node.oneOf ?? node.anyOf
  return alternatives === undefined ? node.additionalProperties === false : alternatives.every(isClosed)
}
