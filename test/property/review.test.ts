// Goal: whatever members and reviewers do in whatever order, the books balance, money the member paid is never touched by a decision,
// applying does what the plan showed, and an undo right after its decision restores everything.
// Method: random sequences of accruals, refunds, transfers, spending, decisions and undos on the real database.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyPlan, makePlan, type Plan, type PlanAction } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { type RingOfFour, ringOfFour } from '../review/ring-of-four.ts'

const setting = await useDatabase()
const { owner, clock } = setting
const RUNS = process.env['RINGFENCE_LONG'] === '1' ? 200 : 12

type Command =
  | { readonly kind: 'recharge'; readonly who: number; readonly cents: number }
  | { readonly kind: 'refund'; readonly which: number; readonly cents: number }
  | { readonly kind: 'dispute'; readonly which: number; readonly isWon: boolean }
  | { readonly kind: 'transfer' | 'spend'; readonly cents: number }
  | { readonly kind: 'decide'; readonly action: number; readonly member: number; readonly isUndoneAtOnce: boolean }
  | { readonly kind: 'undo'; readonly which: number }

const cents = fc.integer({ min: 1, max: 3_000 })
const index = fc.nat({ max: 40 })
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('recharge' as const), who: index, cents: fc.integer({ min: 100, max: 50_000 }) }),
  fc.record({ kind: fc.constant('refund' as const), which: index, cents }),
  fc.record({ kind: fc.constant('dispute' as const), which: index, isWon: fc.nat({ max: 3 }).map((each) => each === 0) }),
  fc.record({ kind: fc.constantFrom('transfer' as const, 'spend' as const), cents }),
  { arbitrary: fc.record({ kind: fc.constant('decide' as const), action: index, member: index, isUndoneAtOnce: fc.boolean() }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('undo' as const), which: index }), weight: 2 },
)

/** What one run knows of its world. */
interface World extends RingOfFour {
  readonly recharges: { id: string; accountId: bigint }[]
  readonly decisions: bigint[]
}

/** The actions in the order in which they are tried: the first that has something to do is taken. */
function actionsOf(world: World, { action, member }: { action: number; member: number }): { action: PlanAction; reason: string }[] {
  const members = member % 2 === 0 ? undefined : [String([world.hub, ...world.alts, world.friend][member % 4])]
  const target = { ...world.target, members }
  const abuse = 'self_invitation'
  const choices: { action: PlanAction; reason: string }[] = [
    { action: { kind: 'release', target }, reason: 'inconclusive' },
    { action: { kind: 'freeze', target }, reason: abuse },
    { action: { kind: 'release', target: world.target }, reason: 'inconclusive' },
    { action: { kind: 'reclaim', target }, reason: abuse },
    { action: { kind: 'freeze', target: world.target }, reason: abuse },
    { action: { kind: 'cancel', target, from: action % 2 === 0 ? 'now' : 'start' }, reason: abuse },
    { action: { kind: 'restrict', target, restriction: 'no_payout', endsAt: new Date(clock.now().getTime() + 86_400_000).toISOString() }, reason: abuse },
  ]
  const start = action % choices.length
  return [...choices.slice(start), ...choices.slice(0, start)]
}

const amount = (value: number): string => (value / 100).toFixed(2)

async function paidBalances(): Promise<unknown> {
  return await owner.prisma.bookAccount.findMany({ where: { kind: 'main_paid' }, select: { id: true, balance: true, version: true }, orderBy: { id: 'asc' } })
}

/** Of a rebate with an open hold nothing can be moved on or spent. */
async function expectHeldToBeHeld(): Promise<void> {
  const { rows } = await owner.pool.query(`
    SELECT h.id, h.reason, h.rebate_id, b.kind, p.amount FROM hold h JOIN position p ON p.rebate_id = h.rebate_id JOIN book_account b ON b.id = p.book_account_id
      WHERE h.ended_at IS NULL AND p.amount > 0 AND b.kind IN ('reward_pending', 'reward_available', 'main_reward', 'main_bonus')`)
  expect(rows).toEqual([])
}

