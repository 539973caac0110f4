// What an event earns beyond one track and one currency, what is asked before it is said, and what goes back when spending does.

import { afterEach, describe, expect, test } from 'vitest'
import { answerQuestion, apiyi, listQuestions, recordEvent, resettleEvents } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const [version] = apiyi.versions
if (version === undefined) throw new Error('There is no version to start from.')
const rules = { ...version.content, eligibility: { newCustomer: false, separateAccount: false } }
const from = new Date('2026-01-01T00:00:00Z')
const credits = await makeProgramme(given, { ...apiyi, key: 'credits', versions: [{ effectiveFrom: from, content: { ...rules, reward: { kind: 'rate', ratePpm: 50_000 }, reviewAfterDays: 30 } }] })
const days = await makeProgramme(given, {
  key: 'days', name: 'days', versions: [{
    effectiveFrom: from,
    content: { ...rules, settlement: 'host', base: 'payment', asset: 'USD', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 }, movement: { rewardTransfer: 'none' } },
  }],
})
let count = 0

afterEach(async () => {
  await expectBooksToBalance(owner)
})

async function pair({ account, signUp }: Programme): Promise<{ inviter: bigint; invitee: bigint; name: string }> {
  const name = `a-${++count}`
  const [inviter, invitee] = [await account(`${name}-1`), await account(`${name}-2`)]
  await signUp(invitee, inviter, new Date('2026-05-10T00:00:00Z'))
  return { inviter, invitee, name }
}
const openOf = (programme: Programme) => programme.read((transaction) => listQuestions(transaction, { programId: programme.programId, isOpen: true, limit: 100 }))
const USD = { asset: 'USD' } as const

describe('who earns', () => {
  test('is the inviter alone: a second level earns nothing', async () => {
    const { inviter, invitee, name } = await pair(credits)
    const third = await credits.account(`${name}-3`)
    await credits.signUp(third, invitee, new Date('2026-05-11T00:00:00Z'))
    await credits.recharge(`${name}-third`, third, '100')
    expect(await credits.balances(invitee)).toEqual({ 'reward_available USD': units('5') })
    expect(await credits.balances(inviter)).toEqual({})
  })
})

describe('another currency', () => {
  test('is refused where it would earn now and does not say its amount in the programme’s asset', async () => {
    const { invitee, name } = await pair(credits)
    const told = { type: 'recharge' as const, eventId: name, accountId: invitee, amount: units('700'), asset: 'CNY' }
    expect(await credits.record(told)).toEqual({ ok: false, reason: 'conversion_missing' })
    expect(await database.prisma.event.count({ where: { accountId: invitee, type: 'recharge' } })).toBe(0)
  })

  test('earns on the stated amount, less what was not received, and keeps rate and source', async () => {
    const { inviter, invitee, name } = await pair(credits)
    const conversion = { amount: units('100'), asset: 'USD', rate: '0.142857', rateSource: 'bank' }
    await credits.record({ type: 'recharge', eventId: name, accountId: invitee, amount: units('700'), asset: 'CNY', excluded: units('70'), conversion })
    expect(await credits.balances(inviter)).toEqual({ 'reward_available USD': units('4.5') })
    expect(await database.prisma.event.findFirstOrThrow({ where: { accountId: invitee, type: 'recharge' } })).toMatchObject({ convertedAmount: units('100'), conversionRate: '0.142857', conversionSource: 'bank' })
    await credits.record({ type: 'refund', accountId: invitee, originalEventId: name, amount: units('350'), asset: 'CNY' })
    expect(await credits.balances(inviter)).toEqual({ 'reward_available USD': units('2.25') })
  })

  test('is asked where it is only later found to earn, and earns by the answer once, refunds of meanwhile taken off', async () => {
    const name = `later-${++count}`
    const [inviter, invitee] = [await credits.account(`${name}-1`), await credits.account(`${name}-2`)]
    const paid = { type: 'recharge' as const, eventId: name, accountId: invitee, amount: units('700'), asset: 'CNY', occurredAt: new Date('2026-05-20T00:00:00Z') }
    expect(await credits.record(paid)).toMatchObject({ ok: true })
    await credits.signUp(invitee, inviter, new Date('2026-05-19T00:00:00Z'))
    await credits.record({ type: 'refund', accountId: invitee, originalEventId: name, amount: units('350'), asset: 'CNY' })
    expect(await credits.balances(inviter)).toEqual({})
    const [question] = await openOf(credits)
    if (question === undefined) throw new Error('Nothing was asked.')
    expect(question).toMatchObject({ reason: 'conversion_missing', inviterId: inviter, inviteeId: invitee, amount: units('700'), asset: 'CNY' })
    const answer = { kind: 'conversion', amount: units('100').toString(), asset: 'USD', rate: '0.142857', rateSource: 'bank' } as const
    const recorder = { ...credits.recorder, actorId: 1n }
    expect(await answerQuestion(recorder, question.id, { ...answer, asset: 'EUR' })).toEqual({ ok: false, reason: 'does_not_answer' })
    expect(await answerQuestion(recorder, question.id, { kind: 'period', unit: 'month', count: 1 })).toEqual({ ok: false, reason: 'does_not_answer' })
    const first = await answerQuestion(recorder, question.id, answer)
    expect(first).toMatchObject({ ok: true, isNew: true, rebates: [{ inviterId: inviter, amount: units('5') }] })
    expect(await answerQuestion(recorder, question.id, answer)).toEqual({ ...first, isNew: false })
    expect(await answerQuestion(recorder, question.id, { kind: 'nothing' })).toEqual({ ok: false, reason: 'answered_otherwise' })
    expect(await credits.balances(inviter)).toEqual({ 'reward_available USD': units('2.5') })
    expect(await openOf(credits)).toEqual([])
  })
})

