// Refunds, chargebacks and disputes: what was earned on money that went back goes back, in whatever order the facts arrive.

import { afterEach, describe, expect, test } from 'vitest'
import { applyEnforcement, debtCausesOf, entriesOf, inverseEntries, openHoldsOf, postTransfer } from '../../src/ledger/index.ts'
import { apiyi, resettleEvents } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, units } from './programme.ts'

const database = await useDatabase()
const { clock, owner } = database
const programme = await makeProgramme(database, apiyi)
const { account, balances, read, recharge, record, refund, signUp, transfer } = programme

let count = 0
async function pair(): Promise<{ inviter: bigint; invitee: bigint; id: string }> {
  const [inviter, invitee] = [await account(`m-${++count}`), await account(`m-${++count}`)]
  await signUp(invitee, inviter)
  return { inviter, invitee, id: `e${count}` }
}
const rebateOf = async (inviter: bigint): Promise<bigint> => (await database.database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter }, orderBy: { id: 'asc' } })).id

afterEach(async () => {
  await expectBooksToBalance(owner)
})

describe('refunds', () => {
  test('a partial refund takes back its share, and a full one all of it', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await refund(`${id}-1`, id, invitee, '25')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('3.75') })
    await refund(`${id}-2`, id, invitee, '75')
    expect(await balances(inviter)).toEqual({})
    expect(await balances(invitee)).toEqual({})
  })

  test('splitting a refund does not change what is reversed: the rounding is over the sum', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '0.000070')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': 4n })
    for (let part = 0; part < 7; part++) await refund(`${id}-${part}`, id, invitee, '0.00001')
    expect(await balances(inviter)).toEqual({})
  })

  test('more refunds than money take back no more than was earned', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await refund(`${id}-1`, id, invitee, '80')
    await refund(`${id}-2`, id, invitee, '80')
    expect(await balances(inviter)).toEqual({})
    expect(await balances(invitee)).toEqual({})
  })

  test('a refund without an amount is of the whole', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await refund(`${id}-1`, id, invitee)
    expect(await balances(inviter)).toEqual({})
  })

  test('a refund that comes before its original waits and is applied when that arrives', async () => {
    const { inviter, invitee, id } = await pair()
    expect(await refund(`${id}-1`, id, invitee, '40')).toMatchObject({ ok: true, isWaiting: true })
    expect(await recharge(id, invitee, '100')).toMatchObject({ ok: true, isWaiting: false })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('3') })
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('60') })
    expect(await database.database.prisma.waitingEvent.count({ where: { accountId: invitee } })).toBe(0)
  })

  test('an original and its refund recorded at the same moment find each other', async () => {
    for (let round = 0; round < 6; round++) {
      const { inviter, invitee, id } = await pair()
      await Promise.all([recharge(id, invitee, '100'), refund(`${id}-1`, id, invitee, '100')])
      expect(await balances(inviter)).toEqual({})
    }
  })

  test('after a transfer the reversal takes the transferred reward and never the money the member paid', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await recharge(`${id}-own`, inviter, '50')
    await transfer(inviter, 'all')
    await refund(`${id}-1`, id, invitee, '100')
    expect(await balances(inviter)).toEqual({ 'main_paid USD': units('50') })
  })

  test('what was spent becomes debt with its cause, capped at what was received, and only later rebates repay it', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await recharge(`${id}-own`, inviter, '50')
    await transfer(inviter, 'all')
    await record({ type: 'spend', accountId: inviter, amount: units('3'), asset: 'USD' })
    const answer = await refund(`${id}-1`, id, invitee, '100')
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('3'), 'main_paid USD': units('50') })
    expect(await read((transaction) => debtCausesOf(transaction, inviter))).toMatchObject([
      { amount: units('3'), asset: 'USD', causes: [{ kind: 'reversal', eventId: answer.ok ? answer.eventId : 0n, amount: units('3') }] },
    ])
    await recharge(`${id}-own-2`, inviter, '10')
    expect(await balances(inviter)).toMatchObject({ 'debt USD': -units('3'), 'main_paid USD': units('60') })
    await recharge(`${id}-later`, invitee, '100')
    expect(await balances(inviter)).toEqual({ 'main_paid USD': units('60'), 'reward_available USD': units('2') })
  })

  test('a held rebate does not repay debt while it is held, and does when it is released', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await transfer(inviter, 'all')
    await record({ type: 'spend', accountId: inviter, amount: units('5'), asset: 'USD' })
    await refund(`${id}-1`, id, invitee)
    programme.setCheck(async () => answerOf('hold'))
    const later = await recharge(`${id}-2`, invitee, '100')
    programme.setCheck(async () => answerOf('allow'))
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('5'), 'reward_held USD': units('5') })
    const rebateIds = later.ok ? later.rebates.map((each) => each.rebateId) : []
    await read((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds }, { naturalKey: Buffer.from(`release ${id}`), actorId: 1n, at: clock.now() }))
    expect(await balances(inviter)).toEqual({})
  })

  test('a refund larger than what is left of the paid money takes what is there, and the rest when money arrives', async () => {
    const { invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await record({ type: 'spend', accountId: invitee, amount: units('70'), asset: 'USD' })
    expect(await refund(`${id}-1`, id, invitee, '50')).toMatchObject({ isWaiting: true })
    expect(await balances(invitee)).toEqual({})
    await recharge(`${id}-2`, invitee, '30')
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('10') })
    expect(await database.database.prisma.waitingEvent.count({ where: { accountId: invitee } })).toBe(0)
  })

  test('spending that is reported before its recharge waits for the money', async () => {
    const { invitee, id } = await pair()
    expect(await record({ type: 'spend', accountId: invitee, amount: units('30'), asset: 'USD' })).toMatchObject({ isWaiting: true })
    await recharge(id, invitee, '100')
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('70') })
  })

  test('refunds of another account, in another asset, or of what is no payment are refused and leave nothing', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    const before = await database.database.prisma.event.count()
    expect(await refund(`${id}-1`, id, inviter, '1')).toEqual({ ok: false, reason: 'original_of_another_account' })
    expect(await record({ type: 'refund', accountId: invitee, originalEventId: id, amount: 1n, asset: 'EUR' })).toEqual({ ok: false, reason: 'original_in_another_asset' })
    expect(await refund(`${id}-2`, `signup-${invitee}`, invitee, '1')).toEqual({ ok: false, reason: 'original_cannot_be_refunded' })
    expect(await database.database.prisma.event.count()).toBe(before)
  })
})

