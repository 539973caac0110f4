// Goal: there is one open case per ring or lone referral, brought up to date by every scan, and nothing frozen is ever left without one.

import { beforeEach, describe, expect, test } from 'vitest'
import { assignCase, listCases } from '../../src/review/index.ts'
import { useDatabase } from '../database.ts'
import { answerOf, units } from '../programs/programme.ts'
import { decided, makeDesk, planned } from './desk.ts'
import { type RingOfFour, ringOfFour } from './ring-of-four.ts'

const setting = await useDatabase()
const { database, owner, clock } = setting
let ring: RingOfFour

beforeEach(async () => {
  ring = await ringOfFour(setting)
})

const queue = () => database.inTransaction((transaction) => listCases(transaction))

describe('a scan', () => {
  test('opens one case per ring and refreshes it, without making reviewers stale', async () => {
    const first = await ring.desk.caseOf(ring.ringId)
    const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
    const { cases } = await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 42n, probability: 0.8 }] })
    expect(cases).toEqual({ opened: [], updated: [first.id], closed: [], merged: [], kept: [] })
    expect(await ring.desk.caseOf(ring.ringId)).toMatchObject({ id: first.id, version: first.version, expectedLoss: 42n, probability: 0.8 })
    expect((await planned(ring.ann, { kind: 'freeze', target: ring.target })).hash).toBe(plan.hash)
  })

  test('run again over the same findings opens nothing twice', async () => {
    await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members }] })
    expect(await owner.prisma.reviewCase.count({ where: { ringId: ring.ringId } })).toBe(1)
  })

  test('opens a case for a lone referral from the hold threshold on, with its expected loss', async () => {
    const found = await ring.desk.scan({
      rings: [{ ringId: ring.ringId, members: ring.members }],
      lone: [{ inviterId: ring.hub, inviteeId: ring.friend, probability: 0.75 }, { inviterId: ring.hub, inviteeId: ring.alts[0], probability: 0.49 }],
    })
    expect(found.cases.opened).toHaveLength(1)
    const opened = await owner.prisma.reviewCase.findUniqueOrThrow({ where: { id: found.cases.opened[0] ?? 0n } })
    expect(opened).toMatchObject({ ringId: null, probability: 0.75, expectedLoss: units('7.5'), asset: 'USD' })
    const plan = await planned(ring.ann, { kind: 'freeze', target: { caseId: opened.id.toString() } })
    expect(plan.effects.filter((effect) => effect.kind === 'referral')).toHaveLength(1)
  })

  test('closes a case whose evidence is gone', async () => {
    const { cases } = await ring.desk.scan({})
    const closed = await ring.desk.caseOf(ring.ringId)
    expect(cases.closed).toContain(closed.id)
    expect(closed).toMatchObject({ state: 'closed', outcome: 'evidence_gone' })
  })

  test('keeps a case open while anything is frozen under it', async () => {
    await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const { cases } = await ring.desk.scan({})
    const kept = await ring.desk.caseOf(ring.ringId)
    expect(cases.kept).toEqual([kept.id])
    expect(kept.state).toBe('open')
    await decided(ring.ann, { kind: 'release', target: { caseId: kept.id.toString() } }, 'inconclusive')
    expect((await ring.desk.scan({})).cases.closed).toEqual([kept.id])
  })

  test('moves what is held under a ring that went into another one', async () => {
    await decided(ring.ann, { kind: 'freeze', target: ring.target })
    const old = await ring.desk.caseOf(ring.ringId)
    const next = await ring.desk.scan({ rings: [{ members: ring.members }] })
    const nextRing = next.ringIds[0] ?? 0n
    expect(next.cases.kept).toEqual([old.id])
    const { cases } = await ring.desk.scan({ rings: [{ ringId: nextRing, members: ring.members }], lineage: [{ from: ring.ringId, to: nextRing, kind: 'merged' }] })
    const successor = await ring.desk.caseOf(nextRing)
    expect(cases.merged).toEqual([old.id])
    expect(await owner.prisma.reviewCase.findUnique({ where: { id: old.id } })).toMatchObject({ state: 'closed', outcome: 'merged', mergedIntoId: successor.id })
    const holds = await owner.prisma.hold.findMany({ where: { endedAt: null, caseId: { in: [old.id, successor.id] } } })
    expect(holds.map((hold) => hold.caseId)).toEqual([successor.id, successor.id, successor.id, successor.id])
    await decided(ring.ann, { kind: 'dismiss', target: { ringId: nextRing.toString() }, outcome: 'household' }, 'household')
    expect((await ring.desk.programme.balances(ring.hub))['reward_available USD']).toBe(units('30'))
  })

  test('does not ask again about members who were cleared, but does when they change', async () => {
    await decided(ring.ann, { kind: 'dismiss', target: ring.target, outcome: 'household' }, 'household')
    const same = await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 9_000_000n }] })
    expect(same.cases.opened).toEqual([])
    const other = await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members.slice(0, 3) }] })
    expect(other.cases.opened).toHaveLength(1)
  })

  test('asks again about confirmed members when there is more money at stake than then', async () => {
    await decided(ring.ann, { kind: 'reclaim', target: ring.target })
    await decided(ring.ann, { kind: 'confirm', target: ring.target, outcome: 'farm' }, 'farm')
    expect((await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 10n }] })).cases.opened).toEqual([])
    expect((await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 2_000_000n }] })).cases.opened).toHaveLength(1)
  })

  test('takes holds of the check into the case, except degraded ones', async () => {
    const { programme } = ring.desk
    programme.setCheck(async () => answerOf('hold'))
    await programme.recharge('held', ring.alts[0], '20')
    programme.setCheck(async () => answerOf('hold', true))
    await programme.recharge('degraded', ring.alts[0], '20')
    await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members }] })
    const { id: caseId } = await ring.desk.caseOf(ring.ringId)
    const holds = await owner.prisma.hold.findMany({ where: { endedAt: null, rebate: { accountId: ring.hub } }, orderBy: { id: 'asc' } })
    expect(holds.map((hold) => [hold.isDegraded, hold.caseId])).toEqual([[false, caseId], [true, null]])
    await decided(ring.ann, { kind: 'dismiss', target: ring.target, outcome: 'household' }, 'household')
    expect((await programme.balances(ring.hub))['reward_held USD']).toBeUndefined()
  })

  test('leaves one act of what it did to the cases', async () => {
    const { scanId, cases } = await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members }] })
    const act = await owner.prisma.act.findFirstOrThrow({ where: { kind: 'cases_followed_scan', objectId: scanId.toString() }, include: { actBody: true } })
    expect(act.actBody?.body).toMatchObject({ after: { updated: cases.updated.map(String) } })
  })
})

