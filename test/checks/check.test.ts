// The pre-credit check as a caller sees it. Method: a small world in a real database, scanned by the real detector, asked in every mode
// and in every state of knowledge. The index is refreshed by the test, never by a timer.

import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Caller, type CheckRequest, type Checks, type ChecksOptions, createChecks } from '../../src/checks/index.ts'
import { useDatabase } from '../database.ts'
import { createWorld } from './world.ts'

const { database, owner, clock, keys } = await useDatabase()
const world = createWorld({ database, keys, clock })
const opened: Checks[] = []

function open(options: Partial<ChecksOptions> = {}): Checks {
  const checks = createChecks({ database, keys, clock, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000, ...options })
  opened.push(checks)
  return checks
}

async function started(options: Partial<ChecksOptions> = {}): Promise<Checks> {
  const checks = open(options)
  await checks.start()
  return checks
}

const question = (request: Partial<CheckRequest> = {}): CheckRequest => ({
  program: 'enforcing', subject: 'rebate', subject_id: 'order 1', inviter: 'farmer', invitee: 'alt', amount: '10', asset: 'USD', ...request,
})

async function ask(checks: Checks, request: Partial<CheckRequest> = {}, caller: Partial<Caller> = {}) {
  const outcome = await checks.evaluate(question(request), { actorId: 1n, ...caller })
  if (!outcome.ok) throw new Error(outcome.reason)
  return { ...outcome.answer, replayed: outcome.replayed, text: outcome.text }
}

beforeAll(async () => {
  await world.program('enforcing', { mode: 'enforce', thresholds: { hold: 0.5, deny: 0.9, ring: 0.5 }, denyGate: { isOn: true } })
  await world.program('holding', { mode: 'hold' })
  await world.program('observing', {})
  await world.program('stopped', { mode: 'enforce', allStop: true })
  await world.accounts('farmer', 'alt', 'alt2', 'honest', 'friend', 'late')
  await world.seen(
    ['farmer', 'device:install', 'install-1'], ['alt', 'device:install', 'install-1'], ['farmer', 'payment:fingerprint', 'fp-1'], ['alt', 'payment:fingerprint', 'fp-1'],
    ['honest', 'device:install', 'install-2'], ['friend', 'device:install', 'install-3'], ['honest', 'ip', '9.9.9.9'], ['friend', 'ip', '9.9.9.9'],
  )
  for (const program of ['enforcing', 'holding', 'observing', 'stopped']) {
    await world.referral(program, 'farmer', 'alt')
    await world.referral(program, 'honest', 'friend')
  }
  await world.scan()
})

afterEach(async () => {
  for (const checks of opened.splice(0)) await checks.stop()
})