/** Applies a plan and holds it to what it showed; settling earlier payments again may add to that. */
async function applied(world: World, plan: Plan, reason: string): Promise<bigint> {
  const paid = await paidBalances()
  const result = await applyPlan(world.ann, { planId: plan.id, hash: plan.hash, reason })
  if (!result.ok) throw new Error(`A fresh plan was refused: ${result.detail}`)
  if (!plan.effects.some((effect) => effect.kind === 'settle')) {
    expect(await paidBalances()).toEqual(paid)
    for (const balance of plan.preview.balances) {
      const row = await owner.prisma.bookAccount.findFirst({ where: { accountId: BigInt(balance.accountId), kind: balance.kind, asset: balance.asset } })
      expect((row?.balance ?? 0n).toString(), balance.kind).toBe(balance.after)
    }
  }
  return result.decision.id
}

async function firstPossible(world: World, wanted: Extract<Command, { kind: 'decide' }>): Promise<{ plan: Plan; reason: string } | null> {
  for (const { action, reason } of actionsOf(world, wanted)) {
    const result = await makePlan(world.ann, action)
    if (result.ok) return { plan: result.plan, reason }
    expect(result.reason).toBe('nothing_to_do')
  }
  return null
}

async function decide(world: World, wanted: Extract<Command, { kind: 'decide' }>): Promise<void> {
  const before = await world.desk.dump()
  const possible = await firstPossible(world, wanted)
  if (possible === null) return
  const { plan, reason } = possible
  expect(await world.desk.dump()).toEqual(before)
  const decisionId = await applied(world, plan, reason)
  if (!wanted.isUndoneAtOnce || plan.effects.some((effect) => effect.kind === 'settle')) {
    world.decisions.push(decisionId)
    return
  }
  const undo = await makePlan(world.ann, { kind: 'undo', decisionId: decisionId.toString() })
  if (!undo.ok) throw new Error(`An undo with nothing in between was refused: ${undo.detail}`)
  await applied(world, undo.plan, 'correction')
  expect(await world.desk.dump()).toEqual(before)
}

async function run(world: World, each: Command): Promise<void> {
  const { programme } = world.desk
  clock.advance(60)
  switch (each.kind) {
    case 'recharge': {
      const accountId = [...world.alts, world.friend, world.hub][each.who % 4] ?? world.hub
      const id = `random-${world.ringId}-${world.recharges.length}`
      await programme.recharge(id, accountId, amount(each.cents))
      world.recharges.push({ id, accountId })
      return
    }
    case 'refund':
    case 'dispute': {
      const original = world.recharges[each.which % Math.max(1, world.recharges.length)]
      if (original === undefined) return
      if (each.kind === 'refund') await programme.refund(`refund-${clock.now().getTime()}`, original.id, original.accountId, amount(each.cents))
      else await programme.record({ type: each.isWon ? 'dispute_won' : 'dispute_opened', accountId: original.accountId, originalEventId: original.id })
      return
    }
    case 'transfer':
      await programme.transfer(world.hub, amount(each.cents))
      return
    case 'spend':
      await programme.record({ type: 'spend', accountId: world.hub, amount: BigInt(each.cents) * 10_000n, asset: 'USD' })
      return
    case 'decide':
      await decide(world, each)
      return
    case 'undo': {
      const decisionId = world.decisions[each.which % Math.max(1, world.decisions.length)]
      if (decisionId === undefined) return
      const result = await makePlan(world.ann, { kind: 'undo', decisionId: decisionId.toString() })
      if (result.ok) await applied(world, result.plan, 'correction')
      else expect(['already_undone', 'decided_again', 'money_moved', 'held_since']).toContain(result.reason)
    }
  }
}

test('random histories keep the books balanced, spare paid money, and do exactly what plans showed', async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 14, maxLength: 24, size: 'max' }), async (commands) => {
    const world: World = { ...(await ringOfFour(setting)), recharges: [], decisions: [] }
    for (const accountId of [...world.alts, world.friend]) world.recharges.push({ id: `recharge-${accountId}`, accountId })
    for (const each of commands) {
      await run(world, each)
      await expectBooksToBalance(owner)
      await expectHeldToBeHeld()
    }
    // On a slow machine fewer histories are run rather than none.
  }), { numRuns: RUNS, seed: 20_261_120, endOnFailure: true, interruptAfterTimeLimit: 420_000 })
}, 1_800_000)
