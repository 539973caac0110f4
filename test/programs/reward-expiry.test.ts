// Reward that was earned with an end: only where the version said so at accrual, to the second, never while it is held, and never cash.

import { expect, test } from 'vitest'
import { applyEnforcement } from '../../src/ledger/index.ts'
import { programRules } from '../../src/policies/index.ts'
import { apiMarket, apiyi, expireCredits } from '../../src/programs/index.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from './programme.ts'

const DAY_SECONDS = 86_400
const given = await useDatabase()
const { clock, database, keys, owner } = given
const [version] = apiyi.versions
if (version === undefined) throw new Error('apiyi has no version')
const ending = await makeProgramme(given, {
  ...apiyi, key: 'ending', versions: [{ effectiveFrom: version.effectiveFrom, content: { ...version.content, eligibility: {}, rewardValidDays: 30, maturitySeconds: DAY_SECONDS } }],
})

async function earned(name: string): Promise<{ inviter: bigint; friend: bigint; rebateId: bigint }> {
  const [inviter, friend] = [await ending.account(`${name}-inviter`), await ending.account(`${name}-friend`)]
  await ending.signUp(friend, inviter)
  const answer = await ending.recharge(`${name}-recharge`, friend, '100')
  if (!answer.ok || answer.rebates[0] === undefined) throw new Error('nothing earned')
  return { inviter, friend, rebateId: answer.rebates[0].rebateId }
}
const expire = () => expireCredits({ database, clock })
const sound = async (): Promise<void> => {
  await expectBooksToBalance(owner)
  expect((await verifyBooks(database, keys)).faults).toEqual([])
}

test('what is left of a reward expires thirty days after it could first be used, not a second before', async () => {
  const { inviter } = await earned('left')
  clock.advance(DAY_SECONDS)
  expect((await ending.transfer(inviter, '4')).ok).toBe(true)
  clock.advance(30 * DAY_SECONDS - 1)
  await expire()
  expect(await ending.balances(inviter)).toEqual({ 'main_reward USD': units('4'), 'reward_available USD': units('6') })
  clock.advance(1)
  await expire()
  expect(await ending.balances(inviter)).toEqual({})
  await sound()
})

test('what has ended is neither transferred nor spent, whenever the job ran last', async () => {
  const { inviter } = await earned('late')
  clock.advance(DAY_SECONDS)
  expect((await ending.transfer(inviter, '3')).ok).toBe(true)
  clock.advance(30 * DAY_SECONDS)
  expect(await ending.transfer(inviter, 'all')).toEqual({ ok: false, reason: 'nothing_available' })
  await ending.record({ type: 'spend', accountId: inviter, amount: units('1'), asset: 'USD' })
  await ending.recharge('late-own', inviter, '5')
  expect((await ending.balances(inviter))['main_paid USD']).toBe(units('4'))
  await expire()
  await sound()
})

test('a reward that is held does not end, and gets the days back', async () => {
  const { inviter, rebateId } = await earned('held')
  const order = { naturalKey: Buffer.from('held'), actorId: 1n, at: clock.now(), hold: { reason: 'freeze', ownerId: 1n, dueAt: new Date('2028-01-01T00:00:00Z'), onSilence: 'escalate' as const } }
  await ending.read((transaction) => applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebateId] }, order))
  clock.advance(60 * DAY_SECONDS)
  await expire()
  expect(await ending.balances(inviter)).toEqual({ 'reward_held USD': units('10') })
  await ending.read((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds: [rebateId] }, { ...order, naturalKey: Buffer.from('released'), at: clock.now() }))
  clock.advance(30 * DAY_SECONDS)
  await expire()
  expect(await ending.balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  clock.advance(DAY_SECONDS)
  await expire()
  expect(await ending.balances(inviter)).toEqual({})
  await sound()
})

test('cash never expires: a track that pays out cannot say so', () => {
  const content = apiMarket.versions[0]?.content
  const partner = content?.tracks?.map((track) => ({ ...track, rewardValidDays: 365 }))
  expect(programRules.safeParse({ ...content, tracks: partner }).error?.issues.map(({ message }) => message)).toEqual(['what may be paid out as cash never expires'])
  expect(programRules.safeParse({ ...content, rewardValidDays: 365 }).success).toBe(true)
})
