// Goal: a plan is applied once, by its hash, and only while its effects are what it showed. Method: things happen between preview and apply.

import { beforeEach, describe, expect, test } from 'vitest'
import { verifyActs } from '../../src/acts/index.ts'
import { applyPlan, makePlan, type Plan, type Reviewer } from '../../src/review/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { decided, planned } from './desk.ts'
import { type RingOfFour, ringOfFour } from './ring-of-four.ts'

const setting = await useDatabase()
const { database, owner, clock, keys } = setting
let ring: RingOfFour
let ben: Reviewer

beforeEach(async () => {
  ring = await ringOfFour(setting)
  ben = await ring.desk.reviewer('ben')
})

const apply = (reviewer: Reviewer, plan: Plan, reason = 'self_invitation') => applyPlan(reviewer, { planId: plan.id, hash: plan.hash, reason })

describe('apply', () => {
  test('gives the first answer again when a plan is applied twice, also long after it expired', async () => {
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    const first = await apply(ring.ann, plan)
    const dump = await ring.desk.dump()
    clock.advance(30 * 86_400)
    expect(await apply(ben, plan)).toEqual({ ...first, isReplay: true })
    expect(await ring.desk.dump()).toEqual(dump)
  })

  test('writes one decision when a plan is applied by many at once', async () => {
    const plan = await planned(ring.ann, { kind: 'reclaim', target: ring.target })
    const results = await Promise.all([ring.ann, ben, ring.ann, ben].map((reviewer) => apply(reviewer, plan)))
    expect(results.every((result) => result.ok)).toBe(true)
    expect(new Set(results.map((result) => (result.ok ? result.decision.id : 0n))).size).toBe(1)
    expect(results.filter((result) => result.ok && !result.isReplay)).toHaveLength(1)
    expect(await owner.prisma.decision.count({ where: { planId: plan.id } })).toBe(1)
    await expectBooksToBalance(owner)
  })

  test('refuses another hash, an unknown plan, an expired one and a reason that does not fit', async () => {
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    expect(await applyPlan(ring.ann, { planId: 999_999n, hash: plan.hash, reason: 'farm' })).toMatchObject({ ok: false, reason: 'unknown_plan' })
    expect(await applyPlan(ring.ann, { planId: plan.id, hash: '0'.repeat(64), reason: 'farm' })).toMatchObject({ ok: false, reason: 'wrong_hash' })
    expect(await apply(ring.ann, plan, 'household')).toMatchObject({ ok: false, reason: 'reason_not_fitting' })
    expect(await apply(ring.ann, plan, 'because')).toMatchObject({ ok: false, reason: 'reason_not_fitting' })
    clock.advance(24 * 3600)
    expect(await apply(ring.ann, plan)).toMatchObject({ ok: false, reason: 'plan_expired' })
    expect(await owner.prisma.decision.count({ where: { planId: plan.id } })).toBe(0)
  })

  test('refuses when money moved since the preview, and names what differs', async () => {
    const plan = await planned(ring.ann, { kind: 'reclaim', target: ring.target })
    await ring.desk.programme.transfer(ring.hub, '4')
    const before = await ring.desk.dump()
    const result = await apply(ring.ann, plan)
    expect(result).toMatchObject({ ok: false, reason: 'plan_changed' })
    expect(result.ok ? [] : result.changed).toEqual([
      { planned: null, now: expect.objectContaining({ kind: 'posting', lines: expect.arrayContaining([expect.objectContaining({ book: 'main_reward', amount: (-units('4')).toString() })]) }) },
    ].map((difference) => ({ ...difference, planned: expect.objectContaining({ kind: 'posting' }) })))
    expect(await ring.desk.dump()).toEqual(before)
  })

  test('refuses when a member earned more by a reviewed relation since the preview', async () => {
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    await ring.desk.programme.recharge('more', ring.alts[0], '40')
    expect(await apply(ring.ann, plan)).toMatchObject({ ok: false, reason: 'plan_changed', changed: expect.arrayContaining([expect.objectContaining({ planned: null })]) })
  })

  test('is not kept from its plan by accruals that the plan is not about', async () => {
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    await ring.desk.programme.recharge('friendly', ring.friend, '40')
    expect(await apply(ring.ann, plan)).toMatchObject({ ok: true })
    expect((await ring.desk.programme.balances(ring.hub))['reward_available USD']).toBe(units('12'))
    await expectBooksToBalance(owner)
  })

  test('refuses a reviewer whose view is older than the act of another one, and says who acted', async () => {
    const plan = await planned(ben, { kind: 'reclaim', target: ring.target })
    await decided(ring.ann, { kind: 'restrict', target: ring.target, restriction: 'no_payout', endsAt: '2027-01-01T00:00:00Z' })
    const result = await apply(ben, plan)
    expect(result).toMatchObject({ ok: false, reason: 'case_changed', detail: expect.stringContaining('ann acted on case') })
  })

  test('lets one of two plans on the same rebates through when both are applied at once', async () => {
    const rebates = (await owner.prisma.rebate.findMany({ where: { accountId: ring.hub } })).map((rebate) => rebate.id.toString())
    for (let round = 0; round < 5; round++) {
      const freeze = await planned(ring.ann, { kind: 'freeze', target: { rebates } })
      const reclaim = await planned(ben, { kind: 'reclaim', target: { rebates } })
      const results = await Promise.all([apply(ring.ann, freeze), apply(ben, reclaim)])
      expect(results.filter((result) => result.ok)).toHaveLength(1)
      expect(results.find((result) => !result.ok)).toMatchObject({ reason: 'plan_changed' })
      await expectBooksToBalance(owner)
      const done = results.find((result) => result.ok)
      if (done?.ok === true) await decided(ring.ann, { kind: 'undo', decisionId: done.decision.id.toString() }, 'correction')
    }
  })

  test('undoes a decision once when two undo it at the same time', async () => {
    const rebates = (await owner.prisma.rebate.findMany({ where: { accountId: ring.hub } })).map((rebate) => rebate.id.toString())
    const before = await ring.desk.dump()
    const freeze = await decided(ring.ann, { kind: 'freeze', target: { rebates } })
    const undo = { kind: 'undo', decisionId: freeze.id.toString() } as const
    const plans = [await planned(ring.ann, undo), await planned(ben, undo)] as const
    const results = await Promise.all([apply(ring.ann, plans[0], 'correction'), apply(ben, plans[1], 'correction')])
    expect(results.filter((result) => result.ok)).toHaveLength(1)
    expect(results.find((result) => !result.ok)).toMatchObject({ reason: 'already_undone' })
    expect(await ring.desk.dump()).toEqual(before)
  })

  test('gives the case to who acts first, counts its version and leaves an owner as they are', async () => {
    const before = await ring.desk.caseOf(ring.ringId)
    await decided(ring.ann, { kind: 'freeze', target: ring.target })
    await decided(ben, { kind: 'release', target: ring.target }, 'inconclusive')
    expect(await ring.desk.caseOf(ring.ringId)).toMatchObject({ ownerId: ring.ann.actorId, version: before.version + 2 })
  })

  test('places holds with their owner, due date and policy on silence, under the case', async () => {
    const decision = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const holds = await owner.prisma.hold.findMany({ where: { decisionId: decision.id } })
    expect(holds).toHaveLength(4)
    const dueAt = new Date(clock.now().getTime() + 30 * 86_400_000)
    for (const hold of holds) expect(hold).toMatchObject({ ownerId: ring.ann.actorId, dueAt, onSilence: 'escalate', caseId: (await ring.desk.caseOf(ring.ringId)).id, reason: 'freeze' })
    expect(holds.filter((hold) => hold.rebateId !== null).every((hold) => hold.placedBy !== null)).toBe(true)
  })

  test('writes the act into the chain, and the note apart from it', async () => {
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    const result = await applyPlan(ring.ann, { planId: plan.id, hash: plan.hash, reason: 'farm', note: 'same phone' })
    if (!result.ok) throw new Error(result.detail)
    const act = await owner.prisma.act.findFirstOrThrow({ orderBy: { sequence: 'desc' }, include: { actBody: true } })
    expect(act).toMatchObject({ kind: 'decision_applied', objectKind: 'decision', objectId: result.decision.id.toString(), reason: 'farm', actorId: ring.ann.actorId })
    expect(JSON.stringify(act.actBody?.body)).not.toContain('same phone')
    expect(await owner.prisma.decisionNote.findUnique({ where: { decisionId: result.decision.id } })).toMatchObject({ note: 'same phone' })
    expect(await verifyActs(database, keys)).toMatchObject({ ok: true })
  })
})