describe('the pre-credit check', () => {
  test('gives a referral the very probability of the scan when nothing is new', async () => {
    const checks = await started()
    for (const [inviter, invitee] of [['farmer', 'alt'], ['honest', 'friend']] as const) {
      expect((await ask(checks, { inviter, invitee })).probability).toBe(await world.scanned(inviter, invitee))
    }
  })

  test('allows an honest referral and holds a farmed one', async () => {
    const checks = await started()
    expect(await ask(checks, { inviter: 'honest', invitee: 'friend' })).toMatchObject({ decision: 'allow', degraded: false, truncated: false, missing: [] })
    expect(await ask(checks)).toMatchObject({ decision: 'hold', degraded: false })
  })

  test.each([
    ['observing', 'allow', 'hold'],
    ['holding', 'hold', undefined],
    ['enforcing', 'hold', undefined],
    ['stopped', 'hold', undefined],
  ] as const)('in program %s a farmed referral is answered %s, would be %s', async (program, decision, would) => {
    const answer = await ask(await started(), { program })
    expect([answer.decision, answer.would]).toEqual([decision, would])
  })

  test('the one switch stops honest credits too, in whatever mode, and says what they would have been', async () => {
    const answer = await ask(await started(), { program: 'stopped', inviter: 'honest', invitee: 'friend' })
    expect(answer).toMatchObject({ decision: 'hold', would: 'allow' })
    expect(answer.reasons[0]?.code).toBe('all_stop')
  })

  test('denies only when the gate is on and local decisions prove it precise', async () => {
    const certain = { program: 'enforcing', inviter: 'farmer', invitee: 'farmer' }
    for (const [localPrecision, decision] of [
      [null, 'hold'],
      [{ reviewedDecisions: 199, precisionLowerBound: 0.99 }, 'hold'],
      [{ reviewedDecisions: 200, precisionLowerBound: 0.89 }, 'hold'],
      [{ reviewedDecisions: 200, precisionLowerBound: 0.9 }, 'deny'],
    ] as const) expect((await ask(await started({ localPrecision }), certain)).decision, JSON.stringify(localPrecision)).toBe(decision)
    const proven = await started({ localPrecision: { reviewedDecisions: 1000, precisionLowerBound: 0.99 } })
    expect((await ask(proven, { ...certain, program: 'holding' })).decision).toBe('hold')
    expect(await ask(proven, { ...certain, program: 'observing' })).toMatchObject({ decision: 'allow', would: 'hold' })
  })

  test('an account that nothing is known of holds as not yet seen', async () => {
    const answer = await ask(await started(), { invitee: 'stranger' })
    expect(answer).toMatchObject({ decision: 'hold', probability: null, degraded: false })
    expect(answer.reasons.map(({ code }) => code)).toEqual(['not_yet_seen'])
  })

  test('an account written since the last refresh is looked up and not taken for unseen', async () => {
    const checks = await started()
    await world.accounts('just-now')
    expect((await ask(checks, { inviter: 'honest', invitee: 'just-now' })).reasons[0]?.code).toBe('never_scored')
  })

  test('facts of the caller’s own transaction are seen through it, and its record is committed with it', async () => {
    const checks = await started()
    const rollback = new Error('rolled back on purpose')
    let inside: Awaited<ReturnType<typeof ask>> | undefined
    await database.inTransaction(async (transaction) => {
      const rows = await transaction.$queryRaw<{ id: bigint }[]>`INSERT INTO account (identity_digest, recorded_at, batch_id) SELECT 'x', now(), min(id) FROM batch RETURNING id`
      await transaction.accountIdentity.create({ data: { accountId: rows[0]?.id ?? 0n, salt: new Uint8Array(1), externalId: 'uncommitted' } })
      inside = await ask(checks, { inviter: 'honest', invitee: 'uncommitted' }, { transaction })
      expect(await transaction.checkRecord.count({ where: { id: inside.check_id } })).toBe(1)
      throw rollback
    }).catch((error: unknown) => expect(error).toBe(rollback))
    expect(inside?.reasons[0]?.code).toBe('never_scored')
    expect(await database.prisma.checkRecord.count({ where: { id: inside?.check_id ?? '' } })).toBe(0)
    expect((await ask(checks, { inviter: 'honest', invitee: 'uncommitted' })).reasons[0]?.code).toBe('not_yet_seen')
  })

  test('an identifier brought by the request raises the score by the steps of the scorecard', async () => {
    const checks = await started()
    const before = await ask(checks, { inviter: 'honest', invitee: 'friend' })
    const now = await ask(checks, { inviter: 'honest', invitee: 'friend', observations: [{ kind: 'device:install', value: 'install-2' }] })
    expect(now.probability ?? 0).toBeGreaterThan(before.probability ?? 1)
    expect(now.reasons.some(({ code, bits }) => code === 'device_shared' && bits > 0)).toBe(true)
    expect((await ask(checks, { inviter: 'honest', invitee: 'friend' })).probability).toBe(before.probability)
  })

  test('an identifier that both sides bring counts though nobody was ever seen with it', async () => {
    const both = (['inviter', 'invitee'] as const).map((of) => ({ kind: 'device:install', value: 'install-9', of }))
    const checks = await started()
    const [alone, shared] = [await ask(checks, { inviter: 'honest', invitee: 'friend', observations: both.slice(0, 1) }), await ask(checks, { inviter: 'honest', invitee: 'friend', observations: both })]
    expect(shared.probability ?? 0).toBeGreaterThan(alone.probability ?? 1)
  })

  test('an address alone never brings an honest referral to a hold', async () => {
    const answer = await ask(await started(), { inviter: 'honest', invitee: 'friend', observations: [{ kind: 'ip', value: '8.8.8.8', of: 'inviter' }, { kind: 'ip', value: '8.8.8.8', of: 'invitee' }] })
    expect(answer.decision).toBe('allow')
  })

  test('a raw card number is refused and not recorded', async () => {
    const checks = await started()
    const before = await database.prisma.checkRecord.count()
    const outcome = await checks.evaluate(question({ observations: [{ kind: 'payment', value: '4111 1111 1111 1111' }] }), { actorId: 1n })
    expect(outcome).toMatchObject({ ok: false, reason: 'bad_observation' })
    expect(JSON.stringify(outcome)).not.toContain('4111')
    await checks.flush()
    expect(await database.prisma.checkRecord.count()).toBe(before)
  })

  test('a question about an inviter alone is as suspicious as the worst of the referrals', async () => {
    const checks = await started()
    const { invitee: _invitee, ...alone } = question({ subject: 'transfer' })
    const outcome = await checks.evaluate(alone, { actorId: 1n })
    expect(outcome.ok && outcome.answer.probability).toBe(await world.scanned('farmer', 'alt'))
    const honest = await checks.evaluate({ ...alone, inviter: 'honest' }, { actorId: 1n })
    expect(honest.ok && honest.answer.decision).toBe('allow')
  })

  test('whoever invites themselves is held with near certainty', async () => {
    const answer = await ask(await started(), { inviter: 'friend', invitee: 'friend' })
    expect(answer.decision).toBe('hold')
    expect(answer.probability ?? 0).toBeGreaterThan(0.99)
  })

  test.each([
    [{ program: 'nowhere' }, {}, 'unknown_program'],
    [{}, { programId: 999n }, 'unknown_program'],
    [{ asset: 'XXX' }, {}, 'unknown_asset'],
    [{ asset: 'DAY', amount: '1.5' }, {}, 'bad_amount'],
  ] as const)('a request with %o of a caller with %o is refused: %s', async (request, caller, reason) => {
    const outcome = await (await started()).evaluate(question(request), { actorId: 1n, ...caller })
    expect(outcome).toMatchObject({ ok: false, reason })
  })
})

