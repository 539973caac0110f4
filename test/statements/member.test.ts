// What a member sees: the six figures exactly, invitees and tree, history by type with source and amount, states, notices and debts; and
// that nobody else can be recognised. Method: small stories told by a host, and pages read to their end.

import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { applyEnforcement } from '../../src/ledger/index.ts'
import { digestOf } from '../../src/base/hashing.ts'
import { apiyi } from '../../src/programs/index.ts'
import {
  DEBT_SENTENCES, debtReason, type Figures, HISTORY_LABELS, HISTORY_TYPES, type HistoryLine, type HistoryType, holdSentence, maskName, medianHoldSeconds, memberBalances, memberDebts, rateText,
  readFigures, readHistory, readHistoryPlace, readInvitees, readPlace, readTreeSize,
} from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const programme = await makeProgramme(given, apiyi)
const { account, programId, recharge, record, refund, setCheck, signUp, transfer } = programme
const reader = database.prisma
let named = 0
const newAccount = (): Promise<bigint> => account(`m${++named}`)
const figures = (accountId: bigint): Promise<Figures> => readFigures(reader, { programId, accountId })

afterEach(async () => {
  setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})

async function friendOf(inviter: bigint): Promise<bigint> {
  const friend = await newAccount()
  await signUp(friend, inviter)
  clock.advance(1)
  return friend
}

async function wholeHistory(accountId: bigint, types: readonly HistoryType[], limit: number): Promise<HistoryLine[]> {
  const found: HistoryLine[] = []
  for (let next: string | null = ''; next !== null;) {
    const page = await readHistory(reader, { programId, accountId }, { types, limit, after: next === '' ? undefined : readHistoryPlace(next) })
    expect(page.lines.length).toBeLessThanOrEqual(limit)
    found.push(...page.lines)
    next = page.next
  }
  return found
}

