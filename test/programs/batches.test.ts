// Goal: a batch is nothing but its facts one after another: the same balances, rebates and answers; whoever is refused is refused alone.
// Method: the same random history told as one batch and one by one to two sets of accounts, compared to the last micro.
// Mutants seen to die here: a relation that counts before its sign-up; postings that do not move what the next fact sees.

import fc from 'fast-check'
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { apiyi, type EventAnswer, type EventFact, recordEvent, recordEvents } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, units } from './programme.ts'

const IS_LONG = process.env['RINGFENCE_LONG'] === '1'
const given = await useDatabase()
const { clock, database, owner } = given
const programme = await makeProgramme(given, apiyi)
const { account, balances, codeOf, recorder, signUp } = programme
const { id: sourceId } = await database.prisma.source.create({ data: { name: 'batches' } })
const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
let count = 0

afterEach(async () => {
  programme.setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})

interface Told {
  readonly type: 'recharge' | 'spend' | 'refund' | 'chargeback' | 'dispute_opened' | 'dispute_won' | 'signup' | 'again' | 'login'
  readonly who: number
  readonly about: number
  readonly micros: bigint
  readonly hours: number
}
/** Invited in a row: everybody is an inviter or an invitee, most are both. */
const MEMBERS = 3

const told: fc.Arbitrary<Told> = fc.record({
  type: fc.constantFrom('recharge', 'recharge', 'recharge', 'spend', 'refund', 'chargeback', 'dispute_opened', 'dispute_won', 'signup', 'again', 'login'),
  who: fc.nat(MEMBERS - 1), about: fc.nat(4), micros: fc.oneof(fc.bigInt(1n, 99_999_999n), fc.integer({ min: 1, max: 90 }).map((whole) => BigInt(whole) * 1_000_000n)), hours: fc.integer({ min: -20, max: 60 }),
})

interface Cast {
  readonly name: string
  readonly members: readonly bigint[]
  readonly codes: readonly string[]
}

async function cast(): Promise<Cast> {
  const name = `cast-${++count}`
  const members: bigint[] = []
  for (let index = 0; index < MEMBERS; index++) members.push(await account(`${name}-${index}`))
  const codes: string[] = []
  for (const member of members) codes.push(await codeOf(member))
  return { name, members, codes }
}

/** Around the change of the rate; refunds are about a payment of the history, also of one that comes later, or of none. */
function factsOf(history: readonly Told[], { name, members, codes }: Cast): EventFact[] {
  const start = new Date('2026-05-14T00:00:00+08:00').getTime()
  const facts: EventFact[] = []
  for (const [place, { type, who, about, micros, hours }] of history.entries()) {
    const shared = { source: 'host', eventId: `${name}-${place}`, accountId: members[who] ?? 0n, occurredAt: new Date(start + hours * 3_600_000) }
    const [original] = [history.findIndex((each, index) => index >= about && (each.type === 'recharge' || each.type === 'spend'))]
    if (type === 'signup') facts.push({ ...shared, type, invitation: { code: codes[(who + MEMBERS - 1) % MEMBERS], programId: programme.programId } })
    else if (type === 'again') facts.push(...facts.slice(about, about + 1))
    else if (type === 'recharge' || type === 'spend') facts.push({ ...shared, type, amount: micros, asset: 'USD' })
    else if (type === 'login') facts.push({ ...shared, type })
    else {
      const payer = members[history[original]?.who ?? who] ?? 0n
      facts.push({ ...shared, type, accountId: payer, originalEventId: `${name}-${original < 0 ? 'nothing' : original}`, ...(type === 'refund' ? { amount: micros, asset: 'USD' } : {}) })
    }
  }
  return facts
}

/** Answers without the ids that differ between two casts. */
function comparable(answers: readonly EventAnswer[], { members }: Cast): unknown {
  return answers.map((answer) => (!answer.ok ? answer : {
    isNew: answer.isNew, isWaiting: answer.isWaiting,
    rebates: answer.rebates.map(({ inviterId, amount, asset }) => ({ inviter: members.indexOf(inviterId), amount, asset })),
    attributed: answer.attributed.map(({ inviterId, channel, notPayable, referralId }) => ({ inviter: members.indexOf(inviterId), channel, notPayable, pays: referralId !== null })),
  }))
}

async function stateOf({ members }: Cast): Promise<unknown> {
  const { rows: rebates } = await owner.pool.query(
    `select r.account_id, r.kind, r.base, r.rate_ppm, r.amount, r.asset, r.track, r.occurred_at, r.matures_at, e.occurred_at as paid_at,
            (select array_agg(h.reason || ' ' || coalesce(h.ended_as, 'open') order by h.id) from hold h where h.rebate_id = r.id) as holds,
            (select array_agg(b.kind || ' ' || p.amount order by b.kind) from position p join book_account b on b.id = p.book_account_id where p.rebate_id = r.id and p.amount <> 0) as lies
       from rebate r join event e on e.id = r.event_id where r.account_id = any ($1) order by r.occurred_at, r.amount, r.account_id, r.id`, [members])
  const waiting = await database.prisma.waitingEvent.count({ where: { accountId: { in: [...members] } } })
  const all: unknown[] = []
  for (const member of members) all.push(await balances(member))
  return { balances: all, waiting, rebates: rebates.map(({ account_id: id, ...rest }) => ({ ...rest, member: members.indexOf(BigInt(id)) })) }
}