describe('a payment without a period, where days are paid', () => {
  const pay = (programme: Programme, invitee: bigint, eventId: string) => programme.record({ type: 'payment', eventId, accountId: invitee, amount: units('39'), ...USD, occurredAt: new Date('2026-05-20T00:00:00Z') })

  test('is asked for, not guessed, once however often it is told; the answer gives the days', async () => {
    const { inviter, invitee, name } = await pair(days)
    await pay(days, invitee, name)
    await pay(days, invitee, name)
    expect(await days.balances(inviter)).toEqual({})
    const [question] = await openOf(days)
    expect(question).toMatchObject({ reason: 'period_missing', inviterId: inviter })
    expect(await answerQuestion(days.recorder, question?.id ?? 0n, { kind: 'period', unit: 'month', count: 2 })).toMatchObject({ ok: true, rebates: [{ amount: 6n, asset: 'DAY' }] })
    expect(await days.balances(inviter)).toEqual({ 'reward_available DAY': 6n })
  })

  test('earns nothing when a person says so, also when it is settled again', async () => {
    const { inviter, invitee, name } = await pair(days)
    const paid = await pay(days, invitee, name)
    const [question] = await openOf(days)
    expect(await answerQuestion(days.recorder, question?.id ?? 0n, { kind: 'nothing' })).toMatchObject({ ok: true, rebates: [] })
    await days.read((transaction) => resettleEvents(transaction, { actorId: 1n, now: clock.now(), check: async () => answerOf('allow') }, paid.ok ? [paid.eventId] : []))
    expect(await days.balances(inviter)).toEqual({})
    expect(await openOf(days)).toEqual([])
  })

  test('of two who answer at once differently, one is heard', async () => {
    const { invitee, name } = await pair(days)
    await pay(days, invitee, name)
    const [question] = await openOf(days)
    const answers = await Promise.all([1, 2, 3].map((months) => answerQuestion(days.recorder, question?.id ?? 0n, { kind: 'period', unit: 'month', count: months })))
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1)
    expect(answers.filter((answer) => !answer.ok && answer.reason === 'answered_otherwise')).toHaveLength(2)
  })

  test('a question that is not there is unknown', async () => {
    expect(await answerQuestion(days.recorder, 999_999n, { kind: 'nothing' })).toEqual({ ok: false, reason: 'unknown_question' })
  })
})

test('an event that is reported too late earns into a hold', async () => {
  const { inviter, invitee, name } = await pair(credits)
  const at = (daysAgo: number): Date => new Date(clock.now().getTime() - daysAgo * 86_400_000)
  await database.prisma.referral.updateMany({ where: { inviteeId: invitee }, data: { effectiveAt: at(60) } })
  await owner.pool.query('update referral set occurred_at = $2 where invitee_id = $1', [invitee, at(60)])
  await credits.recharge(`${name}-in-time`, invitee, '100', at(30))
  await credits.recharge(`${name}-late`, invitee, '100', at(31))
  expect(await credits.balances(inviter)).toEqual({ 'reward_available USD': units('5'), 'reward_held USD': units('5') })
  expect(await database.prisma.hold.findFirstOrThrow({ where: { rebate: { accountId: inviter } } })).toMatchObject({ reason: 'late_event', endedAt: null })
})

