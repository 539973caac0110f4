// The column of Chat API in the table of rules, cell by cell: days granted by the host, money by contract, claims, and the idle year.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addDestination, approveDestination, recordPayee, requestPayout } from '../../src/payouts/index.ts'
import {
  answerInstruction, approveContract, chatApi, confirmClaim, decideClaim, enterClaim, enterContract, type EventFact, recordClick, recordResources, resourceHash, suspendIdle,
} from '../../src/programs/index.ts'
import { makePlan } from '../../src/review/index.ts'
import { readInvitees, readTreeSize } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { freshIban } from '../payouts/payout-programme.ts'
import { makeDesk } from '../review/desk.ts'
import { answerOf, units } from './programme.ts'
import { makePublished, type Pair } from './published.ts'

const setting = await useDatabase()
const { clock, database, keys, owner } = setting
const START = new Date('2026-06-01T12:00:00Z')
beforeEach(() => clock.set(START))
const chat = await makePublished(setting, chatApi)
const { balances, codeOf, earned, fresh, observe, pair, pay, programId, read, record, recorder, signUp } = chat
const [ada, bob, host] = [await chat.desk('person', 'Ada'), await chat.desk('person', 'Bob'), await chat.desk('key', 'host')]
afterEach(async () => {
  chat.setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})
const month: Partial<EventFact> = { periodUnit: 'month', periodCount: 1 }
const year: Partial<EventFact> = { periodUnit: 'year', periodCount: 1 }
const instructionsOf = (accountId: bigint) => database.prisma.hostInstruction.findMany({ where: { accountId }, orderBy: { id: 'asc' } })

/** A contract signed then, entered by one person and approved by another, with the bank account that it names. */
async function contracted(accountId: bigint, signedAt: Date): Promise<void> {
  const entered = await enterContract(ada, { programId, accountId, track: 'money', signedAt, documentReference: `folder ${accountId}` })
  if (!entered.ok) throw new Error(entered.reason)
  const named = await addDestination(ada, database, { accountId, contractId: entered.contract.id, destination: { method: 'bank', bank: { account_holder: 'A Member', iban: freshIban() } } })
  if (!named.ok) throw new Error(named.reason)
  expect(await approveContract(ada, entered.contract.id)).toMatchObject({ ok: false, reason: 'same_person' })
  expect(await approveContract(bob, entered.contract.id)).toMatchObject({ ok: true })
  expect(await approveDestination(bob, named.destination.id)).toMatchObject({ ok: true })
  await recordPayee(host, { accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 0, source: 'host' })
}
const ask = (accountId: bigint, amount: string) => requestPayout(host, { programId, accountId, method: 'bank', asset: 'USD', amount: units(amount), key: `${accountId} ${amount}` })

describe('who takes part', () => {
  test('sharing the link is enough for days: no contract or agreement', async () => {
    const { inviter, friend } = await pair()
    expect(await earned(friend, '39', month)).toMatchObject({ inviterId: inviter, amount: 3n, asset: 'DAY' })
  })

  test('money needs a signed contract and accrues only from its signing; what was paid before earns days and never converts', async () => {
    const { inviter, friend } = await pair()
    clock.advance(3600)
    const signedAt = clock.now()
    const before = new Date(signedAt.getTime() - 1)
    expect(await earned(friend, '39', { ...month, occurredAt: before })).toMatchObject({ amount: 3n, asset: 'DAY' })
    await contracted(inviter, signedAt)
    expect(await earned(friend, '39', { ...month, occurredAt: signedAt })).toMatchObject({ amount: units('3.9'), asset: 'USD' })
    // Paid before the signing and reported after the approval: still days.
    expect(await earned(friend, '39', { ...month, occurredAt: before })).toMatchObject({ amount: 3n, asset: 'DAY' })
    expect(await balances(inviter)).toEqual({ 'payout_in_transit DAY': 6n, 'reward_available USD': units('3.9') })
  })
})

