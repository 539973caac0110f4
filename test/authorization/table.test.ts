// Who may do what: every route of the registry × nobody, a key without the scope, a key of another program, the right key.
// A route without a row here fails, so that no route is served that nobody thought about.

import { beforeAll, describe, expect, test } from 'vitest'
import { ALL_SCOPES } from '../../src/identities/index.ts'
import { useApi } from '../api/api.ts'
import { createStripeProcessor } from '../../src/payouts/index.ts'
import { sendToHost } from '../api/host-money.ts'
import { givePayoutMoney, type PayoutMoney } from '../api/payout-money.ts'
import { eventOf, type Story, tellStory } from '../api/story.ts'
import { eventText, signatureOf, WEBHOOK_SECRET } from '../payouts/stripe-events.ts'

const { api, call, key, scanned, database, keys, clock } = await useApi({ payouts: { processor: createStripeProcessor({ secretKey: 'sk_test_table', webhookSecret: WEBHOOK_SECRET }) } })
let story: Story
let plan: Record<string, unknown> = {}
let decision: Record<string, unknown> = {}
const standing = { waiting: '', withdrawn: '', exclusion: '' }
const hooks = { used: '', spare: '', message: '' }
let payouts: PayoutMoney | undefined
let hostMoney = { confirmed: '', refused: '', again: '' }
const tokens = { all: '', main: '', other: '' }

interface Row {
  /** A request that succeeds with the right key; made when it is needed. */
  readonly request: () => { path?: string; body?: unknown; headers?: Record<string, string> }
  readonly right: number
  /** What a key limited to another program gets; `open`: the route knows no programs. */
  readonly foreign: 403 | 404 | 'open' | 'filtered'
}

const question = { program: 'main', subject: 'rebate', subject_id: 'o-1', inviter: 'inviter', invitee: 'alt1', amount: '5', asset: 'USD' }
const claims = { waiting: '', confirmed: '', proposed: '' }
let openQuestion = ''
const rules = async () => (await call('GET', '/v1/programs/main/versions', { token: tokens.all })).json['versions'] as { rules: unknown }[]
let knownRules: unknown
let uses = 0
const once = () => ({ 'idempotency-key': `use-${uses++}` })

