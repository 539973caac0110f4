// What becomes of an answer: replay, record, token, and the real answer to those that had to wait. Method: real database, timers never used,
// failures made by closing or renaming what the check needs.

import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Caller, type CheckRequest, type Checks, type ChecksOptions, createChecks, type ResolvedCheck } from '../../src/checks/index.ts'
import { digestOf } from '../../src/base/hashing.ts'
import { openDatabase } from '../../src/base/database.ts'
import { useDatabase } from '../database.ts'
import { createWorld } from './world.ts'

const { database, owner, url, clock, keys } = await useDatabase()
const world = createWorld({ database, keys, clock })
const opened: Checks[] = []

async function started(options: Partial<ChecksOptions> = {}): Promise<Checks> {
  const checks = createChecks({ database, keys, clock, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000, ...options })
  opened.push(checks)
  await checks.start()
  return checks
}

const question = (request: Partial<CheckRequest> = {}): CheckRequest => ({
  program: 'holding', subject: 'rebate', subject_id: 'order 1', inviter: 'farmer', invitee: 'alt', amount: '10', asset: 'USD', ...request,
})

async function ask(checks: Checks, request: Partial<CheckRequest> = {}, caller: Partial<Caller> = {}) {
  const outcome = await checks.evaluate(question(request), { actorId: 1n, ...caller })
  if (!outcome.ok) throw new Error(outcome.reason)
  return outcome
}

beforeAll(async () => {
  await world.program('holding', { mode: 'hold' })
  await world.accounts('farmer', 'alt', 'honest', 'friend')
  await world.seen(['farmer', 'device:install', 'install-1'], ['alt', 'device:install', 'install-1'])
  await world.seen(['farmer', 'payment:fingerprint', 'fingerprint-1'], ['alt', 'payment:fingerprint', 'fingerprint-1'])
  await world.referral('holding', 'farmer', 'alt')
  await world.referral('holding', 'honest', 'friend')
})

afterEach(async () => {
  for (const checks of opened.splice(0)) await checks.stop().catch(() => undefined)
})

// First, while nothing was ever scanned.
describe('before the first scan', () => {
  test('the check cannot know, so it holds, degraded, and is answered anew after the scan', async () => {
    const resolved: ResolvedCheck[] = []
    const checks = await started({ onResolved: async (_transaction, each) => void resolved.push(each) })
    const degraded = await ask(checks, { inviter: 'honest', invitee: 'friend' })
    expect(degraded.answer).toMatchObject({ decision: 'hold', degraded: true, missing: ['scan'] })
    await checks.flush()
    expect(await checks.recheck()).toBe(0)
    await world.scan()
    await checks.refresh()
    expect(await checks.recheck()).toBe(1)
    expect(resolved).toMatchObject([{ previousId: degraded.answer.check_id, answer: { decision: 'allow', degraded: false }, request: { subject_id: 'order 1' } }])
    const successor = await database.prisma.checkRecord.findUniqueOrThrow({ where: { supersedes: degraded.answer.check_id } })
    expect(successor).toMatchObject({ id: resolved[0]?.answer.check_id, decision: 'allow', awaits: null })
    expect(await checks.recheck()).toBe(0)
  })
})

