// Host settlement: what is given to the host is in transit until it answers; answers are taken once, in any order; what must come back is asked back.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerInstruction, matureRebates, moveAutomatically, retryInstruction } from '../../src/programs/index.ts'
import { balancesByKind, expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { automaticRules, hostProgram, hostRules } from './host-programme.ts'
import { expectTransitToBalance } from './host-transit.ts'
import { answerOf, makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { database, owner, clock } = given
const manual = await makeProgramme(given, hostProgram('by-hand', hostRules))
const automatic = await makeProgramme(given, hostProgram('by-itself', automaticRules))

let count = 0
let last = ''
/** An inviter who earned the amount; the recharge's event id is kept in `last`. */
async function earner(programme: Programme, amount = '10'): Promise<bigint> {
  const [inviter, invitee] = [await programme.account(`inviter-${++count}`), await programme.account(`invitee-${count}`)]
  await programme.signUp(invitee, inviter)
  payer = invitee
  last = `r-${count}`
  expect(await programme.recharge(last, invitee, (Number(amount) * 10).toString())).toMatchObject({ ok: true })
  if (programme === automatic) await mature()
  return inviter
}
let payer = 0n

/** The minute that rebates of the automatic programme need. */
async function mature(): Promise<void> {
  clock.advance(60)
  await matureRebates(automatic.recorder)
}

const move = (programme: Programme, accountId: bigint) => database.inTransaction((transaction) =>
  moveAutomatically(transaction, { actorId: 1n, now: clock.now(), check: programme.recorder.check }, [{ programId: programme.programId, accountId }]))
const confirm = (instructionId: string, amount: string, more: { reference?: string; refusal?: string } = {}) =>
  answerInstruction(manual.recorder, { instructionId, confirmed: units(amount), ...more })
const instructionsOf = (accountId: bigint) => database.prisma.hostInstruction.findMany({ where: { accountId }, include: { hostInstructionLine: { orderBy: { place: 'asc' } } }, orderBy: { id: 'asc' } })
const newest = async (accountId: bigint): Promise<string> => (await instructionsOf(accountId)).at(-1)?.publicId ?? ''
const balances = (accountId: bigint) => balancesByKind(owner, accountId)
/** A refund, which takes the rebate back. */
const takeBack = (programme: Programme, eventId: string, amount?: string) => programme.refund(`refund-${++count}`, eventId, payer, amount)

beforeEach(() => {
  for (const programme of [manual, automatic]) programme.setCheck(async () => answerOf('allow'))
})
afterEach(async () => {
  await expectBooksToBalance(owner)
  await expectTransitToBalance(owner)
})

describe('a member’s transfer to the host', () => {
  test('is in transit with its instruction, and cleared when the host confirms it', async () => {
    const inviter = await earner(manual)
    const answer = await manual.transfer(inviter, 'all')
    expect(answer).toMatchObject({ ok: true, amount: units('10'), lines: [{ amount: units('10') }] })
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('10') })
    const [instruction] = await instructionsOf(inviter)
    expect(instruction).toMatchObject({ kind: 'credit', asset: 'USD', amount: units('10'), state: 'in_transit', publicId: answer.ok ? answer.instructionId : '' })
    expect(await confirm(instruction?.publicId ?? '', '10', { reference: 'h-1' })).toMatchObject({ ok: true, ended: { state: 'confirmed', isReplay: false } })
    expect(await balances(inviter)).toEqual({})
    expect((await instructionsOf(inviter))[0]).toMatchObject({ state: 'confirmed', confirmedAmount: units('10'), hostReference: 'h-1', hostInstructionLine: [{ confirmedAmount: units('10') }] })
  })

  test('asked for again with the same key gives the same instruction', async () => {
    const inviter = await earner(manual)
    const [first, again] = [await manual.transfer(inviter, '4', 'same'), await manual.transfer(inviter, '4', 'same')]
    expect(again).toEqual(first)
    expect(await instructionsOf(inviter)).toHaveLength(1)
  })

  test('is answered once: the same answer again changes nothing, another one is a conflict', async () => {
    const inviter = await earner(manual)
    await manual.transfer(inviter, 'all')
    const id = await newest(inviter)
    await confirm(id, '10', { reference: 'h-2' })
    expect(await confirm(id, '10', { reference: 'h-2' })).toMatchObject({ ok: true, ended: { isReplay: true } })
    expect(await confirm(id, '10')).toMatchObject({ ok: true, ended: { isReplay: true } })
    expect(await confirm(id, '9')).toEqual({ ok: false, reason: 'answered_otherwise' })
    expect(await confirm(id, '0')).toEqual({ ok: false, reason: 'answered_otherwise' })
    expect(await confirm(id, '10', { reference: 'h-3' })).toEqual({ ok: false, reason: 'answered_otherwise' })
    expect(await balances(inviter)).toEqual({})
  })

  test('answered twice at the same moment is answered once', async () => {
    const inviter = await earner(manual)
    await manual.transfer(inviter, 'all')
    const id = await newest(inviter)
    const answers = await Promise.all([confirm(id, '10'), confirm(id, '10'), confirm(id, '3'), confirm(id, '10')])
    expect(answers.filter((each) => each.ok && !each.ended.isReplay)).toHaveLength(1)
    expect(await owner.prisma.transfer.count({ where: { kind: { in: ['host_confirmed', 'host_refused'] }, entry: { some: { bookAccount: { accountId: inviter } } } } })).toBe(1)
  })

  test('cannot be confirmed with more than it asks for, and an unknown one cannot be confirmed at all', async () => {
    const inviter = await earner(manual)
    await manual.transfer(inviter, 'all')
    expect(await confirm(await newest(inviter), '10.000001')).toEqual({ ok: false, reason: 'exceeds_amount' })
    expect(await confirm('11111111-1111-4111-8111-111111111111', '1')).toEqual({ ok: false, reason: 'unknown_instruction' })
  })

  test('that the host refuses is available again, and what the member owes is repaid from it first', async () => {
    const inviter = await earner(manual)
    await manual.transfer(inviter, 'all')
    const credit = await newest(inviter)
    await manual.refund(`owed-${++count}`, last, payer, '40')
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('4'), 'payout_in_transit USD': units('10') })
    expect(await confirm(credit, '0', { refusal: 'account_closed' })).toMatchObject({ ok: true, ended: { state: 'refused' } })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('6') })
  })

  test('that the host does in part is both: cleared and available again, the oldest rebates first', async () => {
    const inviter = await earner(manual)
    clock.advance(1)
    await manual.recharge(`more-${++count}`, payer, '50')
    await manual.transfer(inviter, 'all')
    expect(await confirm(await newest(inviter), '12')).toMatchObject({ ok: true, ended: { state: 'partly', amount: units('15'), confirmed: units('12') } })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('3') })
    expect((await instructionsOf(inviter))[0]?.hostInstructionLine.map((line) => [line.amount, line.confirmedAmount])).toEqual([[units('10'), units('10')], [units('5'), units('2')]])
  })

  test('that comes back while the rebate is held stays held', async () => {
    const inviter = await earner(manual)
    await manual.transfer(inviter, 'all')
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter } })
    await database.prisma.hold.create({ data: {
      subjectKind: 'rebate', rebateId: rebate.id, ownerId: 1n, reason: 'freeze', placedAt: clock.now(), dueAt: new Date(clock.now().getTime() + 1000), onSilence: 'escalate',
    } })
    await confirm(await newest(inviter), '0')
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('10') })
  })
})

