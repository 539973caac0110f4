// Goal: a decision does exactly what its plan showed, and its undo puts everything back. Method: full dumps before and after.

import { beforeEach, describe, expect, test } from 'vitest'
import { applyPlan } from '../../src/review/index.ts'
import type { PlanAction, PlanEffect, Reviewer } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { decided, type Desk, makeDesk, planned, refusedPlan, undone } from './desk.ts'

const setting = await useDatabase()
const { owner, clock } = setting

let desk: Desk
let ann: Reviewer
/** The operator's first account, its alts, and a real friend of low score in the same ring. */
let hub: bigint
let alts: bigint[]
let friend: bigint
let ringId: bigint

/** A ring of one inviter with two alts and a friend: 10 USD of rebate each, of which the first is in the main balance, partly spent. */
beforeEach(async () => {
  desk = await makeDesk(setting)
  ann = await desk.reviewer('ann')
  const { programme } = desk
  hub = await programme.account('hub')
  alts = [await programme.account('alt1'), await programme.account('alt2')]
  friend = await programme.account('friend')
  for (const each of [...alts, friend]) {
    await programme.signUp(each, hub)
    await programme.recharge(`recharge-${each}`, each, '200')
    clock.advance(60)
  }
  await programme.recharge(`own-${hub}`, hub, '3')
  await programme.transfer(hub, '10')
  await programme.record({ type: 'spend', accountId: hub, amount: units('7'), asset: 'USD' })
  const found = await desk.scan({ rings: [{ members: [[hub, 0.9], [alts[0] ?? 0n, 0.95], [alts[1] ?? 0n, 0.97], [friend, 0.2]] }] })
  ringId = found.ringIds[0] ?? 0n
})

const target = () => ({ ringId: ringId.toString() })
const balances = () => desk.programme.balances(hub)

function postingsOf(effects: readonly PlanEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'posting' ? [effect.lines.map((line) => `${line.book} ${line.amount}`).join(', ')] : []))
}

describe('a plan', () => {
  test('selects members at or above the threshold, and others only when they are named', async () => {
    const plan = await planned(ann, { kind: 'freeze', target: target() })
    expect(plan.preview.members.filter((member) => member.isSelected).map((member) => member.accountId)).toEqual([hub, ...alts].map(String))
    expect(plan.effects.filter((effect) => effect.kind === 'referral')).toHaveLength(2)
    const named = await planned(ann, { kind: 'freeze', target: { ...target(), members: [friend.toString()] } })
    expect(named.effects.filter((effect) => effect.kind === 'referral').map((effect) => effect.inviteeId)).toEqual([friend.toString()])
    const inviter = await planned(ann, { kind: 'freeze', target: { ...target(), members: [hub.toString()] } })
    expect(inviter.effects.filter((effect) => effect.kind === 'referral').map((effect) => effect.inviteeId)).toEqual(alts.map(String))
  })

  test('of a freeze follows the reward into the main balance and leaves what was spent and what the member paid', async () => {
    const plan = await planned(ann, { kind: 'freeze', target: target() })
    expect(postingsOf(plan.effects)).toEqual(['main_reward -3000000, main_held 3000000', 'reward_available -10000000, reward_held 10000000'])
    expect(plan.preview.balances).toContainEqual({ accountId: hub.toString(), asset: 'USD', kind: 'reward_available', before: units('20').toString(), after: units('10').toString() })
    expect(plan.preview.balances).toContainEqual({ accountId: hub.toString(), asset: 'USD', kind: 'main_paid', before: units('3').toString(), after: units('3').toString() })
  })

  test('of a reclaim names what is gone and becomes debt', async () => {
    const plan = await planned(ann, { kind: 'reclaim', target: target() })
    const gone = plan.effects.filter((effect) => effect.kind === 'gone')
    expect(gone).toEqual([expect.objectContaining({ becomes: 'debt', asset: 'USD' })])
    const total = plan.effects.flatMap((effect) => (effect.kind === 'posting' ? effect.lines : []))
      .filter((line) => line.book === 'reclaimed').reduce((sum, line) => sum + BigInt(line.amount), 0n)
    expect(total).toBe(units('20'))
  })

  test('changes nothing', async () => {
    const before = await desk.dump()
    await planned(ann, { kind: 'reclaim', target: target() })
    expect(await desk.dump()).toEqual(before)
  })

  test('is refused with its reason where there is nothing to act on', async () => {
    expect(await refusedPlan(ann, { kind: 'freeze', target: { ringId: '999999' } })).toBe('unknown_ring')
    expect(await refusedPlan(ann, { kind: 'freeze', target: { caseId: '999999' } })).toBe('unknown_case')
    expect(await refusedPlan(ann, { kind: 'freeze', target: { ...target(), members: ['999999'] } })).toBe('not_a_member')
    expect(await refusedPlan(ann, { kind: 'freeze', target: { ...target(), rebates: ['999999'] } })).toBe('unknown_rebate')
    expect(await refusedPlan(ann, { kind: 'release', target: target() })).toBe('nothing_to_do')
    expect(await refusedPlan(ann, { kind: 'restrict', target: target(), restriction: 'no_payout', endsAt: clock.now().toISOString() })).toBe('end_not_in_future')
    expect(await refusedPlan(ann, { kind: 'dismiss', target: target(), outcome: 'farm' })).toBe('outcome_not_fitting')
    expect(await refusedPlan(ann, { kind: 'undo', decisionId: '999999' })).toBe('unknown_decision')
  })
})

