// Less favourable rules need notice; better ones may start at once: what counts as less favourable, as a table, and when it is refused.

import { describe, expect, test } from 'vitest'
import { lessFavourable, programRules, type ProgramRulesInput, publishProgram } from '../../src/policies/index.ts'
import { useDatabase } from '../database.ts'

const { database, keys, clock } = await useDatabase()
const publisher = { database, keys, clock, actorId: 1n }

const partner = {
  key: 'partner', entry: 'upgrade' as const, asset: 'USD', reward: { kind: 'rate' as const, ratePpm: 100_000 }, maturitySeconds: 60,
  movement: { rewardTransfer: 'manual' as const, payout: { methods: ['bank' as const, 'stripe' as const], minimum: { amount: '20', on: 'balance' as const }, monthlyLimit: '1000' } },
}
const days = { key: 'days', entry: 'upgrade' as const, asset: 'DAY', reward: { kind: 'days' as const, daysPerMonth: 3, daysPerYear: 30 } }
const fixed = { key: 'fixed', entry: 'upgrade' as const, asset: 'USD', reward: { kind: 'fixed' as const, amount: '10' } }
const claims = { facts: ['own_email' as const], accruesFrom: 'signup' as const, maximumPerMonth: 5 }
const full: ProgramRulesInput = {
  base: 'both', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, tracks: [partner, days, fixed], enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Join: {link}' }, caps: [{ of: 'inviter', per: 'month', amount: '100' }],
  signupCredit: { amount: '2.50', asset: 'USD', validDays: 30 }, binding: { afterSignup: 'claim', claims }, enrolment: { idle: { years: 2, noticeDays: [30, 7] } },
  onSilence: 'release_recorded', reviewAfterDays: 90,
}
const with_ = (changes: Partial<ProgramRulesInput>) => programRules.parse({ ...full, ...changes })
const tracks = (changed: object, which: { key: string } = partner) => ({ tracks: [partner, days, fixed].map((track) => (track.key === which.key ? { ...track, ...changed } : track)) }) as Partial<ProgramRulesInput>
const payout = (changed: object) => tracks({ movement: { ...partner.movement, payout: { ...partner.movement.payout, ...changed } } })

