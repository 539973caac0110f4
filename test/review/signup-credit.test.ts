// What reviewers do to the friend's sign-up credit: only where they tick it, with its clock standing still, and exactly undone.

import { beforeEach, describe, expect, test } from 'vitest'
import { lockMembers } from '../../src/ledger/index.ts'
import { programVersionAt } from '../../src/policies/index.ts'
import { creditEndsAt, expireCredits, grantSignupCredit } from '../../src/programs/index.ts'
import type { Reviewer } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { decided, type Desk, makeDesk, refusedPlan, undone } from './desk.ts'

const setting = await useDatabase()
const { clock, database, owner } = setting
const DAY = 86_400

let desk: Desk
let ann: Reviewer
let hub: bigint
let alt: bigint
let rebateId: bigint
let target: { readonly ringId: string }

beforeEach(async () => {
  clock.set(new Date('2026-06-01T12:00:00Z'))
  desk = await makeDesk(setting, {
    key: 'credited', name: 'credited', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: {
      base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, signupCredit: { amount: '2.5', asset: 'USD', validDays: 30, grantOn: 'verified' },
      enforcement: { actions: ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
      linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' },
    } }],
  })
  ann = await desk.reviewer('ann')
  const { programme: { account, programId, recorder, read, recharge, signUp } } = desk
  hub = await account('hub')
  alt = await account('alt')
  const signedUp = await signUp(alt, hub)
  await recharge(`recharge-${alt}`, alt, '10')
  const referral = await database.prisma.referral.findFirstOrThrow({ where: { programId, inviteeId: alt } })
  const credit = await read(async (transaction) => {
    await lockMembers(transaction, [hub, alt])
    const version = await programVersionAt(transaction, programId, clock.now())
    if (version === null || !signedUp.ok) throw new Error('no version')
    return grantSignupCredit(transaction, { actorId: 1n, now: clock.now(), check: recorder.check }, { referral, version, on: 'verified', cause: { id: signedUp.eventId, occurredAt: clock.now() } })
  })
  rebateId = credit?.rebateId ?? 0n
  const { ringIds } = await desk.scan({ rings: [{ members: [[hub, 0.9], [alt, 0.95]] }] })
  target = { ringId: String(ringIds[0]) }
})

const balances = () => desk.programme.balances(alt)
const endsAt = () => desk.programme.read((transaction) => creditEndsAt(transaction, rebateId, clock.now()))
const inDays = (days: number): Date => new Date(clock.now().getTime() + days * DAY * 1000)
const spend = (amount: string) => desk.programme.record({ type: 'spend', accountId: alt, amount: units(amount), asset: 'USD' })

describe('the sign-up credit in review', () => {
  test('is left where it is not ticked', async () => {
    await decided(ann, { kind: 'freeze', target })
    expect(await balances()).toEqual({ 'main_bonus USD': units('2.5'), 'main_paid USD': units('10') })
  })

  test('is frozen where it is ticked, does not end meanwhile, and has its days back when it is released', async () => {
    clock.advance(10 * DAY)
    await decided(ann, { kind: 'freeze', target, signupCredit: true })
    expect(await balances()).toEqual({ 'main_held USD': units('2.5'), 'main_paid USD': units('10') })
    clock.advance(60 * DAY)
    await expireCredits({ database, clock })
    await decided(ann, { kind: 'release', target }, 'household')
    expect(await balances()).toEqual({ 'main_bonus USD': units('2.5'), 'main_paid USD': units('10') })
    expect(await endsAt()).toEqual(inDays(20))
    await expectBooksToBalance(owner)
  })

  test('is given back by the undo of a freeze, with the days in which it was frozen', async () => {
    const before = await desk.dump()
    clock.advance(10 * DAY)
    const decision = await decided(ann, { kind: 'freeze', target, signupCredit: true })
    clock.advance(60 * DAY)
    await undone(ann, decision)
    expect(await desk.dump()).toEqual(before)
    expect(await endsAt()).toEqual(inDays(20))
  })

  test('that has ended meanwhile cannot be frozen again by undoing its release: that is refused, not failed', async () => {
    await decided(ann, { kind: 'freeze', target, signupCredit: true })
    const release = await decided(ann, { kind: 'release', target }, 'household')
    clock.advance(31 * DAY)
    await expireCredits({ database, clock })
    expect(await balances()).toEqual({ 'main_paid USD': units('10') })
    expect(await refusedPlan(ann, { kind: 'undo', decisionId: release.id.toString() })).not.toBe('planned')
    await expectBooksToBalance(owner)
  })

  test('is reclaimed as far as it is not spent, and the spent part makes no debt', async () => {
    await spend('1')
    await decided(ann, { kind: 'reclaim', target, signupCredit: true })
    expect(await balances()).toEqual({ 'main_paid USD': units('10') })
    await expectBooksToBalance(owner)
  })

  test('is given back by the undo of a reclaim, with the days in which it was gone', async () => {
    clock.advance(10 * DAY)
    const decision = await decided(ann, { kind: 'reclaim', target, signupCredit: true })
    clock.advance(50 * DAY)
    await undone(ann, decision)
    await expireCredits({ database, clock })
    expect(await balances()).toEqual({ 'main_bonus USD': units('2.5'), 'main_paid USD': units('10') })
    expect(await endsAt()).toEqual(inDays(20))
    await expectBooksToBalance(owner)
  })
})
