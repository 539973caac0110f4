// The friend's sign-up credit on the real database with the injected clock: granted once, held without losing days, within a daily
// budget, expiring to the second, reminded of, restored by refunds, and known to freeze, release and reclaim.

import { afterEach, describe, expect, test } from 'vitest'
import { applyEnforcement, balanceOf, lockMembers, openHoldsOf, positionsOf, postTransfer, spendEntries } from '../../src/ledger/index.ts'
import { type NewProgram, programVersionAt, type ProgramRulesInput } from '../../src/policies/index.ts'
import { expireCredits } from '../../src/programs/credit/expiry.ts'
import { grantSignupCredit } from '../../src/programs/credit/signup-credit.ts'
import { creditEndsAt, restoreCredit } from '../../src/programs/credit/signup-credit-restore.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const START = new Date('2026-06-01T12:00:00Z')
const DAY = 86_400
let count = 0

/** A programme whose credit is granted by the test itself, on the occasion `verified`. */
function programOf(key: string, credit: Partial<NonNullable<ProgramRulesInput['signupCredit']>> = {}, more: Partial<ProgramRulesInput> = {}): NewProgram {
  return {
    key, name: key, versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: {
      base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 },
      signupCredit: { amount: '2.5', asset: 'USD', validDays: 30, grantOn: 'verified', ...credit },
      enforcement: { actions: ['hold', 'freeze', 'reclaim'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
      linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' }, ...more,
    } }],
  }
}
const market = await makeProgramme(given, programOf('market'))

afterEach(async () => {
  await expectBooksToBalance(owner)
  clock.set(START)
  market.setCheck(async () => answerOf('allow'))
})

/** A new friend of a new member, whose credit has not been granted. */
async function invite(programme: Programme = market) {
  const [inviterId, inviteeId] = [await programme.account(`c-${++count}`), await programme.account(`c-${++count}`)]
  const answer = await programme.signUp(inviteeId, inviterId)
  if (!answer.ok) throw new Error(answer.reason)
  const referral = await database.prisma.referral.findFirstOrThrow({ where: { programId: programme.programId, inviteeId } })
  return { inviterId, inviteeId, referral, causeId: answer.eventId }
}
type Invited = Awaited<ReturnType<typeof invite>>

async function grant({ inviterId, inviteeId, referral, causeId }: Invited, programme: Programme = market, on: 'signup' | 'verified' = 'verified') {
  return programme.read(async (transaction) => {
    await lockMembers(transaction, [inviterId, inviteeId])
    const version = await programVersionAt(transaction, programme.programId, clock.now())
    if (version === null) throw new Error('no version')
    return grantSignupCredit(transaction, { actorId: 1n, now: clock.now(), check: programme.recorder.check }, { referral, version, on, cause: { id: causeId, occurredAt: clock.now() } })
  })
}
async function granted(programme: Programme = market): Promise<Invited & { rebateId: bigint }> {
  const invited = await invite(programme)
  const credit = await grant(invited, programme)
  if (credit === null) throw new Error('no credit')
  return { ...invited, rebateId: credit.rebateId }
}
const endsAt = (rebateId: bigint) => market.read((transaction) => creditEndsAt(transaction, rebateId, clock.now()))
const inSeconds = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
const expire = () => expireCredits({ database, clock })
async function release(rebateId: bigint): Promise<void> {
  await market.read((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds: [rebateId] }, { naturalKey: Buffer.from(`release ${++count}`), actorId: 1n, at: clock.now() }))
}
async function freeze(rebateId: bigint, reason = 'freeze'): Promise<void> {
  await market.read((transaction) => applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebateId] }, {
    naturalKey: Buffer.from(`freeze ${++count}`), actorId: 1n, at: clock.now(), hold: { reason, ownerId: 1n, dueAt: inSeconds(30 * DAY), onSilence: 'escalate' },
  }))
}
/** Spends from the main balance as a purchase does. */
async function spend(accountId: bigint, amount: string): Promise<void> {
  await market.read(async (transaction) => {
    await lockMembers(transaction, [accountId])
    const paid = await balanceOf(transaction, accountId, 'main_paid', 'USD')
    const positions = await positionsOf(transaction, accountId, { kinds: ['main_bonus', 'main_reward'], asset: 'USD' })
    const { entries, uncovered } = spendEntries({ accountId, asset: 'USD', paid, positions }, units(amount), clock.now())
    if (uncovered > 0n) throw new Error('not covered')
    const now = clock.now()
    await postTransfer(transaction, { naturalKey: Buffer.from(`spend ${++count}`), kind: 'spend', occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n, entries })
  })
}
/** Gives a purchase back that the credit paid: the posting, and what follows from it. */
async function restore({ inviteeId: accountId, rebateId, causeId }: Invited & { rebateId: bigint }, amount: string, spentAt: Date): Promise<void> {
  await market.read(async (transaction) => {
    await lockMembers(transaction, [accountId])
    const now = clock.now()
    const into = (await openHoldsOf(transaction, [rebateId])).length > 0 ? 'main_held' : 'main_bonus'
    await postTransfer(transaction, {
      naturalKey: Buffer.from(`restore ${++count}`), kind: 'refund', occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n,
      entries: [{ accountId: null, kind: 'host_clearing', asset: 'USD', rebateId, amount: -units(amount) }, { accountId, kind: into, asset: 'USD', rebateId, amount: units(amount) }],
    })
    await restoreCredit(transaction, { now, actorId: 1n }, { rebateId, amount: units(amount), spentAt, refund: { id: causeId, naturalKey: Buffer.from(`refund ${count}`) } })
  })
}

