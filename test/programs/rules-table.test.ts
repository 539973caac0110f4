// The rules that no published programme has alone, from event to balance: caps in calendars with changed clocks, late reports, bought clicks,
// excluded and closed members, fixed rewards, other currencies; and that no cell of the table of rules is without its test.

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EARNED_RULES } from '../../src/ledger/verify-earned-rules.ts'
import { programRules, type ProgramRulesInput } from '../../src/policies/index.ts'
import { changeEnrolment, excludeAccount, recordClick } from '../../src/programs/index.ts'
import { suspensionAfter } from '../../src/programs/standing/enrolment-clock.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from './programme.ts'
import { makePublished, type Published } from './published.ts'

const setting = await useDatabase()
const { clock, database, keys, owner } = setting
const START = new Date('2026-06-01T12:00:00Z')
beforeEach(() => clock.set(START))
afterEach(async () => {
  await expectBooksToBalance(owner)
  for (const { name, query } of EARNED_RULES) expect((await owner.pool.query(query)).rows, name).toEqual([])
})

let count = 0
const published = (changes: Partial<ProgramRulesInput> = {}): Promise<Published> => makePublished(setting, {
  key: `rules-${++count}`, name: 'Rules', versions: [{ effectiveFrom: new Date('2020-01-01T00:00:00Z'), content: programRules.parse({
    asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
    linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Join: {link}' }, ...changes,
  }) }],
})

