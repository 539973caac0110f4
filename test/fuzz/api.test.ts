// The API equals its contract. Method: bodies made from the document's own schemas, and bodies broken by mutation, are sent to every route;
// no answer is a server error, every status is documented, every answer has the form it promises, and what the schemas refuse is refused.

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { problemSchema } from '../../src/api/problem-reply.ts'
import type { Route } from '../../src/api/route.ts'
import { type Called, useApi } from '../api/api.ts'
import { sendToHost } from '../api/host-money.ts'
import { tellStory } from '../api/story.ts'
import { apiyi } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { arbitraryOf, type Dictionary, type JsonSchema, mutationOf } from './arbitrary.ts'

const RUNS = process.env['RINGFENCE_LONG'] === '1' ? 300 : 20
const { api, call, key, scanned, owner, database, keys, clock } = await useApi()
const seen = new Map<string, Set<number>>()
let token = ''
/** Instructions to answer: hosts know them by longer ids than the other things of this API. */
let hostMoney = { confirmed: '', refused: '' }
let dictionary: Dictionary = {}
let document: { paths: Record<string, Record<string, { responses: Record<string, unknown>; requestBody?: { content: Record<string, { schema: JsonSchema }> } }>>; components: { schemas: Record<string, JsonSchema> } }

beforeAll(async () => {
  token = await key()
  const story = await tellStory(call, token, scanned)
  document = (await call('GET', '/openapi.json')).json as typeof document
  const plan = (await call('POST', '/v1/plans', { token, body: { action: { kind: 'freeze', target: { case_id: story.caseId } } } })).json
  hostMoney = await sendToHost({ database, keys, clock }, 'main', 'inviter')
  dictionary = {
    rules: [apiyi.versions[0]?.content], url: ['https://hooks.example.com/'], confirmed: ['0.5', '1'], instruction_id: [hostMoney.confirmed],
    user_agent: ['Mozilla/5.0'], program: ['main', 'main', 'main', 'other'], account: ['inviter', 'inviter', 'inviter', 'alt1', 'stranger'], inviter: ['inviter', 'friend'], invitee: ['alt1', 'alt2', 'friend'], asset: ['USD', 'USD', 'USD', 'DAY'], currency: ['USD', 'USD', 'DAY'],
    code: [story.code], ring_id: [story.ringId], case_id: [story.caseId], plan_id: [plan['plan_id']], hash: [plan['hash']], source: ['shop'], key: ['main', 'new-program'], kind: ['ip', 'device:install', 'email', 'payment:fingerprint'],
    original: ['r-alt1', 'r-friend', 'never'], at_least: ['1', '2'], landing_page: ['https://example.com/a'], occurred_at: ['2026-05-20T08:45:00Z', '2026-05-20T09:45:00Z'], effective_from: ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z'], amount: ['0.01', '1', '100'], month: ['2026-05', '2026-04'],
    iban: ['DE89370400440532013000'], stripe_account: ['acct_00000001'], file: ['reference,status,amount,fee,date\n', 'reference,status,amount,fee,date\nRF1-95,paid,1,0,2026-05-20\n'], linkTemplate: ['https://example.com/?ref={code}'], track: ['agency', 'default'], signed_at: ['2026-05-30T00:00:00Z'], starts_at: ['2026-05-30T00:00:00Z'], ends_at: ['2027-05-30T00:00:00Z'], client_email: ['client@example.com'], own_email: ['inviter@example.com'], zone: ['UTC', 'Asia/Shanghai'], shareText: [{ en: 'a', 'zh-CN': 'b' }], actions: [['hold', 'freeze']],
  }
})

/** One request with the key of everything, or a path's parameter replaced by one that exists. */
async function send(route: Route, body: unknown): Promise<Called> {
  const path = pathOf(route).replace(':code', String(dictionary['code']?.[0]))
  const answer = await call(route.method.toUpperCase(), path, { token, body, headers: { 'idempotency-key': `fuzz-${fuzzed++}` } })
  judge(route, answer, JSON.stringify(body))
  return answer
}
let fuzzed = 0

const idFor = (path: string): string => (!path.startsWith('/v1/instructions/') ? '1' : path.endsWith('/refuse') ? hostMoney.refused : hostMoney.confirmed)
const pathOf = ({ path }: Route): string => path.replace(':key', 'main').replace(':id', idFor(path))

