// What the state of a relation, a hold on it, a restriction of an account and the clock of maturity mean for rebates.

import { afterEach, describe, expect, test } from 'vitest'
import { placeHold } from '../../src/ledger/index.ts'
import { apiyi, checkCode, matureRebates, recordClick } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from './programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const programme = await makeProgramme(given, apiyi)
const { account, balances, codeOf, programId, read, recharge, record, signUp, transfer } = programme
let count = 0

afterEach(async () => {
  await expectBooksToBalance(owner)
})

async function pair(): Promise<{ inviter: bigint; invitee: bigint; referralId: bigint }> {
  const [inviter, invitee] = [await account(`s-${++count}`), await account(`s-${++count}`)]
  await signUp(invitee, inviter, new Date('2026-05-16T00:00:00Z'))
  const { id: referralId } = await database.prisma.referral.findFirstOrThrow({ where: { inviteeId: invitee } })
  return { inviter, invitee, referralId }
}
const at = (day: number): Date => new Date(Date.UTC(2026, 4, day))
const end = (referralId: bigint, state: 'cancelled' | 'suspended' | 'active', effectiveAt: Date) => database.prisma.referral.update({ where: { id: referralId }, data: { state, effectiveAt } })

describe('a relation', () => {
  for (const state of ['cancelled', 'suspended'] as const) {
    test(`that is ${state} from a day on earns until that day, also for what is reported later`, async () => {
      const { inviter, invitee, referralId } = await pair()
      await end(referralId, state, at(20))
      await recharge(`${state}-after`, invitee, '100', at(20))
      await recharge(`${state}-before`, invitee, '200', new Date(at(20).getTime() - 1))
      expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
    })
  }

  test('that is active again earns from then on, without credit for the time between', async () => {
    const { inviter, invitee, referralId } = await pair()
    await end(referralId, 'suspended', at(18))
    await end(referralId, 'active', at(22))
    await recharge('between', invitee, '100', at(20))
    await recharge('again', invitee, '200', at(22))
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })

  test('still binds when it is cancelled: no second inviter takes its place', async () => {
    const { invitee, referralId } = await pair()
    await end(referralId, 'cancelled', at(16))
    const other = await account(`other-${++count}`)
    expect(await record({ type: 'signup', accountId: invitee, invitation: { code: await codeOf(other) } })).toMatchObject({ attributed: [{ notPayable: 'second_inviter' }] })
  })

  test('that is held credits into held, with a hold that says so', async () => {
    const { inviter, invitee, referralId } = await pair()
    await read((transaction) => placeHold(transaction, {
      subject: { kind: 'referral', referralId }, ownerId: 1n, reason: 'freeze', placedAt: clock.now(), dueAt: new Date('2026-07-01T00:00:00Z'), onSilence: 'escalate',
    }))
    await recharge('while-held', invitee, '100')
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    expect(await database.prisma.hold.findFirstOrThrow({ where: { rebate: { accountId: inviter } } })).toMatchObject({ reason: 'relation_held', endedAt: null })
  })
})

describe('a restricted account', () => {
  async function restrict(accountId: bigint, kind: 'no_transfer' | 'no_new_referrals'): Promise<void> {
    const plan = await database.prisma.plan.create({ data: { action: {}, effects: [], effectsHash: new Uint8Array(32), actorId: 1n, recordedAt: clock.now(), expiresAt: clock.now() } })
    const decision = await database.prisma.decision.create({ data: { planId: plan.id, effectsHash: new Uint8Array(32), actorId: 1n, reason: 'test', recordedAt: clock.now() } })
    await database.prisma.accountRestriction.create({
      data: { accountId, kind, startsAt: clock.now(), endsAt: new Date(clock.now().getTime() + 60_000), decisionId: decision.id },
    })
  }

  test('cannot transfer reward until the restriction ends', async () => {
    const { inviter, invitee } = await pair()
    await recharge('restricted', invitee, '100')
    await restrict(inviter, 'no_transfer')
    expect(await transfer(inviter, 'all')).toEqual({ ok: false, reason: 'restricted' })
    clock.advance(60)
    expect(await transfer(inviter, 'all')).toMatchObject({ ok: true })
  })

  test('wins no new referrals; the invitation is kept as a fact', async () => {
    const [inviter, invitee] = [await account(`n-${++count}`), await account(`n-${++count}`)]
    await restrict(inviter, 'no_new_referrals')
    expect(await signUp(invitee, inviter)).toMatchObject({ attributed: [{ notPayable: 'not_eligible', referralId: null }] })
  })
})