describe('the table of rules', () => {
  const POINTS = ['who takes part', 'reward', 'on what', 'movement', 'binding', 'who counts', 'ends', 'members see', 'abuse']
  test.each(['rules-table-apiyi', 'api-market', 'chat-api'])('%s: every point has its tests', (file) => {
    const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8')
    const points = [...text.matchAll(/^describe\('([^']+)'/gm)].map(([, point]) => point)
    expect(points).toEqual(POINTS)
    for (const part of text.split(/^describe\(/m).slice(1)) expect(part).toMatch(/^ {2}test\('/m)
  })
})

describe('caps', () => {
  const amounts = async ({ pay }: Published, friend: bigint, times: readonly string[]) => {
    const earned: string[] = []
    for (const [place, time] of times.entries()) {
      const answer = await pay(friend, '100', { eventId: `${friend} ${place} ${time}`, occurredAt: new Date(time) })
      earned.push(answer.ok ? answer.rebates.map(({ amount }) => (Number(amount) / 1e6).toString()).join() : answer.reason)
    }
    return earned
  }

  test('per member and month: the first get all, one gets what is left, the next nothing, and a new month begins anew', async () => {
    const programme = await published({ caps: [{ of: 'inviter', per: 'month', amount: '25' }] })
    const { friend } = await programme.pair(new Date('2026-01-01T00:00:00Z'))
    expect(await amounts(programme, friend, ['2026-04-01T00:00:00Z', '2026-04-30T23:59:59.999Z', '2026-04-15T00:00:00Z', '2026-04-16T00:00:00Z', '2026-05-01T00:00:00Z'])).toEqual(['10', '10', '5', '', '10'])
  })

  test('what is recorded first is served first, not what occurred first: the order of recording decides, and nothing else', async () => {
    const programme = await published({ caps: [{ of: 'inviter', per: 'day', amount: '15' }] })
    const times = ['2026-05-20T08:00:00Z', '2026-05-20T09:00:00Z']
    const [forward, backward] = [await programme.pair(new Date('2026-01-01T00:00:00Z')), await programme.pair(new Date('2026-01-01T00:00:00Z'))]
    expect(await amounts(programme, forward.friend, times)).toEqual(['10', '5'])
    expect(await amounts(programme, backward.friend, times.toReversed())).toEqual(['10', '5'])
    const at = async (friend: bigint) => (await database.prisma.rebate.findMany({ where: { referral: { inviteeId: friend } }, orderBy: { occurredAt: 'asc' } })).map(({ amount }) => amount)
    expect(await at(forward.friend)).toEqual([units('10'), units('5')])
    expect(await at(backward.friend)).toEqual([units('5'), units('10')])
  })

  test('first N payments of a friend, N of a member over all friends, and so much for the whole programme', async () => {
    const firstTwo = await published({ caps: [{ of: 'invitee', per: 'ever', count: 2 }] })
    const { friend } = await firstTwo.pair(new Date('2026-01-01T00:00:00Z'))
    expect(await amounts(firstTwo, friend, ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'])).toEqual(['10', '10', ''])
    const whole = await published({ caps: [{ of: 'program', per: 'year', amount: '15' }] })
    const [one, other] = [await whole.pair(new Date('2026-01-01T00:00:00Z')), await whole.pair(new Date('2026-01-01T00:00:00Z'))]
    expect([...(await amounts(whole, one.friend, ['2026-02-01T00:00:00Z'])), ...(await amounts(whole, other.friend, ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z']))]).toEqual(['10', '5', ''])
  })

  test('a refund gives its share of a capped rebate back, and makes no room again', async () => {
    const programme = await published({ caps: [{ of: 'inviter', per: 'ever', amount: '4' }] })
    const { inviter, friend } = await programme.pair()
    await programme.earned(friend, '100', { eventId: 'capped' })
    await programme.refund('half', 'capped', friend, '50')
    expect(await programme.balances(inviter)).toEqual({ 'reward_available USD': units('2') })
    expect(await programme.pay(friend, '100')).toMatchObject({ ok: true, rebates: [] })
  })

  test('a day of the zone on which clocks are put forward or back is one day, to the millisecond', async () => {
    const programme = await published({ zone: 'America/New_York', caps: [{ of: 'inviter', per: 'day', count: 1 }] })
    const { friend } = await programme.pair(new Date('2025-01-01T00:00:00Z'))
    // 23 hours on 2026-03-08, 25 hours on 2025-11-02.
    expect(await amounts(programme, friend, ['2026-03-08T05:00:00.000Z', '2026-03-09T03:59:59.999Z', '2026-03-09T04:00:00.000Z'])).toEqual(['10', '', '10'])
    expect(await amounts(programme, friend, ['2025-11-02T04:00:00.000Z', '2025-11-03T04:59:59.999Z', '2025-11-03T05:00:00.000Z'])).toEqual(['10', '', '10'])
  })

  test('in one batch each event sees what those before it took', async () => {
    const programme = await published({ caps: [{ of: 'inviter', per: 'ever', amount: '25' }] })
    const { inviter, friend } = await programme.pair()
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((eventId) => programme.pay(friend, '100', { eventId: `batch-${eventId}` })))
    expect(answers.map((answer) => (answer.ok ? answer.rebates.reduce((sum, { amount }) => sum + amount, 0n) : -1n)).reduce((sum, amount) => sum + amount, 0n)).toBe(units('25'))
    expect(await programme.balances(inviter)).toEqual({ 'reward_available USD': units('25') })
  })
})

describe('an idle year', () => {
  const YEARS: readonly [string, string, string, string][] = [
    ['a client on the day before clocks are put forward', 'America/New_York', '2026-03-07T23:59:59.999-05:00', '2027-03-08T00:00:00-05:00'],
    ['a client on the day on which they are put forward', 'America/New_York', '2026-03-08T12:00:00-04:00', '2027-03-09T00:00:00-05:00'],
    ['a year later the clocks have changed on another day', 'America/New_York', '2025-03-13T12:00:00-04:00', '2026-03-14T00:00:00-04:00'],
    ['a suspension on the day on which they are put forward begins with its first instant', 'America/New_York', '2025-03-07T12:00:00-05:00', '2026-03-08T00:00:00-05:00'],
    ['one on the day on which they are put back begins with its first midnight', 'America/Havana', '2025-10-31T12:00:00-04:00', '2026-11-01T00:00:00-04:00'],
    ['a zone without changes, by its own midnight', 'Asia/Shanghai', '2026-05-14T23:59:59.999+08:00', '2027-05-15T00:00:00+08:00'],
    ['the 29th of February', 'UTC', '2028-02-29T23:59:59.999Z', '2029-03-01T00:00:00Z'],
  ]
  test.each(YEARS)('%s', (_what, zone, clientAt, suspension) => {
    expect(suspensionAfter({ zone, enrolment: { idle: { years: 1, noticeDays: [30, 7] } } }, new Date(clientAt))).toEqual(new Date(suspension))
  })
})

describe('what is held', () => {
  const heldAs = async ({ inviter }: { inviter: bigint }) => (await database.prisma.hold.findMany({ where: { rebate: { accountId: inviter }, endedAt: null } })).map(({ reason }) => reason)

  test('an event that is reported later than the rules allow earns into a hold with an end', async () => {
    const programme = await published({ reviewAfterDays: 30 })
    const both = await programme.pair(new Date('2026-01-01T00:00:00Z'))
    await programme.earned(both.friend, '100', { occurredAt: new Date(START.getTime() - 30 * 86_400_000) })
    expect(await heldAs(both)).toEqual([])
    await programme.earned(both.friend, '100', { occurredAt: new Date(START.getTime() - 30 * 86_400_000 - 1) })
    expect(await heldAs(both)).toEqual(['late_event'])
    expect(await programme.balances(both.inviter)).toEqual({ 'reward_available USD': units('10'), 'reward_held USD': units('10') })
  })

  test.each([
    ['bought clicks', { paid: 'hold' }, { adParameters: ['GCLID'] }], ['clicks from a banned site', { bannedReferers: ['coupons.example'] }, { refererHost: 'www.coupons.example' }],
  ] as const)('%s bind, and what they earn is held', async (_what, traffic, seen) => {
    const programme = await published({ traffic: { ...traffic } as NonNullable<ProgramRulesInput['traffic']> })
    const [inviter, friend] = [await programme.fresh(), await programme.fresh()]
    const code = await programme.codeOf(inviter)
    const click = await programme.read((transaction) => recordClick(transaction, { programId: programme.programId, code, occurredAt: clock.now(), recordedAt: clock.now(), ...seen }))
    expect(await programme.record({ type: 'signup', accountId: friend, invitation: { clickId: click.ok ? click.clickId : '' } })).toMatchObject({ attributed: [{ notPayable: null }] })
    await programme.earned(friend, '100')
    expect(await heldAs({ inviter })).toEqual(['paid_traffic'])
  })

  test('bought clicks are welcome where the rules allow them', async () => {
    const programme = await published()
    const [inviter, friend] = [await programme.fresh(), await programme.fresh()]
    const code = await programme.codeOf(inviter)
    const click = await programme.read((transaction) => recordClick(transaction, { programId: programme.programId, code, occurredAt: clock.now(), recordedAt: clock.now(), adParameters: ['gclid'] }))
    await programme.record({ type: 'signup', accountId: friend, invitation: { clickId: click.ok ? click.clickId : '' } })
    await programme.earned(friend, '100')
    expect(await programme.balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })
})

describe('who earns', () => {
  test('an account that is excluded neither earns nor is earned from, while it is excluded', async () => {
    const programme = await published()
    const both = await programme.pair()
    const standing = { database, keys, clock, actorId: 1n }
    clock.advance(60)
    const excluded = await excludeAccount(standing, { programId: programme.programId, accountId: both.inviter, reason: 'staff', startsAt: clock.now() })
    expect(excluded).toMatchObject({ ok: true })
    clock.advance(60)
    expect(await programme.pay(both.friend, '100')).toMatchObject({ ok: true, rebates: [] })
    expect((await programme.earned(both.friend, '100', { occurredAt: START })).amount).toBe(units('10'))
  })

  test('a member who left earns nothing from then on and binds nobody; what was earned stays', async () => {
    const programme = await published()
    const both = await programme.pair()
    await programme.earned(both.friend, '100')
    clock.advance(60)
    expect(await changeEnrolment({ database, keys, clock, actorId: 1n }, { programId: programme.programId, accountId: both.inviter, state: 'closed', by: 'member' })).toMatchObject({ ok: true })
    clock.advance(60)
    expect(await programme.pay(both.friend, '100')).toMatchObject({ ok: true, rebates: [] })
    expect(await programme.signUp(await programme.fresh(), both.inviter)).toMatchObject({ attributed: [] })
    expect(await programme.balances(both.inviter)).toEqual({ 'reward_available USD': units('10') })
  })
})

describe('what earns', () => {
  test('a fixed reward is the same for every payment, and is given back with it by its share', async () => {
    const programme = await published({ base: 'payment', reward: { kind: 'fixed', amount: '2.50' } })
    const { inviter, friend } = await programme.pair()
    await programme.earned(friend, '1')
    await programme.earned(friend, '1000', { eventId: 'fixed' })
    await programme.refund('fifth', 'fixed', friend, '200')
    expect(await programme.balances(inviter)).toEqual({ 'reward_available USD': units('4.5') })
  })

  test('another currency counts as the host converted it; without a conversion the event is refused and can be sent again', async () => {
    const programme = await published()
    const { friend } = await programme.pair()
    const yuan = { eventId: 'yuan', asset: 'CNY' }
    expect(await programme.pay(friend, '700', yuan)).toEqual({ ok: false, reason: 'conversion_missing' })
    expect((await programme.earned(friend, '700', { ...yuan, conversion: { amount: units('100'), asset: 'USD', rate: '0.142857', rateSource: 'the host’s bank' } })).amount).toBe(units('10'))
  })

  test('base both: a recharge and the spending of paid money earn', async () => {
    const programme = await published({ base: 'both' })
    const { inviter, friend } = await programme.pair()
    await programme.earned(friend, '100')
    expect(await programme.record({ type: 'spend', accountId: friend, amount: units('40'), asset: 'USD' })).toMatchObject({ ok: true, rebates: [{ amount: units('4') }] })
    expect(await programme.balances(inviter)).toEqual({ 'reward_available USD': units('14') })
  })
})
