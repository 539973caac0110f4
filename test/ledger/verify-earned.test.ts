// verify recomputes what every rebate was earned by: tracks, days by period, conversions and caps; each kind of corruption is found.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { EARNED_RULES } from '../../src/ledger/verify-earned-rules.ts'
import { programRules } from '../../src/policies/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const setting = await useDatabase()
const { owner, clock } = setting
const [rule] = EARNED_RULES
if (rule === undefined) throw new Error('There is no rule.')

const content = programRules.parse({
  base: 'payment', asset: 'USD', defaultTrack: 'days', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30, lengths: [{ unit: 'month', count: 12, days: 30 }] },
  tracks: [{ key: 'money', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 } }, { key: 'flat', entry: 'upgrade', asset: 'USD', reward: { kind: 'fixed', amount: '2.50' } }],
  caps: [{ of: 'inviter', per: 'ever', amount: '20' }], movement: { rewardTransfer: 'manual' }, enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com/?ref={code}', shareText: { en: '{link}' },
})
/** Rebates by what they are. */
const rebates = new Map<string, bigint>()

beforeAll(async () => {
  const programme = await makeProgramme(setting, { key: 'earned', name: 'Earned', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content }] })
  const pay = async (what: string, track: string, fact: object) => {
    const [inviter, invitee] = [await programme.account(`inviter-${what}`), await programme.account(`invitee-${what}`)]
    await programme.signUp(invitee, inviter)
    if (track !== 'days') await owner.prisma.trackChange.create({ data: { programId: programme.programId, accountId: inviter, track, effectiveFrom: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    const answer = await programme.record({ type: 'payment', accountId: invitee, amount: units('100'), asset: 'USD', ...fact })
    if (!answer.ok || answer.rebates[0] === undefined) throw new Error(`${what} earned nothing`)
    rebates.set(what, answer.rebates[0].rebateId)
  }
  await pay('month', 'days', { periodUnit: 'month', periodCount: 2 })
  await pay('year', 'days', { periodUnit: 'month', periodCount: 12 })
  await pay('share', 'money', { excluded: units('10') })
  await pay('flat', 'flat', {})
  await pay('capped', 'money', { amount: units('1000') })
  await pay('converted', 'money', { amount: units('700'), asset: 'CNY', excluded: units('70'), conversion: { amount: units('100'), asset: 'USD', rate: '0.142857', rateSource: 'bank' } })
})

const client = await owner.pool.connect()
afterAll(() => client.release())
/** What the rule finds when the SQL was run behind the books' back. */
async function found(sql?: string): Promise<{ place: string; found: string } | null> {
  await client.query(`begin; set local session_replication_role = replica`)
  try {
    if (sql !== undefined) await client.query(sql)
    return (await client.query<{ place: string; found: string }>(rule?.query ?? '')).rows[0] ?? null
  } finally {
    await client.query('rollback')
  }
}

test('what was earned on every kind of track, with caps and conversions, is right', async () => {
  const amounts = await owner.pool.query<{ amount: string }>('select amount from rebate order by id')
  expect(amounts.rows.map(({ amount }) => BigInt(amount))).toEqual([6n, 30n, units('9'), units('2.5'), units('20'), units('9')])
  expect(await found()).toBeNull()
})

const CORRUPTIONS: readonly [string, string, string][] = [
  ['month', 'amount = 7', 'its amount is not what its rules give'], ['month', `track = 'money'`, 'its asset is not that of its track'], ['month', `track = 'gold'`, 'its version has no track gold'],
  ['year', 'amount = 36', 'its amount is not what its rules give'], ['year', 'rate_ppm = 1', 'its rate is not the rate of its version'], ['share', 'rate_ppm = 50000', 'its rate is not the rate of its version'],
  ['share', `base = ${units('100')}`, 'its base is not the money received'], ['share', `amount = ${units('9')} + 1`, 'its amount is not what its rules give'],
  ['flat', `amount = ${units('2.6')}`, 'its amount is not what its rules give'], ['capped', `amount = ${units('101')}`, 'its amount is not what its rules give'],
  ['converted', `base = ${units('630')}, amount = ${units('63')}`, 'its base is not the money received'],
]
test.each(CORRUPTIONS)('a rebate by %s with %s is found', async (what, change, words) => {
  const id = rebates.get(what)
  expect(await found(`update rebate set ${change} where id = ${id}`)).toEqual({ place: `rebate ${id}`, found: words })
})

test('an amount below what the rules give is found where the version has no cap', async () => {
  const id = rebates.get('share')
  const withoutCaps = `update program_version set rules = rules - 'caps'`
  expect(await found(`${withoutCaps}; update rebate set amount = amount - 1 where id = ${id}`)).toEqual({ place: `rebate ${id}`, found: 'its amount is not what its rules give' })
})

test('a period that nobody told, and nobody answered, is found', async () => {
  const id = rebates.get('month')
  expect(await found(`update event set period_unit = null, period_count = null where id = (select event_id from rebate where id = ${id})`)).toEqual({ place: `rebate ${id}`, found: 'what it was paid for is not known' })
})
