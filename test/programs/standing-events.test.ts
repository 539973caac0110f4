// Standing as it decides about real events: what is earned while active, suspended, closed, excluded, on which track, under which
// contract; what a new client and a sign-up bring about. Everything goes in as events, nothing is called behind their back.

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyBooks } from '../../src/ledger/index.ts'
import type { NewProgram, ProgramRulesInput } from '../../src/policies/index.ts'
import {
  approveContract, changeEnrolment, changeTrack, creditEndsAt, enterContract, type EventFact, excludeAccount, expireCredits, readAcceptedTerms, readStandings, recordEvents, resolveHeldCredits, suspendIdle,
} from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { clock, database, keys, owner } = given
const START = new Date('2026-06-01T12:00:00Z')
const at = (text: string): Date => new Date(text)
const DAY = 86_400
let count = 0

const CONTENT: ProgramRulesInput = {
  base: 'payment', defaultTrack: 'days', asset: 'DAY', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 },
  tracks: [
    { key: 'money', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['bank'] } } },
    { key: 'partner', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['stripe'] } } },
  ],
  enrolment: { idle: { years: 1 } }, enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' }, movement: { rewardTransfer: 'manual', payout: null },
}
const programOf = (key: string, content: Partial<ProgramRulesInput> = {}): NewProgram => ({ key, name: key, versions: [{ effectiveFrom: at('2020-01-01T00:00:00Z'), content: { ...CONTENT, ...content } }] })
const chat = await makeProgramme(given, programOf('chat'))
const credit = { amount: '2.5', asset: 'USD', validDays: 30 } as const
const market = await makeProgramme(given, programOf('market', { base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, tracks: [], defaultTrack: 'basic', enrolment: { idle: null }, signupCredit: { ...credit, grantOn: 'signup' } }))
const later = await makeProgramme(given, programOf('later', { base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, tracks: [], defaultTrack: 'basic', enrolment: { idle: null }, signupCredit: { ...credit, grantOn: 'first_payment' } }))
const verified = await makeProgramme(given, programOf('verified', { base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, tracks: [], defaultTrack: 'basic', enrolment: { idle: null }, signupCredit: { ...credit, grantOn: 'verified' } }))
const second = (await database.prisma.actor.create({ data: { kind: 'person', name: 'second', createdAt: START } })).id
const actor = (actorId = 1n) => ({ database, keys, clock, actorId })

beforeEach(() => clock.set(START))
afterEach(async () => {
  await expectBooksToBalance(owner)
})
afterAll(async () => {
  expect((await verifyBooks(database, keys)).faults).toEqual([])
})

async function relation(programme: Programme = chat): Promise<{ inviter: bigint; invitee: bigint }> {
  const [inviter, invitee] = [await programme.account(`s-${++count}`), await programme.account(`s-${++count}`)]
  await programme.signUp(invitee, inviter, clock.now())
  return { inviter, invitee }
}
const pays = async (invitee: bigint, time = clock.now(), unit: 'month' | 'year' = 'month') => {
  const answer = await chat.record({ type: 'payment', eventId: `p-${++count}`, accountId: invitee, amount: units('39'), asset: 'USD', periodUnit: unit, periodCount: 1, occurredAt: time })
  if (!answer.ok) throw new Error(answer.reason)
  return answer.rebates.map(({ amount, asset }) => `${asset === 'DAY' ? amount : Number(amount) / 1e6} ${asset}`)
}