function judge(route: Route, answer: Called, sent: string): void {
  const place = `${route.method} ${route.path} answered ${answer.status} ${answer.text.slice(0, 300)} to ${sent.slice(0, 600)}`
  expect(answer.status, place).toBeLessThan(500)
  const documented = Object.keys(document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method]?.responses ?? {})
  expect(documented, place).toContain(String(answer.status))
  seen.set(`${route.method} ${route.path}`, (seen.get(`${route.method} ${route.path}`) ?? new Set()).add(answer.status))
  if (answer.status >= 400) {
    expect(answer.headers.get('content-type'), place).toBe('application/problem+json')
    expect(problemSchema.safeParse(answer.json).success, place).toBe(true)
  } else {
    const schema = route.answers[answer.status]?.schema
    const parsed = schema?.safeParse(answer.json)
    expect(parsed === undefined || parsed.success, `${place}: ${parsed?.success === false ? parsed.error.message : ''}`).toBe(true)
  }
}

const withBodies = api.routes.filter(({ body, path }) => body !== undefined && path !== '/v1/scans')

describe.each(withBodies.map((route) => ({ name: `${route.method} ${route.path}`, route })))('$name', ({ route }) => {
  const bodies = () => {
    const schema = document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method]?.requestBody?.content['application/json']?.schema
    return arbitraryOf(schema ?? {}, { schemas: document.components.schemas, dictionary })
  }

  test('never fails on a body that its schema describes', async () => {
    await fc.assert(fc.asyncProperty(bodies(), async (body) => {
      const answer = await send(route, body)
      const isValid = route.body?.safeParse(JSON.parse(JSON.stringify(body))).success === true
      if (!isValid) expect(answer.status).toBe(400)
    }), { numRuns: RUNS, seed: 11 })
  })

  test('refuses what its schema does not describe, and never fails on it', async () => {
    await fc.assert(fc.asyncProperty(bodies().chain((body) => mutationOf(body)), async (body) => {
      const answer = await send(route, body)
      const isValid = route.body?.safeParse(JSON.parse(JSON.stringify(body))).success === true
      if (!isValid) expect(answer.status, answer.text).toBe(400)
    }), { numRuns: RUNS, seed: 13 })
  })
})

describe('reading', () => {
  test('never fails on ids and queries of any form', async () => {
    const strange = fc.oneof(fc.constantFrom('1', '0', '-1', '999999999999999999', '9'.repeat(40), 'a', '..', '%00', '%', "'", '%F0%9F%98%80', '1e3', '__proto__'), fc.string({ maxLength: 12 }).map(encodeURIComponent))
    await fc.assert(fc.asyncProperty(fc.constantFrom(...api.routes.filter(({ method }) => method === 'get')), strange, strange, async (route, word, other) => {
      const path = route.path.replaceAll(/:\w+/g, word || '1')
      const query = route.query === undefined || other === '' ? '' : `?${Object.keys(route.query.shape).map((name) => `${name}=${other}`).join('&')}`
      const answer = await call('GET', `${path}${query}`, { token })
      expect(answer.status, `${path}${query}: ${answer.text}`).toBeLessThan(500)
    }), { numRuns: RUNS * 8, seed: 17 })
  })
})

describe('afterwards', () => {
  test('the books balance', async () => {
    await expectBooksToBalance(owner)
  })

  test('the common refusals that are documented were met', async () => {
    const unmet: string[] = []
    for (const route of withBodies) {
      const name = `${route.method} ${route.path}`
      const path = pathOf(route)
      const scoped = await key({ scopes: ['metrics:read'] })
      for (const given of [
        {}, { token: scoped, body: {} }, { token, body: {} }, { token, raw: '{}', headers: { 'content-type': 'text/plain', 'idempotency-key': 'typed' } }, { token, raw: ' '.repeat(route.bodyBytesMax + 1), headers: { 'idempotency-key': 'large' } },
      ]) judge(route, await call(route.method.toUpperCase(), path, { headers: { 'idempotency-key': `common-${fuzzed++}` }, ...given }), JSON.stringify(given).slice(0, 200))
      for (const status of [400, 401, 403, 413, 415]) if (seen.get(name)?.has(status) !== true) unmet.push(`${name} ${status}`)
    }
    expect(unmet).toEqual([])
  })

  test('so was success on nearly every route', async () => {
    // Fields of which one or the other is given: bodies made field by field hardly ever have just the right ones.
    const statement = api.routes.find(({ path }) => path === '/v1/statements/program')
    if (statement !== undefined) await send(statement, { program: 'main', month: '2026-05' })
    const silent = withBodies.map((route) => `${route.method} ${route.path}`).filter((name) => ![...(seen.get(name) ?? [])].some((status) => status < 300))
    // These succeed only on what an earlier step made: the journey and the table of authorisation show them.
    expect(silent.filter((name) => !['post /v1/checks/verify', 'post /v1/decisions', 'post /v1/decisions/:id/undo', 'post /v1/claims/:id/confirm', 'post /v1/claims/:id/decide', 'post /v1/claims/:id/approve', 'post /v1/payouts', 'post /v1/payouts/batches', 'post /v1/contracts/:id/approve', 'post /v1/accrual-questions/:id/answer'].includes(name))).toEqual([])
  })
})
