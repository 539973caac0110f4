// The first programme from click to rebate to reward transfer: every published rule as a sentence, on the real database.

import { afterEach, describe, expect, test } from 'vitest'
import { openHoldsOf, rebateStates } from '../../src/ledger/index.ts'
import { apiyi, checkCode, inviteCodeOf, recordClick, rewardTransferLog } from '../../src/programs/index.ts'
import { HISTORY_LABELS } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, units } from './programme.ts'

const database = await useDatabase()
const { clock, owner } = database
const programme = await makeProgramme(database, apiyi)
const { account, balances, codeOf, programId, read, recharge, record, refund, signUp, transfer } = programme

let count = 0
const fresh = (): Promise<bigint> => account(`member-${++count}`)
/** An inviter with an invitee who signed up by code. */
async function pair(at?: Date): Promise<{ inviter: bigint; invitee: bigint }> {
  const [inviter, invitee] = [await fresh(), await fresh()]
  expect(await signUp(invitee, inviter, at)).toMatchObject({ ok: true, attributed: [{ notPayable: null }] })
  return { inviter, invitee }
}

afterEach(async () => {
  programme.setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})

describe('who takes part', () => {
  test('every account has an invite code without applying, and the same one again', async () => {
    const member = await fresh()
    const code = await codeOf(member)
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{10}$/)
    expect(await codeOf(member)).toBe(code)
  })

  test('two who ask at once for one account get the same code', async () => {
    const member = await fresh()
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(member)))
    expect(new Set(codes).size).toBe(1)
  })

  test('a code is valid in any case and with the spaces people type; an unknown one is unknown', async () => {
    const code = await codeOf(await fresh())
    expect(await read((transaction) => checkCode(transaction, programId, ` ${code.toLowerCase().slice(0, 5)}-${code.slice(5)} `, clock.now()))).toMatchObject({ status: 'valid' })
    expect(await read((transaction) => checkCode(transaction, programId, '2222222222', clock.now()))).toEqual({ status: 'unknown' })
  })

  test('an unlucky draw of a code that is taken is drawn again', async () => {
    const [first, second] = [await fresh(), await fresh()]
    const request = { programId, actorId: 1n, recordedAt: clock.now() }
    const taken = await read((transaction) => inviteCodeOf(transaction, { ...request, accountId: first }, () => 0))
    let draws = 0
    const other = await read((transaction) => inviteCodeOf(transaction, { ...request, accountId: second }, () => (draws++ < 10 ? 0 : 1)))
    expect([taken.code, other.code]).toEqual(['2222222222', '3333333333'])
  })
})

describe('binding', () => {
  const follow = async (inviter: bigint): Promise<string> => {
    const code = await codeOf(inviter)
    const click = await read((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))
    return click.ok ? click.clickId : ''
  }

  test('a followed link binds at sign-up', async () => {
    const [inviter, invitee] = [await fresh(), await fresh()]
    const clickId = await follow(inviter)
    expect(await record({ type: 'signup', accountId: invitee, invitation: { clickId } }))
      .toMatchObject({ ok: true, attributed: [{ inviterId: inviter, channel: 'link', notPayable: null }] })
  })

  test('when the link was lost, the invite code on the sign-up form binds', async () => {
    const { inviter, invitee } = await pair()
    const referral = await database.database.prisma.referral.findFirstOrThrow({ where: { inviteeId: invitee } })
    expect(referral).toMatchObject({ inviterId: inviter, source: 'code', state: 'active' })
  })

  test('the typed code wins over the followed link', async () => {
    const [typed, followed, invitee] = [await fresh(), await fresh(), await fresh()]
    const answer = await record({ type: 'signup', accountId: invitee, invitation: { clickId: await follow(followed), code: await codeOf(typed) } })
    expect(answer).toMatchObject({ attributed: [{ inviterId: typed, channel: 'code' }] })
  })

  test('once registration is complete without a code, the relation cannot be added', async () => {
    const [inviter, invitee] = [await fresh(), await fresh()]
    await record({ type: 'signup', accountId: invitee })
    expect(await record({ type: 'signup', accountId: invitee, invitation: { code: await codeOf(inviter) } }))
      .toMatchObject({ ok: true, attributed: [{ referralId: null, notPayable: 'after_signup' }] })
    expect(await recharge('late-bound', invitee, '100')).toMatchObject({ ok: true, rebates: [] })
  })

  test('an account that the platform made long before its sign-up is no new user', async () => {
    const [inviter, invitee] = [await fresh(), await fresh()]
    await database.database.prisma.account.update({ where: { id: invitee }, data: { occurredAt: new Date('2025-01-01T00:00:00Z') } })
    expect(await signUp(invitee, inviter)).toMatchObject({ attributed: [{ notPayable: 'after_signup' }] })
  })
})

