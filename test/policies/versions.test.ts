// Versions of rules and policies: validated, numbered, published once with an act, and chosen by time to the second.

import { describe, expect, test } from 'vitest'
import { checkPolicy, defaultCheckPolicy, inLanguage, type NewProgram, policyAt, programRules, type ProgramRulesInput, programVersionAt, publishProgram } from '../../src/policies/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'

const { database, keys, clock, owner } = await useDatabase()
const publisher = { database, keys, clock, actorId: 1n }
const rules = (changes: Partial<ProgramRulesInput> = {}): ProgramRulesInput => ({
  asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Join: {link}' }, ...changes,
})

describe('the rules', () => {
  test('say their safe defaults: recharges earn, settled here, typed code wins, nothing binds afterwards, silence escalates', () => {
    expect(programRules.parse(rules())).toMatchObject({
      base: 'recharge', settlement: 'internal', binding: { precedence: 'typed', afterSignup: 'never' }, household: 'eligible', onSilence: 'escalate', noticeDays: 30, maturitySeconds: 0,
    })
  })

  const WRONG: readonly [string, Record<string, unknown>][] = [
    ['a rate above the whole', { reward: { kind: 'rate', ratePpm: 1_000_001 } }],
    ['a rate with a fraction of a millionth', { reward: { kind: 'rate', ratePpm: 0.5 } }],
    ['a zone that is none', { zone: 'Mars/Olympus' }],
    ['a link without a place for the code', { linkTemplate: 'https://example.com' }],
    ['an action that is none', { enforcement: { actions: ['burn'], termsVersion: '1', termsUrl: 'https://example.com' } }],
    ['a field that nobody knows', { ratee: 5 }],
    ['a NUL in a text', { creditScope: 'any\u0000thing' }],
    ['an escape in the terms', { enforcement: { actions: ['hold'], termsVersion: '1\u001b', termsUrl: 'https://example.com' } }],
    ['half a character in a text to share', { shareText: { en: 'Join \ud800' } }],
    ['claims where nothing binds after the sign-up', { binding: { claims: {} } }],
    ['half a day as a cap', { caps: [{ of: 'inviter', per: 'day', amount: '0.5', asset: 'DAY' }] }],
    ['a cap on rebates and on their amount at once', { caps: [{ of: 'inviter', per: 'day', amount: '1', count: 1 }] }],
    ['two tracks of one name', { tracks: [{ key: 'default', entry: 'upgrade', asset: 'USD', reward: { kind: 'fixed', amount: '1' } }] }],
    ['a valuation of the own asset', { valuation: { USD: '1' } }],
    ['a length of days twice', { reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30, lengths: [{ unit: 'month', count: 12, days: 1 }, { unit: 'month', count: 12, days: 2 }] } }],
    ['an amount with too many decimals', { reward: { kind: 'fixed', amount: '1.0000001' } }],
  ]
  for (const [what, changes] of WRONG) {
    test(`refuse ${what}`, () => {
      expect(programRules.safeParse({ ...rules(), ...changes }).success).toBe(false)
    })
  }

  test('the apiyi programme allows every enforcement action, ends never, pays nothing out and has one rate for all', () => {
    for (const { content } of apiyi.versions) {
      const parsed = programRules.parse(content)
      expect(parsed).toMatchObject({ base: 'recharge', movement: { rewardTransfer: 'manual', payout: null }, binding: { afterSignup: 'never' } })
      expect([...parsed.enforcement.actions].sort()).toEqual(['cancel', 'freeze', 'hold', 'reclaim', 'restrict'])
    }
    expect(apiyi.versions.map((version) => [version.effectiveFrom.toISOString(), version.content.reward])).toEqual([
      ['1999-12-31T16:00:00.000Z', { kind: 'rate', ratePpm: 100_000 }], ['2026-05-14T16:00:00.000Z', { kind: 'rate', ratePpm: 50_000 }],
    ])
  })
})

describe('the policy', () => {
  test('only observes and never denies by default', () => {
    expect(defaultCheckPolicy).toMatchObject({ mode: 'observe', allStop: false, denyGate: { isOn: false, reviewedDecisionsMin: 200 }, holdDays: 30 })
  })

  test('refuses a threshold for denying below the one for holding', () => {
    expect(checkPolicy.safeParse({ thresholds: { hold: 0.8, deny: 0.7 } }).success).toBe(false)
  })
})