describe('granting', () => {
  test('gives the friend the amount of the rules, to be spent at once, with an end so many days after the posting', async () => {
    const { inviteeId, inviterId, rebateId } = await granted()
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('2.5') })
    expect(await market.balances(inviterId)).toEqual({})
    const rebate = await database.prisma.rebate.findUniqueOrThrow({ where: { id: rebateId } })
    expect(rebate).toMatchObject({ kind: 'signup_credit', base: 0n, ratePpm: 0, amount: units('2.5'), accountId: inviteeId, expiresAt: inSeconds(30 * DAY) })
  })

  test('happens once for ever per invitee and programme', async () => {
    const invited = await invite()
    expect(await grant(invited)).not.toBeNull()
    clock.advance(40 * DAY)
    expect(await grant(invited)).toBeNull()
    expect(await database.prisma.rebate.count({ where: { accountId: invited.inviteeId, kind: 'signup_credit' } })).toBe(1)
  })

  test('happens once also when two try at once', async () => {
    const invited = await invite()
    const both = await Promise.all([grant(invited), grant(invited)])
    expect(both.filter((credit) => credit !== null)).toHaveLength(1)
  })

  test('happens on the occasion that the rules name, and on no other', async () => {
    expect(await grant(await invite(), market, 'signup')).toBeNull()
  })

  test('is not for staff, tests and sales-owned accounts, nor for the friends of such', async () => {
    for (const side of ['inviterId', 'inviteeId'] as const) {
      const invited = await invite()
      await database.prisma.excludedAccount.create({ data: { programId: null, accountId: invited[side], reason: 'test', startsAt: new Date('2026-01-01T00:00:00Z'), recordedAt: clock.now(), actorId: 1n } })
      expect(await grant(invited)).toBeNull()
    }
  })

  test('asks the check with the subject signup_credit, and holds what it does not allow', async () => {
    const asked: unknown[] = []
    market.setCheck(async (request) => {
      asked.push([request.subject, request.amount])
      return answerOf('hold')
    })
    const { inviteeId, rebateId } = await granted()
    expect(asked).toEqual([['signup_credit', '2.5']])
    expect(await market.balances(inviteeId)).toEqual({ 'main_held USD': units('2.5') })
    expect(await database.prisma.hold.findMany({ where: { rebateId } })).toMatchObject([{ reason: 'held_by_check', ownerId: 1n, onSilence: 'escalate', dueAt: inSeconds(30 * DAY), endedAt: null }])
  })

  test('is held when the check fails, never silently allowed', async () => {
    market.setCheck(async () => {
      throw new Error('down')
    })
    const { rebateId } = await granted()
    expect(await database.prisma.hold.findFirstOrThrow({ where: { rebateId } })).toMatchObject({ reason: 'held_by_check', isDegraded: true })
  })

  test('is held where the inviter is held', async () => {
    const invited = await invite()
    await database.prisma.hold.create({ data: { subjectKind: 'account', accountId: invited.inviterId, ownerId: 1n, reason: 'host_review', placedAt: clock.now(), dueAt: inSeconds(DAY), onSilence: 'escalate' } })
    expect(await grant(invited)).toMatchObject({ holdReason: 'relation_held' })
  })
})

