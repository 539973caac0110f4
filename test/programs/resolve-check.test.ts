// A check that could only hold, because something was missing, gets its real answer later: what it means for the credit it held.

import { afterEach, expect, test } from 'vitest'
import { answerOf, makeProgramme, units } from './programme.ts'
import { apiyi, resolveHeldCredits } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'

const database = await useDatabase()
const { clock, owner } = database
const programme = await makeProgramme(database, apiyi)
const { account, balances, read, recharge, signUp } = programme

afterEach(async () => {
  await expectBooksToBalance(owner)
})

let count = 0
async function heldCredit(): Promise<{ inviter: bigint; previousId: string }> {
  const [inviter, invitee] = [await account(`r-${++count}`), await account(`r-${++count}`)]
  await signUp(invitee, inviter)
  programme.setCheck(async () => answerOf('hold', true))
  await recharge(`held-${count}`, invitee, '100')
  const hold = await database.database.prisma.hold.findFirstOrThrow({ where: { endedAt: null, rebate: { accountId: inviter } } })
  expect(hold).toMatchObject({ isDegraded: true, reason: 'held_by_check' })
  return { inviter, previousId: hold.checkId ?? '' }
}
const resolve = (previousId: string, decision: 'allow' | 'hold' | 'deny') => read(async (transaction) => {
  const outcome = answerOf(decision)
  return outcome.ok ? resolveHeldCredits(transaction, { now: clock.now(), actorId: 1n }, { previousId, answer: outcome.answer }) : 0
})

test('an allow releases the credit, once however often it is told', async () => {
  const { inviter, previousId } = await heldCredit()
  expect(await resolve(previousId, 'allow')).toBe(1)
  expect(await resolve(previousId, 'allow')).toBe(0)
  expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
})

test('a real hold or denial keeps it held under the new answer, which is no longer degraded', async () => {
  for (const [decision, reason] of [['hold', 'held_by_check'], ['deny', 'denied_by_check']] as const) {
    const { inviter, previousId } = await heldCredit()
    await resolve(previousId, decision)
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    const holds = await database.database.prisma.hold.findMany({ where: { rebate: { accountId: inviter } }, orderBy: { id: 'asc' } })
    expect(holds).toMatchObject([{ endedAs: 'superseded' }, { endedAs: null, reason, isDegraded: false }])
  }
})

test('the answer of another check concerns nothing here', async () => {
  const { inviter } = await heldCredit()
  expect(await resolve('check-unknown', 'allow')).toBe(0)
  expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
})
