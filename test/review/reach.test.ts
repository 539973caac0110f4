// Goal: a plan reaches what it names and no further, and names who else is concerned. Method: one situation per rule.

import { beforeEach, expect, test } from 'vitest'
import { grantEntries, postTransfer, type EntryLine } from '../../src/ledger/index.ts'
import { planText, namesOf, previewFirstRing } from '../../src/review/index.ts'
import { approveWriteOff, proposeWriteOff } from '../../src/payouts/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { decided, planned, undone } from './desk.ts'
import { type RingOfFour, ringOfFour } from './ring-of-four.ts'

const setting = await useDatabase()
const { database, owner, clock } = setting
let ring: RingOfFour

beforeEach(async () => {
  ring = await ringOfFour(setting)
})

async function post(kind: 'payout' | 'accrual' | 'spend', entries: readonly EntryLine[]): Promise<void> {
  const at = clock.now()
  const naturalKey = new TextEncoder().encode(`${kind} ${ring.ringId} ${entries.map((entry) => entry.kind).join()}`)
  await database.inTransaction((transaction) => postTransfer(transaction, { naturalKey, kind, occurredAt: at, recordedAt: at, effectiveAt: at, actorId: 1n, entries }))
}

const firstRebate = async () => await owner.prisma.rebate.findFirstOrThrow({ where: { accountId: ring.hub, referral: { inviteeId: ring.alts[0] } } })

test('a named rebate is the only thing that is touched', async () => {
  const { id } = await firstRebate()
  const decision = await decided(ring.ann, { kind: 'freeze', target: { ...ring.target, rebates: [id.toString()] } })
  expect(decision.effects.map((effect) => effect.kind)).toEqual(['posting', 'hold'])
  expect(await ring.desk.programme.balances(ring.hub)).toEqual({ 'reward_available USD': units('20'), 'reward_held USD': units('10') })
})

test('money on its way to a bank is named, is not stopped, and becomes debt when it is reclaimed', async () => {
  const { id } = await firstRebate()
  const line = { accountId: ring.hub, asset: 'USD', rebateId: id }
  await post('payout', [{ ...line, kind: 'reward_available', amount: -units('6') }, { ...line, kind: 'payout_in_transit', amount: units('6') }])
  const concern = expect.objectContaining({ kind: 'third_party', concern: 'payout_in_transit', amount: units('6').toString() })
  expect((await planned(ring.ann, { kind: 'freeze', target: ring.target })).effects).toContainEqual(concern)
  const reclaim = await decided(ring.ann, { kind: 'reclaim', target: ring.target })
  expect(reclaim.effects).toContainEqual(concern)
  expect(await ring.desk.programme.balances(ring.hub)).toEqual({ 'reward_available USD': units('10'), 'payout_in_transit USD': units('6'), 'debt USD': -units('6') })
  await expectBooksToBalance(owner)
})

test('a freeze also holds a rebate that is wholly on its way to a bank, so that what is not sent stays and what comes back is held', async () => {
  const { id } = await firstRebate()
  const line = { accountId: ring.hub, asset: 'USD', rebateId: id }
  await post('payout', [{ ...line, kind: 'reward_available', amount: -units('10') }, { ...line, kind: 'payout_in_transit', amount: units('10') }])
  const decision = await decided(ring.ann, { kind: 'freeze', target: { ...ring.target, rebates: [id.toString()] } })
  expect(decision.effects.map((effect) => effect.kind)).toEqual(['hold', 'third_party'])
  expect(await owner.prisma.hold.count({ where: { rebateId: id, endedAt: null } })).toBe(1)
  await undone(ring.ann, decision)
  expect(await owner.prisma.hold.count({ where: { rebateId: id, endedAt: null } })).toBe(0)
  await expectBooksToBalance(owner)
})

test('an undo makes a debt that was given up stand again first, and then takes it away where it was made', async () => {
  const { id } = await firstRebate()
  const line = { accountId: ring.hub, asset: 'USD', rebateId: id }
  await post('payout', [{ ...line, kind: 'reward_available', amount: -units('10') }, { ...line, kind: 'payout_in_transit', amount: units('10') }])
  const before = await ring.desk.programme.balances(ring.hub)
  const reclaim = await decided(ring.ann, { kind: 'reclaim', target: { ...ring.target, rebates: [id.toString()] } })
  const proposed = await proposeWriteOff(ring.ann, { rebateId: id, floor: units('100') })
  if (!proposed.ok) throw new Error(proposed.reason)
  await approveWriteOff(await ring.desk.reviewer('another'), proposed.writeOff.id)
  expect(await ring.desk.programme.balances(ring.hub)).not.toHaveProperty('debt USD')
  const undo = await undone(ring.ann, reclaim)
  expect(undo.effects.flatMap((effect) => (effect.kind === 'posting' ? [effect.transfer] : []))).toEqual(['write_off_restored', 'undo'])
  expect(await ring.desk.programme.balances(ring.hub)).toEqual(before)
  expect(await owner.prisma.writeOff.count({ where: { rebateId: id, restoredBy: null } })).toBe(0)
  await expectBooksToBalance(owner)
})

