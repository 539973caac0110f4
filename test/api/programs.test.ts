// Programmes over HTTP: a first publication with rules of every kind, better and worse versions, and refusals that say what and from when on.

import { beforeAll, describe, expect, test } from 'vitest'
import { catalogue } from '../../src/programs/index.ts'
import { useApi } from './api.ts'

const { call, key } = await useApi()
let token = ''
beforeAll(async () => {
  token = await key()
})
const FROM = '2026-01-01T00:00:00Z'
const post = (path: string, body: object) => call('POST', path, { token, body })
const rulesOf = (programKey: string) => catalogue.find((program) => program.key === programKey)?.versions[0]?.content

describe('publishing over HTTP', () => {
  test.each(catalogue.map((program) => program.key))('%s is published, and again without a change', async (programKey) => {
    const body = { key: programKey, name: programKey, effective_from: FROM, rules: rulesOf(programKey) }
    expect((await post('/v1/programs', body)).json).toMatchObject({ is_new: true })
    expect((await post('/v1/programs', body)).json).toMatchObject({ is_new: false })
    const versions = (await call('GET', `/v1/programs/${programKey}/versions`, { token })).json['versions'] as { rules: object }[]
    expect(versions).toHaveLength(1)
    // What was read is what may be published.
    expect((await post('/v1/programs', { ...body, rules: versions[0]?.rules })).json).toMatchObject({ is_new: false })
  })

  test('a less favourable version without its notice is refused with what is worse and from when on it may start', async () => {
    const worse = { effective_from: '2026-06-30T00:00:00Z', rules: { ...rulesOf('api-market'), signupCredit: null } }
    const refused = await post('/v1/programs/api-market/versions', worse)
    expect([refused.status, refused.json['reason']]).toEqual([422, 'notice_too_short'])
    expect(refused.text).toContain('signupCredit: New customers no longer get a credit.')
    const earliest = /from (\S+) on/.exec(refused.text)?.[1] ?? ''
    expect((await post('/v1/programs/api-market/versions', { ...worse, effective_from: earliest })).status).toBe(201)
  })

  test('a better version may start now', async () => {
    const better = await post('/v1/programs/chat-api/versions', { effective_from: '2026-06-01T12:00:00Z', rules: { ...rulesOf('chat-api'), enrolment: { idle: null } } })
    expect([better.status, better.json]).toEqual([201, expect.objectContaining({ is_new: true })])
  })

  test('a programme that runs is not changed backwards, by neither route', async () => {
    const better = { ...rulesOf('apiyi'), reward: { kind: 'rate', ratePpm: 200_000 } }
    for (const [path, body] of [['/v1/programs', { key: 'apiyi', name: 'apiyi' }], ['/v1/programs/apiyi/versions', {}]] as const) {
      const refused = await post(path, { ...body, effective_from: '2026-05-01T00:00:00Z', rules: better })
      expect([refused.status, refused.json['reason']]).toEqual([422, 'effective_in_the_past'])
    }
  })

  test('an unknown asset of a track is refused by name; a wrong field by its path', async () => {
    const track = { key: 'gold', entry: 'upgrade', asset: 'XAU', reward: { kind: 'rate', ratePpm: 1 } }
    const unknown = await post('/v1/programs', { key: 'gold', name: 'Gold', effective_from: FROM, rules: { ...rulesOf('apiyi'), tracks: [track] } })
    expect([unknown.status, unknown.json['reason']]).toEqual([422, 'unknown_asset'])
    expect(unknown.text).toContain('XAU')
    const wrong = await post('/v1/programs', { key: 'gold', name: 'Gold', effective_from: FROM, rules: { ...rulesOf('apiyi'), tracks: [{ ...track, asset: 'USD', entry: 'gift' }] } })
    expect(wrong.status).toBe(400)
    expect(wrong.text).toContain('tracks')
  })
})
