// The main job over HTTP alone: facts in, rebates out, a ring found, frozen, undone; every answer as its document says.

import { beforeAll, describe, expect, test } from 'vitest'
import { expectBooksToBalance } from '../books.ts'
import { useApi } from './api.ts'
import { at, eventOf, type Story, tellStory } from './story.ts'

const { call, key, scanned, database, owner, checks } = await useApi()
let token = ''
let story: Story

async function ok(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await call(method, path, { token, headers, ...(body === undefined ? {} : { body }) })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.json
}

beforeAll(async () => {
  token = await key()
  story = await tellStory(call, token, scanned)
})

describe('a program over HTTP', () => {
  test('events earn rebates, are known when repeated, and refused when their id is used again', async () => {
    const recharge = eventOf('r-again', 'recharge', 'friend', 50, { amount: '10', tax: '1', bonus: '2', currency: 'USD' })
    const first = await call('POST', '/v1/events', { token, body: recharge })
    expect([first.status, first.json]).toMatchObject([201, { status: 'recorded', rebates: [{ asset: 'USD', amount: '0.7' }] }])
    const again = await call('POST', '/v1/events', { token, body: recharge })
    expect([again.status, again.json]).toMatchObject([200, { status: 'known', rebates: [{ amount: '0.7' }] }])
    const other = await call('POST', '/v1/events', { token, body: { ...recharge, amount: '11' } })
    expect([other.status, other.json]).toMatchObject([422, { code: 'key_reused' }])
  })

  test('a refused event of a batch does not keep the others out, and nothing of it is kept', async () => {
    const before = await database.prisma.observation.count()
    const { results } = await ok('POST', '/v1/events', {
      events: [
        eventOf('b1', 'login', 'friend', 51), eventOf('b2', 'login', 'friend', 52, { observations: [{ kind: 'payment', value: '4111 1111 1111 1111' }] }),
        eventOf('b3', 'recharge', 'friend', 53, { amount: '1', currency: 'QQQ' }), eventOf('b4', 'refund', 'friend', 54, { original: 'never' }),
      ],
    })
    expect(results).toMatchObject([{ status: 'recorded' }, { status: 'refused', reason: 'raw_card_number' }, { status: 'refused', reason: 'unknown_asset' }, { status: 'recorded', waiting: true }])
    expect(await database.prisma.observation.count()).toBe(before)
  })

  test('a code is valid for the form, however it is typed', async () => {
    for (const typed of [story.code, story.code.toLowerCase(), ` ${story.code.slice(0, 5)}-${story.code.slice(5)} `]) {
      expect(await ok('POST', '/v1/codes/check', { program: 'main', code: typed })).toEqual({ status: 'valid' })
    }
    expect(await ok('POST', '/v1/codes/check', { program: 'other', code: story.code })).toEqual({ status: 'unknown' })
  })

  test('a link leads to the program’s own page with an opaque click id, and the click counts', async () => {
    const followed = await call('GET', `/r/${story.code}`, { headers: { 'user-agent': 'Mozilla/5.0', referer: 'https://blog.example.net/post?id=1' } })
    const location = new URL(followed.headers.get('location') ?? '')
    expect([followed.status, location.host]).toEqual([302, 'api.apiyi.com'])
    expect(location.searchParams.get('aff_code')).toBe(story.code)
    const click = await database.prisma.click.findUniqueOrThrow({ where: { publicId: location.searchParams.get('click_id') ?? '' } })
    expect(click).toMatchObject({ refererHost: 'blog.example.net', isBot: false })
    const bot = await call('GET', `/r/${story.code}`, { headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } })
    expect(bot.status).toBe(302)
    const image = await call('GET', `/r/${story.code}`, { headers: { 'user-agent': 'Mozilla/5.0', 'sec-fetch-dest': 'image' } })
    expect(new URL(image.headers.get('location') ?? '').searchParams.has('click_id')).toBe(false)
    const member = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter' })
    expect(member['figures']).toMatchObject({ clicks: 1 })
  })

  test('a member sees the six figures, balances, and a log that can be filtered', async () => {
    const member = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter', types: ['rebate'], limit: 2 })
    expect(member['figures']).toMatchObject({ referrals: 3, conversions: 3, pending_referrals: 0, conversion_rate: 1, cancelled_referrals: 0, total_earnings: [{ asset: 'USD' }] })
    expect(member['log']).toHaveLength(2)
    expect(JSON.stringify(member['log'])).not.toMatch(/friend|alt1/)
    const rest = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter', types: ['rebate'], after: member['next'] })
    const ids = [...(member['log'] as { id: string }[]), ...(rest['log'] as { id: string }[])].map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
    expect((await call('POST', '/v1/members/query', { token, body: { program: 'main', account: 'nobody' } })).status).toBe(404)
  })

  test('reward moves to the main balance once, and its replay is byte-equal', async () => {
    const body = { program: 'main', account: 'inviter', asset: 'USD', amount: '3' }
    const [first, again] = [await call('POST', '/v1/members/transfer', { token, body, headers: { 'idempotency-key': 't1' } }), await call('POST', '/v1/members/transfer', { token, body, headers: { 'idempotency-key': 't1' } })]
    expect(first.status, first.text).toBe(201)
    expect([again.status, again.text, again.headers.get('idempotency-hit'), first.headers.get('idempotency-hit')]).toEqual([201, first.text, 'true', null])
    const member = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter', types: ['reward_transfer'] })
    expect(member['balances']).toContainEqual({ kind: 'main_reward', asset: 'USD', amount: '3' })
    expect((member['log'] as unknown[]).length).toBeGreaterThan(0)
  })
})