describe('automatic movement to the host', () => {
  test('gives what is available without the member’s step, and nothing when there is nothing', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('10') })
    await move(automatic, inviter)
    expect(await instructionsOf(inviter)).toHaveLength(1)
  })

  test('leaves what only the member may move', async () => {
    const inviter = await earner(manual)
    await move(manual, inviter)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })

  test('does not send again by itself what the host refused; a named retry does, once', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    const refused = await newest(inviter)
    await confirm(refused, '0', { refusal: 'unknown_account' })
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
    const retried = await retryInstruction(automatic.recorder, refused)
    expect(retried).toMatchObject({ ok: true, amount: units('10') })
    expect(await retryInstruction(automatic.recorder, refused)).toEqual({ ok: false, reason: 'nothing_available' })
    expect(await retryInstruction(automatic.recorder, await newest(inviter))).toEqual({ ok: false, reason: 'not_refused' })
    await confirm(await newest(inviter), '10')
    expect(await balances(inviter)).toEqual({})
  })

  test('stops for a member who may not transfer', async () => {
    const inviter = await earner(automatic)
    const { id: planId } = await database.prisma.plan.create({ data: {
      action: {}, effects: [], effectsHash: new Uint8Array(32), actorId: 1n, recordedAt: clock.now(), expiresAt: clock.now(),
    } })
    const { id: decisionId } = await database.prisma.decision.create({ data: { planId, effectsHash: new Uint8Array(32), actorId: 1n, reason: 'farm', recordedAt: clock.now() } })
    await database.prisma.accountRestriction.create({ data: { accountId: inviter, kind: 'no_transfer', startsAt: clock.now(), endsAt: new Date(clock.now().getTime() + 1000), decisionId } })
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
    clock.advance(2)
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('10') })
  })

  test('asks the check again for older rebates and holds them on a real answer; without one they wait', async () => {
    const inviter = await earner(automatic)
    clock.advance(60)
    automatic.setCheck(async () => answerOf('hold', true))
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
    automatic.setCheck(async () => answerOf('hold'))
    await move(automatic, inviter)
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('10') })
    expect(await database.prisma.hold.findFirst({ where: { rebate: { accountId: inviter } } })).toMatchObject({ reason: 'held_by_check', endedAt: null })
  })
})