describe('replay', () => {
  test('the same key and request get the same bytes while the process lives', async () => {
    const checks = await started()
    const first = await ask(checks, {}, { requestKey: 'key-1' })
    clock.advance(5)
    const again = await ask(checks, {}, { requestKey: 'key-1' })
    expect([first.replayed, again.replayed]).toEqual([false, true])
    expect(again.text).toBe(first.text)
    await checks.flush()
    expect(await database.prisma.checkRecord.count({ where: { id: first.answer.check_id } })).toBe(1)
  })

  test('twins in flight get one answer', async () => {
    const checks = await started()
    const twins = await Promise.all(Array.from({ length: 8 }, () => ask(checks, { invitee: 'nobody' }, { requestKey: 'key-twins' })))
    expect(new Set(twins.map(({ text }) => text)).size).toBe(1)
    expect(twins.filter(({ replayed }) => !replayed)).toHaveLength(1)
  })

  test('another request under the same key is refused, also in flight', async () => {
    const checks = await started()
    const [, other] = await Promise.all([ask(checks, { invitee: 'nobody' }, { requestKey: 'key-2' }), checks.evaluate(question({ amount: '11' }), { actorId: 1n, requestKey: 'key-2' })])
    expect(other).toMatchObject({ ok: false, reason: 'key_reused' })
    expect(await checks.evaluate(question({ amount: '12' }), { actorId: 1n, requestKey: 'key-2' })).toMatchObject({ ok: false, reason: 'key_reused' })
  })

  test('another caller’s key is another key', async () => {
    const checks = await started()
    const actor = await database.prisma.actor.create({ data: { kind: 'key', name: 'other', createdAt: clock.now() } })
    const [mine, theirs] = [await ask(checks, {}, { requestKey: 'key-3' }), await ask(checks, {}, { requestKey: 'key-3', actorId: actor.id })]
    expect(theirs.replayed).toBe(false)
    expect(theirs.answer.check_id).not.toBe(mine.answer.check_id)
  })

  test('a recorded key is answered the same after a restart, an unrecorded one anew', async () => {
    const checks = await started()
    const recorded = await ask(checks, {}, { requestKey: 'key-4' })
    await checks.flush()
    const lost = await ask(checks, {}, { requestKey: 'key-5' })
    const restarted = await started()
    const [same, anew] = [await ask(restarted, {}, { requestKey: 'key-4' }), await ask(restarted, {}, { requestKey: 'key-5' })]
    expect(same).toMatchObject({ text: recorded.text, replayed: true })
    expect(anew.replayed).toBe(false)
    expect(anew.answer.check_id).not.toBe(lost.answer.check_id)
    expect(await restarted.evaluate(question({ amount: '13' }), { actorId: 1n, requestKey: 'key-4' })).toMatchObject({ ok: false, reason: 'key_reused' })
  })

  test('two processes that answered one key both keep their record', async () => {
    const [left, right] = [await started(), await started()]
    const answers = [await ask(left, {}, { requestKey: 'key-6' }), await ask(right, {}, { requestKey: 'key-6' })]
    await left.flush()
    await right.flush()
    const rows = await database.prisma.checkRecord.findMany({ where: { id: { in: answers.map(({ answer }) => answer.check_id) } } })
    expect(rows.map(({ requestKey }) => requestKey !== null).sort()).toEqual([false, true])
  })
})

describe('the record', () => {
  test('holds ids and digests, its answer bound by a salted digest, and no external id', async () => {
    const checks = await started()
    const { answer, text } = await ask(checks, { subject_id: 'order 4711' })
    await checks.flush()
    const row = await database.prisma.checkRecord.findUniqueOrThrow({ where: { id: answer.check_id }, include: { checkBody: true } })
    expect(row).toMatchObject({ decision: 'hold', amount: 10_000_000n, asset: 'USD', probability: answer.probability, position: answer.position })
    expect(row.checkBody?.answer).toBe(text)
    expect(Buffer.from(row.bodyDigest)).toEqual(digestOf(row.checkBody?.salt ?? new Uint8Array(), text))
    const all = await owner.prisma.$queryRaw<{ text: string }[]>`SELECT r::text || b::text AS text FROM check_record r JOIN check_body b ON b.check_id = r.id WHERE r.id = ${answer.check_id}`
    for (const name of ['farmer', 'alt', 'order 4711']) expect(all[0]?.text).not.toContain(name)
  })

  test('is never changed or deleted, while its side row can be erased', async () => {
    for (const role of [database, owner]) {
      await expect(role.prisma.$executeRaw`UPDATE check_record SET decision = 'allow'`).rejects.toThrow()
      await expect(role.prisma.$executeRaw`DELETE FROM check_record`).rejects.toThrow()
    }
    expect(await database.prisma.checkBody.deleteMany({})).toMatchObject({ count: expect.any(Number) as number })
  })

  test('is written on stop', async () => {
    const checks = await started()
    const { answer } = await ask(checks)
    await checks.stop()
    expect(await database.prisma.checkRecord.count({ where: { id: answer.check_id } })).toBe(1)
  })
})

