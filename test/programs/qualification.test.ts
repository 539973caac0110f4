// What one event earns, as a table of facts and answers: money received, one track, days by period, questions instead of guesses, caps.

import { describe, expect, test } from 'vitest'
import { programRules, type ProgramRulesInput } from '../../src/policies/index.ts'
import { capQueriesOf, countTowardsCaps } from '../../src/programs/qualification/caps.ts'
import { type Qualified, qualify, type QualifyingEvent, type QualifyingFacts } from '../../src/programs/qualification/qualification.ts'
import { units } from './programme.ts'

const OCCURRED = new Date('2026-06-01T12:00:00Z')
const rules = (changes: Partial<ProgramRulesInput> = {}) => programRules.parse({
  asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Join: {link}' }, ...changes,
})
const recharge: QualifyingEvent = {
  type: 'recharge', amount: units('100'), asset: 'USD', excluded: 0n, fundedBy: 'paid', periodUnit: null, periodCount: null, occurredAt: OCCURRED,
  convertedAmount: null, convertedAsset: null,
}
const referral = { id: 7n, programId: 1n, inviterId: 3n }

function judge(event: Partial<QualifyingEvent>, facts: Partial<QualifyingFacts> = {}): Qualified {
  return qualify({
    event: { ...recharge, ...event }, rules: rules(), referral, track: 'default', enrolment: 'active', isExcluded: false, recordedAt: OCCURRED,
    trafficHold: false, usage: new Map(), ...facts,
  })
}
const earns = (amount: string, asset = 'USD') => ({ kind: 'earns', reward: { amount: asset === 'DAY' ? BigInt(amount) : units(amount), asset } })
const nothing = (why: string) => ({ kind: 'nothing', why })
const question = (reason: string) => ({ kind: 'question', reason })

describe('the base is money received', () => {
  test('a rate is of the amount without tax, discount, coupon and bonus', () => {
    expect(judge({ amount: units('110'), excluded: units('10') })).toMatchObject({ kind: 'earns', reward: { base: units('100'), ratePpm: 50_000, amount: units('5') } })
  })
  test('half a smallest unit is rounded to even', () => {
    expect(judge({ amount: 30n })).toMatchObject({ reward: { amount: 2n } })
    expect(judge({ amount: 50n })).toMatchObject({ reward: { amount: 2n } })
    expect(judge({ amount: 70n })).toMatchObject({ reward: { amount: 4n } })
  })
  for (const fundedBy of ['reward', 'credit', 'code', 'staff']) {
    test(`what ${fundedBy} funded earns nothing`, () => expect(judge({ fundedBy })).toEqual(nothing('not_paid_with_money')))
  }
  test('an event of which nothing was received earns nothing', () => expect(judge({ excluded: units('100') })).toEqual(nothing('no_money_received')))
  test('what is too small for a smallest unit earns nothing', () => expect(judge({ amount: 9n })).toEqual(nothing('below_smallest_unit')))
})

describe('which events earn', () => {
  const TYPES: readonly [ProgramRulesInput['base'], readonly string[]][] = [
    ['recharge', ['recharge']], ['payment', ['payment']], ['spend', ['spend']], ['both', ['recharge', 'spend']],
  ]
  for (const [base, types] of TYPES) {
    test(`base ${base}: ${types.join(' and ')} alone`, () => {
      for (const type of ['recharge', 'payment', 'spend', 'refund', 'login', 'signup'] as const) {
        expect(judge({ type }, { rules: rules({ base }) })).toMatchObject(types.includes(type) ? earns('5') : nothing('other_type'))
      }
    })
  }
})

describe('who earns', () => {
  test('a suspended enrolment earns nothing', () => expect(judge({}, { enrolment: 'suspended' })).toEqual(nothing('enrolment_suspended')))
  test('a closed enrolment earns nothing', () => expect(judge({}, { enrolment: 'closed' })).toEqual(nothing('enrolment_closed')))
  test('excluded accounts neither earn nor are earned from', () => expect(judge({}, { isExcluded: true })).toEqual(nothing('account_excluded')))
})