describe('reward', () => {
  test('3 days for each monthly payment', async () => {
    const { friend } = await pair()
    for (let payment = 0; payment < 3; payment++) expect((await earned(friend, '39', month)).amount).toBe(3n)
  })

  test('one month more for a year that is paid at once, however the year is written', async () => {
    const { friend } = await pair()
    expect((await earned(friend, '390', year)).amount).toBe(30n)
    expect((await earned(friend, '390', { periodUnit: 'month', periodCount: 12 })).amount).toBe(30n)
  })

  test('other lengths earn three days for each month; how many instances were bought does not multiply', async () => {
    const { friend } = await pair()
    expect((await earned(friend, '117', { periodUnit: 'month', periodCount: 3 })).amount).toBe(9n)
    expect((await earned(friend, '195', { ...month, item: 'five instances' })).amount).toBe(3n)
  })

  test('without a period nothing is guessed: it is asked, with an owner and a due date', async () => {
    const { inviter, friend } = await pair()
    expect(await pay(friend, '39')).toMatchObject({ ok: true, rebates: [] })
    expect(await pay(friend, '39', { periodUnit: 'week', periodCount: 4 })).toMatchObject({ ok: true, rebates: [] })
    const questions = await database.prisma.accrualQuestion.findMany({ where: { referral: { inviterId: inviter } }, orderBy: { id: 'asc' } })
    expect(questions.map(({ reason, dueAt, answer }) => [reason, dueAt > clock.now(), answer])).toEqual([['period_missing', true, null], ['period_not_in_months', true, null]])
    expect(await balances(inviter)).toEqual({})
  })

  test('or 10 % of each payment: 39 dollars a month earn 3.90', async () => {
    const { inviter, friend } = await pair()
    await contracted(inviter, START)
    expect((await earned(friend, '39', month)).amount).toBe(units('3.9'))
    expect((await earned(friend, '390', year)).amount).toBe(units('39'))
  })

  test('exactly one of both for a payment', async () => {
    const { inviter, friend } = await pair()
    await contracted(inviter, START)
    await earned(friend, '39', month)
    expect(await database.prisma.rebate.count({ where: { accountId: inviter } })).toBe(1)
    expect(Object.keys(await balances(inviter))).toEqual(['reward_available USD'])
  })

  test('a refund takes days back in whole days, cumulatively, and all of them when all was given back', async () => {
    const { inviter, friend } = await pair()
    const rebate = await earned(friend, '39', { ...month, eventId: 'refunded' })
    const taken = async () => Number((await database.prisma.$queryRaw<{ days: bigint }[]>`
      select coalesce(sum(e.amount), 0)::bigint as days from entry e join book_account b on b.id = e.book_account_id and b.kind = 'reversed' where e.rebate_id = ${rebate.rebateId}`)[0]?.days)
    await chat.refund('part-1', 'refunded', friend, '12')
    expect(await taken()).toBe(0)
    await chat.refund('part-2', 'refunded', friend, '12')
    expect(await taken()).toBe(1)
    await chat.refund('rest', 'refunded', friend, '15')
    expect(await taken()).toBe(3)
    expect(await balances(inviter)).not.toHaveProperty('reward_available DAY')
  })
})

describe('on what', () => {
  test('each payment of the client earns, a recharge or a spend does not', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '39', month)
    await earned(friend, '39', month)
    expect(await chat.recharge('none', friend, '100')).toMatchObject({ ok: true, rebates: [] })
    expect(await record({ type: 'spend', accountId: friend, amount: units('5'), asset: 'USD' })).toMatchObject({ ok: true, rebates: [] })
    expect(await database.prisma.rebate.count({ where: { accountId: inviter } })).toBe(2)
  })
})

