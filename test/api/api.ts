// A running API for tests: the real server on a free port, keys as callers have them, and a client that keeps everything it was answered.

import { afterAll, expect } from 'vitest'
import { createLog } from '../../src/base/log.ts'
import { type ApiOptions, createApi } from '../../src/api/server.ts'
import { type Checks, createChecks } from '../../src/checks/index.ts'
import { ALL_SCOPES, createApiKey, type NewApiKey, SYSTEM_ACTOR_ID } from '../../src/identities/index.ts'
import { useDatabase } from '../database.ts'
import { createWorld } from '../checks/world.ts'

export interface Called {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Parsed; undefined where the answer is no JSON. */
  readonly json: Record<string, unknown>
}

export async function useApi(options: Partial<ApiOptions> = {}) {
  const test = await useDatabase()
  const { database, owner, clock, keys } = test
  const world = createWorld(test)
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const checks: Checks = createChecks({ database, keys, clock, log, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000 })
  await checks.start()
  const api = createApi({ database, keys, clock, log, checks, monotonicSeconds: () => Number(process.hrtime.bigint()) / 1e9, guessesPerMinute: 1_000_000, ...options })
  const { url, port } = await api.listen('127.0.0.1', 0)
  afterAll(async () => {
    await api.close(0)
    await checks.stop()
  })
  let made = 0

  async function key(request: Partial<NewApiKey> = {}): Promise<string> {
    const result = await createApiKey({ database, keys, clock }, { label: `key ${made++}`, kind: 'person', scopes: ALL_SCOPES, createdBy: SYSTEM_ACTOR_ID, ...request })
    if (!result.ok) throw new Error(result.reason)
    return result.token
  }

  async function callOnce(method: string, path: string, given: { token?: string; body?: unknown; raw?: string; headers?: Record<string, string> } = {}): Promise<Called> {
    const body = given.raw ?? (given.body === undefined ? undefined : JSON.stringify(given.body))
    const response = await fetch(`${url}${path}`, {
      method, redirect: 'manual',
      headers: { ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...given.headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }

  /**
   * One call. What moves money or decides a case, and succeeded, is told once more on the spot: the same bytes come back, and nothing is done.
   */
  async function call(method: string, path: string, given: Parameters<typeof callOnce>[2] = {}): Promise<Called> {
    const answer = await callOnce(method, path, given)
    const isMoneyRoute = answer.status < 300 && given.headers?.['idempotency-key'] !== undefined
      && api.routes.some((route) => route.idempotency === 'required' && route.method === method.toLowerCase() && new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path))
    if (!isMoneyRoute) return answer
    const postings = await owner.prisma.transfer.count()
    const again = await callOnce(method, path, given)
    expect([again.status, again.text, again.headers.get('idempotency-hit')], `${method} ${path} told twice`).toEqual([answer.status, answer.text, 'true'])
    expect(await owner.prisma.transfer.count(), `${method} ${path} told twice posts nothing`).toBe(postings)
    return answer
  }

  /** Scans run beside the requests: waits for one to end, and for what was written so far to be readable as a log. */
  async function scanned(scanId?: string): Promise<void> {
    await world.settle()
    const isRunning = async (id: string): Promise<boolean> =>
      (await database.prisma.scan.findUniqueOrThrow({ where: { id: BigInt(id) } })).state === 'running'
    if (scanId !== undefined) while (await isRunning(scanId)) await new Promise((resolve) => setImmediate(resolve))
    await checks.refresh()
  }

  return { ...test, scanned, world, checks, api, url, port, lines, key, call }
}