test("a friend's sign-up credit is taken only when it is ticked, and only as far as it is not spent", async () => {
  const referral = await owner.prisma.referral.findFirstOrThrow({ where: { inviteeId: ring.alts[0] } })
  const earned = await firstRebate()
  const { id } = await owner.prisma.rebate.create({
    data: {
      naturalKey: new TextEncoder().encode(`credit ${ring.ringId}`), kind: 'signup_credit', programId: referral.programId, programVersionId: earned.programVersionId,
      referralId: referral.id, eventId: earned.eventId, accountId: ring.alts[0], base: 0n, ratePpm: 0, amount: units('2.5'), asset: 'USD',
      occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now(), maturesAt: clock.now(), actorId: 1n,
    },
  })
  const line = { accountId: ring.alts[0], asset: 'USD', rebateId: id }
  await post('accrual', grantEntries({ ...line, amount: units('2.5') }))
  await post('spend', [{ ...line, kind: 'main_bonus', amount: -units('1') }, { ...line, accountId: null, kind: 'host_clearing', amount: units('1') }])
  const without = await planned(ring.ann, { kind: 'reclaim', target: ring.target })
  expect(without.effects.some((effect) => effect.kind === 'posting' && effect.rebateId === id.toString())).toBe(false)
  const before = await ring.desk.dump()
  const decision = await decided(ring.ann, { kind: 'reclaim', target: ring.target, signupCredit: true })
  expect(decision.effects).toContainEqual(expect.objectContaining({ kind: 'gone', becomes: 'loss', amount: units('1').toString() }))
  expect(await ring.desk.programme.balances(ring.alts[0])).toEqual({ 'main_paid USD': units('200') })
  await expectBooksToBalance(owner)
  await undone(ring.ann, decision)
  expect({ ...(await ring.desk.dump()), cases: [] }).toEqual({ ...before, cases: [] })
})

test('restricting a member names the invitees outside the ring, and the books obey until it is undone', async () => {
  const { programme } = ring.desk
  const outsider = await programme.account('outsider')
  await programme.signUp(outsider, ring.hub)
  const restrict = (restriction: 'no_transfer' | 'no_new_referrals') => ({ kind: 'restrict', target: ring.target, restriction, endsAt: '2027-01-01T00:00:00Z' }) as const
  const plan = await planned(ring.ann, restrict('no_transfer'))
  expect(plan.effects.filter((effect) => effect.kind === 'third_party')).toEqual([expect.objectContaining({ concern: 'outside_the_ring', accountId: outsider.toString() })])
  const decision = await decided(ring.ann, restrict('no_transfer'))
  expect(await programme.transfer(ring.hub, '1')).toEqual({ ok: false, reason: 'restricted' })
  await undone(ring.ann, decision)
  expect(await programme.transfer(ring.hub, '1')).toMatchObject({ ok: true })
  await decided(ring.ann, restrict('no_new_referrals'))
  const late = await programme.account('late')
  expect(await programme.signUp(late, ring.hub)).toMatchObject({ ok: true, attributed: [{ referralId: null, notPayable: 'not_eligible' }] })
})

test('cancelling from now keeps what was earned, from a date reclaims what was earned since, from the start all of it', async () => {
  const { programme } = ring.desk
  const date = clock.now()
  clock.advance(60)
  await programme.recharge('after the date', ring.alts[0], '40')
  const available = async (): Promise<bigint | undefined> => (await programme.balances(ring.hub))['reward_available USD']
  const cancel = async (from: 'now' | 'start' | { date: string }): Promise<void> => {
    const decision = await decided(ring.ann, { kind: 'cancel', target: ring.target, from })
    results.push(await available())
    await undone(ring.ann, decision)
  }
  const results: (bigint | undefined)[] = []
  await cancel('now')
  await cancel({ date: date.toISOString() })
  await cancel('start')
  expect(results).toEqual([units('32'), units('30'), units('10')])
  expect(await available()).toBe(units('32'))
  await decided(ring.ann, { kind: 'cancel', target: ring.target, from: 'now' })
  clock.advance(60)
  await programme.recharge('after the end', ring.alts[0], '40')
  expect(await available()).toBe(units('32'))
})

test('the first ring is previewed as text, and nothing is done', async () => {
  await ring.desk.scan({ rings: [{ ringId: ring.ringId, members: ring.members, expectedLoss: 10n ** 12n }] })
  const before = await ring.desk.dump()
  const preview = await previewFirstRing(ring.ann)
  expect(preview?.text).toContain(`hub-${ring.desk.programme.programId}  20 USD  reward_available → reward_held`)
  expect(preview?.text).toContain('Without [x]: below 0.5 and not named; nothing of theirs is touched.')
  expect(preview?.text).toContain(`Hash ${preview?.plan.hash}`)
  expect(await ring.desk.dump()).toEqual(before)
})

test('names of erased accounts vanish from plans that were made before', async () => {
  const plan = await planned(ring.ann, { kind: 'freeze', target: ring.target })
  await owner.prisma.accountIdentity.delete({ where: { accountId: ring.hub } })
  const text = planText(plan, await database.inTransaction((transaction) => namesOf(transaction, plan)))
  expect(text).toContain(`#${ring.hub}  `)
  expect(text).not.toContain('hub-')
  expect(JSON.stringify(await owner.prisma.plan.findUnique({ where: { id: plan.id } }), (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))).not.toContain('hub-')
})
