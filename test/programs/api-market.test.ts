// The column of API.market in the table of rules, cell by cell, from the event to the balance, the wallet and the bank account.

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addDestination, approvePayout, makeBatch, recordPayee, releaseBatch, requestPayout, sendPayouts, takeProcessorEvent } from '../../src/payouts/index.ts'
import { apiMarket, changeTrack, expireCredits, inviteLink, recordClick, sharesOf } from '../../src/programs/index.ts'
import { programRules } from '../../src/policies/index.ts'
import { makePlan } from '../../src/review/index.ts'
import { readFigures } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { startStripeServer } from '../payouts/stripe-server.ts'
import { makeDesk } from '../review/desk.ts'
import { answerOf, units } from './programme.ts'
import { makePublished } from './published.ts'

const setting = await useDatabase()
const { clock, database, keys, owner } = setting
const START = new Date('2026-06-01T12:00:00Z')
beforeEach(() => clock.set(START))
const market = await makePublished(setting, apiMarket)
const { balances, codeOf, earned, fresh, observe, pair, pay, programId, read, record, signUp } = market
const [ada, bob, host] = [await market.desk('person', 'Ada'), await market.desk('person', 'Bob'), await market.desk('key', 'host')]
const stripe = await startStripeServer()
afterAll(() => stripe.stop())
afterEach(async () => {
  market.setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})
const rules = programRules.parse(apiMarket.versions[0]?.content)
const become = (accountId: bigint, track: 'basic' | 'partner') => changeTrack({ database, keys, clock, actorId: 1n }, { programId, accountId, track })
const ask = (accountId: bigint, amount: string, method: 'bank' | 'stripe' = 'stripe') =>
  requestPayout(host, { programId, accountId, method, asset: 'USD', amount: units(amount), key: `${accountId} ${amount} ${method}` })
/** Partners whom Stripe may pay. */
async function payable(accountId: bigint): Promise<string> {
  const stripeAccount = `acct_00000000${accountId.toString().padStart(6, '0')}`
  await recordPayee(host, { accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 0, source: 'host' })
  await addDestination(host, database, { accountId, destination: { method: 'stripe', stripeAccount } })
  await takeProcessorEvent(host, stripe.processor(), stripe.event('account.updated', { id: stripeAccount, object: 'account', payouts_enabled: true }, clock.now()))
  return stripeAccount
}

describe('who takes part', () => {
  test('every user takes part without an application, on the basic track', async () => {
    const { inviter, friend } = await pair()
    expect(await earned(friend, '100')).toMatchObject({ inviterId: inviter, amount: units('5') })
    expect(await database.prisma.rebate.findFirst({ where: { accountId: inviter, kind: 'rebate' } })).toMatchObject({ track: 'basic', ratePpm: 50_000 })
  })

  test('the partner track is reached by upgrade at any time, from then on, and left likewise', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '100', { occurredAt: clock.now() })
    clock.advance(60)
    expect(await become(inviter, 'partner')).toMatchObject({ ok: true, isNew: true })
    clock.advance(60)
    expect((await earned(friend, '100')).amount).toBe(units('10'))
    // Paid before the upgrade and reported after it: the track of that time rewards.
    expect((await earned(friend, '100', { occurredAt: START })).amount).toBe(units('5'))
    expect(await become(inviter, 'basic')).toMatchObject({ ok: true, isNew: true })
    clock.advance(60)
    expect((await earned(friend, '100')).amount).toBe(units('5'))
  })
})

describe('reward', () => {
  test('5 % goes to the wallet by itself', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '19.99')
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('0.9995') })
  })

  test('10 % on the partner track is cash and does not go to the wallet', async () => {
    const { inviter, friend } = await pair()
    await become(inviter, 'partner')
    await earned(friend, '19.99')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('1.999') })
  })

  test('what was earned for the wallet never becomes cash, nor cash the wallet’s', async () => {
    const { inviter, friend } = await pair()
    market.setCheck(async () => answerOf('hold'))
    await earned(friend, '1000')
    await become(inviter, 'partner')
    await payable(inviter)
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('50') })
    market.setCheck(async () => answerOf('allow'))
    clock.advance(60)
    await earned(friend, '400')
    await become(inviter, 'basic')
    clock.advance(60)
    await earned(friend, '100')
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('5'), 'reward_available USD': units('40'), 'reward_held USD': units('50') })
    expect(await ask(inviter, '40.01')).toMatchObject({ ok: false, reason: 'insufficient' })
    expect(await ask(inviter, '40')).toMatchObject({ ok: true })
  })

  test('the friend gets $2.50 in the wallet at sign-up, once', async () => {
    const { inviter, friend } = await pair()
    expect(await balances(friend)).toEqual({ 'main_bonus USD': units('2.5') })
    await record({ type: 'signup', accountId: friend, invitation: { code: await codeOf(inviter) } })
    expect(await balances(friend)).toEqual({ 'main_bonus USD': units('2.5') })
    expect(await balances(inviter)).toEqual({})
  })

  test('the credit is valid for 30 days, to the second, and what is left of it then is breakage', async () => {
    const { friend } = await pair()
    await record({ type: 'spend', accountId: friend, amount: units('1'), asset: 'USD' })
    clock.set(new Date(START.getTime() + 30 * 86_400_000 - 1000))
    await expireCredits({ database, clock })
    expect(await balances(friend)).toEqual({ 'main_bonus USD': units('1.5') })
    clock.advance(1)
    await expireCredits({ database, clock })
    expect(await balances(friend)).toEqual({})
  })
})