describe('review over HTTP', () => {
  test('a ring shows its members with the evidence that tied them', async () => {
    const ring = await ok('GET', `/v1/rings/${story.ringId}`)
    expect((ring['members'] as { account: string }[]).map(({ account }) => account).sort()).toEqual(['alt1', 'alt2', 'inviter'])
    expect(await ok('GET', `/v1/cases/${story.caseId}`)).toMatchObject({ case_id: story.caseId, ring_id: story.ringId, state: 'open' })
    expect((await ok('GET', '/v1/cases'))['cases']).toHaveLength(1)
    expect(await ok('GET', `/v1/scans/${story.scanId}`)).toMatchObject({ state: 'finished' })
  })

  test('a plan shows the effects, applying its hash has them, and undo takes them back', async () => {
    const before = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter' })
    const plan = await ok('POST', '/v1/plans', { action: { kind: 'freeze', target: { case_id: story.caseId } } })
    expect((plan['effects'] as { kind: string }[]).some(({ kind }) => kind === 'posting')).toBe(true)
    const order = { plan_id: plan['plan_id'], hash: plan['hash'], reason: 'self_invitation', note: 'Same card.\nSame device.' }
    const wrong = await call('POST', '/v1/decisions', { token, body: { ...order, hash: '0'.repeat(64) }, headers: { 'idempotency-key': 'd0' } })
    expect([wrong.status, wrong.json['reason']]).toEqual([409, 'wrong_hash'])
    const decision = await ok('POST', '/v1/decisions', order, { 'idempotency-key': 'd1' })
    const again = await call('POST', '/v1/decisions', { token, body: order, headers: { 'idempotency-key': 'd2' } })
    expect([again.status, again.json['decision_id']]).toEqual([200, decision['decision_id']])
    const frozen = await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter' })
    expect(frozen['balances']).not.toEqual(before['balances'])
    const undone = await ok('POST', `/v1/decisions/${String(decision['decision_id'])}/undo`, { reason: 'correction' }, { 'idempotency-key': 'd3' })
    expect(undone['undoes_id']).toBe(decision['decision_id'])
    expect((await ok('POST', '/v1/members/query', { program: 'main', account: 'inviter' }))['balances']).toEqual(before['balances'])
    await expectBooksToBalance(owner)
  })

  test('what takes for good needs the key of a person', async () => {
    const machine = await key({ kind: 'key' })
    const plan = await ok('POST', '/v1/plans', { action: { kind: 'reclaim', target: { case_id: story.caseId } } })
    const refused = await call('POST', '/v1/decisions', { token: machine, body: { plan_id: plan['plan_id'], hash: plan['hash'], reason: 'farm' }, headers: { 'idempotency-key': 'd4' } })
    expect([refused.status, refused.json['reason']]).toEqual([403, 'person_needed'])
  })
})