const TABLE: Readonly<Record<string, Row>> = {
  'post /v1/checks/pre-credit': { request: () => ({ body: question }), right: 200, foreign: 404 },
  'post /v1/checks/verify': { request: () => ({ body: { token: String(checkToken) } }), right: 200, foreign: 404 },
  'get /v1/checks': { request: () => ({ path: '/v1/checks?resolved_since=2026-01-01T00:00:00Z' }), right: 200, foreign: 'filtered' },
  'post /v1/events': { request: () => ({ body: eventOf('table', 'login', 'friend', 59) }), right: 200, foreign: 403 },
  'get /v1/sources': { request: () => ({}), right: 200, foreign: 403 },
  'get /v1/accrual-questions': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/accrual-questions/:id/answer': { request: () => ({ path: `/v1/accrual-questions/${openQuestion}/answer`, body: { answer: { kind: 'nothing' } }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/accounts': { request: () => ({ body: { program: 'main', account: 'inviter' } }), right: 200, foreign: 404 },
  'post /v1/codes/retire': { request: () => ({ body: { program: 'main', account: 'alt2' } }), right: 200, foreign: 404 },
  'post /v1/codes/check': { request: () => ({ body: { program: 'main', code: story.code } }), right: 200, foreign: 404 },
  'post /v1/clicks': { request: () => ({ body: { program: 'main', code: story.code, occurred_at: '2026-06-01T00:00:00Z' } }), right: 201, foreign: 404 },
  'get /r/:code': { request: () => ({ path: `/r/${story.code}` }), right: 302, foreign: 'open' },
  'post /v1/claims': { request: () => ({ body: { program: 'main', account: 'inviter', facts: { client_email: 'nobody@example.com' } }, headers: once() }), right: 201, foreign: 404 },
  'post /v1/claims/query': { request: () => ({ body: { program: 'main', account: 'inviter', as: 'inviter' } }), right: 200, foreign: 404 },
  'get /v1/claims': { request: () => ({}), right: 200, foreign: 'filtered' },
  'get /v1/claims/:id': { request: () => ({ path: `/v1/claims/${claims.waiting}` }), right: 200, foreign: 404 },
  'post /v1/claims/:id/confirm': { request: () => ({ path: `/v1/claims/${claims.waiting}/confirm`, body: { account: 'client1', confirms: true }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/claims/:id/decide': { request: () => ({ path: `/v1/claims/${claims.confirmed}/decide`, body: { decision: 'refuse', reason: 'terms_other' }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/claims/:id/approve': { request: () => ({ path: `/v1/claims/${claims.proposed}/approve`, body: { decision: 'accept' }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/members/query': { request: () => ({ body: { program: 'main', account: 'inviter' } }), right: 200, foreign: 404 },
  'post /v1/members/transfer': { request: () => ({ body: { program: 'main', account: 'inviter', asset: 'USD', amount: '0.01' }, headers: once() }), right: 201, foreign: 404 },
  'post /v1/members/invitees': { request: () => ({ body: { program: 'main', account: 'inviter' } }), right: 200, foreign: 404 },
  'post /v1/statements/member': { request: () => ({ body: { program: 'main', account: 'inviter', month: '2026-05' } }), right: 200, foreign: 404 },
  'post /v1/statements/program': { request: () => ({ body: { program: 'main', month: '2026-05' } }), right: 200, foreign: 404 },
  'post /v1/statements/member/export': { request: () => ({ body: { program: 'main', account: 'inviter', what: 'history', format: 'csv', reason: 'asked by the member' } }), right: 200, foreign: 404 },
  'post /v1/statements/program/export': { request: () => ({ body: { program: 'main', what: 'entries', month: '2026-05', format: 'ndjson', reason: 'month close' } }), right: 200, foreign: 404 },
  'post /v1/statements/close': { request: () => ({ body: { program: 'main', month: '2026-04', reason: 'month close' } }), right: 200, foreign: 404 },
  'get /v1/statements/periods': { request: () => ({ path: '/v1/statements/periods?program=main' }), right: 200, foreign: 404 },
  'post /v1/statements/tie-out': { request: () => ({ body: { program: 'main', method: 'bank', asset: 'USD', month: '2026-05', rows: [] } }), right: 200, foreign: 404 },
  'get /v1/rings': { request: () => ({}), right: 200, foreign: 'filtered' },
  'get /v1/rings/:id': { request: () => ({ path: `/v1/rings/${story.ringId}` }), right: 200, foreign: 404 },
  'get /v1/cases': { request: () => ({}), right: 200, foreign: 'filtered' },
  'get /v1/cases/:id': { request: () => ({ path: `/v1/cases/${story.caseId}` }), right: 200, foreign: 404 },
  'post /v1/plans': { request: () => ({ body: { action: { kind: 'reclaim', target: { case_id: story.caseId } } } }), right: 201, foreign: 404 },
  'post /v1/decisions': { request: () => ({ body: { plan_id: plan['plan_id'], hash: plan['hash'], reason: 'farm' }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/decisions/:id/undo': { request: () => ({ path: `/v1/decisions/${String(decision['decision_id'])}/undo`, body: { reason: 'correction' }, headers: once() }), right: 201, foreign: 404 },
  'post /v1/scans': { request: () => ({ body: {} }), right: 202, foreign: 403 },
  'get /v1/scans/:id': { request: () => ({ path: `/v1/scans/${story.scanId}` }), right: 200, foreign: 403 },
  'get /v1/programs': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/programs': { request: () => ({ body: { key: 'main', name: 'main', effective_from: '2026-01-01T00:00:00Z', rules: knownRules } }), right: 201, foreign: 403 },
  'get /v1/programs/:key/versions': { request: () => ({ path: '/v1/programs/main/versions' }), right: 200, foreign: 404 },
  'post /v1/programs/:key/versions': { request: () => ({ path: '/v1/programs/main/versions', body: { effective_from: '2026-09-01T00:00:00Z', rules: knownRules } }), right: 201, foreign: 404 },
  'get /v1/programs/:key/policies': { request: () => ({ path: '/v1/programs/main/policies' }), right: 200, foreign: 404 },
  'post /v1/programs/:key/policies': { request: () => ({ path: '/v1/programs/main/policies', body: { effective_from: '2026-09-01T00:00:00Z', policy: {} } }), right: 201, foreign: 404 },
  'post /v1/members/standing/query': { request: () => ({ body: { program: 'main', account: 'inviter' } }), right: 200, foreign: 404 },
  'post /v1/members/enrolment': { request: () => ({ body: { program: 'main', account: 'friend', state: 'closed', by: 'member' } }), right: 200, foreign: 404 },
  'post /v1/members/track': { request: () => ({ body: { program: 'main', account: 'friend', track: 'default' } }), right: 200, foreign: 404 },
  'post /v1/members/terms': { request: () => ({ body: { program: 'main', account: 'friend', terms_version: '1' } }), right: 200, foreign: 404 },
  'post /v1/contracts': { request: () => ({ body: { program: 'main', account: 'friend', track: 'agency', signed_at: '2026-05-30T00:00:00Z', document_reference: 'drawer 4' } }), right: 201, foreign: 404 },
  'get /v1/contracts': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/contracts/:id/approve': { request: () => ({ path: `/v1/contracts/${standing.waiting}/approve`, body: {} }), right: 200, foreign: 404 },
  'post /v1/contracts/:id/end': { request: () => ({ path: `/v1/contracts/${standing.withdrawn}/end`, body: {} }), right: 200, foreign: 404 },
  'post /v1/excluded-accounts': { request: () => ({ body: { program: 'main', account: 'friend', reason: 'test' } }), right: 201, foreign: 404 },
  'get /v1/excluded-accounts': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/excluded-accounts/:id/end': { request: () => ({ path: `/v1/excluded-accounts/${standing.exclusion}/end`, body: {} }), right: 200, foreign: 404 },
  'post /v1/webhooks': { request: () => ({ body: { url: 'https://hooks.example.com/main', topics: ['host.instruction'], program: 'main' } }), right: 201, foreign: 404 },
  'get /v1/webhooks': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/webhooks/:id/rotate': { request: () => ({ path: `/v1/webhooks/${hooks.used}/rotate`, body: {} }), right: 200, foreign: 404 },
  'post /v1/webhooks/:id/retire': { request: () => ({ path: `/v1/webhooks/${hooks.spare}/retire` }), right: 200, foreign: 404 },
  'post /v1/webhooks/:id/test': { request: () => ({ path: `/v1/webhooks/${hooks.used}/test` }), right: 202, foreign: 404 },
  'get /v1/messages': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/messages/:id/redeliver': { request: () => ({ path: `/v1/messages/${hooks.message}/redeliver` }), right: 202, foreign: 404 },
  'get /v1/instructions': { request: () => ({}), right: 200, foreign: 'filtered' },
  'post /v1/instructions/:id/confirm': { request: () => ({ path: `/v1/instructions/${hostMoney.confirmed}/confirm`, body: { confirmed: '1' }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/instructions/:id/refuse': { request: () => ({ path: `/v1/instructions/${hostMoney.refused}/refuse`, body: { reason: 'unknown account' }, headers: once() }), right: 200, foreign: 404 },
  'post /v1/instructions/:id/retry': { request: () => ({ path: `/v1/instructions/${hostMoney.again}/retry`, headers: once() }), right: 201, foreign: 404 },
  'post /v1/reconciliations': { request: () => ({ body: { program: 'main', rows: [] } }), right: 200, foreign: 404 },
  'post /v1/members/receiver': { request: () => ({ body: { program: 'main', account: 'inviter', resource: 'instance-1' } }), right: 201, foreign: 404 },
  'post /v1/payees': { request: () => ({ body: { account: 'payee', tax_profile: 'complete', payee_check: 'passed' } }), right: 201, foreign: 403 },
  'post /v1/payees/query': { request: () => ({ body: { account: 'payee' } }), right: 200, foreign: 403 },
  'post /v1/payees/destinations': { request: () => ({ body: { account: 'friend', destination: { method: 'stripe', stripe_account: 'acct_00000009' } }, headers: once() }), right: 201, foreign: 403 },
  'post /v1/payees/destinations/:id/approve': { request: () => ({ path: `/v1/payees/destinations/${payouts?.changedDestination}/approve`, headers: once() }), right: 200, foreign: 403 },
  'post /v1/payouts': { request: () => ({ body: { program: 'main', account: 'payee', method: 'bank', asset: 'USD', amount: '1' }, headers: once() }), right: 201, foreign: 404 },
  'post /v1/payouts/query': { request: () => ({ body: { program: 'main' } }), right: 200, foreign: 404 },
  'get /v1/payouts/:id': { request: () => ({ path: `/v1/payouts/${payouts?.waiting}` }), right: 200, foreign: 404 },
  'post /v1/payouts/:id/approve': { request: () => ({ path: `/v1/payouts/${payouts?.waiting}/approve`, headers: once() }), right: 200, foreign: 404 },
  'post /v1/payouts/:id/cancel': { request: () => ({ path: `/v1/payouts/${payouts?.cancellable}/cancel`, headers: once() }), right: 200, foreign: 404 },
  'post /v1/payouts/batches': { request: () => ({ body: { program: 'main', method: 'bank' }, headers: once() }), right: 201, foreign: 404 },
  'post /v1/payouts/batches/:id/release': { request: () => ({ path: `/v1/payouts/batches/${payouts?.madeBatch}/release`, headers: once() }), right: 200, foreign: 404 },
  'get /v1/payouts/batches/:id/file': { request: () => ({ path: `/v1/payouts/batches/${payouts?.releasedBatch}/file?reason=sending` }), right: 200, foreign: 404 },
  'post /v1/payouts/confirmations': { request: () => ({ body: { program: 'main', file: 'reference,status,amount,fee,date\n' }, headers: once() }), right: 200, foreign: 404 },
  'get /v1/programs/:key/payouts/:year': { request: () => ({ path: '/v1/programs/main/payouts/2026?reason=tax' }), right: 200, foreign: 404 },
  'post /v1/payouts/stripe-events': { request: () => ({ body: eventText(clock.now()), headers: { 'stripe-signature': signatureOf(JSON.stringify(eventText(clock.now())), clock.now()) } }), right: 200, foreign: 'open' },
  'post /v1/debts/query': { request: () => ({ body: { program: 'main' } }), right: 200, foreign: 404 },
  'post /v1/debts/:id/write-offs': { request: () => ({ path: `/v1/debts/${payouts?.debt}/write-offs`, headers: once() }), right: 201, foreign: 404 },
  'post /v1/write-offs/:id/approve': { request: () => ({ path: `/v1/write-offs/${payouts?.proposed}/approve`, headers: once() }), right: 200, foreign: 404 },
  'post /v1/write-offs/:id/restore': { request: () => ({ path: `/v1/write-offs/${payouts?.writtenOff}/restore`, headers: once() }), right: 200, foreign: 404 },
  'get /healthz': { request: () => ({}), right: 200, foreign: 'open' },
  'get /readyz': { request: () => ({}), right: 200, foreign: 'open' },
  'get /openapi.json': { request: () => ({}), right: 200, foreign: 'open' },
  'get /metrics': { request: () => ({}), right: 200, foreign: 403 },
}
let checkToken: unknown

beforeAll(async () => {
  tokens.all = await key()
  story = await tellStory(call, tokens.all, scanned)
  tokens.main = await key({ programKey: 'main' })
  tokens.other = await key({ programKey: 'other' })
  knownRules = (await rules())[0]?.rules
  checkToken = (await call('POST', '/v1/checks/pre-credit', { token: tokens.all, body: question })).json['token']
  await call('POST', '/v1/events', { token: tokens.all, body: eventOf('table', 'login', 'friend', 59) })
  plan = (await call('POST', '/v1/plans', { token: tokens.all, body: { action: { kind: 'freeze', target: { case_id: story.caseId } } } })).json
  const [waiting, withdrawn] = [await enteredFor('alt1'), await enteredFor('alt2')]
  const exclusion = await call('POST', '/v1/excluded-accounts', { token: tokens.all, body: { program: 'main', account: 'alt1', reason: 'staff' } })
  Object.assign(standing, { waiting, withdrawn, exclusion: String(exclusion.json['exclusion_id']) })
  await enterClaims()
  await leaveQuestion()
  decision = (await call('POST', '/v1/decisions', { token: tokens.all, body: { plan_id: plan['plan_id'], hash: plan['hash'], reason: 'farm' }, headers: once() })).json
  await makeHooks()
  await call('POST', '/v1/events', { token: tokens.all, body: eventOf('payee', 'login', 'payee', 59) })
  payouts = await givePayoutMoney({ database, keys, clock }, 'main', 'payee', 'friend')
})

/** A payment in another asset that was reported before its sign-up: whether it earns cannot be said. */
async function leaveQuestion(): Promise<void> {
  const events = [eventOf('abroad-paid', 'recharge', 'abroad', 50, { amount: '10', currency: 'EUR' }), eventOf('abroad-signed', 'signup', 'abroad', 49, { code: story.code })]
  for (const body of events) await call('POST', '/v1/events', { token: tokens.all, body })
  const { questions } = (await call('GET', '/v1/accrual-questions', { token: tokens.all })).json as { questions: { question_id: string }[] }
  openQuestion = questions[0]?.question_id ?? ''
}

/** Three claims: one waits for its client, one for a person, one for another person than the one of `tokens.all`. */
async function enterClaims(): Promise<void> {
  const post = async (path: string, body: unknown) => (await call('POST', path, { token: tokens.all, body, headers: once() })).json
  const host = await key({ kind: 'key' })
  const enter = async (name: string): Promise<string> => {
    await post('/v1/events', eventOf(`signup-${name}`, 'signup', name, 50, { observations: [{ kind: 'email', value: `${name}@example.com` }] }))
    await post('/v1/events', eventOf(`paid-${name}`, 'recharge', name, 51, { amount: '50', currency: 'USD' }))
    const body = { program: 'main', account: 'inviter', facts: { client_email: `${name}@example.com` } }
    return String((await call('POST', '/v1/claims', { token: host, body, headers: once() })).json['claim_id'])
  }
  Object.assign(claims, { waiting: await enter('client1'), confirmed: await enter('client2'), proposed: await enter('client3') })
  await post(`/v1/claims/${claims.confirmed}/confirm`, { account: 'client2', confirms: true })
  await post(`/v1/claims/${claims.proposed}/confirm`, { account: 'client3', confirms: true })
  await post(`/v1/claims/${claims.proposed}/decide`, { decision: 'accept' })
}

/** Two endpoints of the program, one with a message, and three instructions. */
async function makeHooks(): Promise<void> {
  const post = async (path: string, body?: unknown) => (await call('POST', path, { token: tokens.all, ...(body === undefined ? {} : { body }) })).json
  const made = async (): Promise<string> => String((await post('/v1/webhooks', { url: 'https://hooks.example.com/', topics: ['host.instruction'], program: 'main' }))['endpoint_id'])
  Object.assign(hooks, { used: await made(), spare: await made() })
  Object.assign(hooks, { message: String((await post(`/v1/webhooks/${hooks.used}/test`))['message_id']) })
  hostMoney = await sendToHost({ database, keys, clock }, 'main', 'inviter')
}

/** A contract that waits for another person than the one of `tokens.all`. */
async function enteredFor(account: string): Promise<string> {
  const body = { program: 'main', account, track: 'agency', signed_at: '2026-05-30T00:00:00Z', document_reference: 'drawer 4' }
  return String((await call('POST', '/v1/contracts', { token: tokens.all, body })).json['contract_id'])
}

async function use(name: string, token: string | undefined) {
  const { path, body, headers } = TABLE[name]?.request() ?? {}
  const [method = '', template = ''] = name.split(' ')
  return call(method.toUpperCase(), path ?? template, { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }), ...(headers === undefined ? {} : { headers }) })
}

describe('authorisation', () => {
  test('every route has a row, and every row a route', () => {
    expect(Object.keys(TABLE).sort()).toEqual(api.routes.map(({ method, path }) => `${method} ${path}`).sort())
  })

  describe.each(api.routes.map((route) => ({ name: `${route.method} ${route.path}`, route })))('$name', ({ name, route }) => {
    test('nobody is refused, unless anybody may', async () => {
      const status = (await use(name, undefined)).status
      expect(status).toBe(route.scope === null ? TABLE[name]?.right : 401)
    })

    // Routes for everybody refuse nobody: there is nothing to test of them here.
    if (route.scope !== null) test('a key with every scope but the one is refused', async () => {
      const answer = await use(name, await key({ scopes: ALL_SCOPES.filter((scope) => scope !== route.scope) }))
      expect([answer.status, answer.json['code']]).toEqual([403, 'forbidden'])
    })

    if (route.scope !== null) test('a key of another program sees nothing', async () => {
      const answer = await use(name, tokens.other)
      const foreign = TABLE[name]?.foreign
      if (foreign === 'filtered') {
        expect(answer.status).toBe(200)
        expect(answer.text).not.toMatch(/"(ring_id|case_id|check_id|contract_id|exclusion_id|claim_id)"|"key":"main"/)
      } else expect(answer.status).toBe(foreign)
    })

    test('the right key may', async () => {
      const limited = route.programs === 'by_request'
      expect((await use(name, limited ? tokens.main : tokens.all)).status).toBe(TABLE[name]?.right)
      if (name === 'post /v1/scans') await scanned(String((await database.prisma.scan.findFirstOrThrow({ orderBy: { id: 'desc' } })).id))
    })
  })
})