describe('what is held', () => {
  test('cannot be spent', async () => {
    market.setCheck(async () => answerOf('hold'))
    const { inviteeId } = await granted()
    await expect(spend(inviteeId, '1')).rejects.toThrow('not covered')
  })

  test('does not expire, however long it is held', async () => {
    market.setCheck(async () => answerOf('hold'))
    const { inviteeId } = await granted()
    clock.advance(400 * DAY)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({ 'main_held USD': units('2.5') })
  })

  test('by an erroneous hold from the start has all its days when it is released', async () => {
    market.setCheck(async () => answerOf('hold'))
    const { inviteeId, rebateId } = await granted()
    clock.advance(45 * DAY)
    await release(rebateId)
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('2.5') })
    expect(await endsAt(rebateId)).toEqual(inSeconds(30 * DAY))
  })

  test('by a freeze keeps the days that were left: its clock stops and goes on', async () => {
    const { rebateId, inviteeId } = await granted()
    clock.advance(10 * DAY)
    await freeze(rebateId)
    clock.advance(100 * DAY)
    await release(rebateId)
    expect(await endsAt(rebateId)).toEqual(inSeconds(20 * DAY))
    clock.advance(20 * DAY - 1)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('2.5') })
    clock.advance(1)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({})
  })

  test('for several reasons at once is given the time once, from the first hold to the last release', async () => {
    const { rebateId } = await granted()
    await freeze(rebateId, 'freeze')
    clock.advance(5 * DAY)
    await freeze(rebateId, 'dispute')
    clock.advance(5 * DAY)
    await market.read((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds: [rebateId], reasons: ['freeze'] }, { naturalKey: Buffer.from(`part ${++count}`), actorId: 1n, at: clock.now() }))
    clock.advance(5 * DAY)
    await release(rebateId)
    expect(await endsAt(rebateId)).toEqual(inSeconds(30 * DAY))
  })

  test('after it had ended already gains nothing by the hold', async () => {
    const { rebateId, inviteeId } = await granted()
    clock.advance(31 * DAY)
    await freeze(rebateId)
    clock.advance(10 * DAY)
    await release(rebateId)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({})
  })

  test('can be reclaimed, and is then gone without a debt', async () => {
    const { rebateId, inviteeId } = await granted()
    await freeze(rebateId)
    await market.read((transaction) => applyEnforcement(transaction, { kind: 'reclaim', rebateIds: [rebateId] }, { naturalKey: Buffer.from(`reclaim ${++count}`), actorId: 1n, at: clock.now() }))
    expect(await market.balances(inviteeId)).toEqual({})
    expect(await database.prisma.hold.count({ where: { rebateId, endedAt: null } })).toBe(0)
  })
})

