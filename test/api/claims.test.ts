// A lost link over HTTP, as a host and its staff tell it: entered, confirmed, decided, earned; and what the answers give away, which is nothing.

import { beforeAll, describe, expect, test } from 'vitest'
import { apiyi } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useApi } from './api.ts'

const { call, clock, key, owner } = await useApi()
const [version] = apiyi.versions
const tokens = { host: '', dana: '', lee: '', all: '' }
let uses = 0
const once = () => ({ 'idempotency-key': `claim-${uses++}` })
const post = (path: string, body: unknown, token = tokens.host, headers: Record<string, string> = once()) => call('POST', path, { token, body, headers })
const rules = { ...version?.content, reward: { kind: 'rate', ratePpm: 50_000 }, eligibility: { newCustomer: false, separateAccount: true }, binding: { link: true, code: true, precedence: 'typed', afterSignup: 'claim', claims: { accruesFrom: 'signup', maximumPerMonth: 50 } } }

beforeAll(async () => {
  tokens.all = await key()
  tokens.host = await key({ kind: 'key' })
  tokens.dana = await key()
  tokens.lee = await key()
  await post('/v1/programs', { key: 'chat', name: 'chat', effective_from: '2026-01-01T00:00:00Z', rules }, tokens.all)
  for (const name of ['ann', 'ben']) {
    await post('/v1/accounts', { program: 'chat', account: name, resource_ids: [`${name}-instance`] })
    await event(name, 'login', { observations: [{ kind: 'email', value: `${name}@example.com` }] })
  }
})

let events = 0
async function event(account: string, type: string, more: Record<string, unknown> = {}): Promise<void> {
  const answer = await post('/v1/events', { source: 'chat', event_id: `e${events++}`, type, account, occurred_at: clock.now().toISOString(), ...more })
  expect(answer.status, answer.text).toBe(201)
}

async function client(name: string, more: Record<string, unknown> = {}): Promise<void> {
  await event(name, 'signup', { resource_ids: [`${name}-instance`], observations: [{ kind: 'email', value: `${name}@example.com` }], ...more })
}

async function factsOf(account: string, client: string) {
  const { link } = (await post('/v1/accounts', { program: 'chat', account })).json
  return { own_resource: `${account}-instance`, client_resource: `${client}-instance`, own_email: `${account}@example.com`, client_email: `${client.toUpperCase()}@Example.com`, referral_link: link }
}

