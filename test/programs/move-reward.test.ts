// Reward that moves by itself into these books: only what its track says, after maturity, release and undo, and never cash.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgramRulesInput } from '../../src/policies/index.ts'
import { matureRebates, rewardTransferLog, sweepRewards } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { hostProgram, hostRules } from './host-programme.ts'
import { answerOf, makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { database, owner, clock } = given
const DAY_SECONDS = 86_400

const wallet: ProgramRulesInput = { ...hostRules, settlement: 'internal', movement: { rewardTransfer: 'automatic', payout: null }, maturitySeconds: 7 * DAY_SECONDS }
/** The default track goes to the wallet by itself; partners are paid in cash and none of it becomes wallet credit. */
const twoTracks: ProgramRulesInput = {
  ...wallet, maturitySeconds: 0,
  tracks: [{ key: 'partner', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['bank'], minimum: { amount: '25', on: 'request' } } } }],
}
const days: ProgramRulesInput = { ...hostRules, reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 }, base: 'payment', movement: { rewardTransfer: 'automatic', payout: null } }

const programmes = {
  wallet: await makeProgramme(given, hostProgram('wallet', wallet)),
  tracks: await makeProgramme(given, hostProgram('tracks', twoTracks)),
  days: await makeProgramme(given, hostProgram('days', days)),
}
let count = 0
async function pair(programme: Programme): Promise<{ inviter: bigint; invitee: bigint }> {
  const [inviter, invitee] = [await programme.account(`inviter-${++count}`), await programme.account(`invitee-${count}`)]
  await programme.signUp(invitee, inviter)
  return { inviter, invitee }
}
const sweep = (programme: Programme) => sweepRewards(programme.recorder)

beforeEach(() => Object.values(programmes).forEach((programme) => programme.setCheck(async () => answerOf('allow'))))
afterEach(() => expectBooksToBalance(owner))

describe('reward that moves by itself', () => {
  test('is in the main balance at once where nothing has to mature, and its log names the rebate', async () => {
    const { tracks } = programmes
    const { inviter, invitee } = await pair(tracks)
    await tracks.recharge(`r-${++count}`, invitee, '100')
    expect(await tracks.balances(inviter)).toEqual({ 'main_reward USD': units('10') })
    expect(await tracks.read((transaction) => rewardTransferLog(transaction, inviter))).toMatchObject([{ amount: units('10'), asset: 'USD', source: { inviteeId: invitee, base: units('100'), ratePpm: 100_000 } }])
  })

  test('is swept when it has matured, once, and not a day before', async () => {
    const { wallet: programme } = programmes
    const { inviter, invitee } = await pair(programme)
    await programme.recharge(`r-${++count}`, invitee, '100')
    for (const day of [6, 7]) {
      clock.advance((day === 6 ? 6 : 1) * DAY_SECONDS)
      await matureRebates(programme.recorder)
      await sweep(programme)
      expect(await programme.balances(inviter)).toEqual(day === 6 ? { 'reward_pending USD': units('10') } : { 'main_reward USD': units('10') })
    }
    const transfers = await database.prisma.transfer.count()
    await sweep(programme)
    expect(await database.prisma.transfer.count()).toBe(transfers)
  })

  test('is swept once by two sweeps at the same time', async () => {
    const { wallet: programme } = programmes
    const { inviter, invitee } = await pair(programme)
    await programme.recharge(`r-${++count}`, invitee, '100')
    clock.advance(8 * DAY_SECONDS)
    await matureRebates(programme.recorder)
    await Promise.all([sweep(programme), sweep(programme), sweep(programme)])
    expect(await programme.balances(inviter)).toEqual({ 'main_reward USD': units('10') })
  })

  test('repays what the member owes before it moves', async () => {
    const { tracks } = programmes
    const { inviter, invitee } = await pair(tracks)
    const id = `r-${++count}`
    await tracks.recharge(id, invitee, '100')
    await tracks.record({ type: 'spend', accountId: inviter, amount: units('10'), asset: 'USD' })
    await tracks.refund(`f-${++count}`, id, invitee)
    expect(await tracks.balances(inviter)).toEqual({ 'debt USD': -units('10') })
    await tracks.recharge(`r-${++count}`, invitee, '150')
    expect(await tracks.balances(inviter)).toEqual({ 'main_reward USD': units('5') })
  })

  test('pays spending that waited for money', async () => {
    const { tracks } = programmes
    const { inviter, invitee } = await pair(tracks)
    await tracks.record({ type: 'spend', accountId: inviter, amount: units('4'), asset: 'USD' })
    await tracks.recharge(`r-${++count}`, invitee, '100')
    expect(await tracks.balances(inviter)).toEqual({ 'main_reward USD': units('6') })
  })

  test('is never cash: what a partner earns stays available for payout, also when the member asks', async () => {
    const { tracks } = programmes
    const { inviter, invitee } = await pair(tracks)
    await tracks.recharge(`r-${++count}`, invitee, '100')
    clock.advance(60)
    await database.prisma.trackChange.create({ data: { programId: tracks.programId, accountId: inviter, track: 'partner', effectiveFrom: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    await tracks.recharge(`r-${++count}`, invitee, '300')
    await sweep(tracks)
    expect(await tracks.balances(inviter)).toEqual({ 'main_reward USD': units('10'), 'reward_available USD': units('30') })
    expect(await tracks.transfer(inviter, 'all')).toEqual({ ok: false, reason: 'nothing_available' })
    expect(await tracks.transfer(inviter, '1')).toEqual({ ok: false, reason: 'insufficient' })
    expect(await tracks.balances(inviter)).toEqual({ 'main_reward USD': units('10'), 'reward_available USD': units('30') })
  })

  test('what was earned for the wallet does not become cash by an upgrade', async () => {
    const { wallet: programme } = programmes
    const { inviter, invitee } = await pair(programme)
    await programme.recharge(`r-${++count}`, invitee, '100')
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter } })
    expect(rebate.track).toBe('default')
    clock.advance(8 * DAY_SECONDS)
    await matureRebates(programme.recorder)
    await sweep(programme)
    expect(await programme.balances(inviter)).toEqual({ 'main_reward USD': units('10') })
  })
})

describe('days', () => {
  test('are granted by the host without the member’s step, for the account or the resource that the member chose', async () => {
    const { days: programme } = programmes
    const { inviter, invitee } = await pair(programme)
    await database.prisma.webhookEndpoint.create({ data: { url: 'https://example.com', topics: ['host.instruction'], sealedSecret: new Uint8Array(1), sealedKeyId: 1, recordedAt: clock.now(), actorId: 1n } })
    await database.prisma.rewardReceiver.create({ data: { programId: programme.programId, accountId: inviter, resource: 'instance-9', recordedAt: clock.now(), actorId: 1n } })
    await programme.record({ type: 'payment', eventId: `p-${++count}`, accountId: invitee, amount: units('39'), asset: 'USD', periodUnit: 'month', periodCount: 1 })
    expect(await programme.balances(inviter)).toEqual({ 'payout_in_transit DAY': 3n })
    expect(await database.prisma.hostInstruction.findFirst({ where: { accountId: inviter } })).toMatchObject({ kind: 'grant_days', asset: 'DAY', amount: 3n })
    const message = await database.prisma.outbox.findFirstOrThrow({ orderBy: { id: 'desc' } })
    expect(message.body).toMatchObject({ kind: 'grant_days', asset: 'DAY', amount: '3', account: `inviter-${count - 1}-${programme.programId}`, resource: 'instance-9' })
  })
})
