// API keys: what is stored, who may use one, and how it ends. Method: the real tables, a clock that the test moves.

import { describe, expect, test } from 'vitest'
import { verifyActs } from '../../src/acts/index.ts'
import {
  ALL_SCOPES, createApiKey, createAuthentication, ensureFirstKey, listApiKeys, type NewApiKey, REMEMBERED_SECONDS, revokeApiKey, rotateApiKey, SYSTEM_ACTOR_ID,
} from '../../src/identities/index.ts'
import { useDatabase } from '../database.ts'

const { database, clock, keys } = await useDatabase()
const identities = { database, clock, keys }
let made = 0

async function create(request: Partial<NewApiKey> = {}) {
  const result = await createApiKey(identities, { label: `host ${made++}`, kind: 'key', scopes: ['events:write'], createdBy: SYSTEM_ACTOR_ID, ...request })
  if (!result.ok) throw new Error(result.reason)
  return result
}

describe('API keys', () => {
  test('the first start makes one key with every scope, and no later start another', async () => {
    const tokens = await Promise.all([ensureFirstKey(identities), ensureFirstKey(identities), ensureFirstKey(identities)])
    const [token] = tokens.filter((each) => each !== null)
    expect(tokens.filter((each) => each !== null)).toHaveLength(1)
    const identity = await createAuthentication(identities).authenticate(token ?? '')
    expect(identity).toMatchObject({ actorKind: 'person', programId: null })
    expect([...(identity?.scopes ?? [])].sort()).toEqual([...ALL_SCOPES].sort())
    expect(await ensureFirstKey(identities)).toBeNull()
  })

  test('a token says who calls, with which scopes and for which program', async () => {
    const program = await database.prisma.program.create({ data: { key: 'limited', name: 'Limited', actorId: 1n, recordedAt: clock.now() } })
    const key = await create({ scopes: ['checks:write', 'checks:read', 'checks:write'], programKey: 'limited' })
    const identity = await createAuthentication(identities).authenticate(key.token)
    expect(identity).toEqual({ actorId: key.actorId, actorKind: 'key', prefix: key.prefix, scopes: new Set(['checks:read', 'checks:write']), programId: program.id })
  })

  test('neither the token nor its secret is stored', async () => {
    const { token, prefix } = await create()
    const row = await database.prisma.apiKey.findUniqueOrThrow({ where: { prefix } })
    const secret = token.slice(`rf_${prefix}_`.length)
    expect(row.digest).toHaveLength(32)
    expect(Buffer.from(row.digest).toString('base64url')).not.toBe(secret)
    expect(JSON.stringify({ ...row, digest: Buffer.from(row.digest).toString('latin1') }, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))).not.toContain(secret)
  })

  test('another secret, another prefix and anything malformed are nobody', async () => {
    const { token } = await create()
    const authentication = createAuthentication(identities)
    const wrong = [`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, token.replace(/^rf_./, 'rf_!'), '', 'rf_', token.slice(0, -1), `${token}x`, token.toUpperCase()]
    for (const each of wrong) expect(await authentication.authenticate(each), each).toBeUndefined()
    expect(await authentication.authenticate(token)).toBeDefined()
  })

  test('an expired key is nobody, to the second', async () => {
    const { token } = await create({ expiresAt: new Date(clock.now().getTime() + 60_000) })
    const authentication = createAuthentication(identities)
    clock.advance(59)
    expect(await authentication.authenticate(token)).toBeDefined()
    clock.advance(1)
    expect(await authentication.authenticate(token)).toBeUndefined()
    expect(authentication.authenticateRemembered(token)).toBeUndefined()
  })

  test('a revoked key is nobody at once here, and elsewhere after the seconds it is remembered', async () => {
    const { token, prefix } = await create()
    const [here, elsewhere] = [createAuthentication(identities), createAuthentication(identities)]
    expect(here.authenticateRemembered(token)).toBeUndefined()
    for (const each of [here, elsewhere]) expect(await each.authenticate(token)).toBeDefined()
    expect(here.authenticateRemembered(token)).toBeDefined()
    expect(await revokeApiKey(identities, { prefix, actorId: SYSTEM_ACTOR_ID })).toBe(true)
    here.forget(prefix)
    expect(await here.authenticate(token)).toBeUndefined()
    clock.advance(REMEMBERED_SECONDS)
    expect(elsewhere.authenticateRemembered(token)).toBeUndefined()
    expect(await elsewhere.authenticate(token)).toBeUndefined()
    expect(await revokeApiKey(identities, { prefix, actorId: SYSTEM_ACTOR_ID })).toBe(false)
  })

  test('rotation gives the same actor a new secret and ends the old one after the overlap', async () => {
    const old = await create({ scopes: ['rings:read'] })
    const next = await rotateApiKey(identities, { prefix: old.prefix, overlapSeconds: 3600, actorId: SYSTEM_ACTOR_ID })
    const authentication = createAuthentication(identities)
    for (const token of [old.token, next?.token ?? '']) expect(await authentication.authenticate(token)).toMatchObject({ actorId: old.actorId, scopes: new Set(['rings:read']) })
    clock.advance(3600)
    expect(await authentication.authenticate(old.token)).toBeUndefined()
    expect(await authentication.authenticate(next?.token ?? '')).toBeDefined()
    expect(await rotateApiKey(identities, { prefix: old.prefix, overlapSeconds: 3600, actorId: SYSTEM_ACTOR_ID })).toBeNull()
  })

  test('rotation never makes an expiring key live longer', async () => {
    const expiresAt = new Date(clock.now().getTime() + 60_000)
    const old = await create({ expiresAt })
    const next = await rotateApiKey(identities, { prefix: old.prefix, overlapSeconds: 3600, actorId: SYSTEM_ACTOR_ID })
    const rows = await database.prisma.apiKey.findMany({ where: { prefix: { in: [old.prefix, next?.prefix ?? ''] } } })
    expect(rows.map((row) => row.expiresAt)).toEqual([expiresAt, expiresAt])
  })

  test.each([
    [{ label: '' }, 'bad_label'],
    [{ label: 'a\u0000b' }, 'bad_label'],
    [{ label: 'administrator', kind: 'person' as const }, 'label_taken'],
    [{ scopes: [] }, 'no_scope'],
    [{ scopes: ['events:write', 'everything'] }, 'unknown_scope'],
    [{ programKey: 'nowhere' }, 'unknown_program'],
    [{ expiresAt: new Date('2026-01-01T00:00:00Z') }, 'already_expired'],
  ])('a request for a key with %o is refused: %s', async (request, reason) => {
    const before = await database.prisma.apiKey.count()
    expect(await createApiKey(identities, { label: `refused ${made++}`, kind: 'key', scopes: ['events:write'], createdBy: SYSTEM_ACTOR_ID, ...request })).toEqual({ ok: false, reason })
    expect(await database.prisma.apiKey.count()).toBe(before)
  })

  test('making, rotating and revoking are acts in the chain', async () => {
    const { prefix } = await create()
    await rotateApiKey(identities, { prefix, overlapSeconds: 0, actorId: SYSTEM_ACTOR_ID })
    await revokeApiKey(identities, { prefix, actorId: SYSTEM_ACTOR_ID })
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'api_key', objectId: prefix }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind }) => kind)).toEqual(['api_key_created', 'api_key_rotated', 'api_key_revoked'])
    expect((await verifyActs(database, keys)).ok).toBe(true)
  })

  test('the list shows labels, scopes and ends, and no secret', async () => {
    const { prefix, token } = await create({ label: 'listed', scopes: ['codes:write'] })
    const list = await listApiKeys(database)
    expect(list.find((key) => key.prefix === prefix)).toMatchObject({ label: 'listed', kind: 'key', scopes: ['codes:write'], programKey: null, revokedAt: null })
    expect(JSON.stringify(list)).not.toContain(token.slice(12))
  })
})