describe('a payment', () => {
  test('earns while its inviter is active, nothing while suspended or closed, and again from the reopening on', async () => {
    const { inviter, invitee } = await relation()
    const earned: string[][] = [await pays(invitee)]
    for (const state of ['suspended', 'closed', 'active'] as const) {
      clock.advance(60)
      await changeEnrolment(actor(), { programId: chat.programId, accountId: inviter, state, by: 'staff' })
      earned.push(await pays(invitee))
    }
    expect(earned).toEqual([['3 DAY'], [], [], ['3 DAY']])
    expect(await chat.balances(inviter)).toEqual({ 'reward_available DAY': 6n })
  })

  test('is judged by when it occurred, not by when it is reported', async () => {
    const { inviter, invitee } = await relation()
    clock.advance(3600)
    await changeEnrolment(actor(), { programId: chat.programId, accountId: inviter, state: 'suspended', by: 'staff' })
    expect(await pays(invitee, new Date(clock.now().getTime() - 1))).toEqual(['3 DAY'])
    expect(await pays(invitee, clock.now())).toEqual([])
  })

  test('of an excluded account, or for one, earns nothing while it is excluded', async () => {
    const [one, other] = [await relation(), await relation()]
    await excludeAccount(actor(), { programId: null, accountId: one.invitee, reason: 'test' })
    await excludeAccount(actor(), { programId: chat.programId, accountId: other.inviter, reason: 'staff', endsAt: new Date(START.getTime() + 1000) })
    expect([await pays(one.invitee), await pays(other.invitee)]).toEqual([[], []])
    clock.advance(1)
    expect([await pays(one.invitee), await pays(other.invitee)]).toEqual([[], ['3 DAY']])
  })

  test('earns on the track of its time; what was accrued keeps its track after an upgrade and a downgrade', async () => {
    const { inviter, invitee } = await relation()
    const earned = [await pays(invitee)]
    for (const track of ['partner', 'days']) {
      clock.advance(60)
      await changeTrack(actor(), { programId: chat.programId, accountId: inviter, track })
      earned.push(await pays(invitee))
    }
    expect(earned).toEqual([['3 DAY'], ['1.95 USD'], ['3 DAY']])
    const rebates = await database.prisma.rebate.findMany({ where: { accountId: inviter }, orderBy: { id: 'asc' } })
    expect(rebates.map(({ track, asset }) => [track, asset])).toEqual([['days', 'DAY'], ['partner', 'USD'], ['days', 'DAY']])
  })

  test('before the signing of a contract earns days and never converts; from the signing on it earns money, once the contract is approved', async () => {
    const { inviter, invitee } = await relation()
    const earned = [await pays(invitee)]
    clock.advance(DAY)
    const signedAt = clock.now()
    clock.advance(DAY)
    // Recorded between signing and approval: it keeps the track on which it was accrued.
    earned.push(await pays(invitee))
    const entered = await enterContract(actor(), { programId: chat.programId, accountId: inviter, track: 'money', signedAt, documentReference: 'cabinet 3' })
    if (!entered.ok) throw new Error(entered.reason)
    earned.push(await pays(invitee))
    await approveContract(actor(second), entered.contract.id)
    earned.push(await pays(invitee))
    // Reported late: one from before the signing, one from after it.
    earned.push(await pays(invitee, new Date(signedAt.getTime() - 1)), await pays(invitee, signedAt))
    expect(earned).toEqual([['3 DAY'], ['3 DAY'], ['3 DAY'], ['3.9 USD'], ['3 DAY'], ['3.9 USD']])
    expect(await chat.balances(inviter)).toEqual({ 'reward_available DAY': 12n, 'reward_available USD': units('7.8') })
  })

  test('earns exactly one reward, of one track, however often it is reported', async () => {
    const { inviter, invitee } = await relation()
    await changeTrack(actor(), { programId: chat.programId, accountId: inviter, track: 'partner' })
    const event = { type: 'payment', eventId: `p-${++count}`, accountId: invitee, amount: units('39'), asset: 'USD', periodUnit: 'month', periodCount: 1 } as const
    await chat.record(event)
    clock.advance(60)
    await changeTrack(actor(), { programId: chat.programId, accountId: inviter, track: 'days' })
    await chat.record({ ...event, occurredAt: new Date(clock.now().getTime() - 60_000) })
    expect(await chat.balances(inviter)).toEqual({ 'reward_available USD': units('1.95') })
  })
})

