// The column of the first programme in the table of rules, cell by cell, from the event to the balance.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { requestPayout } from '../../src/payouts/index.ts'
import { apiyi, recordClick, rewardTransferLog } from '../../src/programs/index.ts'
import { HISTORY_LABELS } from '../../src/statements/index.ts'
import { readFigures, readHistory, readInvitees } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { decided } from '../review/desk.ts'
import { ringOfFour } from '../review/ring-of-four.ts'
import { units } from './programme.ts'
import { makePublished } from './published.ts'

const setting = await useDatabase()
const { clock, database, owner } = setting
const START = new Date('2026-06-01T12:00:00Z')
beforeEach(() => clock.set(START))
afterEach(() => expectBooksToBalance(owner))
const apiyiNow = await makePublished(setting, apiyi)
const { balances, codeOf, earned, fresh, observe, pair, pay, programId, read, record, signUp, transfer } = apiyiNow

describe('who takes part', () => {
  test('every user takes part without an application', async () => {
    const [member, friend] = [await fresh(), await fresh()]
    expect(await codeOf(member)).toMatch(/^[2-9A-HJ-NP-Z]{10}$/)
    expect(await signUp(friend, member)).toMatchObject({ ok: true, attributed: [{ inviterId: member, notPayable: null }] })
  })

  test('an enterprise earns at the same rate as an individual', async () => {
    const enterprise = await pair()
    await database.prisma.account.update({ where: { id: enterprise.inviter }, data: { organisationHash: new Uint8Array(32).fill(1) } })
    expect((await earned(enterprise.friend, '100')).amount).toBe((await earned((await pair()).friend, '100')).amount)
  })
})

describe('reward', () => {
  test('5 % credit', async () => {
    const { inviter, friend } = await pair()
    expect(await earned(friend, '19.99')).toMatchObject({ inviterId: inviter, amount: units('0.9995'), asset: 'USD' })
  })

  test('10 % before 2026-05-15 00:00 in UTC+8, to the millisecond, whatever the order of the reports', async () => {
    const { friend } = await pair(new Date('2026-05-01T00:00:00+08:00'))
    for (const [time, amount] of [['2026-05-15T00:00:00.000+08:00', '5'], ['2026-05-14T23:59:59.999+08:00', '10'], ['2026-05-14T16:00:00Z', '5'], ['2026-05-14T15:59:59.999Z', '10']] as const) {
      expect((await earned(friend, '100', { occurredAt: new Date(time) })).amount, time).toBe(units(amount))
    }
  })

  test('existing referrals settle at the rate in force, and what was earned before is not re-rated', async () => {
    const { inviter, friend } = await pair(new Date('2025-01-01T00:00:00Z'))
    await earned(friend, '100', { eventId: 'at-ten', occurredAt: new Date('2026-05-01T00:00:00Z') })
    await earned(friend, '100', { occurredAt: new Date('2026-05-20T00:00:00Z') })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('15') })
    await apiyiNow.refund('back', 'at-ten', friend, '50')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })
})

describe('on what', () => {
  test('each completed recharge earns', async () => {
    const { inviter, friend } = await pair()
    for (const amount of ['100', '50', '0.2']) await earned(friend, amount)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('7.51') })
  })

  test('spending what was recharged earns nothing: it is the same money', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '100')
    expect(await record({ type: 'spend', accountId: friend, amount: units('100'), asset: 'USD' })).toMatchObject({ ok: true, rebates: [] })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })
})

describe('movement', () => {
  test('the reward moves to the main balance by the member’s own transfer, where it can be spent', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '100')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
    expect(await transfer(inviter, '3')).toMatchObject({ ok: true })
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('3'), 'reward_available USD': units('2') })
    await record({ type: 'spend', accountId: inviter, amount: units('3'), asset: 'USD' })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('2') })
  })

  test('the log filtered by its type shows each entry with source and amount', async () => {
    const { inviter, friend } = await pair()
    const [first, second] = [await earned(friend, '100'), await earned(friend, '40')]
    await transfer(inviter, 'all')
    expect(HISTORY_LABELS.reward_transfer).toEqual({ 'zh-CN': '奖励金划转', en: 'Reward Transfer' })
    const lines = await read((transaction) => rewardTransferLog(transaction, inviter))
    expect(lines.map(({ amount, rebateId, source }) => [rebateId, amount, source.inviteeId, source.base])).toEqual(
      expect.arrayContaining([[first.rebateId, units('5'), friend, units('100')], [second.rebateId, units('2'), friend, units('40')]]) as unknown[])
  })

  test('it is never paid out in cash', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '1000')
    const desk = await apiyiNow.desk('key', 'host')
    for (const method of ['bank', 'stripe'] as const) {
      expect(await requestPayout(desk, { programId, accountId: inviter, method, asset: 'USD', amount: units('50'), key: method })).toEqual({ ok: false, reason: 'not_offered' })
    }
  })
})