describe('is less favourable', () => {
  const WORSE: readonly [string, string, Partial<ProgramRulesInput>][] = [
    ['another kind of event', 'base', { base: 'recharge' }],
    ['a lower rate', 'tracks.default.reward', { reward: { kind: 'rate', ratePpm: 49_999 } }],
    ['another kind of reward', 'tracks.default.reward', { reward: { kind: 'fixed', amount: '100' } }],
    ['another name of the track that everybody starts on', 'tracks.default', { defaultTrack: 'basic' }],
    ['a longer maturity', 'tracks.default.maturitySeconds', { maturitySeconds: 1 }],
    ['a reward that expires now', 'tracks.default.rewardValidDays', { rewardValidDays: 365 }],
    ['a longer wait for an answer', 'tracks.default.answerDays', { answerDays: { appeal: 15 } }],
    ['a lost track', 'tracks.partner', { tracks: [days, fixed] }],
    ['a track that needs a contract now', 'tracks.partner.entry', tracks({ entry: 'contract' })],
    ['fewer days a month', 'tracks.days.reward', tracks({ reward: { ...days.reward, daysPerMonth: 2 } }, days)],
    ['fewer days for one length', 'tracks.days.reward', tracks({ reward: { ...days.reward, lengths: [{ unit: 'month', count: 12, days: 30 }] } }, days)],
    ['a lower fixed reward', 'tracks.fixed.reward', tracks({ reward: { kind: 'fixed', amount: '9.999999' } }, fixed)],
    ['a movement that needs a step now', 'tracks.default.movement.rewardTransfer', { movement: { rewardTransfer: 'none' } }],
    ['a payout that is gone', 'tracks.partner.movement.payout', tracks({ movement: { rewardTransfer: 'manual', payout: null } })],
    ['a way of paying out that is gone', 'tracks.partner.movement.payout.methods', payout({ methods: ['bank'] })],
    ['a higher minimum', 'tracks.partner.movement.payout.minimum', payout({ minimum: { amount: '20.01', on: 'balance' } })],
    ['a minimum on requests instead of on the balance', 'tracks.partner.movement.payout.minimum', payout({ minimum: { amount: '20', on: 'request' } })],
    ['a lower limit of payouts', 'tracks.partner.movement.payout.monthlyLimit', payout({ monthlyLimit: '999' })],
    ['a new limit of payouts', 'tracks.partner.movement.payout.dailyLimit', payout({ dailyLimit: '100' })],
    ['a lower cap', 'caps.0', { caps: [{ of: 'inviter', per: 'month', amount: '99' }] }],
    ['one more cap', 'caps.1', { caps: [{ of: 'inviter', per: 'month', amount: '100' }, { of: 'invitee', per: 'ever', count: 3 }] }],
    ['a credit that is gone', 'signupCredit', { signupCredit: null }],
    ['a lower credit', 'signupCredit.amount', { signupCredit: { amount: '2.49', asset: 'USD', validDays: 30 } }],
    ['a credit that ends sooner', 'signupCredit.validDays', { signupCredit: { amount: '2.50', asset: 'USD', validDays: 29 } }],
    ['a credit that comes later', 'signupCredit.grantOn', { signupCredit: { amount: '2.50', asset: 'USD', validDays: 30, grantOn: 'first_payment' } }],
    ['a link that no longer binds', 'binding.link', { binding: { link: false, afterSignup: 'claim', claims } }],
    ['a code that no longer binds', 'binding.code', { binding: { code: false, afterSignup: 'claim', claims } }],
    ['no claims any more', 'binding.afterSignup', { binding: {} }],
    ['one more fact for a claim', 'binding.claims.facts', { binding: { afterSignup: 'claim', claims: { ...claims, facts: ['own_email', 'client_email'] } } }],
    ['claims that earn later', 'binding.claims.accruesFrom', { binding: { afterSignup: 'claim', claims: { ...claims, accruesFrom: 'acceptance' } } }],
    ['fewer claims', 'binding.claims.maximumPerMonth', { binding: { afterSignup: 'claim', claims: { ...claims, maximumPerMonth: 4 } } }],
    ['new customers alone', 'eligibility.newCustomer', { eligibility: { newCustomer: true } }],
    ['separate accounts alone', 'eligibility.separateAccount', { eligibility: { separateAccount: true } }],
    ['no households', 'household', { household: 'excluded' }],
    ['bought clicks held', 'traffic.paid', { traffic: { paid: 'hold' } }],
    ['a banned site', 'traffic.bannedReferers', { traffic: { bannedReferers: ['coupons.example'] } }],
    ['a shorter idle time', 'enrolment.idle.years', { enrolment: { idle: { years: 1, noticeDays: [30, 7] } } }],
    ['a notice less', 'enrolment.idle.noticeDays', { enrolment: { idle: { years: 2, noticeDays: [7] } } }],
    ['more enforcement', 'enforcement.actions', { enforcement: { actions: ['hold', 'freeze'], termsVersion: '2', termsUrl: 'https://example.com/terms' } }],
    ['holds that are no longer released', 'onSilence', { onSilence: 'escalate' }],
    ['a shorter time to report in', 'reviewAfterDays', { reviewAfterDays: 89 }],
    ['less notice', 'noticeDays', { noticeDays: 29 }],
  ]
  for (const [what, rule, changes] of WORSE) {
    test(what, () => expect(lessFavourable(with_({}), with_(changes)).map((each) => each.rule)).toEqual([rule]))
  }

  test('an idle suspension where there was none', () => {
    expect(lessFavourable(with_({ enrolment: { idle: null } }), with_({})).map((each) => each.rule)).toEqual(['enrolment.idle'])
  })
})