describe('a track_change event', () => {
  test('of the host puts the member onto the track from when it occurred', async () => {
    const { inviter, invitee } = await relation()
    clock.advance(3600)
    const answer = await chat.record({ type: 'track_change', accountId: inviter, occurredAt: new Date(START.getTime() + 60_000), track: { program: 'chat', key: 'partner' } })
    expect(answer).toMatchObject({ ok: true })
    expect([await pays(invitee, new Date(START.getTime() + 59_999)), await pays(invitee, new Date(START.getTime() + 60_000))]).toEqual([['3 DAY'], ['1.95 USD']])
  })

  test('onto a contract’s track is refused', async () => {
    const { inviter } = await relation()
    expect(await chat.record({ type: 'track_change', accountId: inviter, track: { program: 'chat', key: 'money' } })).toEqual({ ok: false, reason: 'needs_contract' })
  })
})

describe('suspension for idleness', () => {
  /** Suspended since 2027-06-02, a year after the first client. */
  async function suspended() {
    const { inviter, invitee } = await relation()
    await pays(invitee)
    for (const day of ['2027-05-03', '2027-05-26', '2027-06-02']) {
      clock.set(at(`${day}T01:00:00Z`))
      await suspendIdle({ database, clock })
    }
    return { inviter, invitee }
  }
  const stateOf = (inviter: bigint): Promise<string> => chat.read(async (transaction) =>
    (await readStandings(transaction, [{ programId: chat.programId, accountId: inviter }])).enrolmentAt(chat.programId, inviter, clock.now()))

  test('stops what further payments of known clients earn, and leaves what was earned', async () => {
    const { inviter, invitee } = await suspended()
    expect([await stateOf(inviter), await pays(invitee), await chat.balances(inviter)]).toEqual(['suspended', [], { 'reward_available DAY': 3n }])
  })

  test('does not keep the link from binding, and the payment that makes a new client earns, as the first one again, without back-credit', async () => {
    const { inviter, invitee } = await suspended()
    await pays(invitee)
    const friend = await chat.account(`s-${++count}`)
    expect(await chat.signUp(friend, inviter, clock.now())).toMatchObject({ ok: true, attributed: [{ notPayable: null }] })
    expect(await stateOf(inviter)).toBe('suspended')
    clock.advance(60)
    expect(await pays(friend)).toEqual(['3 DAY'])
    clock.advance(60)
    expect([await stateOf(inviter), await pays(invitee), await chat.balances(inviter)]).toEqual(['active', ['3 DAY'], { 'reward_available DAY': 9n }])
  })

  test('is not ended by a payment that was not made with money, nor by an excluded friend', async () => {
    const { inviter } = await suspended()
    const [coupon, tester] = [await chat.account(`s-${++count}`), await chat.account(`s-${++count}`)]
    for (const friend of [coupon, tester]) await chat.signUp(friend, inviter, clock.now())
    await excludeAccount(actor(), { programId: null, accountId: tester, reason: 'test' })
    await chat.record({ type: 'payment', accountId: coupon, amount: units('39'), asset: 'USD', periodUnit: 'month', periodCount: 1, fundedBy: 'credit' })
    await pays(tester)
    expect(await stateOf(inviter)).toBe('suspended')
  })

  test('that came only because a client’s payment was reported late is taken back, and what was missed meanwhile is settled', async () => {
    const { inviter, invitee } = await suspended()
    const friend = await chat.account(`s-${++count}`)
    await chat.signUp(friend, inviter, at('2027-06-01T00:00:00Z'))
    clock.advance(600)
    expect(await pays(invitee)).toEqual([])
    expect(await pays(friend, at('2027-06-01T10:00:00Z'))).toEqual(['3 DAY'])
    expect([await stateOf(inviter), await chat.balances(inviter)]).toEqual(['active', { 'reward_available DAY': 9n }])
  })

  test.each(['one by one', 'in one batch'])('ended by a new client between payments of an old one lets only the later of those earn, reported %s', async (how) => {
    const { inviter, invitee } = await suspended()
    const friend = await chat.account(`s-${++count}`)
    await chat.signUp(friend, inviter, clock.now())
    const start = clock.now()
    clock.advance(600)
    const facts = [[invitee, 1], [friend, 4], [friend, 2], [invitee, 3]].map(([accountId, minute]): EventFact => ({
      source: 'host', type: 'payment', eventId: `b-${++count}`, accountId: BigInt(accountId ?? 0), amount: units('39'), asset: 'USD', periodUnit: 'month', periodCount: 1,
      occurredAt: new Date(start.getTime() + Number(minute) * 60_000),
    }))
    if (how === 'one by one') for (const fact of facts) await chat.record(fact)
    else {
      const { id: sourceId } = await database.prisma.source.create({ data: { name: randomUUID() } })
      const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
      await recordEvents(chat.recorder, batchId, facts)
    }
    expect(await chat.balances(inviter)).toEqual({ 'reward_available DAY': 12n })
  })
})