describe('maturity', () => {
  test('pending rebates become available when they mature, however often the job runs', async () => {
    const slow = await makeProgramme(given, { ...apiyi, key: 'slow', versions: apiyi.versions.map((version) => ({ ...version, content: { ...version.content, maturitySeconds: 3600 } })) })
    const [inviter, invitee] = [await slow.account('p-1'), await slow.account('p-2')]
    await slow.signUp(invitee, inviter)
    await slow.recharge('pending-1', invitee, '100')
    clock.advance(1800)
    await slow.recharge('pending-2', invitee, '100')
    expect(await slow.balances(inviter)).toEqual({ 'reward_pending USD': units('10') })
    expect(await slow.transfer(inviter, 'all')).toEqual({ ok: false, reason: 'nothing_available' })
    clock.advance(1799)
    expect(await matureRebates(slow.recorder)).toBe(0)
    clock.advance(1)
    await Promise.all([matureRebates(slow.recorder), matureRebates(slow.recorder), matureRebates(slow.recorder)])
    expect(await slow.balances(inviter)).toEqual({ 'reward_available USD': units('5'), 'reward_pending USD': units('5') })
    clock.advance(1800)
    expect(await slow.transfer(inviter, 'all'), 'a transfer does not have to wait for the job').toMatchObject({ ok: true, amount: units('10') })
    expect(await slow.balances(inviter)).toEqual({ 'main_reward USD': units('10') })
  })

  test('a rebate whose time has come when it is reported is available at once', async () => {
    const slow = await makeProgramme(given, { ...apiyi, key: 'late', versions: apiyi.versions.map((version) => ({ ...version, content: { ...version.content, maturitySeconds: 3600 } })) })
    const [inviter, invitee] = [await slow.account('q-1'), await slow.account('q-2')]
    await slow.signUp(invitee, inviter, new Date(clock.now().getTime() - 7_200_000))
    await slow.recharge('late-report', invitee, '100', new Date(clock.now().getTime() - 3_600_000))
    expect(await slow.balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })
})

describe('a retired code', () => {
  test('is closed, binds nobody and follows no click, and keeps its trail; the account gets a new one', async () => {
    const [inviter, invitee] = [await account(`o-${++count}`), await account(`o-${++count}`)]
    const code = await codeOf(inviter)
    await database.prisma.inviteCode.updateMany({ where: { programId, code }, data: { retiredAt: clock.now() } })
    expect(await read((transaction) => checkCode(transaction, programId, code, clock.now()))).toMatchObject({ status: 'closed', found: { accountId: inviter } })
    expect(await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))).toEqual({ ok: false, reason: 'closed_code' })
    expect(await record({ type: 'signup', accountId: invitee, invitation: { code } })).toMatchObject({ ok: true, attributed: [] })
    expect(await codeOf(inviter)).not.toBe(code)
  })
})

describe('several programmes', () => {
  test('one sign-up may bind in one by its code and in another by its link, and one payment then earns in both', async () => {
    const second = await makeProgramme(given, { ...apiyi, key: 'second', versions: apiyi.versions })
    const [left, right, invitee] = [await account(`t-${++count}`), await account(`t-${++count}`), await account(`t-${++count}`)]
    const click = await read(async (transaction) => recordClick(transaction, { programId: second.programId, code: await second.codeOf(right), occurredAt: clock.now(), recordedAt: clock.now() }))
    const invitation = { code: await codeOf(left), clickId: click.ok ? click.clickId : '' }
    expect(await record({ type: 'signup', accountId: invitee, invitation })).toMatchObject({ attributed: [{ inviterId: left, channel: 'code' }, { inviterId: right, channel: 'link' }] })
    expect(await recharge('in-both', invitee, '100')).toMatchObject({ ok: true, rebates: [{ inviterId: left }, { inviterId: right }] })
    expect(await balances(left)).toEqual({ 'reward_available USD': units('5') })
    expect(await balances(right)).toEqual({ 'reward_available USD': units('5') })
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('100') })
  })
})