describe('chargebacks and disputes', () => {
  test('a chargeback reverses like a refund', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await record({ type: 'chargeback', accountId: invitee, originalEventId: id })
    expect(await balances(inviter)).toEqual({})
    expect(await balances(invitee)).toEqual({})
  })

  test('an opened dispute holds, wherever the reward went; a won one restores', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await transfer(inviter, '2')
    await record({ type: 'dispute_opened', accountId: invitee, originalEventId: id })
    expect(await balances(inviter)).toEqual({ 'main_held USD': units('2'), 'reward_held USD': units('3') })
    await record({ type: 'dispute_won', accountId: invitee, originalEventId: id })
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('2'), 'reward_available USD': units('3') })
  })

  test('a lost dispute ends in a chargeback, which takes what is held and ends the hold', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await record({ type: 'dispute_opened', accountId: invitee, originalEventId: id })
    await record({ type: 'chargeback', accountId: invitee, originalEventId: id, amount: units('100'), asset: 'USD' })
    expect(await balances(inviter)).toEqual({})
    const holds = await database.database.prisma.hold.findMany({ where: { rebateId: await rebateOf(inviter) } })
    expect(holds).toMatchObject([{ endedAs: 'reversed' }])
  })

  test('a won dispute does not release what another reason still holds', async () => {
    const { inviter, invitee, id } = await pair()
    programme.setCheck(async () => answerOf('hold'))
    await recharge(id, invitee, '100')
    programme.setCheck(async () => answerOf('allow'))
    await record({ type: 'dispute_opened', accountId: invitee, originalEventId: id })
    await record({ type: 'dispute_won', accountId: invitee, originalEventId: id })
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    expect(await read(async (transaction) => openHoldsOf(transaction, [await rebateOf(inviter)]))).toMatchObject([{ reason: 'held_by_check' }])
  })

  test('the win may be reported before the dispute', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    await record({ type: 'dispute_won', accountId: invitee, originalEventId: id })
    await record({ type: 'dispute_opened', accountId: invitee, originalEventId: id })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })
})