describe('a sign-up', () => {
  test('by the code of a suspended member binds, by that of a closed one it does not', async () => {
    const [suspended, closed] = [await chat.account(`s-${++count}`), await chat.account(`s-${++count}`)]
    const friends = [await chat.account(`s-${++count}`), await chat.account(`s-${++count}`)] as const
    // The codes are known from before.
    for (const member of [suspended, closed]) await chat.codeOf(member)
    await changeEnrolment(actor(), { programId: chat.programId, accountId: suspended, state: 'suspended', by: 'staff' })
    await changeEnrolment(actor(), { programId: chat.programId, accountId: closed, state: 'closed', by: 'member' })
    clock.advance(60)
    await chat.signUp(friends[0], suspended, clock.now())
    await chat.signUp(friends[1], closed, clock.now())
    expect(await database.prisma.referral.findMany({ where: { inviteeId: { in: [...friends] } }, select: { inviterId: true } })).toEqual([{ inviterId: suspended }])
  })

  test('by a link or code brings the friend the credit at once', async () => {
    const { inviter, invitee } = await relation(market)
    expect([await market.balances(invitee), await market.balances(inviter)]).toEqual([{ 'main_bonus USD': units('2.5') }, {}])
  })

  test('without an inviter, or of an account that is no new customer of this relation, brings none', async () => {
    const alone = await market.account(`s-${++count}`)
    await market.record({ type: 'signup', eventId: `signup-${alone}`, accountId: alone })
    await market.signUp(alone, alone)
    expect(await market.balances(alone)).toEqual({})
  })

  test('reported twice brings one credit', async () => {
    const { inviter, invitee } = await relation(market)
    await market.signUp(invitee, inviter, clock.now())
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('2.5') })
  })

  test('that the check does not allow brings a held credit', async () => {
    market.setCheck(async ({ subject }) => answerOf(subject === 'signup_credit' ? 'hold' : 'allow'))
    const { invitee } = await relation(market)
    market.setCheck(async () => answerOf('allow'))
    expect(await market.balances(invitee)).toEqual({ 'main_held USD': units('2.5') })
  })

  test('whose check could only hold has its credit released by the real answer, with all its days', async () => {
    const held = answerOf('hold', true)
    if (!held.ok) throw new Error('no answer')
    market.setCheck(async ({ subject }) => (subject === 'signup_credit' ? held : answerOf('allow')))
    const { invitee } = await relation(market)
    market.setCheck(async () => answerOf('allow'))
    expect(await market.balances(invitee)).toEqual({ 'main_held USD': units('2.5') })
    clock.advance(2 * DAY)
    const real = answerOf('allow')
    if (!real.ok) throw new Error('no answer')
    await market.read((transaction) => resolveHeldCredits(transaction, { now: clock.now(), actorId: 1n }, { previousId: held.answer.check_id, answer: real.answer }))
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('2.5') })
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: invitee, kind: 'signup_credit' } })
    expect(await market.read((transaction) => creditEndsAt(transaction, rebate.id, clock.now()))).toEqual(new Date(clock.now().getTime() + 30 * DAY * 1000))
  })

  test('carries the version of the terms that was accepted', async () => {
    const accountId = await market.account(`s-${++count}`)
    await market.record({ type: 'signup', accountId, termsVersion: '2026-05' })
    const terms = await market.read((transaction) => readAcceptedTerms(transaction, [{ programId: market.programId, accountId }]))
    expect(terms.acceptedAt(market.programId, accountId, clock.now())).toBe('2026-05')
  })
})