describe('a reviewer', () => {
  test('sees the largest expected loss first, with the money by state', async () => {
    const other = await makeDesk(setting)
    const [inviter, invitee] = [await other.programme.account('big'), await other.programme.account('bigger')]
    await other.programme.signUp(invitee, inviter)
    await other.programme.recharge('large', invitee, '1000')
    await other.programme.transfer(inviter, '20')
    await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 5n }] })
    const small = await queue()
    expect(small.map((line) => line.ringId)).toEqual([ring.ringId])
    const found = await other.scan({ rings: [{ members: [[inviter, 0.9], [invitee, 0.9]], expectedLoss: 77_000_000n }] })
    expect((await queue())[0]).toMatchObject({
      ringId: found.ringIds[0], expectedLoss: 77_000_000n, accounts: 2, referrals: 1, owner: null,
      money: [{ asset: 'USD', available: units('30'), transferred: units('20'), gone: 0n, held: 0n }],
    })
  })

  test('cannot confirm a case while something is frozen under it', async () => {
    await decided(ring.ann, { kind: 'freeze', target: ring.target })
    await expect(decided(ring.ann, { kind: 'confirm', target: ring.target, outcome: 'farm' }, 'farm')).rejects.toThrow('still_frozen')
    await decided(ring.ann, { kind: 'reclaim', target: ring.target })
    await decided(ring.ann, { kind: 'cancel', target: ring.target, from: 'now' })
    await decided(ring.ann, { kind: 'confirm', target: ring.target, outcome: 'farm' }, 'farm')
    expect(await ring.desk.caseOf(ring.ringId)).toMatchObject({ state: 'closed', outcome: 'farm' })
    await expect(planned(ring.ann, { kind: 'freeze', target: ring.target })).rejects.toThrow('case_closed')
  })

  test('who assigns from an old view is refused and told who acted', async () => {
    const { id: caseId, version } = await ring.desk.caseOf(ring.ringId)
    const ben = await ring.desk.reviewer('ben')
    expect(await assignCase(ring.ann, { caseId, version, ownerId: ring.ann.actorId })).toEqual({ ok: true, version: version + 1 })
    expect(await assignCase(ben, { caseId, version, ownerId: ben.actorId })).toMatchObject({ ok: false, reason: 'case_changed', detail: expect.stringContaining('ann acted') })
    const dueAt = new Date(clock.now().getTime() + 86_400_000)
    expect(await assignCase(ben, { caseId, version: version + 1, ownerId: null, dueAt })).toMatchObject({ ok: true })
    expect(await owner.prisma.reviewCase.findUnique({ where: { id: caseId } })).toMatchObject({ ownerId: null, dueAt })
  })
})