describe('exactly one track rewards a payment', () => {
  const tracked = rules({
    defaultTrack: 'days', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 },
    tracks: [{ key: 'money', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, maturitySeconds: 3600 }],
  })
  test('the one that the inviter was on', () => {
    const month = { periodUnit: 'month', periodCount: 1 }
    expect(judge(month, { rules: tracked, track: 'days' })).toMatchObject({ ...earns('3', 'DAY'), track: 'days', maturesAt: OCCURRED })
    expect(judge(month, { rules: tracked, track: 'money' })).toMatchObject({ ...earns('10'), track: 'money', maturesAt: new Date(OCCURRED.getTime() + 3_600_000) })
  })
  test('a track that the version in force no longer has falls back to the one that everybody starts on', () => {
    expect(judge({}, { track: 'partner' })).toMatchObject({ ...earns('5'), track: 'default' })
  })
  test('a fixed reward is the same for every amount and asset', () => {
    const fixed = rules({ reward: { kind: 'fixed', amount: '2.50' } })
    expect(judge({ amount: 1n }, { rules: fixed })).toMatchObject(earns('2.5'))
    expect(judge({ asset: 'EUR' }, { rules: fixed })).toMatchObject(earns('2.5'))
  })
})

describe('days by the period that was paid', () => {
  const days = rules({ reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30, lengths: [{ unit: 'month', count: 12, days: 30 }] } })
  const TABLE: readonly [string, number | null, object][] = [
    ['month', 1, earns('3', 'DAY')], ['month', null, earns('3', 'DAY')], ['month', 3, earns('9', 'DAY')], ['month', 6, earns('18', 'DAY')],
    ['month', 12, earns('30', 'DAY')], ['year', 1, earns('30', 'DAY')], ['year', 2, earns('60', 'DAY')],
    ['day', 30, question('period_not_in_months')], ['week', 4, question('period_not_in_months')], ['unit', 5, question('period_not_in_months')],
  ]
  for (const [periodUnit, periodCount, answer] of TABLE) {
    test(`${periodUnit} × ${periodCount ?? '(one)'}`, () => expect(judge({ periodUnit, periodCount }, { rules: days })).toMatchObject(answer))
  }
  test('without a period it is asked, never guessed', () => expect(judge({}, { rules: days })).toEqual(question('period_missing')))
  test('the amount and its currency do not matter', () => {
    expect(judge({ periodUnit: 'month', amount: units('1000'), asset: 'CNY' }, { rules: days })).toMatchObject(earns('3', 'DAY'))
  })
})

describe('another currency', () => {
  test('without its conversion it is asked', () => expect(judge({ asset: 'EUR' })).toEqual(question('conversion_missing')))
  test('a conversion into a third asset does not answer it', () => {
    expect(judge({ asset: 'EUR', convertedAmount: units('100'), convertedAsset: 'CNY' })).toEqual(question('conversion_missing'))
  })
  test('counts as converted, without the share that was not received', () => {
    expect(judge({ asset: 'CNY', amount: units('700'), excluded: units('70'), convertedAmount: units('100'), convertedAsset: 'USD' }))
      .toMatchObject({ reward: { base: units('90'), amount: units('4.5') } })
  })
})

describe('what is held', () => {
  const watched = rules({ reviewAfterDays: 2 })
  const late = (milliseconds: number) => judge({}, { rules: watched, recordedAt: new Date(OCCURRED.getTime() + 2 * 86_400_000 + milliseconds) })
  test('an event that is reported later than the rules allow earns into a hold', () => {
    expect(late(0)).toMatchObject({ kind: 'earns', holdReason: null })
    expect(late(1)).toMatchObject({ kind: 'earns', holdReason: 'late_event' })
  })
  test('without such a rule none is late', () => expect(judge({}, { recordedAt: new Date('2030-01-01T00:00:00Z') })).toMatchObject({ holdReason: null }))
  test('a relation from bought clicks earns into a hold', () => expect(judge({}, { trafficHold: true })).toMatchObject({ kind: 'earns', holdReason: 'paid_traffic' }))
})