describe('the terms at accrual', () => {
  const withActions = (actions: readonly ('hold' | 'cancel' | 'freeze' | 'reclaim' | 'restrict')[]) => ({
    ...apiyi, key: 'limited',
    versions: apiyi.versions.map((version) => ({ ...version, content: { ...version.content, enforcement: { ...version.content.enforcement, actions: [...actions] } } })),
  })

  test('refuse an action that they do not allow, and say which terms those were', async () => {
    const { ann, target } = await ringOfFour(setting, withActions(['hold', 'freeze', 'cancel']))
    expect(await makePlan(ann, { kind: 'reclaim', target })).toMatchObject({ ok: false, reason: 'not_allowed_by_terms', detail: expect.stringContaining('2026-05-15') })
    expect(await makePlan(ann, { kind: 'cancel', target, from: 'start' })).toMatchObject({ ok: false, reason: 'not_allowed_by_terms' })
    expect(await makePlan(ann, { kind: 'restrict', target, restriction: 'no_payout', endsAt: '2027-01-01T00:00:00Z' })).toMatchObject({ ok: false, reason: 'not_allowed_by_terms' })
    expect(await makePlan(ann, { kind: 'cancel', target, from: 'now' })).toMatchObject({ ok: true })
    expect(await makePlan(ann, { kind: 'freeze', target })).toMatchObject({ ok: true })
  })

  test('never keep anybody from giving back or dismissing', async () => {
    const { ann, target, hub, desk } = await ringOfFour(setting, withActions(['freeze']))
    await decided(ann, { kind: 'freeze', target })
    await decided(ann, { kind: 'dismiss', target, outcome: 'office_campus' }, 'office_campus')
    expect((await desk.programme.balances(hub))['reward_available USD']).toBe(units('30'))
  })
})
