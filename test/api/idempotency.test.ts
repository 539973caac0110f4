// One key, one effect, one answer. Method: the real routes, replayed, raced and made to fail between effect and answer.

import { beforeAll, describe, expect, test } from 'vitest'
import { forgetOldKeys } from '../../src/api/idempotency.ts'
import { expectBooksToBalance } from '../books.ts'
import { useApi } from './api.ts'
import { tellStory } from './story.ts'

const { call, key, scanned, database, owner, clock, api } = await useApi()
let token = ''
const transfer = (amount: string, idempotencyKey: string | undefined, given = token) =>
  call('POST', '/v1/members/transfer', { token: given, body: { program: 'main', account: 'inviter', asset: 'USD', amount }, headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey } })
const moved = async (): Promise<number> => database.prisma.transfer.count({ where: { kind: 'reward_transfer' } })

beforeAll(async () => {
  token = await key()
  await tellStory(call, token, scanned)
})

/** What moves money, or decides about a person’s: each success of one of them in any test of the API is told twice by test/api/api.ts. */
const MONEY_ROUTES = [
  '/v1/accrual-questions/:id/answer',
  '/v1/claims',
  '/v1/claims/:id/approve',
  '/v1/claims/:id/confirm',
  '/v1/claims/:id/decide',
  '/v1/debts/:id/write-offs',
  '/v1/decisions',
  '/v1/decisions/:id/undo',
  '/v1/instructions/:id/confirm',
  '/v1/instructions/:id/refuse',
  '/v1/instructions/:id/retry',
  '/v1/members/transfer',
  '/v1/payees/destinations',
  '/v1/payees/destinations/:id/approve',
  '/v1/payouts',
  '/v1/payouts/:id/approve',
  '/v1/payouts/:id/cancel',
  '/v1/payouts/batches',
  '/v1/payouts/batches/:id/release',
  '/v1/payouts/confirmations',
  '/v1/write-offs/:id/approve',
  '/v1/write-offs/:id/restore',
]

describe('an idempotency key', () => {
  test('is required where money moves or a case is decided', async () => {
    expect((await transfer('1', undefined)).json).toMatchObject({ code: 'invalid_request', reason: 'idempotency_key_missing' })
expect(api.routes.filter(({ idempotency }) => idempotency === 'required').map(({ path }) => path).sort()).toEqual(MONEY_ROUTES)
  })

  test.each(['a b', 'a\tb', 'x'.repeat(256)])('of the form %j is refused', async (bad) => {
    expect((await transfer('1', bad)).json).toMatchObject({ status: 400, reason: 'idempotency_key_form' })
  })

  test('has one effect however often and at once it is used, and the same bytes for all', async () => {
    const before = await moved()
    const answers = await Promise.all(Array.from({ length: 12 }, () => transfer('0.5', 'raced')))
    const later = await transfer('0.5', 'raced')
    const done = [...answers, later].filter(({ status }) => status === 201)
    expect(new Set(done.map(({ text }) => text)).size).toBe(1)
    for (const { status, json } of answers.filter((answer) => answer.status !== 201)) expect([status, json['code']]).toEqual([409, 'in_flight'])
    expect(later.headers.get('idempotency-hit')).toBe('true')
    expect(await moved()).toBe(before + 1)
  })

  test('with another body is refused, whatever the order of its fields was', async () => {
    await transfer('0.25', 'reused')
    expect((await transfer('0.26', 'reused')).json).toMatchObject({ status: 422, code: 'key_reused' })
    const same = await call('POST', '/v1/members/transfer', { token, raw: '{"amount":"0.25","asset":"USD","account":"inviter","program":"main"}', headers: { 'idempotency-key': 'reused' } })
    expect([same.status, same.headers.get('idempotency-hit')]).toEqual([201, 'true'])
  })

  test('on another address is refused too: the answer belongs to what the address names', async () => {
    const undo = (id: string) => call('POST', `/v1/decisions/${id}/undo`, { token, body: { reason: 'correction' }, headers: { 'idempotency-key': 'undo' } })
    const { cases } = (await call('GET', '/v1/cases', { token })).json as { cases: { case_id: string }[] }
    const plan = (await call('POST', '/v1/plans', { token, body: { action: { kind: 'freeze', target: { case_id: cases[0]?.case_id } } } })).json
    const decision = await call('POST', '/v1/decisions', { token, body: { plan_id: plan['plan_id'], hash: plan['hash'], reason: 'farm' }, headers: { 'idempotency-key': 'decide' } })
    expect((await undo(String(decision.json['decision_id']))).status).toBe(201)
    expect((await undo('999')).json).toMatchObject({ status: 422, code: 'key_reused' })
  })

  test('of another caller is another key', async () => {
    const before = await moved()
    const theirs = await key({ kind: 'key' })
    expect((await transfer('0.5', 'mine')).status).toBe(201)
    expect((await transfer('0.5', 'mine', theirs)).headers.get('idempotency-hit')).toBeNull()
    expect(await moved()).toBe(before + 2)
  })

  test('of a refused request is free again: nothing happened that would be repeated', async () => {
    expect((await transfer('1000000', 'later')).json).toMatchObject({ status: 422, reason: 'insufficient' })
    expect((await transfer('not a number', 'later')).status).toBe(400)
    expect((await transfer('0.1', 'later')).status).toBe(201)
  })

  test('of a request that failed after its effect leaves neither effect nor record', async () => {
    const [before, records] = [await moved(), await database.prisma.idempotencyRecord.count()]
    await owner.prisma.$executeRaw`ALTER TABLE idempotency_answer RENAME TO away`
    const failed = await transfer('0.5', 'crashed')
    await owner.prisma.$executeRaw`ALTER TABLE away RENAME TO idempotency_answer`
    expect(failed.status).toBe(500)
    expect([await moved(), await database.prisma.idempotencyRecord.count()]).toEqual([before, records])
    expect((await transfer('0.5', 'crashed')).status).toBe(201)
    expect(await moved()).toBe(before + 1)
    await expectBooksToBalance(owner)
  })

  test('is kept as a digest, and its answer is forgotten after thirty days while the money’s own key stays', async () => {
    await transfer('0.01', 'secret-key-value')
    const rows = await owner.prisma.$queryRaw<{ text: string }[]>`SELECT string_agg(r::text, '') AS text FROM idempotency_record r`
    expect(rows[0]?.text).not.toContain('secret-key-value')
    const before = await moved()
    clock.advance(31 * 86_400)
    expect(await forgetOldKeys(database, clock, 30)).toBeGreaterThan(0)
    expect((await transfer('0.01', 'secret-key-value')).headers.get('idempotency-hit')).toBeNull()
    expect(await moved()).toBe(before)
  })
})
