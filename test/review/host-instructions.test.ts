// Decisions about money that the host keeps: the plan names the instruction, applying sends it, undo sends the opposite, whatever the host answered meanwhile.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerInstruction } from '../../src/programs/index.ts'
import { namesOf, type PlanAction, planText, type Reviewer } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { hostProgram, hostRules } from '../programs/host-programme.ts'
import { expectTransitToBalance } from '../programs/host-transit.ts'
import { units } from '../programs/programme.ts'
import { decided, type Desk, makeDesk, planned, undone } from './desk.ts'

const setting = await useDatabase()
const { database, owner, clock } = setting

let desk: Desk
let ann: Reviewer
let hub: bigint
let ringId: bigint
/** Instructions that existed before the test's own step. */
let seen = 0

/** A ring of an inviter and an alt: 10 USD of rebate lie at the host, confirmed. */
beforeEach(async () => {
  desk = await makeDesk(setting, hostProgram('host', hostRules))
  ann = await desk.reviewer('ann')
  const { programme } = desk
  hub = await programme.account('hub')
  const alt = await programme.account('alt')
  await programme.signUp(alt, hub)
  await programme.recharge(`recharge-${alt}`, alt, '100')
  await programme.transfer(hub, 'all')
  await answer('10')
  const found = await desk.scan({ rings: [{ members: [[hub, 0.9], [alt, 0.95]] }] })
  ringId = found.ringIds[0] ?? 0n
  seen = (await instructions()).length
})
afterEach(async () => {
  await expectBooksToBalance(owner)
  await expectTransitToBalance(owner)
})

const instructions = () => database.prisma.hostInstruction.findMany({ where: { accountId: hub }, orderBy: { id: 'asc' } })
const since = async (): Promise<string[]> => (await instructions()).slice(seen).map(({ kind, amount, state, withdrawnAt }) => `${kind} ${amount} ${state}${withdrawnAt === null ? '' : ' withdrawn'}`)
/** The host's answer to the newest instruction that it has not answered. */
async function answer(amount: string): Promise<void> {
  const open = (await instructions()).filter(({ state }) => state === 'in_transit').at(-1)
  const result = await answerInstruction(desk.programme.recorder, { instructionId: open?.publicId ?? '', confirmed: units(amount) })
  if (!result.ok) throw new Error(result.reason)
}
const act = (kind: 'freeze' | 'release' | 'reclaim'): PlanAction => ({ kind, target: { ringId: ringId.toString() } })
const balances = () => desk.programme.balances(hub)
const openHolds = () => database.prisma.hold.count({ where: { rebate: { accountId: hub }, endedAt: null } })

describe('a plan', () => {
  test('names what it asks the host to take back, and applying writes that instruction and no other', async () => {
    const plan = await planned(ann, act('reclaim'))
    const text = planText(plan, await database.inTransaction((transaction) => namesOf(transaction, plan)))
    expect(text).toContain('asks the host to take back 10 USD')
    expect(plan.effects.filter(({ kind }) => kind === 'instruction')).toEqual([expect.objectContaining({ ask: 'reclaim', amount: units('10').toString(), asset: 'USD' })])
    expect(await since()).toEqual([])
    await decided(ann, act('reclaim'))
    expect(await since()).toEqual([`reclaim ${units('10')} in_transit`])
    expect(await balances()).toEqual({ 'debt USD': -units('10') })
    await answer('10')
    expect(await balances()).toEqual({})
  })

  test('of a freeze asks the host to freeze, holds the rebate, and does so once', async () => {
    await decided(ann, act('freeze'))
    expect(await since()).toEqual([`freeze ${units('10')} in_transit`])
    expect(await openHolds()).toBe(1)
    const again = await planned(ann, act('release'))
    expect(again.effects.filter(({ kind }) => kind === 'instruction')).toEqual([expect.objectContaining({ ask: 'release', amount: units('10').toString() })])
  })

  test('takes back what is still on its way to the host as well', async () => {
    const { programme } = desk
    const alt = await programme.account('alt-2')
    await programme.signUp(alt, hub)
    await programme.recharge(`recharge-${alt}`, alt, '50')
    await programme.transfer(hub, 'all')
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: hub }, orderBy: { id: 'desc' } })
    const plan = await planned(ann, { kind: 'reclaim', target: { rebates: [rebate.id.toString()] } })
    expect(plan.effects.filter(({ kind }) => kind === 'third_party')).toEqual([])
    await decided(ann, { kind: 'reclaim', target: { rebates: [rebate.id.toString()] } })
    expect(await since()).toEqual([`credit ${units('5')} in_transit`, `reclaim ${units('5')} in_transit`])
  })
})

