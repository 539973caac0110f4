// Standing over HTTP: what a member and staff change, contracts by two persons, and what no answer says.

import { beforeAll, describe, expect, test } from 'vitest'
import { useApi } from './api.ts'
import { tellStory } from './story.ts'

const { call, clock, key, scanned, database } = await useApi()
const tokens = { dana: '', lee: '', main: '', host: '' }

beforeAll(async () => {
  tokens.dana = await key()
  tokens.lee = await key()
  await tellStory(call, tokens.dana, scanned)
  tokens.main = await key({ programKey: 'main' })
  tokens.host = await key({ kind: 'key' })
})

const post = (path: string, body: unknown, token = tokens.dana, headers: Record<string, string> = {}) => call('POST', path, { token, body, headers })
const standingOf = async (account: string) => (await post('/v1/members/standing/query', { program: 'main', account })).json

describe('a member', () => {
  test('of whom nothing is recorded is active on the default track', async () => {
    expect(await standingOf('alt1')).toMatchObject({ enrolment: { state: 'active', reason: null, since: null }, track: 'default', contracts: [], terms: [], exclusions: [], suspended_from: null })
  })

  test('closes and reopens, and the history says when', async () => {
    expect(await post('/v1/members/enrolment', { program: 'main', account: 'alt1', state: 'closed', by: 'member' })).toMatchObject({ status: 200, json: { state: 'closed', is_new: true, effective_from: '2026-06-01T12:00:00.000Z' } })
    clock.advance(60)
    await post('/v1/members/enrolment', { program: 'main', account: 'alt1', state: 'active', by: 'member' })
    expect(await standingOf('alt1')).toMatchObject({ enrolment: { state: 'active', reason: 'member' }, enrolments: [{ state: 'closed' }, { state: 'active' }] })
  })

  test('does not reopen what staff closed', async () => {
    await post('/v1/members/enrolment', { program: 'main', account: 'alt2', state: 'closed', by: 'staff' })
    const answer = await post('/v1/members/enrolment', { program: 'main', account: 'alt2', state: 'active', by: 'member' })
    expect([answer.status, answer.json['code'], answer.json['reason']]).toEqual([422, 'refused', 'closed_by_staff'])
  })

  test('has accepted terms once, with the first time', async () => {
    const body = { program: 'main', account: 'friend', terms_version: '2026-05', accepted_at: '2026-05-20T00:00:00Z' }
    expect((await post('/v1/members/terms', body)).json['is_new']).toBe(true)
    expect((await post('/v1/members/terms', { ...body, accepted_at: '2026-05-21T00:00:00Z' })).json['is_new']).toBe(false)
    expect(await standingOf('friend')).toMatchObject({ terms: [{ terms_version: '2026-05', accepted_at: '2026-05-20T00:00:00.000Z' }] })
    expect((await post('/v1/members/terms', { ...body, accepted_at: '2026-06-03T00:00:00Z' })).json['reason']).toBe('accepted_in_the_future')
  })

  test('is changed once by a request that is repeated with its key', async () => {
    const body = { program: 'main', account: 'inviter', state: 'suspended', by: 'staff' }
    const [first, again] = [await post('/v1/members/enrolment', body, tokens.dana, { 'idempotency-key': 'once' }), await post('/v1/members/enrolment', body, tokens.dana, { 'idempotency-key': 'once' })]
    expect(again.text).toBe(first.text)
    expect(first.json['is_new']).toBe(true)
  })
})

describe('a contract', () => {
  test('is entered by one person and approved by another; no answer says where the paper is', async () => {
    const entered = await post('/v1/contracts', { program: 'main', account: 'friend', track: 'agency', signed_at: '2026-05-30T00:00:00Z', document_reference: 'cabinet 3, folder 12' })
    expect(entered).toMatchObject({ status: 201, json: { state: 'waiting', track: 'agency' } })
    const path = `/v1/contracts/${String(entered.json['contract_id'])}`
    expect((await call('GET', '/v1/contracts?state=waiting', { token: tokens.lee })).json['contracts']).toMatchObject([{ account: 'friend', state: 'waiting' }])
    expect((await post(`${path}/approve`, {})).json['reason']).toBe('same_person')
    expect((await post(`${path}/approve`, {}, tokens.host)).json['reason']).toBe('not_a_person')
    const approved = await post(`${path}/approve`, {}, tokens.lee)
    expect(approved.json).toMatchObject({ state: 'in_force', approved_at: '2026-06-01T12:01:00.000Z' })
    const standing = await standingOf('friend')
    expect(standing).toMatchObject({ track: 'agency', tracks: [{ track: 'agency', effective_from: '2026-05-30T00:00:00.000Z' }], contracts: [{ state: 'in_force' }] })
    for (const text of [entered.text, approved.text, JSON.stringify(standing)]) expect(text).not.toContain('cabinet')
    expect((await post('/v1/members/track', { program: 'main', account: 'friend', track: 'default' })).json['reason']).toBe('contract_in_force')
    expect((await post(`${path}/end`, {})).json).toMatchObject({ state: 'ended' })
    expect((await standingOf('friend'))['track']).toBe('default')
  })

  test('of a machine’s key is entered, but not approved by one', async () => {
    const entered = await post('/v1/contracts', { program: 'main', account: 'inviter', track: 'agency', signed_at: '2026-05-30T00:00:00Z', document_reference: 'cabinet 3' }, tokens.host)
    expect(entered.status).toBe(201)
  })
})

describe('an excluded account', () => {
  test('is excluded in one program by a key of that program, and in all only by a key of all', async () => {
    const one = await post('/v1/excluded-accounts', { program: 'main', account: 'alt1', reason: 'staff' }, tokens.main)
    expect(one).toMatchObject({ status: 201, json: { program: 'main', reason: 'staff', ends_at: null } })
    expect((await post('/v1/excluded-accounts', { account: 'alt1', reason: 'staff' }, tokens.main)).status).toBe(403)
    const all = await post('/v1/excluded-accounts', { account: 'alt1', reason: 'test' })
    expect(all).toMatchObject({ status: 201, json: { program: null } })
    expect((await post(`/v1/excluded-accounts/${String(all.json['exclusion_id'])}/end`, {}, tokens.main)).status).toBe(404)
    expect((await standingOf('alt1'))['exclusions']).toHaveLength(2)
    clock.advance(60)
    for (const { json } of [one, all]) expect((await post(`/v1/excluded-accounts/${String(json['exclusion_id'])}/end`, {})).status).toBe(200)
    expect((await standingOf('alt1'))['exclusions']).toHaveLength(0)
  })

  test('leaves acts with who did it', async () => {
    const acts = await database.prisma.act.findMany({ where: { kind: { in: ['account_excluded', 'exclusion_ended'] } }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind }) => kind)).toEqual(['account_excluded', 'account_excluded', 'exclusion_ended', 'exclusion_ended'])
    expect(new Set(acts.map(({ actorId }) => actorId)).size).toBe(2)
  })
})
