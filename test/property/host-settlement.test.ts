// Goal: whatever members, reviewers and the host do in whatever order, what is in transit is what the open instructions say, what lies at
// the host is what it confirmed, and the books balance. Method: random histories on the real database, checked after every step.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerInstruction, hostHeldOf, matureRebates, moveAutomatically, retryInstruction } from '../../src/programs/index.ts'
import { applyPlan, makePlan, type PlanAction } from '../../src/review/index.ts'
import { HOST_RULES } from '../../src/ledger/verify-host-rules.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { automaticRules, hostProgram, hostRules } from '../programs/host-programme.ts'
import { expectTransitToBalance } from '../programs/host-transit.ts'
import { type Desk, makeDesk } from '../review/desk.ts'

const setting = await useDatabase()
const { database, owner, clock } = setting
const isLong = process.env['RINGFENCE_LONG'] === '1'
const RUNS = isLong ? 60 : 5

type Command =
  | { readonly kind: 'recharge'; readonly who: number; readonly cents: number }
  | { readonly kind: 'refund'; readonly which: number; readonly cents: number }
  | { readonly kind: 'dispute'; readonly which: number; readonly how: 'dispute_opened' | 'dispute_won' | 'chargeback' }
  | { readonly kind: 'transfer'; readonly cents: number }
  | { readonly kind: 'answer'; readonly which: number; readonly share: number }
  | { readonly kind: 'retry'; readonly which: number }
  | { readonly kind: 'decide'; readonly action: number }
  | { readonly kind: 'undo'; readonly which: number }

const index = fc.nat({ max: 40 })
const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('recharge' as const), who: index, cents: fc.integer({ min: 100, max: 50_000 }) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('refund' as const), which: index, cents: fc.integer({ min: 1, max: 30_000 }) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('dispute' as const), which: index, how: fc.constantFrom('dispute_opened' as const, 'dispute_won' as const, 'chargeback' as const) }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant('transfer' as const), cents: fc.integer({ min: 1, max: 4_000 }) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('answer' as const), which: index, share: fc.integer({ min: 0, max: 4 }) }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('retry' as const), which: index }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('decide' as const), action: index }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('undo' as const), which: index }), weight: 2 },
)

interface World {
  readonly desk: Desk
  readonly isAutomatic: boolean
  readonly hub: bigint
  readonly alts: readonly bigint[]
  readonly ringId: bigint
  readonly recharges: { id: string; accountId: bigint }[]
  readonly decisions: bigint[]
}

let worlds = 0
async function newWorld(isAutomatic: boolean): Promise<World> {
  const desk = await makeDesk(setting, hostProgram('history', isAutomatic ? automaticRules : hostRules))
  const { programme } = desk
  const hub = await programme.account('hub')
  const alts = [await programme.account('alt1'), await programme.account('alt2')]
  for (const alt of alts) await programme.signUp(alt, hub)
  const { ringIds } = await desk.scan({ rings: [{ members: [[hub, 0.9], ...alts.map((alt) => [alt, 0.95] as const)] }] })
  return { desk, isAutomatic, hub, alts, ringId: ringIds[0] ?? 0n, recharges: [], decisions: [] }
}

const amountOf = (cents: number): string => (cents / 100).toFixed(2)
const ofHub = (world: World) => database.prisma.hostInstruction.findMany({ where: { accountId: world.hub }, orderBy: { id: 'asc' } })