describe('the credit', () => {
  test('of a programme that grants it on the first payment comes with the first one that qualifies, once', async () => {
    const { invitee } = await relation(later)
    expect(await later.balances(invitee)).toEqual({})
    await later.record({ type: 'recharge', accountId: invitee, amount: units('5'), asset: 'USD', fundedBy: 'code' })
    expect(await later.balances(invitee)).toEqual({ 'main_bonus USD': units('5') })
    await later.recharge(`r-${++count}`, invitee, '10')
    await later.recharge(`r-${++count}`, invitee, '10')
    expect(await later.balances(invitee)).toEqual({ 'main_bonus USD': units('7.5'), 'main_paid USD': units('20') })
  })

  test('of a programme that grants it on verification comes with that, once', async () => {
    const { invitee } = await relation(verified)
    expect(await verified.balances(invitee)).toEqual({})
    for (let index = 0; index < 2; index++) {
      clock.advance(60)
      await verified.record({ type: 'verified', accountId: invitee })
    }
    expect(await verified.balances(invitee)).toEqual({ 'main_bonus USD': units('2.5') })
  })

  test('is spent before everything else, expires with what is left, and earns the inviter nothing', async () => {
    const { inviter, invitee } = await relation(market)
    await market.recharge(`r-${++count}`, invitee, '10')
    await market.record({ type: 'spend', accountId: invitee, amount: units('1'), asset: 'USD' })
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('1.5'), 'main_paid USD': units('10') })
    clock.advance(30 * DAY)
    await expireCredits({ database, clock })
    expect(await market.balances(invitee)).toEqual({ 'main_paid USD': units('10') })
    expect(await market.balances(inviter)).toEqual({ 'reward_available USD': units('0.5') })
  })

  test('that has ended is not spent, whenever the job runs', async () => {
    const { invitee } = await relation(market)
    await market.recharge(`r-${++count}`, invitee, '10')
    clock.advance(30 * DAY)
    await market.record({ type: 'spend', accountId: invitee, amount: units('1'), asset: 'USD' })
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('2.5'), 'main_paid USD': units('9') })
  })

  test('comes back by the refund of a purchase with its old end, and after that end with the time that had been left', async () => {
    const { invitee } = await relation(market)
    clock.advance(20 * DAY)
    const spend = { type: 'spend', eventId: `spend-${++count}`, accountId: invitee, amount: units('2'), asset: 'USD' } as const
    await market.record(spend)
    clock.advance(5 * DAY)
    await market.refund(`back-${++count}`, spend.eventId, invitee, '0.5')
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('1') })
    clock.advance(35 * DAY)
    await market.refund(`back-${++count}`, spend.eventId, invitee, '1')
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('1') })
    clock.advance(10 * DAY - 1)
    await expireCredits({ database, clock })
    expect(await market.balances(invitee)).toEqual({ 'main_bonus USD': units('1') })
    clock.advance(1)
    await expireCredits({ database, clock })
    expect(await market.balances(invitee)).toEqual({})
  })
})