describe('what is new since the scan', () => {
  test('is followed from the log, never read twice, and seen by the next scan', async () => {
    const checks = await started()
    const before = await ask(checks, { inviter: 'honest', invitee: 'late' })
    await world.seen(['late', 'device:install', 'install-2'])
    await world.settle()
    await checks.refresh()
    const after = await ask(checks, { inviter: 'honest', invitee: 'late' })
    expect(after.probability ?? 0).toBeGreaterThan(before.probability ?? 1)
    await world.referral('enforcing', 'honest', 'late')
    await world.scan()
    await world.settle()
    await checks.refresh()
    expect((await ask(checks, { inviter: 'honest', invitee: 'late' })).probability).toBe(await world.scanned('honest', 'late'))
    const restarted = await started()
    expect((await ask(restarted, { inviter: 'honest', invitee: 'late' })).probability).toBe(await world.scanned('honest', 'late'))
  })

  test('what ties an invitee to the inviter’s others counts too', async () => {
    const checks = await started()
    await world.accounts('alt3')
    await world.seen(['alt', 'device:cookie', 'cookie-7'], ['alt3', 'device:install', 'install-33'])
    await world.settle()
    await checks.refresh()
    const before = await ask(checks, { invitee: 'alt3' })
    await world.seen(['alt3', 'device:cookie', 'cookie-7'])
    await world.settle()
    await checks.refresh()
    const after = await ask(checks, { invitee: 'alt3' })
    expect(after.probability ?? 0).toBeGreaterThan(before.probability ?? 1)
    expect(after.reasons.some(({ code, bits }) => code === 'siblings_linked' && bits > 0)).toBe(true)
  })

  test('a position that was asked for is waited for, and its absence is a degraded hold', async () => {
    const checks = await started()
    await world.accounts('positioned')
    const position = await world.seen(['positioned', 'device:install', 'install-2'])
    const answer = await ask(checks, { inviter: 'honest', invitee: 'positioned', at_least: position })
    expect(answer.degraded).toBe(false)
    expect(BigInt(answer.position)).toBeGreaterThan(BigInt(position))
    const impatient = await started({ deadlineMilliseconds: 30 })
    const never = await ask(impatient, { inviter: 'honest', invitee: 'friend', at_least: '999999999999' })
    expect(never).toMatchObject({ decision: 'hold', degraded: true, missing: ['position'], probability: null })
  })

  test('a transaction that commits late is not jumped over', async () => {
    const checks = await started()
    await world.accounts('slow', 'quick')
    const client = await database.pool.connect()
    await client.query('BEGIN')
    await client.query(`INSERT INTO observation (account_id, identifier_id, recorded_at, batch_id)
      SELECT k.account_id, i.id, now(), (SELECT min(id) FROM batch) FROM account_identity k, identifier i JOIN observation o ON o.identifier_id = i.id JOIN account_identity h ON h.account_id = o.account_id
       WHERE k.external_id = 'slow' AND h.external_id = 'honest' AND i.kind = 'device:install' LIMIT 1`)
    await world.seen(['quick', 'device:install', 'install-44'])
    await checks.refresh()
    const meanwhile = await ask(checks, { inviter: 'honest', invitee: 'slow' })
    await client.query('COMMIT')
    client.release()
    await world.settle()
    await checks.refresh()
    expect((await ask(checks, { inviter: 'honest', invitee: 'slow' })).probability ?? 0).toBeGreaterThan(meanwhile.probability ?? 1)
  })

  test('restrictions by a reviewer hold in every mode, until they end', async () => {
    const endsAt = new Date(clock.now().getTime() + 3_600_000)
    await owner.inTransaction(async (transaction) => {
      // The decision behind it is another test's matter.
      await transaction.$executeRaw`set local session_replication_role = replica`
      await transaction.$executeRaw`INSERT INTO account_restriction (account_id, kind, starts_at, ends_at, decision_id)
        SELECT account_id, 'no_transfer', ${clock.now()}, ${endsAt}, 999 FROM account_identity WHERE external_id = 'honest'`
    })
    const checks = await started()
    const transfer = { program: 'observing', subject: 'transfer', inviter: 'honest', invitee: 'friend' } as const
    expect(await ask(checks, transfer)).toMatchObject({ decision: 'hold', would: 'allow', reasons: [{ code: 'restricted' }, {}] })
    expect((await ask(checks, { ...transfer, subject: 'rebate' })).decision).toBe('allow')
    clock.set(endsAt)
    await checks.refresh()
    expect((await ask(checks, transfer)).decision).toBe('allow')
  })
})