describe('caps', () => {
  const capped = (caps: ProgramRulesInput['caps'], changes: Partial<ProgramRulesInput> = {}) => rules({ caps, ...changes })
  const queriesFor = (which: ReturnType<typeof rules>, occurredAt = OCCURRED, asset = 'USD') => capQueriesOf(which, { referral, occurredAt, asset })
  const judged = (which: ReturnType<typeof rules>, used: bigint) => judge({}, { rules: which, usage: new Map(queriesFor(which).map(({ key }) => [key, used])) })

  test('first N: the rebate after the last one earns nothing', () => {
    const three = capped([{ of: 'invitee', per: 'ever', count: 3 }])
    expect(judged(three, 2n)).toMatchObject(earns('5'))
    expect(judged(three, 3n)).toEqual(nothing('cap_reached'))
  })
  test('an amount is limited to what is left', () => {
    const seven = capped([{ of: 'inviter', per: 'month', amount: '7' }])
    expect(judged(seven, units('1'))).toMatchObject(earns('5'))
    expect(judged(seven, units('4.5'))).toMatchObject(earns('2.5'))
    expect(judged(seven, units('7'))).toEqual(nothing('cap_reached'))
  })
  test('the tightest of several decides', () => {
    const two = capped([{ of: 'inviter', per: 'month', amount: '7' }, { of: 'program', per: 'day', amount: '3' }])
    expect(judged(two, 0n)).toMatchObject(earns('3'))
  })
  test('an amount limits rewards of its own asset alone', () => {
    const days = capped([{ of: 'inviter', per: 'month', amount: '7' }, { of: 'inviter', per: 'month', amount: '4', asset: 'DAY' }], { reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 } })
    const queries = queriesFor(days, OCCURRED, 'DAY')
    expect(queries).toMatchObject([{ asset: 'DAY', most: 4n }])
    expect(judge({ periodUnit: 'month', periodCount: 2 }, { rules: days, usage: new Map([[queries[0]?.key ?? '', 1n]]) })).toMatchObject(earns('3', 'DAY'))
  })
  test('periods are those of the zone, to the millisecond', () => {
    const daily = capped([{ of: 'inviter', per: 'day', count: 1 }], { zone: 'Asia/Shanghai' })
    const fromOf = (at: string) => queriesFor(daily, new Date(at))[0]?.from?.toISOString()
    expect(fromOf('2026-05-14T15:59:59.999Z')).toBe('2026-05-13T16:00:00.000Z')
    expect(fromOf('2026-05-14T16:00:00.000Z')).toBe('2026-05-14T16:00:00.000Z')
  })
  test('two events of one period ask for the same sum, of two periods for two', () => {
    const monthly = capped([{ of: 'inviter', per: 'month', count: 1 }])
    const keyAt = (at: string) => queriesFor(monthly, new Date(at))[0]?.key
    expect(keyAt('2026-06-01T00:00:00Z')).toBe(keyAt('2026-06-30T23:59:59.999Z'))
    expect(keyAt('2026-06-01T00:00:00Z')).not.toBe(keyAt('2026-07-01T00:00:00Z'))
  })
  test('what one transaction earned counts for its next event, once per sum', () => {
    const both = capped([{ of: 'inviter', per: 'day', amount: '7' }, { of: 'inviter', per: 'day', amount: '100' }, { of: 'inviter', per: 'day', count: 9 }])
    const queries = queriesFor(both)
    const usage = new Map(queries.map(({ key }) => [key, 0n]))
    countTowardsCaps(queries, usage, units('5'))
    expect([...usage.values()].sort()).toEqual([1n, units('5')])
    expect(judge({}, { rules: both, usage })).toMatchObject(earns('2'))
  })
  test('a sum that nobody read is a fault, not a free pass', () => {
    expect(() => judge({}, { rules: capped([{ of: 'program', per: 'ever', count: 1 }]) })).toThrow('was not read')
  })
})