describe('what earns', () => {
  test('every completed recharge of a friend earns 5 % as reward, again and again', async () => {
    const { inviter, invitee } = await pair()
    expect(await recharge('r1', invitee, '100')).toMatchObject({ ok: true, rebates: [{ inviterId: inviter, amount: units('5'), asset: 'USD' }] })
    await recharge('r2', invitee, '19.99')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5.9995') })
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('119.99') })
  })

  test('the rate is 10 % until the last second before 2026-05-15 00:00 in UTC+8, and 5 % from that second on', async () => {
    const { inviter, invitee } = await pair(new Date('2026-05-01T00:00:00Z'))
    const earned = async (eventId: string, at: string): Promise<bigint | undefined> => {
      const answer = await recharge(eventId, invitee, '100', new Date(at))
      return answer.ok ? answer.rebates[0]?.amount : undefined
    }
    expect(await earned('b1', '2026-05-14T23:59:59+08:00')).toBe(units('10'))
    expect(await earned('b2', '2026-05-15T00:00:00+08:00')).toBe(units('5'))
    expect(await earned('b3', '2026-05-14T15:59:59.999Z')).toBe(units('10'))
    expect(await earned('b4', '2026-05-14T16:00:00Z')).toBe(units('5'))
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('30') })
  })

  test('a relation from before the change settles at the rate in force, and what was earned before is not re-rated', async () => {
    const { inviter, invitee } = await pair(new Date('2026-04-01T00:00:00Z'))
    await recharge('old', invitee, '100', new Date('2026-05-01T00:00:00Z'))
    await recharge('new', invitee, '100', new Date('2026-05-20T00:00:00Z'))
    const rebates = await database.database.prisma.rebate.findMany({ where: { accountId: inviter }, orderBy: { id: 'asc' } })
    expect(rebates.map(({ base, ratePpm, amount }) => ({ base, ratePpm, amount }))).toEqual([
      { base: units('100'), ratePpm: 100_000, amount: units('10') },
      { base: units('100'), ratePpm: 50_000, amount: units('5') },
    ])
  })

  test('a refund reverses at the rate of its own rebate', async () => {
    const { inviter, invitee } = await pair(new Date('2026-04-01T00:00:00Z'))
    await recharge('ten', invitee, '100', new Date('2026-05-01T00:00:00Z'))
    await refund('ten-back', 'ten', invitee, '50')
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })

  test('spending earns nothing, so that the same money is not counted twice', async () => {
    const { inviter, invitee } = await pair()
    await recharge('spent-1', invitee, '100')
    expect(await record({ type: 'spend', accountId: invitee, amount: units('40'), asset: 'USD' })).toMatchObject({ ok: true, rebates: [] })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
    expect(await balances(invitee)).toEqual({ 'main_paid USD': units('60') })
  })

  test('the base is money received: bonus, tax and discount earn nothing, nor does what a code, staff or reward funded', async () => {
    const { inviter, invitee } = await pair()
    await record({ type: 'recharge', accountId: invitee, amount: units('110'), excluded: units('10'), asset: 'USD' })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
    for (const fundedBy of ['code', 'staff', 'credit', 'reward'] as const) {
      expect(await record({ type: 'recharge', accountId: invitee, amount: units('10'), asset: 'USD', fundedBy })).toMatchObject({ ok: true, rebates: [] })
    }
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
    expect(await balances(invitee)).toEqual({ 'main_bonus USD': units('30'), 'main_paid USD': units('100') })
  })

  test('the second level earns nothing', async () => {
    const { inviter, invitee } = await pair()
    const third = await fresh()
    await signUp(third, invitee)
    await recharge('third', third, '100')
    expect(await balances(inviter)).toEqual({})
    expect(await balances(invitee)).toEqual({ 'reward_available USD': units('5') })
  })

  test('no account can be given a rate of its own: a rate lives in the version alone', async () => {
    const columns = await owner.pool.query(
      `select table_name from information_schema.columns where column_name like '%rate%' and table_schema = 'public' and table_name not in ('rebate') and data_type in ('integer', 'numeric', 'bigint')`)
    expect(columns.rows).toEqual([])
  })

  test('recharges before the sign-up earn nothing, however they arrive', async () => {
    const { inviter, invitee } = await pair(new Date('2026-05-20T00:00:00Z'))
    await recharge('before', invitee, '100', new Date('2026-05-19T00:00:00Z'))
    expect(await balances(inviter)).toEqual({})
  })

  test('a recharge that is reported before the sign-up it followed earns when the sign-up arrives', async () => {
    const [inviter, invitee] = [await fresh(), await fresh()]
    await recharge('early', invitee, '100', new Date('2026-05-21T00:00:00Z'))
    await signUp(invitee, inviter, new Date('2026-05-20T00:00:00Z'))
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })
})