describe('the daily budget', () => {
  test('degrades to a hold with its reason, inclusive, and begins anew with the day of the programme’s zone', async () => {
    const shanghai = await makeProgramme(given, programOf('budget', { dailyBudget: '5' }, { zone: 'Asia/Shanghai' }))
    clock.set(new Date('2026-06-01T15:00:00Z'))
    const reasons: (string | null | undefined)[] = []
    for (let index = 0; index < 3; index++) reasons.push((await grant(await invite(shanghai), shanghai))?.holdReason)
    clock.set(new Date('2026-06-01T15:59:59Z'))
    reasons.push((await grant(await invite(shanghai), shanghai))?.holdReason)
    // Midnight in Shanghai.
    clock.set(new Date('2026-06-01T16:00:00Z'))
    reasons.push((await grant(await invite(shanghai), shanghai))?.holdReason)
    expect(reasons).toEqual([null, null, 'daily_budget', 'daily_budget', null])
  })

  test('is not used up by what was held', async () => {
    const held = await makeProgramme(given, programOf('budget-held', { dailyBudget: '2.5' }))
    held.setCheck(async () => answerOf('hold'))
    await granted(held)
    held.setCheck(async () => answerOf('allow'))
    expect(await grant(await invite(held), held)).toMatchObject({ holdReason: null })
  })

  test('is not exceeded by sign-ups at the same time', async () => {
    const rushed = await makeProgramme(given, programOf('budget-rush', { dailyBudget: '5' }))
    const friends: Invited[] = []
    for (let index = 0; index < 6; index++) friends.push(await invite(rushed))
    // All of them are asked about before any of them goes on.
    const arrived: (() => void)[] = []
    rushed.setCheck(async () => {
      await new Promise<void>((goOn) => {
        arrived.push(goOn)
        if (arrived.length === friends.length) for (const each of arrived) each()
      })
      return answerOf('allow')
    })
    const credits = await Promise.all(friends.map((friend) => grant(friend, rushed)))
    expect(credits.filter((credit) => credit?.holdReason === null)).toHaveLength(2)
  })
})

describe('expiry', () => {
  test('takes what is left, to the second, into breakage, and nothing of what was spent', async () => {
    const { inviteeId, rebateId } = await granted()
    await spend(inviteeId, '1')
    clock.advance(30 * DAY - 1)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('1.5') })
    clock.advance(1)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({})
    const { rows } = await owner.pool.query<{ amount: string }>(`select e.amount from entry e join book_account b on b.id = e.book_account_id join transfer t on t.id = e.transfer_id
      where e.rebate_id = $1 and b.kind = 'breakage' and t.kind = 'expiry'`, [rebateId])
    expect(rows.map((row) => BigInt(row.amount))).toEqual([units('1.5')])
  })

  test('takes of a member only the credit that ended, not one that a hold moved', async () => {
    const { inviteeId } = await granted()
    const other = await makeProgramme(given, programOf('moved', { amount: '1' }))
    const inviterId = await other.account(`c-${++count}`)
    const referral = await database.prisma.referral.create({ data: { programId: other.programId, inviterId, inviteeId, state: 'active', source: 'import', occurredAt: START, recordedAt: START, effectiveAt: START, actorId: 1n } })
    const cause = await database.prisma.event.findFirstOrThrow({ where: { accountId: inviteeId, type: 'signup' } })
    const moved = await grant({ inviterId, inviteeId, referral, causeId: cause.id }, other)
    await freeze(moved?.rebateId ?? 0n)
    clock.advance(DAY)
    await release(moved?.rebateId ?? 0n)
    clock.advance(29 * DAY)
    await expire()
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('1') })
  })

  test('run twice at once counts once', async () => {
    const { rebateId } = await granted()
    clock.advance(30 * DAY)
    await Promise.all([expire(), expire()])
    expect(await database.prisma.entry.count({ where: { rebateId, transfer: { kind: 'expiry' } } })).toBe(2)
  })

  test('that has come, and was not taken away yet, is not spent', async () => {
    const { inviteeId } = await granted()
    clock.advance(30 * DAY - 1)
    await spend(inviteeId, '1')
    clock.advance(1)
    await expect(spend(inviteeId, '1')).rejects.toThrow('not covered')
  })

  test('that a hold has moved is the one by which it is spent', async () => {
    const { inviteeId, rebateId } = await granted()
    await freeze(rebateId)
    clock.advance(20 * DAY)
    await release(rebateId)
    clock.advance(25 * DAY)
    await spend(inviteeId, '1')
    const event = { type: 'spend', eventId: `spent-${++count}`, accountId: inviteeId, amount: units('1'), asset: 'USD' } as const
    expect(await market.record(event)).toMatchObject({ ok: true, isWaiting: false })
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('0.5') })
  })

  test('leaves rewards, cash and granted credit alone: they have no end', async () => {
    const { inviterId, inviteeId } = await granted()
    await market.recharge(`earning-${++count}`, inviteeId, '100')
    await market.record({ type: 'recharge', eventId: `code-${++count}`, accountId: inviterId, amount: units('3'), asset: 'USD', fundedBy: 'code' })
    clock.advance(2000 * DAY)
    await expire()
    expect(await market.balances(inviterId)).toEqual({ 'reward_available USD': units('5'), 'main_bonus USD': units('3') })
  })

  test('by a clock that jumps ahead and back takes only what had ended by the clock at that time', async () => {
    const { inviteeId } = await granted()
    for (const jump of [3600, -3600, DAY, -DAY]) {
      clock.set(new Date(START.getTime() + (29 * DAY - 3600) * 1000 + jump * 1000))
      await expire()
    }
    expect(await market.balances(inviteeId)).toEqual({ 'main_bonus USD': units('2.5') })
  })

  test('of the credit that ends first comes before that of a later one, as it is spent first', async () => {
    const { inviteeId } = await granted()
    const short = await makeProgramme(given, programOf('short', { amount: '1', validDays: 3 }))
    const inviterId = await short.account(`c-${++count}`)
    const referral = await database.prisma.referral.create({ data: { programId: short.programId, inviterId, inviteeId, state: 'active', source: 'import', occurredAt: START, recordedAt: START, effectiveAt: START, actorId: 1n } })
    const cause = await database.prisma.event.findFirstOrThrow({ where: { accountId: inviteeId, type: 'signup' } })
    await grant({ inviterId, inviteeId, referral, causeId: cause.id }, short)
    await spend(inviteeId, '1.5')
    const left = await market.read((transaction) => positionsOf(transaction, inviteeId, { kinds: ['main_bonus'] }))
    expect(left.map(({ programId, amount }) => [programId, amount])).toEqual([[market.programId, units('2')]])
  })
})