describe('spending that is given back', () => {
  /** A member with 6 of reward and 4 of paid money who spent all of it. */
  async function spender(): Promise<{ member: bigint; name: string; friend: bigint }> {
    const { inviter: member, invitee: friend, name } = await pair(credits)
    await credits.recharge(`${name}-earns`, friend, '120')
    await credits.transfer(member, 'all')
    await credits.recharge(`${name}-own`, member, '4')
    expect(await credits.record({ type: 'spend', eventId: `${name}-spend`, accountId: member, amount: units('10'), ...USD })).toMatchObject({ isWaiting: false })
    expect(await credits.balances(member)).toEqual({})
    return { member, name, friend }
  }

  test('goes back to where it was taken from, in proportion and cumulatively', async () => {
    const { member, name } = await spender()
    await credits.refund(`${name}-1`, `${name}-spend`, member, '5')
    expect(await credits.balances(member)).toEqual({ 'main_reward USD': units('3'), 'main_paid USD': units('2') })
    await credits.refund(`${name}-2`, `${name}-spend`, member, '7')
    expect(await credits.balances(member)).toEqual({ 'main_reward USD': units('6'), 'main_paid USD': units('4') })
  })

  test('first repays what of its reward was taken back meanwhile', async () => {
    const { member, name, friend } = await spender()
    await credits.refund(`${name}-friend`, `${name}-earns`, friend)
    expect(await credits.balances(member)).toEqual({ 'debt USD': -units('6') })
    await credits.refund(`${name}-1`, `${name}-spend`, member)
    expect(await credits.balances(member)).toEqual({ 'main_paid USD': units('4') })
  })

  test('before it is reported is taken only for what is left of it', async () => {
    const { invitee: member, name } = await pair(credits)
    await credits.recharge(`${name}-own`, member, '10')
    expect(await credits.refund(`${name}-1`, `${name}-spend`, member, '4')).toMatchObject({ isWaiting: true })
    await credits.record({ type: 'spend', eventId: `${name}-spend`, accountId: member, amount: units('10'), ...USD })
    expect(await credits.balances(member)).toEqual({ 'main_paid USD': units('4') })
  })

  test('while it waits for money waits for no more than is left of it', async () => {
    const { invitee: member, name } = await pair(credits)
    await credits.recharge(`${name}-own`, member, '3')
    await credits.record({ type: 'spend', eventId: `${name}-spend`, accountId: member, amount: units('10'), ...USD })
    await credits.refund(`${name}-1`, `${name}-spend`, member, '6')
    await credits.recharge(`${name}-more`, member, '5')
    expect(await credits.balances(member)).toEqual({ 'main_paid USD': units('4') })
    expect(await database.prisma.waitingEvent.count({ where: { accountId: member } })).toBe(0)
  })
})

test('imported payments that accrue, and came while their relation was suspended, earn when it counts again; imported history does not', async () => {
  const { inviter, invitee, name } = await pair(credits)
  const { id: sourceId } = await database.prisma.source.create({ data: { name } })
  const { id: importId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'import', recordedAt: clock.now() } })
  await database.prisma.referral.updateMany({ where: { inviteeId: invitee }, data: { state: 'suspended', effectiveAt: new Date('2026-05-12T00:00:00Z') } })
  const at = new Date('2026-05-20T00:00:00Z')
  const told = await recordEvent(credits.recorder, importId, { source: 'host', eventId: name, type: 'recharge', accountId: invitee, amount: units('100'), ...USD, occurredAt: at })
  const history = await database.prisma.event.create({
    data: { naturalKey: new Uint8Array(Buffer.from(name)), contentDigest: new Uint8Array(1), type: 'recharge', accountId: invitee, amount: units('100'), ...USD, isHistory: true, occurredAt: at, recordedAt: at, effectiveAt: at, batchId: importId },
  })
  expect(await credits.balances(inviter)).toEqual({})
  await database.prisma.referral.updateMany({ where: { inviteeId: invitee }, data: { state: 'active', effectiveAt: new Date('2026-05-10T00:00:00Z') } })
  await credits.read((transaction) => resettleEvents(transaction, { actorId: 1n, now: clock.now(), check: async () => answerOf('allow') }, [history.id, ...(told.ok ? [told.eventId] : [])]))
  expect(await credits.balances(inviter)).toEqual({ 'reward_available USD': units('5') })
})