describe('self-invitation', () => {
  const standing = async (inviterId: bigint, inviteeId: bigint) =>
    database.database.prisma.referralFact.findFirst({ where: { inviterId, inviteeId }, select: { notPayable: true, referralId: true } })

  test('an own code pays nothing and is kept as a fact', async () => {
    const member = await fresh()
    expect(await signUp(member, member)).toMatchObject({ attributed: [{ notPayable: 'self_referral', referralId: null }] })
    expect(await standing(member, member)).toEqual({ notPayable: 'self_referral', referralId: null })
  })

  test('a circle of any length is refused as a paying relation and kept as a fact', async () => {
    const members = await Promise.all(Array.from({ length: 5 }, fresh))
    for (const [place, member] of members.entries()) {
      const inviter = members[(place + 1) % members.length] as bigint
      const answer = await signUp(member, inviter)
      const closes = place === members.length - 1
      expect(answer).toMatchObject({ attributed: [{ notPayable: closes ? 'cycle' : null }] })
      expect(await standing(inviter, member)).toMatchObject({ notPayable: closes ? 'cycle' : null })
    }
  })

  test('two sign-ups that would close a circle together make one paying relation', async () => {
    for (let round = 0; round < 8; round++) {
      const [left, right] = [await fresh(), await fresh()]
      await Promise.all([codeOf(left), codeOf(right)])
      const answers = await Promise.all([signUp(left, right), signUp(right, left)])
      const reasons = answers.flatMap((answer) => (answer.ok ? answer.attributed.map((each) => each.notPayable) : []))
      expect(reasons.sort()).toEqual(['cycle', null].sort())
    }
  })

  test('a second inviter is refused and kept as a fact', async () => {
    const { invitee } = await pair()
    const second = await fresh()
    await record({ type: 'signup', accountId: invitee, invitation: { code: await codeOf(second) } })
    expect(await standing(second, invitee)).toMatchObject({ notPayable: 'second_inviter' })
    expect(await database.database.prisma.referral.count({ where: { inviteeId: invitee } })).toBe(1)
  })

  test('a rebate that the check holds is credited to held, with a hold that has an owner, a due date and a policy on silence', async () => {
    const { inviter, invitee } = await pair()
    programme.setCheck(async () => answerOf('hold'))
    const answer = await recharge('held', invitee, '100')
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    const rebateId = answer.ok ? answer.rebates[0]?.rebateId ?? 0n : 0n
    const hold = await database.database.prisma.hold.findFirstOrThrow({ where: { rebateId } })
    expect(hold).toMatchObject({ reason: 'held_by_check', ownerId: 1n, onSilence: 'escalate', endedAt: null, isDegraded: false })
    expect(hold.dueAt.getTime() - hold.placedAt.getTime()).toBe(30 * 86_400_000)
    expect((await transfer(inviter, 'all')).ok).toBe(false)
  })

  test('a denied rebate is held too, because nothing is final without a named person', async () => {
    const { inviter, invitee } = await pair()
    programme.setCheck(async () => answerOf('deny'))
    const answer = await recharge('denied', invitee, '100')
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    expect(await read((transaction) => openHoldsOf(transaction, answer.ok ? answer.rebates.map((each) => each.rebateId) : []))).toMatchObject([{ reason: 'denied_by_check' }])
  })

  test('a check that fails holds, and says that it was degraded', async () => {
    const { inviter, invitee } = await pair()
    programme.setCheck(() => Promise.reject(new Error('index lost')))
    await recharge('failed-check', invitee, '100')
    expect(await balances(inviter)).toEqual({ 'reward_held USD': units('5') })
    expect(await database.database.prisma.hold.count({ where: { isDegraded: true, endedAt: null, rebate: { accountId: inviter } } })).toBe(1)
  })
})