describe('movement', () => {
  test('days are credited by themselves: an instruction to the platform, in transit until it confirms', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '39', month)
    const [instruction] = await instructionsOf(inviter)
    expect(instruction).toMatchObject({ asset: 'DAY', amount: 3n, state: 'in_transit' })
    expect(await balances(inviter)).toEqual({ 'payout_in_transit DAY': 3n })
    expect(await answerInstruction(recorder, { instructionId: instruction?.publicId ?? '', confirmed: 3n })).toMatchObject({ ok: true, ended: { state: 'confirmed' } })
    expect(await balances(inviter)).toEqual({})
  })

  test('money goes to the bank account of the contract on request, once 20 dollars are on the balance, inclusive', async () => {
    const { inviter, friend } = await pair()
    await contracted(inviter, START)
    await earned(friend, '199.9', month)
    expect(await ask(inviter, '10')).toMatchObject({ ok: false, reason: 'below_minimum' })
    await earned(friend, '0.1', month)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('20') })
    // The minimum is on the balance: less than it may be requested.
    expect(await ask(inviter, '5')).toMatchObject({ ok: true, payout: { gross: units('5') } })
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('5'), 'reward_available USD': units('15') })
  })

  test('without a contract there is nothing to withdraw', async () => {
    const { inviter, friend } = await pair()
    await earned(friend, '390', year)
    expect(await ask(inviter, '20')).toEqual({ ok: false, reason: 'not_offered' })
  })
})

describe('binding', () => {
  test('the link binds the client who registers a personal account', async () => {
    const [inviter, client] = [await fresh(), await fresh()]
    const code = await codeOf(inviter)
    const click = await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))
    expect(await record({ type: 'signup', accountId: client, invitation: { clickId: click.ok ? click.clickId : '' } })).toMatchObject({ attributed: [{ inviterId: inviter, notPayable: null }] })
  })

  test('a lost client is claimed with the five facts, confirms it, and earns from the acceptance on', async () => {
    const [inviter, client] = [await fresh(), await fresh()]
    for (const id of [inviter, client]) {
      await observe(id, 'email', `p${id}@example.com`)
      await read((transaction) => recordResources(transaction, [{ accountId: id, recordedAt: clock.now(), resourceHashes: [resourceHash(keys, `instance-${id}`)] }]))
    }
    await record({ type: 'signup', accountId: client })
    const facts = {
      own_resource: `instance-${inviter}`, client_resource: `instance-${client}`, own_email: `p${inviter}@example.com`, client_email: `p${client}@example.com`,
      referral_link: `https://chat-api.com/?ref=${await codeOf(inviter)}`,
    }
    const as = (actorId: bigint) => ({ ...recorder, actorId })
    for (const missing of Object.keys(facts)) {
      const four = Object.fromEntries(Object.entries(facts).filter(([name]) => name !== missing))
      expect(await enterClaim(as(host.actorId), { programId, inviterId: inviter, facts: four }), missing).toEqual({ ok: false, reason: 'facts_missing' })
    }
    const entered = await enterClaim(as(host.actorId), { programId, inviterId: inviter, facts })
    if (!entered.ok) throw new Error(entered.reason)
    expect(await confirmClaim(as(host.actorId), { claimId: entered.claim.id, clientId: client, confirms: true })).toMatchObject({ ok: true })
    expect(await pay(client, '39', { ...month, eventId: 'before-acceptance' })).toMatchObject({ ok: true, rebates: [] })
    clock.advance(60)
    expect(await decideClaim(as(ada.actorId), { claimId: entered.claim.id, verdict: { accepts: true }, isPerson: true })).toMatchObject({ ok: true, claim: { state: 'accepted' } })
    clock.advance(60)
    expect(await earned(client, '39', month)).toMatchObject({ inviterId: inviter, amount: 3n })
  })
})

describe('who counts', () => {
  test('only a separate account: an instance of the member’s own, its organisation or its sub-accounts are no clients', async () => {
    const inviter = await fresh()
    await read((transaction) => recordResources(transaction, [{ accountId: inviter, recordedAt: clock.now(), resourceHashes: [resourceHash(keys, 'my-instance')] }]))
    const [shared, child, separate] = [await fresh(), await fresh(), await fresh()]
    await database.prisma.account.update({ where: { id: child }, data: { parentId: inviter } })
    const invitation = { code: await codeOf(inviter), programId }
    expect(await record({ type: 'signup', accountId: shared, invitation, resourceIds: ['my-instance', 'another'] })).toMatchObject({ attributed: [{ notPayable: 'not_eligible' }] })
    expect(await record({ type: 'signup', accountId: child, invitation })).toMatchObject({ attributed: [{ notPayable: 'not_eligible' }] })
    expect(await record({ type: 'signup', accountId: separate, invitation, resourceIds: ['their-instance'] })).toMatchObject({ attributed: [{ notPayable: null }] })
    expect(await pay(shared, '39', month)).toMatchObject({ ok: true, rebates: [] })
  })
})