describe('the reminder', () => {
  const noticesOf = (accountId: bigint) => database.prisma.memberNotice.findMany({ where: { accountId, kind: 'credit_expires' } })

  test('comes seven days ahead, once, whoever runs the job how often', async () => {
    const { inviteeId } = await granted()
    clock.advance(23 * DAY - 1)
    await expire()
    expect(await noticesOf(inviteeId)).toHaveLength(0)
    clock.advance(1)
    await Promise.all([expire(), expire()])
    clock.advance(DAY)
    await expire()
    expect(await noticesOf(inviteeId)).toHaveLength(1)
  })

  test('tells the host what to say in both languages, in the outbox of its own transaction', async () => {
    await database.prisma.webhookEndpoint.create({ data: { url: 'https://host.example/hooks', topics: ['member.notice'], sealedSecret: new Uint8Array(1), sealedKeyId: 1, recordedAt: clock.now(), actorId: 1n } })
    const { inviteeId } = await granted()
    clock.advance(24 * DAY)
    await expire()
    const message = await database.prisma.outbox.findFirstOrThrow({ where: { topic: 'member.notice', objectId: inviteeId } })
    expect(message.body).toMatchObject({
      kind: 'credit_expires', program: 'market', amount: '2.5', asset: 'USD', expires_at: '2026-07-01T12:00:00.000Z',
      text: { en: '2.5 USD of your credit in market expires on 2026-07-01 12:00:00 +00:00.', 'zh-CN': '您在market中的赠送额度有 2.5 USD 将于2026-07-01 12:00:00 +00:00到期。' },
    })
  })

  test('does not come for what is held, and comes again for the new end after a release', async () => {
    const { inviteeId, rebateId } = await granted()
    clock.advance(24 * DAY)
    await expire()
    await freeze(rebateId)
    clock.advance(60 * DAY)
    await expire()
    expect(await noticesOf(inviteeId)).toHaveLength(1)
    await release(rebateId)
    await expire()
    expect(await noticesOf(inviteeId)).toHaveLength(2)
  })
})