describe('the six figures', () => {
  test('without anything are zero, and the rate is a dash', async () => {
    const found = await figures(await newAccount())
    expect(found).toEqual({ clicks: 0, referrals: 0, pendingReferrals: 0, conversions: 0, conversionRate: null, earnings: [], cancelledReferrals: 0 })
    expect([rateText(null), rateText(0), rateText(2 / 3), rateText(1)]).toEqual(['–', '0 %', '66.7 %', '100 %'])
  })

  test('clicks are those of people, also of retired codes and of clicks that are kept as counts alone', async () => {
    const inviter = await newAccount()
    await programme.codeOf(inviter)
    const code = await reader.inviteCode.findFirstOrThrow({ where: { accountId: inviter } })
    const click = { codeId: code.id, occurredAt: clock.now(), recordedAt: clock.now() }
    await reader.click.createMany({ data: [{ ...click, publicId: randomUUID() }, { ...click, publicId: randomUUID() }, { ...click, publicId: randomUUID(), isBot: true }] })
    await reader.clickDay.create({ data: { codeId: code.id, day: new Date('2026-05-01'), clicks: 40n, bots: 7n } })
    await reader.inviteCode.update({ where: { id: code.id }, data: { retiredAt: clock.now() } })
    expect((await figures(inviter)).clicks).toBe(42)
  })

  test('a referral is pending until its first qualifying payment, and again when all of its payments were given back', async () => {
    const inviter = await newAccount()
    const [first, second] = [await friendOf(inviter), await friendOf(inviter)]
    expect(await figures(inviter)).toMatchObject({ referrals: 2, pendingReferrals: 2, conversions: 0, conversionRate: 0 })
    await recharge('six-1', first, '100')
    await recharge('six-2', first, '10')
    expect(await figures(inviter)).toMatchObject({ pendingReferrals: 1, conversions: 1, conversionRate: 0.5, earnings: [{ asset: 'USD', amount: units('5.5') }] })
    await refund('six-3', 'six-1', first)
    expect(await figures(inviter)).toMatchObject({ conversions: 1, earnings: [{ asset: 'USD', amount: units('0.5') }] })
    await refund('six-4', 'six-2', first, '9.999999')
    expect(await figures(inviter)).toMatchObject({ conversions: 1 })
    await refund('six-5', 'six-2', first, '0.000001')
    expect(await figures(inviter)).toMatchObject({ pendingReferrals: 2, conversions: 0, earnings: [{ asset: 'USD', amount: 0n }] })
    await recharge('six-6', second, '1')
    await record({ type: 'chargeback', accountId: second, originalEventId: 'six-6' })
    expect(await figures(inviter)).toMatchObject({ conversions: 0 })
  })

  test('a client’s payment that earned nothing, e.g. beyond a cap, converts all the same; what did not qualify does not', async () => {
    const inviter = await newAccount()
    const [capped, own] = [await friendOf(inviter), await friendOf(inviter)]
    for (const friend of [capped, own]) await record({ type: 'recharge', eventId: `none-${friend}`, accountId: friend, amount: units('50'), asset: 'USD', fundedBy: 'code' })
    expect(await figures(inviter)).toMatchObject({ referrals: 2, conversions: 0, earnings: [] })
    const { id: referralId } = await reader.referral.findFirstOrThrow({ where: { inviteeId: capped } })
    const { id: eventId } = await reader.event.findFirstOrThrow({ where: { accountId: capped, type: 'recharge' } })
    await reader.clientPayment.create({ data: { referralId, eventId, recordedAt: clock.now() } })
    expect(await figures(inviter)).toMatchObject({ referrals: 2, conversions: 1, earnings: [] })
    await refund(randomUUID(), `none-${capped}`, capped)
    expect(await figures(inviter)).toMatchObject({ conversions: 0 })
  })

  test('earnings are accrued − reversed − reclaimed, whatever was transferred or spent', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    await recharge('earn-1', friend, '100')
    await recharge('earn-2', friend, '60')
    await transfer(inviter, 'all')
    await record({ type: 'spend', accountId: inviter, amount: units('4'), asset: 'USD' })
    await refund('earn-3', 'earn-1', friend, '40')
    const rebate = await reader.rebate.findFirstOrThrow({ where: { accountId: inviter }, orderBy: { id: 'desc' } })
    await database.inTransaction((transaction) => applyEnforcement(transaction, { kind: 'reclaim', rebateIds: [rebate.id] }, { naturalKey: digestOf('earn'), actorId: 1n, at: clock.now(), programId }))
    expect((await figures(inviter)).earnings).toEqual([{ asset: 'USD', amount: units('3') }])
  })

  test('cancelled referrals leave the figures and are counted apart, and shown as such', async () => {
    const inviter = await newAccount()
    const [kept, gone] = [await friendOf(inviter), await friendOf(inviter)]
    for (const friend of [kept, gone]) await recharge(randomUUID(), friend, '20')
    await reader.referral.updateMany({ where: { inviteeId: gone }, data: { state: 'cancelled', effectiveAt: clock.now() } })
    expect(await figures(inviter)).toMatchObject({ referrals: 1, conversions: 1, conversionRate: 1, cancelledReferrals: 1, earnings: [{ amount: units('2') }] })
    const page = await readInvitees(reader, { programId, accountId: inviter }, { limit: 10 })
    expect(page.invitees.map(({ state, earned }) => [state, earned])).toEqual([['cancelled', [{ asset: 'USD', amount: units('1') }]], ['active', [{ asset: 'USD', amount: units('1') }]]])
    expect((await readInvitees(reader, { programId, accountId: inviter }, { limit: 10, states: ['active'] })).invitees).toHaveLength(1)
  })
})

describe('invitees', () => {
  test('come page by page, each once, newest first, also when several joined at one moment', async () => {
    const inviter = await newAccount()
    for (let place = 0; place < 7; place++) await signUp(await newAccount(), inviter)
    clock.advance(1)
    for (let place = 0; place < 4; place++) await friendOf(inviter)
    const times: number[] = []
    let pages = 0
    for (let next: string | null = ''; next !== null; pages++) {
      const page = await readInvitees(reader, { programId, accountId: inviter }, { limit: 3, after: next === '' ? undefined : readPlace(next) })
      times.push(...page.invitees.map(({ joinedAt }) => joinedAt.getTime()))
      next = page.next
    }
    expect([times.length, pages]).toEqual([11, 4])
    expect(times).toEqual(times.toSorted((left, right) => right - left))
  })

  test('show when they joined and first paid, what they earned, and how many they brought: one level earns', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    const below = await friendOf(friend)
    await friendOf(friend)
    const paidAt = clock.now()
    await recharge('tree-1', friend, '30')
    await recharge('tree-2', below, '30')
    const [shown] = (await readInvitees(reader, { programId, accountId: inviter }, { limit: 10 })).invitees
    expect(shown).toMatchObject({ state: 'active', source: 'code', convertedAt: paidAt, earned: [{ asset: 'USD', amount: units('1.5') }], invited: 2 })
    expect(await readTreeSize(reader, { programId, accountId: inviter })).toEqual({ invitees: 1, invitedByThem: 2 })
    expect((await figures(inviter)).earnings).toEqual([{ asset: 'USD', amount: units('1.5') }])
  })

  test('who was erased has no name, and a name keeps its first character alone', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    await reader.accountIdentity.delete({ where: { accountId: friend } })
    expect((await readInvitees(reader, { programId, accountId: inviter }, { limit: 1 })).invitees[0]?.name).toBeNull()
    expect([maskName('ada@example.com'), maskName('王小明'), maskName('😀x'), maskName('')]).toEqual(['a***', '王***', '😀***', '***'])
  })
})