describe('refunds and decisions on the same rebate', () => {
  test('a refund after a reclaim takes nothing a second time, and is due again when the reclaim is undone', async () => {
    const { inviter, invitee, id } = await pair()
    const recharged = await recharge(id, invitee, '100')
    const rebateIds = [await rebateOf(inviter)]
    const order = { actorId: 1n, at: clock.now() }
    const reclaimed = await read((transaction) => applyEnforcement(transaction, { kind: 'reclaim', rebateIds }, { ...order, naturalKey: Buffer.from(`reclaim ${id}`) }))
    await refund(`${id}-1`, id, invitee, '40')
    expect(await balances(inviter)).toEqual({})
    await read(async (transaction) => {
      const reversesId = reclaimed.posted?.transferId ?? 0n
      const times = { occurredAt: order.at, recordedAt: order.at, effectiveAt: order.at }
      await postTransfer(transaction, { ...times, actorId: 1n, naturalKey: Buffer.from(`undo ${id}`), kind: 'undo', reversesId, entries: inverseEntries(await entriesOf(transaction, reversesId)) })
      const recording = { actorId: 1n, now: clock.now(), check: async () => answerOf('allow') }
      await resettleEvents(transaction, recording, recharged.ok ? [recharged.eventId] : [])
    })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('3') })
  })
})

describe('one fact, one effect', () => {
  test('the same event again gives the same answer and changes nothing', async () => {
    const { inviter, invitee, id } = await pair()
    const first = await recharge(id, invitee, '100')
    const again = await recharge(id, invitee, '100')
    expect(again).toEqual({ ...first, isNew: false })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })

  test('the same event from twelve clients at once earns once', async () => {
    const { inviter, invitee, id } = await pair()
    const answers = await Promise.all(Array.from({ length: 12 }, () => recharge(id, invitee, '100')))
    expect(answers.filter((answer) => answer.ok && answer.isNew)).toHaveLength(1)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })

  test('a known id with another content is refused as key_reused', async () => {
    const { inviter, invitee, id } = await pair()
    await recharge(id, invitee, '100')
    expect(await recharge(id, invitee, '101')).toEqual({ ok: false, reason: 'key_reused' })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })

  test('a fact may be up to five minutes ahead of our clock, and not a second more', async () => {
    const { invitee, id } = await pair()
    const ahead = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
    expect(await recharge(id, invitee, '1', ahead(300))).toMatchObject({ ok: true })
    expect(await recharge(`${id}-2`, invitee, '1', ahead(301))).toEqual({ ok: false, reason: 'occurred_in_the_future' })
  })

  test('facts that lack what they need are refused by name', async () => {
    const { invitee, id } = await pair()
    const fact = { accountId: invitee, eventId: `${id}-x` }
    expect(await record({ ...fact, type: 'recharge' })).toEqual({ ok: false, reason: 'amount_missing' })
    expect(await record({ ...fact, type: 'refund' })).toEqual({ ok: false, reason: 'original_missing' })
    expect(await record({ ...fact, type: 'recharge', amount: 1n })).toEqual({ ok: false, reason: 'asset_missing' })
    expect(await record({ ...fact, type: 'recharge', amount: -1n, asset: 'USD' })).toEqual({ ok: false, reason: 'amount_negative' })
    expect(await record({ ...fact, type: 'recharge', amount: 1n, asset: 'XXX' })).toEqual({ ok: false, reason: 'unknown_asset' })
    expect(await record({ ...fact, type: 'recharge', amount: 1n, excluded: 2n, asset: 'USD' })).toEqual({ ok: false, reason: 'excluded_exceeds_amount' })
  })

  test('every fact keeps three times: when it occurred, when we recorded it, from when it counts', async () => {
    const { inviter, invitee, id } = await pair()
    await database.database.prisma.referral.findFirstOrThrow({ where: { inviteeId: invitee } })
    const at = new Date(clock.now().getTime() + 60_000)
    await recharge(id, invitee, '100', at)
    const rebate = await database.database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter } })
    expect({ occurredAt: rebate.occurredAt, recordedAt: rebate.recordedAt }).toEqual({ occurredAt: at, recordedAt: clock.now() })
  })
})
