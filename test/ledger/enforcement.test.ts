// Freeze, release, reclaim and undo on the real database: what was planned is what is posted, and what was done can be taken back exactly.

import { afterEach, describe, expect, test } from 'vitest'
import {
  applyEnforcement, atStakeOf, type Enforcement, entriesOf, inverseEntries, lockMembers, openHoldsOf, planEnforcement, postTransfer, rebateStates,
} from '../../src/ledger/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const { account, balances, read, recharge, record, signUp, transfer } = await makeProgramme(given, apiyi)
const dueAt = new Date('2026-07-01T00:00:00Z')
let count = 0

afterEach(async () => {
  await expectBooksToBalance(owner)
})

/** A member with rebates of 5 and 10, of which 7 were transferred and 1 spent, and 50 of their own money. */
async function member(): Promise<{ id: bigint; rebateIds: readonly bigint[]; invitee: bigint }> {
  const [id, invitee] = [await account(`e-${++count}`), await account(`e-${++count}`)]
  await signUp(invitee, id)
  await recharge(`five-${count}`, invitee, '100')
  await recharge(`ten-${count}`, invitee, '200')
  await recharge(`own-${count}`, id, '50')
  await transfer(id, '7')
  await record({ type: 'spend', accountId: id, amount: units('1'), asset: 'USD' })
  const rebates = await database.prisma.rebate.findMany({ where: { accountId: id, kind: 'rebate' }, orderBy: { id: 'asc' } })
  return { id, invitee, rebateIds: rebates.map((rebate) => rebate.id) }
}

const BEFORE = { 'main_paid USD': units('50'), 'main_reward USD': units('6'), 'reward_available USD': units('8') }

const apply = (enforcement: Enforcement, key = `key-${++count}`) => read((transaction) => applyEnforcement(transaction, enforcement, {
  naturalKey: Buffer.from(key), actorId: 1n, at: clock.now(), hold: { reason: 'freeze', ownerId: 1n, dueAt, onSilence: 'escalate' },
}))
const undo = (transferId = 0n) => read(async (transaction) => {
  const entries = inverseEntries(await entriesOf(transaction, transferId))
  await lockMembers(transaction, entries.flatMap((entry) => entry.accountId ?? []))
  const now = clock.now()
  return postTransfer(transaction, {
    naturalKey: Buffer.from(`undo ${transferId}`), kind: 'undo', reversesId: transferId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n, entries,
  })
})

describe('freeze', () => {
  test('holds reward and transferred reward of the rebates named, leaves paid money and other rebates, and writes a hold each', async () => {
    const { id, rebateIds } = await member()
    const [first = 0n] = rebateIds
    const frozen = await apply({ kind: 'freeze', rebateIds: [first] })
    expect(await balances(id)).toEqual({ 'main_held USD': units('4'), 'main_paid USD': units('50'), 'main_reward USD': units('2'), 'reward_available USD': units('8') })
    const holds = await database.prisma.hold.findMany({ where: { id: { in: [...frozen.placedHoldIds] } } })
    expect(holds).toMatchObject([{ rebateId: first, ownerId: 1n, dueAt, onSilence: 'escalate', placedBy: frozen.posted?.transferId, endedAt: null }])
  })

  test('done twice moves nothing the second time and adds no second hold for the same reason', async () => {
    const { rebateIds } = await member()
    await apply({ kind: 'freeze', rebateIds })
    const again = await apply({ kind: 'freeze', rebateIds })
    expect(again).toMatchObject({ posted: null, entries: [], placedHoldIds: [] })
    expect(await read((transaction) => openHoldsOf(transaction, rebateIds))).toHaveLength(2)
  })

  test('what is frozen cannot be transferred or spent', async () => {
    const { id, rebateIds } = await member()
    await apply({ kind: 'freeze', rebateIds })
    expect(await transfer(id, 'all')).toEqual({ ok: false, reason: 'nothing_available' })
    await record({ type: 'spend', accountId: id, amount: units('20'), asset: 'USD' })
    expect(await balances(id)).toEqual({ 'main_held USD': units('6'), 'main_paid USD': units('30'), 'reward_held USD': units('8') })
  })

  test('and release together change nothing, and the holds say how they ended', async () => {
    const { id, rebateIds } = await member()
    await apply({ kind: 'freeze', rebateIds })
    await apply({ kind: 'release', rebateIds })
    expect(await balances(id)).toEqual(BEFORE)
    expect(await database.prisma.hold.findMany({ where: { rebateId: { in: [...rebateIds] } } })).toMatchObject([{ endedAs: 'released', endedActorId: 1n }, { endedAs: 'released' }])
  })

  test('keeps the clock running: a rebate that matured while it was frozen is released into available', async () => {
    const slow = await makeProgramme(given, { ...apiyi, key: 'slow', versions: apiyi.versions.map((version) => ({ ...version, content: { ...version.content, maturitySeconds: 86_400 } })) })
    const [id, invitee] = [await slow.account('slow-1'), await slow.account('slow-2')]
    await slow.signUp(invitee, id)
    await slow.recharge('slow', invitee, '100')
    expect(await slow.balances(id)).toEqual({ 'reward_pending USD': units('5') })
    const rebateIds = [(await database.prisma.rebate.findFirstOrThrow({ where: { accountId: id } })).id]
    await apply({ kind: 'freeze', rebateIds })
    await apply({ kind: 'release', rebateIds })
    expect(await slow.balances(id)).toEqual({ 'reward_pending USD': units('5') })
    await apply({ kind: 'freeze', rebateIds })
    clock.advance(86_400)
    await apply({ kind: 'release', rebateIds })
    expect(await slow.balances(id)).toEqual({ 'reward_available USD': units('5') })
  })
})