describe('the history', () => {
  test('is filtered by type; a reward transfer has its own, under both names', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    for (let place = 0; place < 5; place++) {
      await recharge(randomUUID(), friend, '20')
      clock.advance(60)
      await transfer(inviter, place % 2 === 0 ? 'all' : '0.4')
      clock.advance(60)
    }
    const all = await wholeHistory(inviter, HISTORY_TYPES, 100)
    expect(all.filter(({ type }) => type === 'rebate')).toHaveLength(5)
    const moved = all.filter(({ type }) => type === 'reward_transfer')
    expect(moved.reduce((sum, { amount }) => sum + amount, 0n)).toBe(units('5'))
    expect(moved.every(({ source, base, ratePpm, rebateId }) => source === 'm***' && base === units('20') && ratePpm === 50_000 && rebateId !== null)).toBe(true)
    expect(await wholeHistory(inviter, ['reward_transfer'], 100)).toEqual(moved)
    expect(HISTORY_LABELS.reward_transfer).toEqual({ en: 'Reward Transfer', 'zh-CN': '奖励金划转' })
    expect(all.map(({ at }) => at.getTime())).toEqual(all.map(({ at }) => at.getTime()).toSorted((left, right) => right - left))
  })

  test('reads the same in pages of any size, nothing twice and nothing left out', async () => {
    const inviter = await newAccount()
    const friends = [await friendOf(inviter), await friendOf(inviter)]
    for (let place = 0; place < 24; place++) {
      await recharge(randomUUID(), friends[place % 2] ?? 0n, '10')
      // Several at one moment, and spending between the transfers.
      if (place % 3 === 0) clock.advance(60)
      if (place % 4 === 0) await transfer(inviter, 'all')
      if (place % 4 === 2) await record({ type: 'spend', accountId: inviter, amount: units('0.3'), asset: 'USD' })
    }
    const whole = (await wholeHistory(inviter, HISTORY_TYPES, 100)).map(({ id }) => id)
    expect(new Set(whole).size).toBe(whole.length)
    for (const limit of [1, 2, 5, 7]) expect((await wholeHistory(inviter, HISTORY_TYPES, limit)).map(({ id }) => id).toSorted()).toEqual(whole.toSorted())
  })

  test('a rebate shows where its amount lies now, and its states add up', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    await recharge('state-1', friend, '100')
    await transfer(inviter, '3')
    await record({ type: 'spend', accountId: inviter, amount: units('1'), asset: 'USD' })
    await refund('state-2', 'state-1', friend, '10')
    const [line] = await wholeHistory(inviter, ['rebate'], 10)
    expect(line?.state).toMatchObject({ amount: units('5'), available: units('1.5'), transferred: units('2'), spent: units('1'), reversed: units('0.5'), debt: 0n })
    expect(line).toMatchObject({ source: 'm***', sourceEvent: 'recharge', base: units('100'), ratePpm: 50_000 })
  })

  test('a place that no page gave is not believed', () => {
    for (const text of ['', 'x', 'AAAA', Buffer.from('["1-1","1-","1-1"]').toString('base64url'), Buffer.from('["1-1","a-1","1-1"]').toString('base64url'), Buffer.from('[]').toString('base64url')]) expect(readHistoryPlace(text), text).toBeUndefined()
    for (const text of ['', '1', '1-', 'a-1', '1-1-1', '-1-1', `${'9'.repeat(30)}-1`]) expect(readPlace(text), text).toBeUndefined()
  })
})