describe('a refund of a purchase that credit paid', () => {
  test('brings the credit back with its old end', async () => {
    const credit = await granted()
    await spend(credit.inviteeId, '2')
    const spentAt = clock.now()
    clock.advance(10 * DAY)
    await restore(credit, '2', spentAt)
    expect(await market.balances(credit.inviteeId)).toEqual({ 'main_bonus USD': units('2.5') })
    expect(await endsAt(credit.rebateId)).toEqual(inSeconds(20 * DAY))
  })

  test('after that end gives it the time that was left when it was spent, and what had not been spent stays ended', async () => {
    const credit = await granted()
    clock.advance(25 * DAY)
    await spend(credit.inviteeId, '2')
    const spentAt = clock.now()
    clock.advance(60 * DAY)
    await restore(credit, '2', spentAt)
    expect(await market.balances(credit.inviteeId)).toEqual({ 'main_bonus USD': units('2') })
    expect(await endsAt(credit.rebateId)).toEqual(inSeconds(5 * DAY))
    clock.advance(5 * DAY)
    await expire()
    expect(await market.balances(credit.inviteeId)).toEqual({})
  })

  test('of the last minute leaves a day to spend it', async () => {
    const credit = await granted()
    clock.advance(30 * DAY - 60)
    await spend(credit.inviteeId, '2.5')
    const spentAt = clock.now()
    clock.advance(DAY)
    await restore(credit, '2.5', spentAt)
    expect(await endsAt(credit.rebateId)).toEqual(inSeconds(DAY))
  })

  test('while the credit is held is held with it', async () => {
    const credit = await granted()
    await spend(credit.inviteeId, '1')
    const spentAt = clock.now()
    await freeze(credit.rebateId)
    clock.advance(DAY)
    await restore(credit, '1', spentAt)
    expect(await market.balances(credit.inviteeId)).toEqual({ 'main_held USD': units('2.5') })
  })

  test('of a credit whose rest was reclaimed waits for a person', async () => {
    const credit = await granted()
    await spend(credit.inviteeId, '1')
    const spentAt = clock.now()
    await market.read(async (transaction) => {
      await lockMembers(transaction, [credit.inviteeId])
      const now = clock.now()
      await postTransfer(transaction, { naturalKey: Buffer.from(`unspent ${++count}`), kind: 'reclaim', occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n, entries: [
        { accountId: credit.inviteeId, kind: 'main_bonus', asset: 'USD', rebateId: credit.rebateId, amount: -units('1.5') }, { accountId: null, kind: 'reclaimed', asset: 'USD', rebateId: credit.rebateId, amount: units('1.5') },
      ] })
    })
    await restore(credit, '1', spentAt)
    expect(await market.balances(credit.inviteeId)).toEqual({ 'main_held USD': units('1') })
    expect(await database.prisma.hold.findFirstOrThrow({ where: { rebateId: credit.rebateId, endedAt: null } })).toMatchObject({ reason: 'restored_after_reclaim', onSilence: 'escalate' })
  })
})

describe('where the host keeps the main balance', () => {
  test('the credit is an instruction to the host, and a held one waits here', async () => {
    const hosted = await makeProgramme(given, programOf('hosted', {}, { settlement: 'host' }))
    const { inviteeId } = await granted(hosted)
    expect(await hosted.balances(inviteeId)).toEqual({ 'payout_in_transit USD': units('2.5') })
    expect(await database.prisma.hostInstruction.findMany({ where: { accountId: inviteeId } })).toMatchObject([{ kind: 'credit', amount: units('2.5'), state: 'in_transit' }])
    hosted.setCheck(async () => answerOf('hold'))
    const held = await granted(hosted)
    expect(await hosted.balances(held.inviteeId)).toEqual({ 'reward_held USD': units('2.5') })
    expect(await database.prisma.hostInstruction.count({ where: { accountId: held.inviteeId } })).toBe(0)
  })
})