describe('a lost link', () => {
  test('is claimed with five facts, confirmed by the client, decided by a person, and earns', async () => {
    await client('carl')
    await event('carl', 'recharge', { amount: '100', currency: 'USD' })
    const headers = once()
    const body = { program: 'chat', account: 'ann', facts: await factsOf('ann', 'carl') }
    const entered = await post('/v1/claims', body, tokens.host, headers)
    expect([entered.status, entered.json['state']]).toEqual([201, 'waiting_for_client'])
    const again = await post('/v1/claims', body, tokens.host, headers)
    expect([again.text, again.headers.get('idempotency-hit')]).toEqual([entered.text, 'true'])
    const id = String(entered.json['claim_id'])

    const waiting = await post('/v1/claims/query', { program: 'chat', account: 'carl', as: 'client' })
    expect(waiting.json).toMatchObject({ waiting: [{ claim_id: id, inviter: 'ann', client: 'carl' }] })
    expect((await post(`/v1/claims/${id}/confirm`, { account: 'ben', confirms: true })).status).toBe(404)
    expect((await post(`/v1/claims/${id}/confirm`, { account: 'carl', confirms: true })).json).toMatchObject({ state: 'waiting_for_review' })

    const seen = await call('GET', `/v1/claims/${id}`, { token: tokens.dana })
    expect(seen.json).toMatchObject({ client: 'carl', facts: { client_email: 'c…@example.com' } })
    expect(seen.text).not.toContain('carl@')
    expect((await post(`/v1/claims/${id}/decide`, { decision: 'accept' })).json).toMatchObject({ code: 'forbidden', reason: 'person_needed' })
    const decideKey = once()
    const decided = await post(`/v1/claims/${id}/decide`, { decision: 'accept', note: 'they know each other' }, tokens.dana, decideKey)
    expect(decided.json).toMatchObject({ state: 'accepted', accrues_from: clock.now().toISOString() })
    expect((await post(`/v1/claims/${id}/decide`, { decision: 'accept', note: 'they know each other' }, tokens.dana, decideKey)).text).toBe(decided.text)
    expect((await post('/v1/members/query', { program: 'chat', account: 'ann' })).json).toMatchObject({ figures: { referrals: 1, conversions: 1, total_earnings: [{ asset: 'USD', amount: '5' }] } })
    await expectBooksToBalance(owner)
  })

  test('cannot be used to learn about a stranger: the answers and the list are the same but for their ids', async () => {
    await client('free')
    await client('taken', { code: (await post('/v1/accounts', { program: 'chat', account: 'ben' })).json['code'] })
    const facts = await factsOf('ann', 'free')
    const answers: unknown[] = []
    for (const about of ['free', 'taken', 'nobody']) {
      const { status, json } = await post('/v1/claims', { program: 'chat', account: 'ann', facts: { ...facts, client_email: `${about}@example.com`, client_resource: `${about}-instance` } })
      answers.push({ status, ...json, claim_id: '' })
    }
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    const { claims } = (await post('/v1/claims/query', { program: 'chat', account: 'ann', as: 'inviter', limit: 3 })).json as { claims: Record<string, unknown>[] }
    expect(new Set(claims.map((claim) => JSON.stringify({ ...claim, claim_id: '' }))).size).toBe(1)
    expect(JSON.stringify(claims)).not.toMatch(/free|taken|nobody|probability|check/)
  })

  test('an instance inside the inviter’s own account does not count', async () => {
    await client('own', { resource_ids: ['own-instance', 'ann-instance'] })
    const id = String((await post('/v1/claims', { program: 'chat', account: 'ann', facts: await factsOf('ann', 'own') })).json['claim_id'])
    await post(`/v1/claims/${id}/confirm`, { account: 'own', confirms: true })
    const { claims } = (await post('/v1/claims/query', { program: 'chat', account: 'ann', as: 'inviter' })).json as { claims: Record<string, unknown>[] }
    expect(claims.find((claim) => claim['claim_id'] === id)).toMatchObject({ state: 'refused', reason: 'not_eligible', text: { en: expect.stringContaining('separate'), 'zh-CN': expect.stringContaining('独立') } })
  })

  test('staff enter a claim for a member; another person decides it', async () => {
    await client('dora')
    const id = String((await post('/v1/claims', { program: 'chat', account: 'ben', facts: await factsOf('ben', 'dora') }, tokens.dana)).json['claim_id'])
    await post(`/v1/claims/${id}/confirm`, { account: 'dora', confirms: true })
    expect((await post(`/v1/claims/${id}/decide`, { decision: 'accept' }, tokens.dana)).json).toMatchObject({ code: 'refused', reason: 'own_entry' })
    expect((await post(`/v1/claims/${id}/decide`, { decision: 'accept' }, tokens.lee)).json).toMatchObject({ state: 'accepted' })
  })

  test('of what is missing or not offered the answer says so', async () => {
    const facts = await factsOf('ann', 'free')
    const { client_email: _, ...fewer } = facts
    expect((await post('/v1/claims', { program: 'chat', account: 'ann', facts: fewer })).json).toMatchObject({ status: 422, reason: 'facts_missing' })
    expect((await post('/v1/claims', { program: 'chat', account: 'ann', facts: { ...facts, own_email: 'x' } })).json).toMatchObject({ status: 400, reason: 'bad_email' })
    expect((await post('/v1/claims', { program: 'chat', account: 'ann', facts: { ...facts, own_instance: 'x' } })).status).toBe(400)
    await post('/v1/programs', { key: 'closed', name: 'closed', effective_from: '2026-01-01T00:00:00Z', rules: { ...version?.content } }, tokens.all)
    expect((await post('/v1/claims', { program: 'closed', account: 'ann', facts })).json).toMatchObject({ status: 422, reason: 'claims_not_offered' })
  })
})