describe('is not less favourable', () => {
  const BETTER: readonly [string, Partial<ProgramRulesInput>][] = [
    ['the same', {}],
    ['a higher rate', { reward: { kind: 'rate', ratePpm: 60_000 } }],
    ['a higher cap', { caps: [{ of: 'inviter', per: 'month', amount: '101' }] }],
    ['no cap', { caps: [] }],
    ['one more track', { tracks: [partner, days, fixed, { ...partner, key: 'gold' }] }],
    ['a lower minimum', payout({ minimum: { amount: '5', on: 'balance' } })],
    ['no limit', payout({ monthlyLimit: undefined })],
    ['a movement by itself', { movement: { rewardTransfer: 'automatic' } }],
    ['more days for a length', tracks({ reward: { ...days.reward, lengths: [{ unit: 'month', count: 12, days: 40 }] } }, days)],
    ['less enforcement', { enforcement: { actions: [], termsVersion: '2', termsUrl: 'https://example.com/terms' } }],
    ['no idle suspension', { enrolment: { idle: null } }],
    ['another text', { shareText: { en: 'Come: {link}' } }],
  ]
  for (const [what, changes] of BETTER) test(what, () => expect(lessFavourable(with_({}), with_(changes))).toEqual([]))
})

describe('publishing', () => {
  const DAY_MILLISECONDS = 86_400_000
  const rate = (ratePpm: number, more: Partial<ProgramRulesInput> = {}): ProgramRulesInput => ({ ...full, reward: { kind: 'rate', ratePpm }, noticeDays: 30, ...more })
  const publish = (key: string, ...versions: readonly [Date, ProgramRulesInput][]) =>
    publishProgram(publisher, { key, name: key, versions: versions.map(([effectiveFrom, content]) => ({ effectiveFrom, content })), policies: [] })
  const inDays = (days: number, milliseconds = 0): Date => new Date(clock.now().getTime() + days * DAY_MILLISECONDS + milliseconds)

  test('a first publication with its history needs no notice', async () => {
    expect(await publish('history', [inDays(-400), rate(100_000)], [inDays(-1), rate(50_000)])).toMatchObject({ ok: true, isNew: true })
  })

  test('a lower rate needs the notice of the version it follows, to the millisecond, and the refusal says from when on it may start', async () => {
    await publish('lower', [inDays(-400), rate(50_000)])
    const refused = await publish('lower', [inDays(30, -1), rate(40_000)])
    expect(refused).toEqual({
      ok: false, reason: 'notice_too_short', earliest: inDays(30), lessFavourable: [{ rule: 'tracks.default.reward', sentence: 'The reward of the track default falls: 4 % instead of 5 %.' }],
    })
    expect(await database.prisma.programVersion.count({ where: { program: { key: 'lower' } } })).toBe(1)
    expect(await publish('lower', [inDays(30), rate(40_000)])).toMatchObject({ ok: true, isNew: true })
  })

  test('a better version may start at once', async () => {
    await publish('better', [inDays(-400), rate(50_000)])
    expect(await publish('better', [inDays(0), rate(60_000)])).toMatchObject({ ok: true, isNew: true })
  })

  test('a version is compared with the one it follows, also where a worse one is announced for later', async () => {
    await publish('between', [inDays(-400), rate(50_000)])
    await publish('between', [inDays(40), rate(10_000)])
    expect(await publish('between', [inDays(10), rate(20_000)])).toMatchObject({ ok: false, reason: 'notice_too_short' })
    expect(await publish('between', [inDays(10), rate(70_000)])).toMatchObject({ ok: true })
  })

  test('the notice cannot be shortened and used in one step', async () => {
    await publish('short', [inDays(-400), rate(50_000)])
    expect(await publish('short', [inDays(0), rate(50_000, { noticeDays: 0 })], [inDays(0, 1), rate(1)])).toMatchObject({ ok: false, reason: 'notice_too_short' })
  })

  test('the notice is that of the version it follows, not its own', async () => {
    await publish('own', [inDays(-400), rate(50_000)])
    expect(await publish('own', [inDays(1), rate(40_000, { noticeDays: 0 })])).toMatchObject({ ok: false, reason: 'notice_too_short', earliest: inDays(30) })
    expect(await publish('own', [inDays(30), rate(40_000, { noticeDays: 90 })])).toMatchObject({ ok: true })
  })

  test('a programme that promises no notice may change at once', async () => {
    await publish('free', [inDays(-400), rate(50_000, { noticeDays: 0 })])
    expect(await publish('free', [inDays(0), rate(1, { noticeDays: 0 })])).toMatchObject({ ok: true })
  })
})
