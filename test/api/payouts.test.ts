// Payouts over HTTP as a host and finance use them: the same answer to the same key, what is refused and why, and events of the processor.

import { beforeAll, describe, expect, test } from 'vitest'
import { createStripeProcessor } from '../../src/payouts/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { eventText, signatureOf, WEBHOOK_SECRET } from '../payouts/stripe-events.ts'
import { useApi } from './api.ts'
import { givePayoutMoney, type PayoutMoney } from './payout-money.ts'
import { eventOf, tellStory } from './story.ts'

const { call, key, scanned, database, owner, keys, clock, lines } = await useApi({ payouts: { processor: createStripeProcessor({ secretKey: 'sk_test_http', webhookSecret: WEBHOOK_SECRET }) } })
let money: PayoutMoney
let [host, finance] = ['', '']

beforeAll(async () => {
  const all = await key()
  await tellStory(call, all, scanned)
  await call('POST', '/v1/events', { token: all, body: eventOf('payouts', 'login', 'payee', 59) })
  money = await givePayoutMoney({ database, keys, clock }, 'main', 'payee', 'friend')
  host = await key({ kind: 'key', scopes: ['payouts:write', 'payouts:read'] })
  finance = await key({ kind: 'person', scopes: ['payouts:write', 'payouts:read'] })
})

const request = { program: 'main', account: 'payee', method: 'bank', asset: 'USD', amount: '2' }
const ask = (idempotency: string, body: object = request) => call('POST', '/v1/payouts', { token: host, body, headers: { 'idempotency-key': idempotency } })

describe('a request over HTTP', () => {
  test('gets the same answer byte for byte under the same key, whatever happened since', async () => {
    const first = await ask('twice')
    expect(first.status).toBe(201)
    expect(first.json).toMatchObject({ account: 'payee', state: 'requested', gross: '2', net: '2', needs_approval: true })
    const id = String(first.json['payout_id'])
    const approved = await call('POST', `/v1/payouts/${id}/approve`, { token: finance, headers: { 'idempotency-key': 'a1' } })
    expect([approved.status, approved.json['state']]).toEqual([200, 'approved'])
    const again = await ask('twice')
    expect([again.text, again.headers.get('idempotency-hit')]).toEqual([first.text, 'true'])
    expect((await ask('twice', { ...request, amount: '3' })).json['code']).toBe('key_reused')
    const found = await call('POST', '/v1/payouts/query', { token: finance, body: { program: 'main', account: 'payee', state: 'approved', limit: 1 } })
    expect((found.json['payouts'] as { payout_id: string }[]).map((each) => each.payout_id)).toEqual([id])
    const read = await call('GET', `/v1/payouts/${id}`, { token: finance })
    expect(read.json).toMatchObject({ lines: [{ amount: '2' }], events: [{ kind: 'requested' }, { kind: 'approved' }] })
  })

  test('is refused with its reason', async () => {
    for (const [body, reason] of [[{ ...request, amount: '0.001' }, 'sub_unit'], [{ ...request, amount: '100000' }, 'insufficient'], [{ ...request, asset: 'DAY', amount: '1' }, 'unsupported_asset'], [{ ...request, account: 'friend' }, 'tax_profile_missing']] as const) {
      const answer = await ask(`refused ${reason}`.replace(' ', '-'), body)
      expect([answer.status, answer.json['reason']]).toEqual([422, reason])
    }
    const own = await call('POST', `/v1/payouts/${money.waiting}/approve`, { token: host, headers: { 'idempotency-key': 'a2' } })
    expect([own.status, own.json['reason']]).toEqual([422, 'needs_a_person'])
  })
})

test('the bank’s file comes as CSV with its digest, and confirmations answer line by line', async () => {
  const file = await call('GET', `/v1/payouts/batches/${money.releasedBatch}/file?reason=sending`, { token: finance })
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
  const [, line = ''] = file.text.split('\n')
  const [reference = ''] = line.split(',')
  const body = { program: 'main', file: `reference,status,amount,fee,date\n${reference},paid,1,0,2026-06-01\n${reference},paid,7,0,2026-06-01\n` }
  const confirmed = await call('POST', '/v1/payouts/confirmations', { token: finance, body, headers: { 'idempotency-key': 'c1' } })
  expect(confirmed.json).toMatchObject({ lines: [{ line: 2, outcome: 'applied' }, { line: 3, outcome: 'wrong_amount' }] })
  expect((await call('GET', `/v1/payouts/batches/${money.madeBatch}/file?reason=curious`, { token: finance })).json['reason']).toBe('not_released')
})

test('an event of the processor is believed by its signature alone, over its bytes', async () => {
  const text = `${JSON.stringify(eventText(clock.now()), null, 2)}\n`
  const send = (raw: string, signature: string) => call('POST', '/v1/payouts/stripe-events', { raw, headers: { 'stripe-signature': signature } })
  expect((await send(text, signatureOf(text, clock.now()))).json).toEqual({ outcome: 'unknown' })
  expect((await send(text, signatureOf(text, clock.now()))).json).toEqual({ outcome: 'known' })
  expect((await send(JSON.stringify(JSON.parse(text)), signatureOf(text, clock.now()))).json).toMatchObject({ code: 'refused', reason: 'signature' })
  expect((await send(text, signatureOf(text, clock.now(), 'whsec_other'))).status).toBe(422)
  expect((await call('POST', '/v1/payouts/stripe-events', { raw: text })).status).toBe(422)
})

test('nothing secret and no bank account is in the log, the acts or the messages', async () => {
  const stored = await owner.pool.query<{ text: string }>(`select coalesce(string_agg(body::text, ' '), '') as text from (select body from act_body union all select body from outbox) as bodies`)
  const everything = `${lines.join('\n')} ${stored.rows[0]?.text}`
  expect(everything).not.toMatch(/sk_test|whsec_|DE\d{20}|acct_0000/)
  await expectBooksToBalance(owner)
})