describe('versions', () => {
  const program: NewProgram = {
    key: 'dated', name: 'Dated',
    versions: [
      { effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: rules() },
      { effectiveFrom: new Date('2026-02-01T00:00:00Z'), content: rules({ reward: { kind: 'rate', ratePpm: 40_000 } }) },
    ],
  }
  const publish = async (what: NewProgram): Promise<bigint> => {
    const published = await publishProgram(publisher, what)
    return published.ok ? published.programId : 0n
  }

  test('are chosen by time: the start belongs to a version, the next start no longer does', async () => {
    const programId = await publish(program)
    const numberAt = async (time: string): Promise<number | undefined> => (await database.inTransaction((transaction) => programVersionAt(transaction, programId, new Date(time))))?.number
    expect(await numberAt('2025-12-31T23:59:59.999Z')).toBeUndefined()
    expect(await numberAt('2026-01-01T00:00:00Z')).toBe(1)
    expect(await numberAt('2026-01-31T23:59:59.999Z')).toBe(1)
    expect(await numberAt('2026-02-01T00:00:00Z')).toBe(2)
    expect(await numberAt('2030-01-01T00:00:00Z')).toBe(2)
  })

  test('a programme starts in mode observe, and a policy is chosen by the time of the check', async () => {
    const programId = await publish({ ...program, key: 'watched', policies: [
      { effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: {} }, { effectiveFrom: new Date('2026-03-01T00:00:00Z'), content: { mode: 'enforce' } },
    ] })
    const modeAt = async (time: string): Promise<string> => (await database.inTransaction((transaction) => policyAt(transaction, programId, new Date(time)))).policy.mode
    expect([await modeAt('2025-01-01T00:00:00Z'), await modeAt('2026-02-28T23:59:59Z'), await modeAt('2026-03-01T00:00:00Z')]).toEqual(['observe', 'observe', 'enforce'])
  })

  test('publishing again changes nothing, and adds no act', async () => {
    const programId = await publish(program)
    const acts = await database.prisma.act.count()
    expect(await publishProgram(publisher, program)).toMatchObject({ ok: true, programId, isNew: false })
    expect(await database.prisma.act.count()).toBe(acts)
    expect(await database.prisma.programVersion.count({ where: { programId } })).toBe(2)
  })

  test('every version has its digest, its actor and its act', async () => {
    const programId = await publish({ ...program, key: 'acted' })
    const versions = await database.prisma.programVersion.findMany({ where: { programId } })
    expect(versions.every((version) => version.digest.length === 32 && version.actorId === 1n)).toBe(true)
    const acts = await database.prisma.act.count({ where: { kind: 'program_version_published', objectId: { in: versions.map((version) => version.id.toString()) } } })
    expect(acts).toBe(2)
  })

  test('another content at a start that is taken is refused and leaves nothing', async () => {
    const programId = await publish(program)
    const changed = { ...program, versions: [{ effectiveFrom: new Date('2026-04-01T00:00:00Z'), content: rules() }, { effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: rules({ base: 'spend' }) }] }
    expect(await publishProgram(publisher, changed)).toEqual({ ok: false, reason: 'other_content_at_this_start' })
    expect(await database.prisma.programVersion.count({ where: { programId } })).toBe(2)
  })

  test('an asset that the books do not know is refused', async () => {
    expect(await publishProgram(publisher, { ...program, key: 'gold', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: rules({ asset: 'XAU' }) }] })).toEqual({ ok: false, reason: 'unknown_asset', assets: ['XAU'] })
  })

  test('an asset of a track, of the credit, of a cap or of the valuation that the books do not know is refused too', async () => {
    const content = rules({
      tracks: [{ key: 'partner', entry: 'upgrade', asset: 'AAA', reward: { kind: 'rate', ratePpm: 1 } }], signupCredit: { amount: '1', asset: 'BBB', validDays: 30 },
      caps: [{ of: 'inviter', per: 'day', amount: '5', asset: 'CCC' }], valuation: { DDD: '1' },
    })
    expect(await publishProgram(publisher, { ...program, key: 'metals', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content }] }))
      .toEqual({ ok: false, reason: 'unknown_asset', assets: ['AAA', 'BBB', 'CCC', 'DDD'] })
    expect(await database.prisma.program.count({ where: { key: 'metals' } })).toBe(0)
  })

  test('a programme that an older release stored is the same programme, though rules have more fields now', async () => {
    const stored = {
      asset: 'USD', base: 'recharge', binding: { afterSignup: 'never', code: true, link: true, precedence: 'typed' }, creditScope: '',
      enforcement: { actions: ['hold'], termsUrl: 'https://example.com/terms', termsVersion: '1' }, household: 'eligible', linkTemplate: 'https://example.com/?ref={code}',
      maturitySeconds: 0, movement: { payout: { minimum: { amount: '25', on: 'request' } }, rewardTransfer: 'manual' }, noticeDays: 30, onSilence: 'escalate',
      reward: { daysPerMonth: 3, daysPerYear: 30, kind: 'days' }, settlement: 'internal', shareText: { en: 'Join: {link}' }, zone: 'UTC',
    }
    const { rows } = await owner.pool.query<{ id: string }>(`INSERT INTO program (key, name, actor_id, recorded_at) VALUES ('older', 'Older', 1, now()) RETURNING id`)
    await owner.pool.query(`INSERT INTO program_version (program_id, number, effective_from, rules, digest, actor_id, recorded_at) VALUES ($1, 1, '2026-01-01T00:00:00Z', $2, $3, 1, now())`,
      [rows[0]?.id, stored, Buffer.alloc(32, 7)])
    const same = rules({ reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 }, movement: { payout: { minimum: { amount: '25', on: 'request' } } } })
    const older = { key: 'older', name: 'Older', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: same }], policies: [] }
    expect(await publishProgram(publisher, older)).toMatchObject({ ok: true, isNew: false })
    const other = { ...older, versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: { ...same, eligibility: { newCustomer: true } } }] }
    expect(await publishProgram(publisher, other)).toEqual({ ok: false, reason: 'other_content_at_this_start' })
  })

  test.each([
    ['claims without their rules', { binding: { afterSignup: 'claim', code: true, link: true, precedence: 'typed' } }, { binding: { claims: { accruesFrom: 'acceptance', maximumPerMonth: 5 } } }],
    ['a payout with a minimum alone', { movement: { payout: { minimum: { amount: '20', on: 'balance' } }, rewardTransfer: 'none' } }, { movement: { payout: { methods: ['bank'] } } }],
    ['a payout without anything', { movement: { payout: {}, rewardTransfer: 'none' } }, { movement: { payout: { methods: ['bank'] } } }],
    ['days in an asset of their own', { asset: 'DAY', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 } }, { asset: 'DAY', reward: { lengths: [] }, tracks: [] }],
    ['days beside an asset of money', { reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 } }, { asset: 'USD' }],
    ['base both, no actions, host settlement', { base: 'both', settlement: 'host', enforcement: { actions: [], termsUrl: 'https://example.com/terms', termsVersion: '1' } }, { eligibility: { newCustomer: false }, caps: [], signupCredit: null }],
  ])('a record of an older release means the defaults of what came later: %s', (_what, changes, meaning) => {
    const stored = {
      asset: 'USD', base: 'recharge', binding: { afterSignup: 'never', code: true, link: true, precedence: 'typed' }, creditScope: '',
      enforcement: { actions: ['hold'], termsUrl: 'https://example.com/terms', termsVersion: '1' }, household: 'eligible', linkTemplate: 'https://example.com/?ref={code}',
      maturitySeconds: 0, movement: { payout: null, rewardTransfer: 'manual' }, noticeDays: 30, onSilence: 'escalate', reward: { kind: 'rate', ratePpm: 50_000 },
      settlement: 'internal', shareText: { en: 'Join: {link}' }, zone: 'UTC', ...changes,
    }
    expect(programRules.parse(stored)).toMatchObject(meaning)
  })

  test('words for members are in one language for all or in each, and said in English where one is missing', () => {
    expect(inLanguage(programRules.parse(rules({ creditScope: 'anything' })).creditScope, 'zh-CN')).toBe('anything')
    const each = programRules.parse(rules({ creditScope: { en: 'anything', 'zh-CN': '任何' } })).creditScope
    expect([inLanguage(each, 'zh-CN'), inLanguage(each, 'en'), inLanguage({ en: 'anything' }, 'zh-CN'), inLanguage({}, 'en')]).toEqual(['任何', 'anything', 'anything', ''])
  })

  test('two who publish at once number the versions without a gap', async () => {
    const starts = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01', '2026-06-01']
    await Promise.all(starts.map((start) => publish({ key: 'busy', name: 'Busy', versions: [{ effectiveFrom: new Date(`${start}T00:00:00Z`), content: rules() }], policies: [] })))
    const versions = await database.prisma.programVersion.findMany({ where: { program: { key: 'busy' } }, orderBy: { number: 'asc' } })
    expect(versions.map((version) => version.number)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a version cannot be changed afterwards', async () => {
    const programId = await publish(program)
    await expect(database.prisma.programVersion.updateMany({ where: { programId }, data: { number: 9 } })).rejects.toThrow()
  })
})