describe('taking back what lies at the host', () => {
  test('makes a debt and asks the host; its confirmation repays the debt', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await takeBack(automatic, last, '30')
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('3') })
    expect((await instructionsOf(inviter)).map(({ kind, amount }) => [kind, amount])).toEqual([['credit', units('10')], ['reclaim', units('3')]])
    await confirm(await newest(inviter), '3')
    expect(await balances(inviter)).toEqual({})
    expect(await database.prisma.transfer.count({ where: { kind: 'recovery' } })).toBe(1)
  })

  test('what the host no longer has stays a debt', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await takeBack(automatic, last)
    await confirm(await newest(inviter), '4', { refusal: 'spent' })
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('6') })
  })

  test('is right in any order of answers: the reclaim confirmed before the credit', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    const credit = await newest(inviter)
    await takeBack(automatic, last)
    await confirm(await newest(inviter), '10')
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('10') })
    await confirm(credit, '10')
    expect(await balances(inviter)).toEqual({})
    expect((await instructionsOf(inviter)).map(({ kind }) => kind)).toEqual(['credit', 'reclaim'])
  })

  test('a credit refused meanwhile repays the debt, and what the host then takes all the same goes back to it', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    const credit = await newest(inviter)
    await takeBack(automatic, last)
    const reclaim = await newest(inviter)
    await confirm(credit, '0')
    expect(await balances(inviter)).toEqual({})
    await confirm(reclaim, '10')
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('10') })
    const rows = await instructionsOf(inviter)
    expect(rows.map(({ kind, state }) => [kind, state])).toEqual([['credit', 'refused'], ['reclaim', 'confirmed'], ['credit', 'in_transit']])
    expect(rows[2]?.followsId).toBe(rows[1]?.id)
  })

  test('a debt that later rebates repaid while the host was asked is given back by the host’s own taking', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await takeBack(automatic, last)
    const reclaim = await newest(inviter)
    await automatic.recharge(`later-${++count}`, payer, '60')
    await mature()
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('4') })
    await confirm(reclaim, '10')
    expect(await balances(inviter)).toEqual({ 'payout_in_transit USD': units('6') })
  })

  test('asks back no more than lies there, however often something is taken back', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '7')
    const event = last
    await takeBack(automatic, event, '50')
    await takeBack(automatic, event, '50')
    const asked = (await instructionsOf(inviter)).filter(({ kind }) => kind === 'reclaim').reduce((sum, { amount }) => sum + amount, 0n)
    expect(asked).toBe(units('7'))
  })

  test('asks back only what was given of that rebate: what repaid an older debt never lay there', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await takeBack(automatic, last, '40')
    await confirm(await newest(inviter), '0', { refusal: 'spent' })
    const second = `second-${++count}`
    await automatic.recharge(second, payer, '100')
    await mature()
    await move(automatic, inviter)
    await confirm(await newest(inviter), '6')
    await takeBack(automatic, second)
    expect((await instructionsOf(inviter)).map(({ kind, amount, state }) => `${kind} ${amount} ${state}`)).toEqual([
      `credit ${units('10')} confirmed`, `reclaim ${units('4')} refused`, `credit ${units('6')} confirmed`, `reclaim ${units('6')} in_transit`,
    ])
    expect(await balances(inviter)).toEqual({ 'debt USD': -units('10') })
  })
})

describe('what is held here', () => {
  const asked = async (accountId: bigint): Promise<string[]> => (await instructionsOf(accountId)).slice(1).map(({ kind, amount }) => `${kind} ${amount}`)

  test('by a dispute is frozen at the host, and released when the dispute is won', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await automatic.record({ type: 'dispute_opened', accountId: payer, originalEventId: last })
    expect(await asked(inviter)).toEqual([`freeze ${units('10')}`])
    await automatic.record({ type: 'dispute_opened', accountId: payer, originalEventId: last })
    expect(await asked(inviter)).toEqual([`freeze ${units('10')}`])
    await automatic.record({ type: 'dispute_won', accountId: payer, originalEventId: last })
    await automatic.record({ type: 'dispute_won', accountId: payer, originalEventId: last })
    expect(await asked(inviter)).toEqual([`freeze ${units('10')}`, `release ${units('10')}`])
  })

  test('by a dispute that is lost is taken back from what is frozen', async () => {
    const inviter = await earner(automatic)
    await move(automatic, inviter)
    await confirm(await newest(inviter), '10')
    await automatic.record({ type: 'dispute_opened', accountId: payer, originalEventId: last })
    await automatic.record({ type: 'chargeback', accountId: payer, originalEventId: last })
    expect(await asked(inviter)).toEqual([`freeze ${units('10')}`, `reclaim ${units('10')}`])
    await confirm(await newest(inviter), '10')
    expect(await balances(inviter)).toEqual({})
  })
})