describe('ends', () => {
  const at = (text: string) => new Date(text)
  const round = async (time: string) => {
    clock.set(at(time))
    await suspendIdle({ database, clock })
  }
  const statesOf = async ({ inviter }: Pair) => (await database.prisma.enrolmentChange.findMany({ where: { accountId: inviter, programId }, orderBy: { id: 'asc' } })).map(({ state }) => state)
  const noticesOf = async ({ inviter }: Pair) => (await database.prisma.memberNotice.findMany({ where: { accountId: inviter }, orderBy: { id: 'asc' } })).map(({ kind, subject }) => `${kind} ${subject.split(' ')[1] ?? ''}`.trim())

  test('it is suspended a calendar year after the last client, with notices 30 and 7 days before; a new client ends that without back-credit', async () => {
    const both = await pair()
    await earned(both.friend, '39', month)
    // A sign-up that never pays does not stop the clock.
    await signUp(await fresh(), both.inviter, clock.now())
    await round('2027-05-02T23:59:59Z')
    expect(await noticesOf(both)).toEqual([])
    await round('2027-05-03T00:00:00Z')
    expect(await noticesOf(both)).toEqual(['idle_ahead 30'])
    await round('2027-05-26T00:00:00Z')
    expect(await noticesOf(both)).toEqual(['idle_ahead 30', 'idle_ahead 7'])
    await round('2027-06-01T23:59:59.999Z')
    expect(await statesOf(both)).toEqual([])
    await round('2027-06-02T00:00:00Z')
    expect(await statesOf(both)).toEqual(['suspended'])

    clock.set(at('2027-06-10T00:00:00Z'))
    expect(await pay(both.friend, '39', { ...month, eventId: 'while-suspended' })).toMatchObject({ ok: true, rebates: [] })
    // The link still binds, and what was earned stays.
    const another = await fresh()
    expect(await signUp(another, both.inviter, clock.now())).toMatchObject({ attributed: [{ notPayable: null }] })
    expect(await balances(both.inviter)).toEqual({ 'payout_in_transit DAY': 3n })
    clock.advance(3600)
    await pay(another, '39', month)
    expect(await statesOf(both)).toEqual(['suspended', 'active'])
    clock.advance(3600)
    await earned(both.friend, '39', month)
    expect(await database.prisma.rebate.count({ where: { event: { eventBody: { body: { path: ['event_id'], equals: 'while-suspended' } } } } })).toBe(0)
  })
})

describe('members see', () => {
  test('their referral tree: whom they brought, and how many those brought, of whom one level earns', async () => {
    const { inviter, friend } = await pair()
    const third = await fresh()
    await signUp(third, friend)
    await earned(third, '39', month)
    const member = { programId, accountId: inviter }
    expect(await read((transaction) => readInvitees(transaction, member, { limit: 10 }))).toMatchObject({ invitees: [{ state: 'active', invited: 1 }] })
    expect(await read((transaction) => readTreeSize(transaction, member))).toBeDefined()
    expect(await balances(inviter)).toEqual({})
    expect(await balances(friend)).toEqual({ 'payout_in_transit DAY': 3n })
  })
})

describe('abuse', () => {
  test('the published terms name no sanction: what was granted is not reclaimed, no account is restricted', async () => {
    const desk = await makeDesk(setting, chatApi)
    const { programme } = desk
    const [inviter, friend] = [await programme.account('inviter'), await programme.account('friend')]
    await programme.signUp(friend, inviter)
    await programme.record({ type: 'payment', accountId: friend, amount: units('39'), asset: 'USD', ...month })
    const { id } = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter } })
    const ann = await desk.reviewer('ann')
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [id.toString()] } })).toMatchObject({ ok: false, reason: 'not_allowed_by_terms' })
    expect(await makePlan(ann, { kind: 'restrict', target: { members: [inviter.toString()] }, restriction: 'no_payout', endsAt: '2027-01-01T00:00:00Z' })).toMatchObject({ ok: false, reason: 'not_allowed_by_terms' })
  })
})