describe('when something fails', () => {
  test('a look-up that fails makes the answer hold, degraded, and nothing throws', async () => {
    const checks = await started()
    await owner.prisma.$executeRaw`ALTER TABLE account_identity RENAME TO away`
    const { answer } = await ask(checks, { invitee: 'nobody' })
    await owner.prisma.$executeRaw`ALTER TABLE away RENAME TO account_identity`
    expect(answer).toMatchObject({ decision: 'hold', degraded: true, missing: ['account_lookup'], probability: null })
  })

  test('records that cannot be written wait, and are written later', async () => {
    const checks = await started()
    const { answer } = await ask(checks)
    await owner.prisma.$executeRaw`ALTER TABLE check_body RENAME TO away`
    await expect(checks.flush()).rejects.toThrow()
    expect(checks.state().recordsWaiting).toBe(1)
    await owner.prisma.$executeRaw`ALTER TABLE away RENAME TO check_body`
    await checks.flush()
    expect(await database.prisma.checkRecord.count({ where: { id: answer.check_id } })).toBe(1)
  })

  test('an index that is not loaded holds, degraded', async () => {
    const dead = openDatabase(url)
    await dead.close()
    const checks = createChecks({ database: dead, keys, clock, deadlineMilliseconds: 100 })
    expect((await ask(checks)).answer).toMatchObject({ decision: 'hold', degraded: true, missing: ['index', 'account_lookup', 'policy'] })
  })

  test('an index that could not be refreshed for a minute is no basis for allowing', async () => {
    const dying = openDatabase(url)
    const checks = await started({ database: dying, deadlineMilliseconds: 100, staleSeconds: 60 })
    await dying.close()
    clock.advance(60)
    expect((await ask(checks, { inviter: 'honest', invitee: 'friend' })).answer.degraded).toBe(false)
    clock.advance(1)
    expect((await ask(checks, { inviter: 'honest', invitee: 'friend' })).answer).toMatchObject({ decision: 'hold', degraded: true, missing: ['fresh_index'] })
  })

  test('in mode observe a degraded answer allows, and says both', async () => {
    await world.program('observing', {})
    const checks = await started({ deadlineMilliseconds: 30 })
    const { answer } = await ask(checks, { program: 'observing', at_least: '999999999999' })
    expect(answer).toMatchObject({ decision: 'allow', would: 'hold', degraded: true, missing: ['position'] })
  })

  test('a hold of somebody not yet seen is answered anew once they are', async () => {
    const checks = await started()
    const { answer } = await ask(checks, { inviter: 'honest', invitee: 'newcomer' })
    expect(answer.reasons[0]?.code).toBe('not_yet_seen')
    await checks.flush()
    await world.accounts('newcomer')
    expect(await checks.recheck()).toBeGreaterThan(0)
    const successor = await database.prisma.checkRecord.findUniqueOrThrow({ where: { supersedes: answer.check_id } })
    expect(successor.awaits).toBeNull()
  })
})

describe('the token', () => {
  test('proves the answer, names no external id and expires', async () => {
    const checks = await started({ tokenSeconds: 60 })
    const { answer } = await ask(checks, { subject_id: 'order 77' })
    expect(checks.verify(answer.token)).toMatchObject({ ok: true, claims: { check_id: answer.check_id, decision: 'hold', amount: '10', asset: 'USD', subject: 'rebate' } })
    expect(Buffer.from(answer.token.split('.')[2] ?? '', 'base64url').toString()).not.toMatch(/farmer|alt|order 77/)
    clock.advance(60)
    expect(checks.verify(answer.token)).toEqual({ ok: false, reason: 'expired' })
  })

  test('changed, foreign and malformed tokens are refused', async () => {
    const checks = await started()
    const { answer } = await ask(checks)
    const [version, keyId, payload, signature] = answer.token.split('.') as [string, string, string, string]
    const altered = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('"hold"', '"allow"')).toString('base64url')
    expect(checks.verify([version, keyId, altered, signature].join('.'))).toEqual({ ok: false, reason: 'forged' })
    expect(checks.verify([version, '2', payload, signature].join('.'))).toEqual({ ok: false, reason: 'forged' })
    for (const text of ['', 'rfc1', answer.token.slice(0, -1), `${answer.token} `, answer.token.replace('rfc1', 'rfc2')]) expect(checks.verify(text), text).toEqual({ ok: false, reason: 'malformed' })
    const foreign = createChecks({ database, keys: { ...keys, tokens: [{ id: 1, secret: Buffer.alloc(32, 9) }] }, clock })
    expect(foreign.verify(answer.token)).toEqual({ ok: false, reason: 'forged' })
  })
})