describe('reclaim', () => {
  test('takes what is there, then what was moved on, then debt; never the money the member paid', async () => {
    const { id, rebateIds } = await member()
    await apply({ kind: 'reclaim', rebateIds })
    expect(await balances(id)).toEqual({ 'debt USD': -units('1'), 'main_paid USD': units('50') })
    const states = await read((transaction) => rebateStates(transaction, rebateIds))
    expect(states.map(({ reclaimed, debt, spent, outstanding }) => ({ reclaimed, debt, spent, outstanding }))).toEqual([
      { reclaimed: units('5'), debt: units('1'), spent: units('1'), outstanding: 0n }, { reclaimed: units('10'), debt: 0n, spent: 0n, outstanding: 0n },
    ])
  })

  test('ends the holds of what it takes, and done twice takes nothing the second time', async () => {
    const { id, rebateIds } = await member()
    await apply({ kind: 'freeze', rebateIds })
    await apply({ kind: 'reclaim', rebateIds })
    expect(await database.prisma.hold.findMany({ where: { rebateId: { in: [...rebateIds] } } })).toMatchObject([{ endedAs: 'reclaimed' }, { endedAs: 'reclaimed' }])
    expect(await apply({ kind: 'reclaim', rebateIds })).toMatchObject({ posted: null })
    expect(await balances(id)).toEqual({ 'debt USD': -units('1'), 'main_paid USD': units('50') })
  })
})

describe('undo', () => {
  test('of a freeze and of a reclaim gives back exactly what was there', async () => {
    for (const kind of ['freeze', 'reclaim'] as const) {
      const { id, rebateIds } = await member()
      const before = await read((transaction) => rebateStates(transaction, rebateIds))
      const done = await apply({ kind, rebateIds })
      await undo(done.posted?.transferId)
      expect(await balances(id)).toEqual(BEFORE)
      expect(await read((transaction) => rebateStates(transaction, rebateIds))).toEqual(before)
      for (const hold of await read((transaction) => openHoldsOf(transaction, rebateIds))) await database.prisma.hold.update({ where: { id: hold.id }, data: { endedAt: clock.now(), endedAs: 'released', endedActorId: 1n } })
    }
  })

  test('is not blocked by accruals that have nothing to do with it', async () => {
    const { id, invitee, rebateIds } = await member()
    const done = await apply({ kind: 'reclaim', rebateIds: rebateIds.slice(1) })
    await recharge(`unrelated-${count}`, invitee, '20')
    await undo(done.posted?.transferId)
    expect(await balances(id)).toMatchObject({ 'reward_available USD': units('9'), 'main_reward USD': units('6') })
  })

  test('is refused once what it must take back was used', async () => {
    const { id, rebateIds } = await member()
    await apply({ kind: 'freeze', rebateIds })
    const released = await apply({ kind: 'release', rebateIds })
    await transfer(id, 'all')
    await expect(undo(released.posted?.transferId)).rejects.toMatchObject({ name: 'PostingRefused', reason: 'floor' })
    expect(await balances(id)).toMatchObject({ 'main_reward USD': units('14') })
  })

  test('cannot be done twice under one key', async () => {
    const { id, rebateIds } = await member()
    const done = await apply({ kind: 'reclaim', rebateIds })
    await undo(done.posted?.transferId)
    expect(await undo(done.posted?.transferId)).toMatchObject({ replayed: true })
    expect(await balances(id)).toEqual(BEFORE)
  })
})

describe('the plan', () => {
  test('is exactly what is posted', async () => {
    const { rebateIds } = await member()
    for (const kind of ['freeze', 'release', 'reclaim'] as const) {
      const plan = await read((transaction) => planEnforcement(transaction, { kind, rebateIds }, clock.now()))
      const done = await apply({ kind, rebateIds })
      expect(done.entries).toEqual(plan.entries)
    }
  })

  test('is computed again under the members’ locks, and who compares it can refuse; then nothing was done', async () => {
    const { id, rebateIds } = await member()
    const plan = await read((transaction) => planEnforcement(transaction, { kind: 'reclaim', rebateIds }, clock.now()))
    await transfer(id, '1')
    const applied = read((transaction) => applyEnforcement(transaction, { kind: 'reclaim', rebateIds }, { naturalKey: Buffer.from(`compare-${count}`), actorId: 1n, at: clock.now() }, (now) => {
      expect(now.entries).toEqual(plan.entries)
    }))
    await expect(applied).rejects.toThrow()
    expect(await balances(id)).toEqual({ ...BEFORE, 'main_reward USD': units('7'), 'reward_available USD': units('7') })
  })

  test('states say what is at stake: what is not yet taken back, spent or paid out', async () => {
    const { rebateIds } = await member()
    const states = await read((transaction) => rebateStates(transaction, rebateIds))
    expect(states.map(atStakeOf)).toEqual([units('4'), units('10')])
  })
})