describe('a hold', () => {
  test('is told in both languages, without how it was found, and without a day where none was measured', async () => {
    setCheck(async () => answerOf('hold'))
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    await recharge('held-1', friend, '100')
    const [line] = await wholeHistory(inviter, ['rebate'], 10)
    expect(line?.holds).toHaveLength(1)
    expect(line?.state?.held).toBe(units('5'))
    expect(await medianHoldSeconds(reader, programId, clock.now())).toBeNull()
    expect(holdSentence({ amount: '5 USD', earnedOn: '2026-06-01', mostEndBy: null, link: 'https://example.com/r' })).toEqual({
      en: 'A reward of 5 USD from 2026-06-01 is under review. We check rewards for program eligibility. Your account and the balance you paid for are not affected. You may add information or ask for a person to review it: https://example.com/r.',
      'zh-CN': '您于2026-06-01获得的5 USD奖励正在审核中。我们会核查奖励是否符合活动规则。您的账户和已充值余额不受影响。您可以补充说明或申请人工复核:https://example.com/r。',
    })
    expect(holdSentence({ amount: '5 USD', earnedOn: '2026-06-01', mostEndBy: '2026-06-04', link: null }).en).toContain('; most checks end by 2026-06-04. Your account')
  })

  test('ends by the measured median once twenty have ended', async () => {
    setCheck(async () => answerOf('hold'))
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    for (let place = 0; place < 21; place++) await recharge(`median-${place}`, friend, '1')
    const rebates = await reader.rebate.findMany({ where: { accountId: inviter }, orderBy: { id: 'asc' } })
    for (const { id } of rebates) {
      clock.advance(3600)
      await database.inTransaction((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds: [id] }, { naturalKey: digestOf('median', id.toString()), actorId: 1n, at: clock.now(), programId }))
    }
    expect(await medianHoldSeconds(reader, programId, clock.now())).toBeCloseTo(11 * 3600)
  })
})

describe('what a member owes', () => {
  test('is shown with what made it', async () => {
    const inviter = await newAccount()
    const friend = await friendOf(inviter)
    await recharge('owe-1', friend, '100')
    await transfer(inviter, 'all')
    await record({ type: 'spend', accountId: inviter, amount: units('5'), asset: 'USD' })
    await refund('owe-2', 'owe-1', friend, '60')
    const [debt] = await memberDebts(reader, { programId, accountId: inviter })
    expect(debt).toMatchObject({ asset: 'USD', amount: units('3'), causes: [{ kind: 'reversal', amount: units('3') }] })
    expect(debtReason({ kind: 'reversal' })).toBe('refunded')
    expect(debtReason({ kind: 'reclaim' })).toBe('reclaimed')
    for (const { en, 'zh-CN': zh } of Object.values(DEBT_SENTENCES)) expect([en.length > 20, zh.length > 8]).toEqual([true, true])
  })

  test('and what they have is this programme’s, but for the main balance, which is the account’s own', async () => {
    const other = await makeProgramme(given, { ...apiyi, key: 'elsewhere', name: 'Elsewhere' })
    const inviter = await newAccount()
    const [friend, stranger] = [await friendOf(inviter), await newAccount()]
    await other.record({ type: 'signup', accountId: stranger, invitation: { code: await other.codeOf(inviter), programId: other.programId } })
    await recharge(randomUUID(), friend, '100')
    await other.recharge(randomUUID(), stranger, '60')
    await recharge(randomUUID(), inviter, '7')
    const own = await memberBalances(reader, { programId, accountId: inviter })
    expect(own).toEqual([{ kind: 'main_paid', asset: 'USD', amount: units('7') }, { kind: 'reward_available', asset: 'USD', amount: units('5') }])
    expect(await memberBalances(reader, { programId: other.programId, accountId: inviter })).toContainEqual({ kind: 'reward_available', asset: 'USD', amount: units('3') })
    expect((await readHistory(reader, { programId: other.programId, accountId: inviter }, { types: HISTORY_TYPES, limit: 10 })).lines).toHaveLength(1)
  })
})

test('no page of a member shows another account’s id or name', async () => {
  const inviter = await newAccount()
  const friends = [await friendOf(inviter), await friendOf(inviter)]
  for (const friend of friends) await recharge(randomUUID(), friend, '20')
  await transfer(inviter, 'all')
  const member = { programId, accountId: inviter }
  const history = await readHistory(reader, member, { types: HISTORY_TYPES, limit: 3 })
  const invitees = await readInvitees(reader, member, { limit: 1 })
  const fields = new Set(history.lines.flatMap((line) => Object.keys(line)))
  expect([...fields].filter((name) => /invitee|account|inviter|referral/i.test(name))).toEqual([])
  expect(Object.keys(invitees.invitees[0] ?? {}).filter((name) => /id$|account/i.test(name))).toEqual([])
  const shown = JSON.stringify([history.lines.map(({ state: _state, ...line }) => line), invitees.invitees], (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  for (const { externalId } of await reader.accountIdentity.findMany({ where: { accountId: { in: friends } } })) expect(shown).not.toContain(externalId)
})