describe('the check over HTTP', () => {
  const question = { program: 'main', subject: 'rebate', subject_id: 'o-1', inviter: 'inviter', invitee: 'alt1', amount: '5', asset: 'USD' }

  test('answers from the scan, is replayed byte for byte, and its token is verified', async () => {
    const [first, again] = [await call('POST', '/v1/checks/pre-credit', { token, body: question, headers: { 'idempotency-key': 'c1' } }), await call('POST', '/v1/checks/pre-credit', { token, body: question, headers: { 'idempotency-key': 'c1' } })]
    expect(first.json).toMatchObject({ decision: 'allow', would: 'hold', degraded: false, ring_id: story.ringId })
    expect([again.text, again.headers.get('idempotency-hit')]).toEqual([first.text, 'true'])
    const ring = await ok('GET', `/v1/rings/${story.ringId}`)
    expect((ring['referral_list'] as { probability: number }[]).map(({ probability }) => probability)).toContain(first.json['probability'])
    const other = await call('POST', '/v1/checks/pre-credit', { token, body: { ...question, amount: '6' }, headers: { 'idempotency-key': 'c1' } })
    expect([other.status, other.json['code']]).toEqual([422, 'key_reused'])
    expect(await ok('POST', '/v1/checks/verify', { token: first.json['token'] })).toMatchObject({ valid: true, check_id: first.json['check_id'] })
    expect(await ok('POST', '/v1/checks/verify', { token: 'rfc1.nonsense' })).toEqual({ valid: false, reason: 'malformed' })
  })

  test('a policy published over HTTP is what the next check follows', async () => {
    await ok('POST', '/v1/programs/main/policies', { effective_from: '2026-06-01T12:00:00Z', policy: { mode: 'hold' } })
    await checks.refresh()
    expect((await call('POST', '/v1/checks/pre-credit', { token, body: question })).json).toMatchObject({ decision: 'hold' })
    const past = await call('POST', '/v1/programs/main/policies', { token, body: { effective_from: '2026-01-01T00:00:00Z', policy: { mode: 'enforce' } } })
    expect([past.status, past.json['reason']]).toEqual([422, 'effective_in_the_past'])
    expect((await ok('GET', '/v1/programs/main/policies'))['policies']).toHaveLength(2)
    expect((await ok('GET', '/v1/programs/main/versions'))['versions']).toHaveLength(1)
  })

  test('a credit is judged by what came with the very events that earn it', async () => {
    const { code } = await ok('POST', '/v1/accounts', { program: 'main', account: 'honest' })
    const device = (value: string) => ({ observations: [{ kind: 'device:install', value }, { kind: 'payment:fingerprint', value: `card-${value}` }, { kind: 'email', value: `${value}@example.com` }] })
    const credited = async (name: string, given: Record<string, unknown>) => {
      const { results } = await ok('POST', '/v1/events', { events: [
        eventOf('s-honest', 'signup', 'honest', 40, device('d-honest')), eventOf(`s-${name}`, 'signup', name, 45, { code, ...given }), eventOf(`r-${name}`, 'recharge', name, 46, { amount: '10', currency: 'USD' }),
      ] })
      const [rebate] = (results as { rebates: { rebate_id: string }[] }[])[2]?.rebates ?? []
      return database.prisma.hold.findMany({ where: { rebateId: BigInt(rebate?.rebate_id ?? 0), endedAt: null }, select: { reason: true } })
    }
    expect(await credited('real-friend', device('d-friend'))).toEqual([])
    expect(await credited('own-alt', device('d-honest'))).toEqual([{ reason: 'held_by_check' }])
  })

  test('holds that got their real answer are listed', async () => {
    const held = await call('POST', '/v1/checks/pre-credit', { token, body: { ...question, invitee: 'newcomer' } })
    expect(held.json).toMatchObject({ decision: 'hold', reasons: [{ code: 'not_yet_seen' }] })
    await checks.flush()
    await ok('POST', '/v1/events', eventOf('s-new', 'signup', 'newcomer', 58))
    await checks.refresh()
    expect(await checks.recheck()).toBeGreaterThan(0)
    const list = await ok('GET', `/v1/checks?resolved_since=${encodeURIComponent(at(0))}`)
    expect(list['checks']).toContainEqual(expect.objectContaining({ supersedes: held.json['check_id'], decision: 'allow' }))
  })
})
