// Goal: an undo is exact until something rests on the decision, then refused with the reason. Method: one thing happens after a decision.

import { beforeEach, describe, expect, test } from 'vitest'
import { makePlan } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { decided, refusedPlan, undone } from './desk.ts'
import { type RingOfFour, ringOfFour } from './ring-of-four.ts'

const setting = await useDatabase()
const { owner, clock } = setting
let ring: RingOfFour

beforeEach(async () => {
  ring = await ringOfFour(setting)
})

const undo = (decision: { id: bigint }) => ({ kind: 'undo', decisionId: decision.id.toString() }) as const
const balances = () => ring.desk.programme.balances(ring.hub)

describe('an undo is refused', () => {
  test('when released money was transferred since', async () => {
    await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const release = await decided(ring.ann, { kind: 'release', target: ring.target }, 'inconclusive')
    await ring.desk.programme.transfer(ring.hub, '15')
    expect(await makePlan(ring.ann, undo(release))).toMatchObject({ ok: false, reason: 'money_moved', detail: expect.stringMatching(/reward_available was used since by transfer \d+ \(reward_transfer\)/) })
  })

  test('when a debt was repaid since from a later rebate', async () => {
    await ring.desk.programme.transfer(ring.hub, '30')
    await ring.desk.programme.record({ type: 'spend', accountId: ring.hub, amount: units('30'), asset: 'USD' })
    const reclaim = await decided(ring.ann, { kind: 'reclaim', target: ring.target })
    expect((await balances())['debt USD']).toBe(-units('20'))
    await ring.desk.programme.recharge('later', ring.friend, '100')
    expect(await balances()).toEqual({ 'debt USD': -units('15') })
    expect(await refusedPlan(ring.ann, undo(reclaim))).toBe('money_moved')
    await expectBooksToBalance(owner)
  })

  test('when a later decision names the same rebate, referral or account, until that one is undone', async () => {
    const freeze = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const cancel = await decided(ring.ann, { kind: 'cancel', target: ring.target, from: 'now' })
    expect(await makePlan(ring.ann, undo(freeze))).toMatchObject({ ok: false, reason: 'decided_again', detail: expect.stringContaining(`Decision ${cancel.id} by ann`) })
    await undone(ring.ann, cancel)
    const restrict = await decided(ring.ann, { kind: 'restrict', target: ring.target, restriction: 'no_payout', endsAt: '2027-01-01T00:00:00Z' })
    const longer = await decided(ring.ann, { kind: 'restrict', target: ring.target, restriction: 'no_payout', endsAt: '2027-02-01T00:00:00Z' })
    expect(await refusedPlan(ring.ann, undo(restrict))).toBe('decided_again')
    await undone(ring.ann, longer)
    await undone(ring.ann, restrict)
    await undone(ring.ann, freeze)
    expect(await balances()).toEqual({ 'reward_available USD': units('30') })
  })

  test('when a payment dispute holds the same rebate since', async () => {
    const freeze = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    await ring.desk.programme.record({ type: 'dispute_opened', accountId: ring.alts[0], originalEventId: `recharge-${ring.alts[0]}` })
    expect(await makePlan(ring.ann, undo(freeze))).toMatchObject({ ok: false, reason: 'held_since', detail: expect.stringContaining('dispute') })
    const release = await decided(ring.ann, { kind: 'release', target: ring.target }, 'inconclusive')
    expect(release.effects.filter((effect) => effect.kind === 'posting')).toHaveLength(1)
    expect((await balances())['reward_held USD']).toBe(units('10'))
    await expectBooksToBalance(owner)
  })

  test('when it is itself an undo', async () => {
    const freeze = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    expect(await refusedPlan(ring.ann, undo(await undone(ring.ann, freeze)))).toBe('is_an_undo')
  })

  test('when the case was dismissed and a new one was opened since', async () => {
    const dismiss = await decided(ring.ann, { kind: 'dismiss', target: ring.target, outcome: 'household' }, 'household')
    await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members.slice(0, 3) }] })
    expect(await refusedPlan(ring.ann, undo(dismiss))).toBe('decided_again')
  })
})

describe('an undo is not kept back', () => {
  test('by accruals since, which stay', async () => {
    const reclaim = await decided(ring.ann, { kind: 'reclaim', target: ring.target })
    await ring.desk.programme.recharge('unrelated', ring.friend, '40')
    await ring.desk.programme.recharge('same member', ring.alts[1], '20')
    await undone(ring.ann, reclaim)
    expect(await balances()).toEqual({ 'reward_available USD': units('33') })
    await expectBooksToBalance(owner)
  })

  test('by payments while the relation was suspended: they earn when it is resumed', async () => {
    const freeze = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    clock.advance(60)
    await ring.desk.programme.recharge('meanwhile', ring.alts[0], '20')
    expect(await balances()).toEqual({ 'reward_available USD': units('10'), 'reward_held USD': units('20') })
    const undoing = await undone(ring.ann, freeze)
    expect(undoing.effects.filter((effect) => effect.kind === 'settle')).toHaveLength(1)
    expect(await balances()).toEqual({ 'reward_available USD': units('31') })
    await expectBooksToBalance(owner)
  })

  test('by imported history, which earns nothing then either', async () => {
    const cancel = await decided(ring.ann, { kind: 'cancel', target: ring.target, from: 'start' })
    clock.advance(60)
    const { sourceId } = await owner.prisma.batch.findFirstOrThrow()
    const batch = await owner.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'import', recordedAt: clock.now() } })
    const at = { occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now() }
    const bytes = new Uint8Array(Buffer.from(`history of ring ${ring.ringId}`))
    await owner.prisma.event.create({ data: { naturalKey: bytes, contentDigest: bytes, type: 'recharge', accountId: ring.alts[0], amount: units('50'), asset: 'USD', batchId: batch.id, ...at } })
    await undone(ring.ann, cancel)
    expect(await balances()).toEqual({ 'reward_available USD': units('30') })
  })

  test('by refunds since, which are taken then', async () => {
    const reclaim = await decided(ring.ann, { kind: 'reclaim', target: ring.target })
    await ring.desk.programme.refund('half', `recharge-${ring.alts[0]}`, ring.alts[0], '100')
    expect(await balances()).toEqual({ 'reward_available USD': units('10') })
    await undone(ring.ann, reclaim)
    expect(await balances()).toEqual({ 'reward_available USD': units('25') })
    await expectBooksToBalance(owner)
  })

  test('by the case having been closed by a scan: it is open again', async () => {
    const freeze = await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const release = await decided(ring.ann, { kind: 'release', target: ring.target }, 'inconclusive')
    await ring.desk.scan({})
    expect((await ring.desk.caseOf(ring.ringId)).outcome).toBe('evidence_gone')
    await undone(ring.ann, release)
    expect(await ring.desk.caseOf(ring.ringId)).toMatchObject({ state: 'open', outcome: null })
    expect((await balances())['reward_held USD']).toBe(units('20'))
    await undone(ring.ann, freeze)
  })
})