describe('on what', () => {
  test('a purchase of a paid plan earns', async () => {
    const { friend } = await pair()
    expect((await earned(friend, '49', { item: 'plan-pro' })).amount).toBe(units('2.45'))
  })

  test('loading the wallet and spending from it earn nothing', async () => {
    const { inviter, friend } = await pair()
    expect(await market.recharge('load', friend, '100')).toMatchObject({ ok: true, rebates: [] })
    expect(await record({ type: 'spend', accountId: friend, amount: units('10'), asset: 'USD' })).toMatchObject({ ok: true, rebates: [] })
    expect(await balances(inviter)).toEqual({})
  })

  test('what the credit, a reward or a code paid for earns nothing', async () => {
    const { friend } = await pair()
    for (const fundedBy of ['credit', 'reward', 'code', 'staff'] as const) expect(await pay(friend, '2', { fundedBy })).toMatchObject({ ok: true, rebates: [] })
    expect((await earned(friend, '10', { excluded: units('2.5') })).amount).toBe(units('0.375'))
  })
})

describe('movement', () => {
  test('a partner cashes out from $25 on request, inclusive, and not to a bank directly', async () => {
    const { inviter, friend } = await pair()
    await become(inviter, 'partner')
    await earned(friend, '500')
    await payable(inviter)
    expect(await ask(inviter, '24.99')).toMatchObject({ ok: false, reason: 'below_minimum' })
    expect(await ask(inviter, '30', 'bank')).toMatchObject({ ok: false, reason: 'not_offered' })
    expect(await ask(inviter, '25')).toMatchObject({ ok: true, payout: { gross: units('25') } })
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('25'), 'reward_available USD': units('25') })
  })

  test('a balance below $25 cannot be cashed out, whatever is asked for', async () => {
    const { inviter, friend } = await pair()
    await become(inviter, 'partner')
    await earned(friend, '249.9')
    await payable(inviter)
    expect(await ask(inviter, '24.99')).toMatchObject({ ok: false, reason: 'below_minimum' })
  })

  test('between the upgrade and the processor’s permission cash accrues but cannot be paid', async () => {
    const { inviter, friend } = await pair()
    await become(inviter, 'partner')
    await earned(friend, '500')
    expect(await ask(inviter, '30')).toMatchObject({ ok: false })
    await payable(inviter)
    expect(await ask(inviter, '31')).toMatchObject({ ok: true })
  })

  test('Stripe pays it to the bank account: approved by a person, released by another, sent once', async () => {
    const { inviter, friend } = await pair()
    await become(inviter, 'partner')
    await earned(friend, '500')
    await payable(inviter)
    const asked = await ask(inviter, '50')
    if (!asked.ok) throw new Error(asked.reason)
    await approved(asked.payout.id)
    const made = await makeBatch(ada, { programId, method: 'stripe' })
    if (!made.ok) throw new Error(made.reason)
    expect(await releaseBatch(bob, made.batch.id)).toMatchObject({ ok: true })
    await sendPayouts({ database, keys, clock, actorId: 1n, processor: stripe.processor() })
    const payout = stripe.made.filter(({ object }) => object === 'payout').at(-1)
    expect(payout).toMatchObject({ amount: 5000, currency: 'usd' })
    await takeProcessorEvent(host, stripe.processor(), stripe.event('payout.paid', { ...payout, failure_code: null }, clock.now()))
    expect(await balances(inviter)).toEqual({})
  })

  test('the wallet track pays nothing out', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '1000')
    await payable(inviter)
    expect(await ask(inviter, '30')).toEqual({ ok: false, reason: 'not_offered' })
  })

  async function approved(payoutId: bigint): Promise<void> {
    const answer = await approvePayout(ada, payoutId)
    if (!answer.ok && answer.reason !== 'not_waiting') throw new Error(answer.reason)
  }
})