describe('binding', () => {
  test('a followed link binds', async () => {
    const [inviter, friend] = [await fresh(), await fresh()]
    const code = await codeOf(inviter)
    const click = await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))
    expect(await record({ type: 'signup', accountId: friend, invitation: { clickId: click.ok ? click.clickId : '' } })).toMatchObject({ attributed: [{ inviterId: inviter, channel: 'link', notPayable: null }] })
  })

  test('when the link was lost, the invite code on the sign-up form binds', async () => {
    const { inviter, friend } = await pair()
    expect(await database.prisma.referral.findFirst({ where: { inviteeId: friend } })).toMatchObject({ inviterId: inviter, source: 'code' })
  })

  test('once registration is complete without a code, nothing binds', async () => {
    const [inviter, friend] = [await fresh(), await fresh()]
    await record({ type: 'signup', accountId: friend })
    expect(await record({ type: 'signup', accountId: friend, invitation: { code: await codeOf(inviter) } })).toMatchObject({ attributed: [{ notPayable: 'after_signup' }] })
    expect(await pay(friend, '100')).toMatchObject({ ok: true, rebates: [] })
  })
})

describe('who counts', () => {
  test('a genuine new user counts, somebody with an earlier account does not, and stays a fact', async () => {
    const [inviter, earlier, again] = [await fresh(), await fresh(), await fresh()]
    for (const account of [earlier, again]) await observe(account, 'email', 'ann@example.com')
    expect(await signUp(again, inviter)).toMatchObject({ ok: true, attributed: [{ inviterId: inviter, referralId: null, notPayable: 'not_eligible' }] })
    expect(await pay(again, '100')).toMatchObject({ ok: true, rebates: [] })
    expect(await database.prisma.referralFact.findFirst({ where: { inviteeId: again } })).toMatchObject({ inviterId: inviter, notPayable: 'not_eligible' })
  })
})

describe('ends', () => {
  test('never: a recharge after ten years earns as the first one did', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '100')
    clock.set(new Date('2036-06-01T12:00:00Z'))
    await earned(friend, '100')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })
})

describe('members see', () => {
  test('their invitees and the history of their rebates', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '100')
    const member = { programId, accountId: inviter }
    expect(await read((transaction) => readInvitees(transaction, member, { limit: 10 }))).toMatchObject({ invitees: [{ state: 'active', source: 'code', earned: [{ asset: 'USD', amount: units('5') }] }] })
    expect(await read((transaction) => readHistory(transaction, member, { types: ['rebate'], limit: 10 }))).toMatchObject({ lines: [{ type: 'rebate', amount: units('5'), base: units('100'), ratePpm: 50_000, sourceEvent: 'recharge' }] })
    expect(await read((transaction) => readFigures(transaction, member))).toMatchObject({ referrals: 1, conversions: 1 })
  })
})

describe('abuse', () => {
  test('self-invitation is forbidden: an own code pays nothing', async () => {
    const member = await fresh()
    expect(await signUp(member, member)).toMatchObject({ attributed: [{ notPayable: 'self_referral', referralId: null }] })
  })

  test('the relation may be cancelled, and what was earned frozen or reclaimed, also after it was moved, but never what the member paid', async () => {
    const { ann, desk, hub, target } = await ringOfFour(setting, apiyi)
    const { programme } = desk
    await programme.recharge('own', hub, '50')
    await programme.transfer(hub, 'all')
    await decided(ann, { kind: 'freeze', target })
    await decided(ann, { kind: 'cancel', target, from: 'start' })
    // Ten of each alt are gone, the ten of the real friend stay.
    expect(await programme.balances(hub)).toEqual({ 'main_paid USD': units('50'), 'main_reward USD': units('10') })
  })

  test('the account may be restricted', async () => {
    const { ann, target } = await ringOfFour(setting, apiyi)
    await decided(ann, { kind: 'restrict', target, restriction: 'no_new_referrals', endsAt: '2027-01-01T00:00:00Z' })
    expect(await database.prisma.accountRestriction.count({ where: { endedAt: null, kind: 'no_new_referrals' } })).toBeGreaterThan(0)
  })
})