describe('movement', () => {
  test('reward moves to the main balance only by the member’s own transfer, in part or in all', async () => {
    const { inviter, invitee } = await pair()
    await recharge('m1', invitee, '100')
    await recharge('m2', invitee, '100')
    expect(await transfer(inviter, '6')).toMatchObject({ ok: true, amount: units('6') })
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('6'), 'reward_available USD': units('4') })
    expect(await transfer(inviter, 'all')).toMatchObject({ ok: true, amount: units('4') })
    expect(await transfer(inviter, 'all')).toEqual({ ok: false, reason: 'nothing_available' })
    expect(await transfer(inviter, '0.000001')).toEqual({ ok: false, reason: 'insufficient' })
  })

  test('the log filtered by 奖励金划转 shows each rebate with its source and amount, the oldest consumed first', async () => {
    const { inviter, invitee } = await pair(new Date('2026-05-20T00:00:00Z'))
    await recharge('l2', invitee, '60', new Date('2026-05-30T00:00:00Z'))
    await recharge('l1', invitee, '100', new Date('2026-05-29T00:00:00Z'))
    await transfer(inviter, '6')
    const log = await read((transaction) => rewardTransferLog(transaction, inviter))
    expect(HISTORY_LABELS.reward_transfer).toEqual({ en: 'Reward Transfer', 'zh-CN': '奖励金划转' })
    expect(log.map((line) => ({ amount: line.amount, invitee: line.source.inviteeId, base: line.source.base, rate: line.source.ratePpm }))).toEqual([
      { amount: units('5'), invitee, base: units('100'), rate: 50_000 },
      { amount: units('1'), invitee, base: units('60'), rate: 50_000 },
    ])
  })

  test('a repeated transfer gives the first answer again; the same key for another amount is refused', async () => {
    const { inviter, invitee } = await pair()
    await recharge('k1', invitee, '100')
    const first = await transfer(inviter, '2', 'key-1')
    expect(await transfer(inviter, '2', 'key-1')).toEqual(first)
    expect(await transfer(inviter, '3', 'key-1')).toEqual({ ok: false, reason: 'key_reused' })
    expect(await balances(inviter)).toEqual({ 'main_reward USD': units('2'), 'reward_available USD': units('3') })
  })

  test('a transfer is checked again, because rings form after credit', async () => {
    const { inviter, invitee } = await pair()
    await recharge('c1', invitee, '100')
    programme.setCheck(async ({ subject }) => answerOf(subject === 'transfer' ? 'hold' : 'allow'))
    expect(await transfer(inviter, 'all')).toEqual({ ok: false, reason: 'under_review' })
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('5') })
  })

  test('transferred reward is spent before the money the member paid', async () => {
    const { inviter, invitee } = await pair()
    await recharge('s1', invitee, '100')
    await recharge('s2', inviter, '10')
    await transfer(inviter, 'all')
    await record({ type: 'spend', accountId: inviter, amount: units('7'), asset: 'USD' })
    expect(await balances(inviter)).toEqual({ 'main_paid USD': units('8') })
    const rebate = await database.database.prisma.rebate.findFirstOrThrow({ where: { accountId: inviter, kind: 'rebate' } })
    expect(await read((transaction) => rebateStates(transaction, [rebate.id]))).toMatchObject([{ spent: units('5'), transferred: 0n, outstanding: units('5') }])
  })
})