async function run(world: World, step: Command): Promise<void> {
  const { programme } = world.desk
  const reviewer = await world.desk.reviewer('ann')
  const decide = async (action: PlanAction, reason: string): Promise<void> => {
    const plan = await makePlan(reviewer, action)
    if (!plan.ok) return
    const applied = await applyPlan(reviewer, { planId: plan.plan.id, hash: plan.plan.hash, reason })
    expect(applied).toMatchObject({ ok: true })
    if (applied.ok && action.kind !== 'undo') world.decisions.push(applied.decision.id)
  }
  if (step.kind === 'recharge') {
    const [id, accountId] = [`p-${++worlds}`, world.alts[step.who % 2] ?? 0n]
    await programme.recharge(id, accountId, amountOf(step.cents))
    world.recharges.push({ id, accountId })
  } else if (step.kind === 'refund') {
    const recharge = world.recharges[step.which % Math.max(1, world.recharges.length)]
    if (recharge !== undefined) await programme.refund(`q-${++worlds}`, recharge.id, recharge.accountId, amountOf(step.cents))
  } else if (step.kind === 'dispute') {
    const recharge = world.recharges[step.which % Math.max(1, world.recharges.length)]
    if (recharge !== undefined) await programme.record({ type: step.how, accountId: recharge.accountId, originalEventId: recharge.id })
  } else if (step.kind === 'transfer') {
    await programme.transfer(world.hub, step.cents % 3 === 0 ? 'all' : amountOf(step.cents))
  } else if (step.kind === 'answer') {
    const open = (await ofHub(world)).filter(({ state }) => state === 'in_transit')
    const chosen = open[step.which % Math.max(1, open.length)]
    if (chosen !== undefined) await answerInstruction(programme.recorder, { instructionId: chosen.publicId, confirmed: chosen.amount * BigInt(step.share) / 4n })
  } else if (step.kind === 'retry') {
    const refused = (await ofHub(world)).filter(({ state }) => state === 'refused' || state === 'partly')
    const chosen = refused[step.which % Math.max(1, refused.length)]
    if (chosen !== undefined) await retryInstruction(programme.recorder, chosen.publicId)
  } else if (step.kind === 'decide') {
    const kind = (['freeze', 'release', 'reclaim'] as const)[step.action % 3] ?? 'freeze'
    await decide({ kind, target: { ringId: world.ringId.toString() } }, kind === 'release' ? 'household' : 'farm')
  } else {
    const decisionId = world.decisions[step.which % Math.max(1, world.decisions.length)]
    if (decisionId !== undefined) await decide({ kind: 'undo', decisionId: decisionId.toString() }, 'correction')
  }
  if (world.isAutomatic) {
    await matureRebates(programme.recorder)
    await database.inTransaction((transaction) => moveAutomatically(transaction, { actorId: 1n, now: clock.now(), check: programme.recorder.check }, [{ programId: programme.programId, accountId: world.hub }]))
  }
  clock.advance(60)
}

/** Nothing held can be moved on, and no more is asked back than was given. */
async function expectOrder(world: World): Promise<void> {
  const { rows } = await owner.pool.query(`
    select h.rebate_id, b.kind from hold h join position p on p.rebate_id = h.rebate_id join book_account b on b.id = p.book_account_id
      where h.ended_at is null and p.amount > 0 and b.kind in ('reward_pending', 'reward_available', 'main_reward', 'main_bonus')`)
  expect(rows).toEqual([])
  const rebates = await database.prisma.rebate.findMany({ where: { accountId: world.hub }, select: { id: true } })
  for (const each of (await hostHeldOf(database.prisma, rebates.map(({ id }) => id))).values()) {
    expect(each.held >= 0n && each.frozen >= 0n && each.frozen <= each.held).toBe(true)
  }
  for (const { name, query } of HOST_RULES) expect((await owner.pool.query(query)).rows, name).toEqual([])
}

test.each([true, false])('what is in transit is what open instructions say, after every step of random histories (automatic movement: %s)', async (isAutomatic) => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: isLong ? 25 : 18 }), async (steps) => {
    const world = await newWorld(isAutomatic)
    for (const step of steps) {
      await run(world, step)
      await expectTransitToBalance(owner)
      await expectOrder(world)
      await expectBooksToBalance(owner)
    }
  }), { numRuns: RUNS, seed: 20_261_121, endOnFailure: true })
}, isLong ? 900_000 : 60_000)