test('a batch gives the balances, rebates and answers of its facts told one by one', async () => {
  await fc.assert(fc.asyncProperty(fc.array(told, { minLength: 4, maxLength: 18, size: 'max' }), fc.nat(4), async (history, held) => {
    // Every fifth payment is held, the same one in both.
    programme.setCheck(async ({ amount }) => answerOf(amount.split('').reduce((sum, digit) => sum + digit.charCodeAt(0), 0) % 5 === held ? 'hold' : 'allow'))
    const [together, apart] = [await cast(), await cast()]
    const batch = await recordEvents(recorder, batchId, factsOf(history, together))
    const singles: EventAnswer[] = []
    for (const fact of factsOf(history, apart)) singles.push(await recordEvent(recorder, batchId, fact))
    expect(comparable(batch, together)).toEqual(comparable(singles, apart))
    expect(await stateOf(together)).toEqual(await stateOf(apart))
    await expectBooksToBalance(owner)
  }), { numRuns: IS_LONG ? 200 : 12, seed: 1_000, interruptAfterTimeLimit: IS_LONG ? 300_000 : 40_000 })
}, IS_LONG ? 400_000 : 60_000)

async function pair(): Promise<{ inviter: bigint; invitee: bigint; name: string }> {
  const name = `pair-${++count}`
  const [inviter, invitee] = [await account(`${name}-1`), await account(`${name}-2`)]
  await signUp(invitee, inviter, new Date('2026-05-16T00:00:00Z'))
  return { inviter, invitee, name }
}
const rechargeOf = (accountId: bigint, eventId: string, amount = '10'): EventFact => ({ source: 'host', eventId, type: 'recharge', accountId, occurredAt: new Date('2026-05-20T00:00:00Z'), amount: units(amount), asset: 'USD' })

describe('a batch', () => {
  test('with a refused fact in its middle records all others, and nothing of the refused one', async () => {
    const { inviter, invitee, name } = await pair()
    const facts = [rechargeOf(invitee, `${name}-a`), { ...rechargeOf(invitee, `${name}-b`), asset: 'XXX' }, rechargeOf(invitee, `${name}-a`, '11'), { ...rechargeOf(invitee, `${name}-c`), asset: 'EUR' }, rechargeOf(invitee, `${name}-d`)]
    const answers = await recordEvents(recorder, batchId, facts)
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.reason))).toEqual(['ok', 'unknown_asset', 'key_reused', 'conversion_missing', 'ok'])
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('1') })
    expect(await database.prisma.event.count({ where: { accountId: invitee, type: 'recharge' } })).toBe(2)
  })

  test('told twice changes nothing the second time and gives the same answers', async () => {
    const { inviter, invitee, name } = await pair()
    const facts = Array.from({ length: 20 }, (_, place) => rechargeOf(invitee, `${name}-${place}`))
    const first = await recordEvents(recorder, batchId, facts)
    const second = await recordEvents(recorder, batchId, facts)
    expect(second).toEqual(first.map((answer) => (answer.ok ? { ...answer, isNew: false } : answer)))
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('10') })
  })

  test('that overlaps another at the same moment earns every event once', async () => {
    const [left, right] = [await pair(), await pair()]
    const facts = Array.from({ length: 30 }, (_, place) => rechargeOf(place % 2 === 0 ? left.invitee : right.invitee, `${left.name}-both-${place}`))
    const told = await Promise.all([facts, [...facts].reverse(), facts.slice(10), ...facts.slice(0, 6).map((fact) => [fact])].map((part) => recordEvents(recorder, batchId, part)))
    const fresh = told.flat().filter((answer) => answer.ok && answer.isNew)
    expect(fresh).toHaveLength(30)
    expect(await balances(left.inviter)).toEqual({ 'reward_available USD': units('7.5') })
    expect(await balances(right.inviter)).toEqual({ 'reward_available USD': units('7.5') })
  })

  test('that the books refuse as a whole is split until only the failing fact fails', async () => {
    const { inviter, invitee, name } = await pair()
    const facts = Array.from({ length: 9 }, (_, place) => rechargeOf(invitee, `${name}-${place}`))
    // The database refuses whatever is posted for the sixth fact.
    await owner.pool.query(`create function refuse_one() returns trigger language plpgsql as $$ begin
      if new.occurred_at = '2026-05-20T00:00:05Z' then raise exception 'refused' using errcode = '23514'; end if; return new; end $$`)
    await owner.pool.query('create trigger refuse_one before insert on transfer for each row execute function refuse_one()')
    const odd = facts.map((fact, place) => (place === 5 ? { ...fact, occurredAt: new Date('2026-05-20T00:00:05Z') } : fact))
    await expect(recordEvents(recorder, batchId, odd)).rejects.toThrow()
    await owner.pool.query('drop trigger refuse_one on transfer; drop function refuse_one()')
    expect(await database.prisma.event.count({ where: { accountId: invitee, type: 'recharge' } })).toBeGreaterThanOrEqual(5)
    await recordEvents(recorder, batchId, odd)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('4.5') })
  })

  test('of a thousand events is one transaction', async () => {
    const { inviter, invitee, name } = await pair()
    let transactions = 0
    const counted = { ...recorder, database: { ...database, inSession: <T>(work: Parameters<typeof database.inSession<T>>[0]) => (transactions++, database.inSession<T>(work)) } }
    await recordEvent(counted, batchId, rechargeOf(invitee, `${name}-${randomUUID()}`))
    transactions = 0
    const answers = await recordEvents(counted, batchId, Array.from({ length: 1_000 }, (_, place) => rechargeOf(invitee, `${name}-${place}`, '1')))
    expect(answers.every((answer) => answer.ok && answer.isNew && answer.rebates.length === 1)).toBe(true)
    expect(transactions).toBe(1)
    expect(await balances(inviter)).toEqual({ 'reward_available USD': units('50.5') })
  })
})
