// Goal: payments recorded while a decision is being applied come wholly before it or wholly after it.
// Method: a third connection holds a row, so that the apply waits in the middle while the payment comes in; then both go on.

import { expect, test } from 'vitest'
import { applyPlan } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { planned, undone } from './desk.ts'
import { ringOfFour } from './ring-of-four.ts'

const setting = await useDatabase()
const { owner, clock } = setting

/** Resolves once so many connections of this database wait for a lock. */
async function waiting(count: number): Promise<void> {
  for (;;) {
    const { rows } = await owner.pool.query<{ waiting: number }>(
      `SELECT count(DISTINCT pid)::integer AS waiting FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`)
    if ((rows[0]?.waiting ?? 0) >= count) return
  }
}

test('a payment that comes in the middle of a freeze earns nothing by the frozen relation, and its rebate once the freeze is undone', async () => {
  const { desk, ann, hub, alts, target } = await ringOfFour(setting)
  const plan = await planned(ann, { kind: 'freeze', target })
  clock.advance(60)
  const holder = await owner.pool.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM referral WHERE invitee_id = $1 FOR UPDATE', [alts[0]])
  const applying = applyPlan(ann, { planId: plan.id, hash: plan.hash, reason: 'farm' })
  await waiting(1)
  const paying = desk.programme.recharge('in the middle', alts[0], '20')
  await waiting(2)
  await holder.query('COMMIT')
  holder.release()
  const result = await applying
  if (!result.ok) throw new Error(result.detail)
  expect(await paying).toMatchObject({ ok: true, rebates: [] })
  expect(await desk.programme.balances(hub)).toEqual({ 'reward_available USD': units('10'), 'reward_held USD': units('20') })
  await expectBooksToBalance(owner)
  await undone(ann, result.decision)
  expect(await desk.programme.balances(hub)).toEqual({ 'reward_available USD': units('31') })
  await expectBooksToBalance(owner)
})

test('payments and applies at once end in one of the two orders', async () => {
  const { desk, ann, hub, alts, target } = await ringOfFour(setting)
  for (let round = 1; round <= 6; round++) {
    clock.advance(60)
    const plan = await planned(ann, { kind: 'freeze', target })
    const apply = () => applyPlan(ann, { planId: plan.id, hash: plan.hash, reason: 'farm' })
    await Promise.all([desk.programme.recharge(`round-${round}`, alts[0], '20'), apply()])
    const result = await apply()
    if (result.ok) {
      expect((await desk.programme.balances(hub))['reward_available USD']).toBe(units('10'))
      await undone(ann, result.decision)
    } else {
      expect(result.reason).toBe('plan_changed')
    }
    expect((await desk.programme.balances(hub))['reward_available USD']).toBe(units(String(30 + round)))
    await expectBooksToBalance(owner)
  }
})