describe('an undo', () => {
  test('of a freeze releases at the host, and of a release freezes again', async () => {
    const freeze = await decided(ann, act('freeze'))
    await undone(ann, freeze)
    expect(await since()).toEqual([`freeze ${units('10')} in_transit`, `release ${units('10')} in_transit`])
    expect(await openHolds()).toBe(0)
    await decided(ann, act('freeze'))
    const release = await decided(ann, act('release'), 'household')
    await undone(ann, release)
    expect((await since()).map((line) => line.split(' ')[0])).toEqual(['freeze', 'release', 'freeze', 'release', 'freeze'])
    expect(await openHolds()).toBe(1)
  })

  test('of a reclaim that the host confirmed gives the money to the host again', async () => {
    const before = await desk.dump()
    const reclaim = await decided(ann, act('reclaim'))
    await answer('10')
    await undone(ann, reclaim)
    expect(await since()).toEqual([`reclaim ${units('10')} confirmed`, `credit ${units('10')} in_transit`])
    expect(await balances()).toEqual({ 'payout_in_transit USD': units('10') })
    await answer('10')
    expect((await desk.dump())['balances']).toEqual(before['balances'])
  })

  test('of a reclaim that the host confirmed in part gives that part, and lifts the debt of the rest', async () => {
    const reclaim = await decided(ann, act('reclaim'))
    await answer('4')
    expect(await balances()).toEqual({ 'debt USD': -units('6') })
    await undone(ann, reclaim)
    expect(await balances()).toEqual({ 'payout_in_transit USD': units('4') })
    expect(await since()).toEqual([`reclaim ${units('10')} partly`, `credit ${units('4')} in_transit`])
  })

  test('of a reclaim that the host refused only lifts the debt', async () => {
    const reclaim = await decided(ann, act('reclaim'))
    await answer('0')
    await undone(ann, reclaim)
    expect(await balances()).toEqual({})
    expect(await since()).toEqual([`reclaim ${units('10')} refused`])
  })

  test('of an unanswered reclaim withdraws it; refused by the host, nothing is left to do', async () => {
    const reclaim = await decided(ann, act('reclaim'))
    await undone(ann, reclaim)
    expect(await since()).toEqual([`reclaim ${units('10')} in_transit withdrawn`])
    await answer('0')
    expect(await balances()).toEqual({})
  })

  test('of an unanswered reclaim that the host did all the same sends the money back by itself', async () => {
    const reclaim = await decided(ann, act('reclaim'))
    await undone(ann, reclaim)
    await answer('10')
    expect(await since()).toEqual([`reclaim ${units('10')} confirmed withdrawn`, `credit ${units('10')} in_transit`])
    await answer('10')
    expect(await balances()).toEqual({})
  })

  test('of a freeze frees what the host refused while it was frozen', async () => {
    const { programme } = desk
    const alt = await programme.account('alt-3')
    await programme.signUp(alt, hub)
    await programme.recharge(`recharge-${alt}`, alt, '50')
    await programme.transfer(hub, 'all')
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: hub }, orderBy: { id: 'desc' } })
    const credit = (await instructions()).at(-1)?.publicId ?? ''
    const freeze = await decided(ann, { kind: 'freeze', target: { rebates: [rebate.id.toString()] } })
    await answerInstruction(programme.recorder, { instructionId: credit, confirmed: 0n })
    expect(await balances()).toEqual({ 'reward_held USD': units('5') })
    await undone(ann, freeze)
    expect(await balances()).toEqual({ 'reward_available USD': units('5') })
  })

  test('of a reclaim of a frozen rebate keeps what the host gave back here, held, until somebody releases it', async () => {
    await decided(ann, act('freeze'))
    await answer('10')
    const reclaim = await decided(ann, act('reclaim'))
    await answer('4')
    await undone(ann, reclaim)
    expect(await balances()).toEqual({ 'reward_held USD': units('4') })
    expect(await openHolds()).toBe(1)
    const release = await planned(ann, act('release'))
    expect(release.effects.filter(({ kind }) => kind === 'instruction')).toEqual([expect.objectContaining({ ask: 'release', amount: units('6').toString() })])
    await decided(ann, act('release'), 'household')
    expect(await balances()).toEqual({ 'reward_available USD': units('4') })
  })

  test('whose plan was made before the host answered is refused and made anew', async () => {
    const reclaim = await decided(ann, act('reclaim'))
    const plan = await planned(ann, { kind: 'undo', decisionId: reclaim.id.toString() })
    await answer('10')
    const { applyPlan } = await import('../../src/review/index.ts')
    expect(await applyPlan(ann, { planId: plan.id, hash: plan.hash, reason: 'correction' })).toMatchObject({ ok: false, reason: 'plan_changed' })
    await undone(ann, reclaim)
    expect(clock.now()).toBeInstanceOf(Date)
  })
})