const ACTIONS: readonly (readonly [string, (ends: string) => PlanAction, string])[] = [
  ['freeze', () => ({ kind: 'freeze', target: target() }), 'self_invitation'],
  ['freeze of one member', () => ({ kind: 'freeze', target: { ...target(), members: [String(friend)] } }), 'inconclusive'],
  ['reclaim', () => ({ kind: 'reclaim', target: target() }), 'farm'],
  ['cancel from now', () => ({ kind: 'cancel', target: target(), from: 'now' }), 'self_invitation'],
  ['cancel from the start', () => ({ kind: 'cancel', target: target(), from: 'start' }), 'self_invitation'],
  ['cancel from a date', () => ({ kind: 'cancel', target: target(), from: { date: clock.now().toISOString() } }), 'self_invitation'],
  ['restrict', (endsAt) => ({ kind: 'restrict', target: target(), restriction: 'no_transfer', endsAt }), 'self_invitation'],
  ['dismiss', () => ({ kind: 'dismiss', target: target(), outcome: 'household' }), 'household'],
  ['confirm', () => ({ kind: 'confirm', target: target(), outcome: 'farm' }), 'farm'],
]

describe('apply and undo', () => {
  test.each(ACTIONS)('%s does what the plan says, and its undo puts everything back', async (_name, action, reason) => {
    const before = await desk.dump()
    const plan = await planned(ann, action(new Date(clock.now().getTime() + 86_400_000).toISOString()))
    const result = await applyPlan(ann, { planId: plan.id, hash: plan.hash, reason })
    if (!result.ok) throw new Error(result.detail)
    await expectBooksToBalance(owner)
    expect(await desk.dump()).not.toEqual(before)
    for (const balance of plan.preview.balances) {
      const now = await owner.prisma.bookAccount.findFirst({ where: { accountId: BigInt(balance.accountId), kind: balance.kind, asset: balance.asset } })
      expect((now?.balance ?? 0n).toString(), balance.kind).toBe(balance.after)
    }
    clock.advance(3600)
    await undone(ann, result.decision)
    await expectBooksToBalance(owner)
    expect(await desk.dump()).toEqual(before)
  })

  test('a freeze, then a reclaim, then both undone in turn, leave everything as it was', async () => {
    const before = await desk.dump()
    const freeze = await decided(ann, { kind: 'freeze', target: target() })
    const frozen = await desk.dump()
    const reclaim = await decided(ann, { kind: 'reclaim', target: target() })
    expect((await balances())['debt USD']).toBe(-units('7'))
    expect(await refusedPlan(ann, { kind: 'undo', decisionId: freeze.id.toString() })).toBe('decided_again')
    await undone(ann, reclaim)
    expect(await desk.dump()).toEqual(frozen)
    await undone(ann, freeze)
    expect(await desk.dump()).toEqual(before)
    expect(await refusedPlan(ann, { kind: 'undo', decisionId: freeze.id.toString() })).toBe('already_undone')
  })
})