describe('binding', () => {
  test('?ref=CODE on the address of the site binds whoever follows it', async () => {
    const [inviter, friend] = [await fresh(), await fresh()]
    const code = await codeOf(inviter)
    expect(inviteLink(rules, code)).toBe(`https://api.market?ref=${code}`)
    const click = await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))
    expect(await record({ type: 'signup', accountId: friend, invitation: { clickId: click.ok ? click.clickId : '' } })).toMatchObject({ attributed: [{ inviterId: inviter, channel: 'link', notPayable: null }] })
  })
})

describe('who counts', () => {
  test('a new user who purchases: signing up alone earns nothing', async () => {
    const { inviter, friend } = await pair()
    expect(await balances(inviter)).toEqual({})
    await earned(friend, '20')
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('1') })
  })

  test('a user with an earlier account is none, and gets no credit either', async () => {
    const [inviter, earlier, again] = [await fresh(), await fresh(), await fresh()]
    for (const account of [earlier, again]) await observe(account, 'payment:fingerprint', 'card-1')
    expect(await signUp(again, inviter)).toMatchObject({ attributed: [{ notPayable: 'not_eligible' }] })
    expect(await pay(again, '100')).toMatchObject({ ok: true, rebates: [] })
    expect(await balances(again)).toEqual({})
  })
})

describe('ends', () => {
  test('no end is published: a purchase after years earns, and nobody is suspended for being idle', async () => {
    const { friend } = await pair()
    clock.set(new Date('2031-06-01T12:00:00Z'))
    expect((await earned(friend, '100')).amount).toBe(units('5'))
    expect(rules.enrolment.idle).toBeNull()
  })
})

describe('members see', () => {
  test('clicks, referrals, conversions, conversion rate, earnings and pending referrals', async () => {
    const { inviter, friend } = await pair()
    const [other, code] = [await fresh(), await codeOf(inviter)]
    await signUp(other, inviter)
    for (const isBot of [false, false, true]) await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now(), isBot }))
    await earned(friend, '100', { eventId: 'seen' })
    const figures = () => read((transaction) => readFigures(transaction, { programId, accountId: inviter }))
    expect(await figures()).toMatchObject({ clicks: 2, referrals: 2, conversions: 1, conversionRate: 0.5, pendingReferrals: 1, earnings: [{ asset: 'USD', amount: units('5') }] })
    await market.refund('unseen', 'seen', friend)
    expect(await figures()).toMatchObject({ conversions: 0, conversionRate: 0, pendingReferrals: 2, earnings: [{ asset: 'USD', amount: 0n }] })
  })

  test('a link to copy, and sharing on X and LinkedIn, with the advertising disclosed', async () => {
    const code = await codeOf(await fresh())
    expect(rules.memberPage.share).toEqual(['copy', 'x', 'linkedin'])
    for (const share of Object.values(sharesOf(rules, code))) {
      expect(share.text).toContain(`https://api.market?ref=${code}`)
      expect(share.text).toMatch(/advertisement|广告/)
      expect(share.x).toMatch(/^https:\/\/x\.com\/intent\//)
      expect(share.linkedin).toMatch(/^https:\/\/www\.linkedin\.com\/sharing\//)
    }
  })
})

describe('abuse', () => {
  test('the published terms allow to hold before credit; what was credited is not taken', async () => {
    const desk = await makeDesk(setting, apiMarket)
    const { programme } = desk
    const [inviter, friend] = [await programme.account('inviter'), await programme.account('friend')]
    await programme.signUp(friend, inviter)
    programme.setCheck(async () => answerOf('hold'))
    await programme.record({ type: 'payment', accountId: friend, amount: units('100'), asset: 'USD' })
    expect(await programme.balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    programme.setCheck(async () => answerOf('allow'))
    await programme.record({ type: 'payment', accountId: friend, amount: units('100'), asset: 'USD' })
    const rebates = await database.prisma.rebate.findMany({ where: { accountId: inviter, kind: 'rebate' }, orderBy: { id: 'asc' } })
    const ann = await desk.reviewer('ann')
    const planOf = (id: bigint | undefined) => makePlan(ann, { kind: 'reclaim', target: { rebates: [String(id)] } })
    expect(await planOf(rebates[0]?.id)).toMatchObject({ ok: true })
    expect(await planOf(rebates[1]?.id)).toMatchObject({ ok: false, reason: 'not_allowed_by_terms' })
  })
})
