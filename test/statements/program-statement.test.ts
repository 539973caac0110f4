// The statement of a period: consecutive ones chain, each closes to the last micro, every kind of transfer has its column, and a
// difference is named. Method: random histories told by hosts, with refunds, disputes, transfers, freezes and reclaims, cut at random times.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEnforcement, postTransfer } from '../../src/ledger/index.ts'
import { digestOf } from '../../src/base/hashing.ts'
import { inSnapshot } from '../../src/population/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { type Period, periodOf, readStatement, type Statement, type StatementScope } from '../../src/statements/index.ts'
import { COLUMN_OF, COLUMN_SQL } from '../../src/statements/columns.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const DAY = 86_400_000
const BEGIN = new Date('2026-06-01T00:00:00Z').getTime()
const one = await makeProgramme(given, apiyi)
const two = await makeProgramme(given, { ...apiyi, key: 'second', name: 'Second' })

const read = (scope: Partial<StatementScope>, period: Period) => inSnapshot(database, (client) => readStatement(client, { programId: null, accountId: null, ...scope }, period))
async function statement(scope: Partial<StatementScope>, period: Period): Promise<Statement> {
  const result = await read(scope, period)
  if (!result.ok) throw new Error(JSON.stringify(result.differences))
  return result.statement
}
const lineOf = ({ lines }: Statement, account: string, asset = 'USD') => lines.find((line) => line.account === account && line.asset === asset)
const micros = (text: string): string => units(text).toString()
const daysFrom = (first: number, last: number): Period => ({ startsAt: new Date(BEGIN + first * DAY), endsAt: new Date(BEGIN + last * DAY) })

type Step = { readonly kind: 'recharge' | 'refund' | 'dispute' | 'won' | 'spend' | 'transfer' | 'freeze' | 'release' | 'reclaim' | 'wait'; readonly member: number; readonly amount: number }
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind']>('recharge', 'recharge', 'recharge', 'refund', 'dispute', 'won', 'spend', 'transfer', 'freeze', 'release', 'reclaim', 'wait', 'wait'),
  member: fc.nat(2), amount: fc.integer({ min: 1, max: 400_000_000 }),
})
let told = 0

/** Days until the history ends. */
async function tell(steps: readonly Step[]): Promise<number> {
  const run = ++told
  const inviter = await one.account(`inviter-${run}`)
  const members = [await one.account(`a-${run}`), await one.account(`b-${run}`), await one.account(`c-${run}`)]
  for (const member of members) await one.signUp(member, inviter)
  const recharges: { id: string; member: bigint }[] = []
  let days = 0
  for (const [place, { kind, member: index, amount }] of steps.entries()) {
    const member = members[index] ?? 0n
    const last = recharges.findLast((each) => each.member === member)
    const name = `${run}-${place}`
    if (kind === 'wait') {
      days += 1
      clock.advance(86_400)
    } else if (kind === 'recharge') {
      one.setCheck(async () => answerOf(amount % 5 === 0 ? 'hold' : 'allow'))
      await one.record({ type: 'recharge', eventId: name, accountId: member, amount: BigInt(amount), asset: 'USD' })
      recharges.push({ id: name, member })
    } else if (kind === 'refund' && last !== undefined) await one.record({ type: 'refund', eventId: name, originalEventId: last.id, accountId: member, amount: BigInt(amount), asset: 'USD' })
    else if (kind === 'dispute' && last !== undefined) await one.record({ type: 'dispute_opened', eventId: name, originalEventId: last.id, accountId: member })
    else if (kind === 'won' && last !== undefined) await one.record({ type: 'dispute_won', eventId: name, originalEventId: last.id, accountId: member })
    else if (kind === 'spend') await one.record({ type: 'spend', eventId: name, accountId: amount % 2 === 0 ? inviter : member, amount: BigInt(amount), asset: 'USD' })
    else if (kind === 'transfer') await one.transfer(inviter, 'all')
    else if (kind === 'freeze' || kind === 'release' || kind === 'reclaim') await enforce(kind, inviter, name)
  }
  clock.advance(86_400)
  return days + 1
}

async function enforce(kind: 'freeze' | 'release' | 'reclaim', accountId: bigint, name: string): Promise<void> {
  await database.inTransaction(async (transaction) => {
    const [rebate] = await transaction.rebate.findMany({ where: { accountId }, orderBy: { id: 'desc' }, take: 1 })
    if (rebate === undefined) return
    const hold = { reason: 'freeze', ownerId: 1n, dueAt: new Date(clock.now().getTime() + 30 * DAY), onSilence: 'escalate' as const }
    await applyEnforcement(transaction, { kind, rebateIds: [rebate.id] }, { naturalKey: digestOf(kind, name), actorId: 1n, at: clock.now(), programId: one.programId, ...(kind === 'freeze' ? { hold } : {}) })
  })
}

describe('random histories', () => {
  test('consecutive statements chain: the closing of one is the opening of the next, and each closes, for a program, the platform and a member', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const start = clock.now().getTime()
      const days = await tell(steps)
      const cuts = [0, 1, Math.ceil(days / 2), days + 1].map((day) => new Date(start + day * DAY))
      const members = await database.prisma.account.findMany({ orderBy: { id: 'desc' }, take: 4, select: { id: true } })
      for (const scope of [{ programId: one.programId }, { programId: null }, ...members.map(({ id }) => ({ programId: one.programId, accountId: id }))]) {
        let closing = new Map<string, string>()
        const whole = await statement(scope, { startsAt: new Date(0), endsAt: cuts[3] ?? clock.now() })
        const first = await statement(scope, { startsAt: new Date(0), endsAt: cuts[0] ?? clock.now() })
        closing = new Map(first.lines.map(({ account, asset, closing: amount }) => [`${asset} ${account}`, amount]))
        let entries = first.entries
        for (const [place, endsAt] of cuts.slice(1).entries()) {
          const part = await statement(scope, { startsAt: cuts[place] ?? endsAt, endsAt })
          for (const { account, asset, opening, columns, closing: amount } of part.lines) {
            expect(opening, `${account} of ${scope.programId}`).toBe(closing.get(`${asset} ${account}`) ?? '0')
            expect(Object.values(columns).reduce((sum, each) => sum + BigInt(each), BigInt(opening)).toString()).toBe(amount)
          }
          closing = new Map([...closing, ...part.lines.map(({ account, asset, closing: amount }) => [`${asset} ${account}`, amount] as const)])
          entries += part.entries
        }
        expect([...closing].filter(([, amount]) => amount !== '0').sort()).toEqual(whole.lines.filter((line) => line.closing !== '0').map((line) => [`${line.asset} ${line.account}`, line.closing]).sort())
        expect(entries).toBe(whole.entries)
      }
    }), { numRuns: process.env['RINGFENCE_LONG'] === '1' ? 60 : 6, seed: 31 })
    await expectBooksToBalance(owner)
  })

  test('everything that moved in a program moved between its own accounts', async () => {
    const { between_programs: between } = await statement({ programId: one.programId }, { startsAt: new Date(0), endsAt: new Date('2030-01-01') })
    expect(between).toEqual([])
  })
})

describe('columns', () => {
  test('each movement stands in its column, per asset and book account', async () => {
    one.setCheck(async () => answerOf('allow'))
    const startsAt = clock.now()
    const [inviter, friend] = [await one.account('col-inviter'), await one.account('col-friend')]
    await one.signUp(friend, inviter)
    await one.recharge('col-1', friend, '100')
    await one.transfer(inviter, '2')
    await one.record({ type: 'spend', accountId: inviter, amount: units('1.5'), asset: 'USD' })
    await one.refund('col-2', 'col-1', friend, '90')
    clock.advance(1)
    const found = await statement({ programId: one.programId, accountId: inviter }, { startsAt, endsAt: clock.now() })
    expect(lineOf(found, 'reward_available')).toEqual({ asset: 'USD', account: 'reward_available', owner: 'member', opening: '0', columns: { accrued: micros('5'), transferred: `-${micros('2')}`, reversed: `-${micros('3')}` }, closing: '0' })
    expect(lineOf(found, 'main_reward')).toMatchObject({ columns: { transferred: micros('2'), spent: `-${micros('1.5')}`, reversed: `-${micros('0.5')}` }, closing: '0' })
    expect(lineOf(found, 'debt')).toMatchObject({ columns: { reversed: `-${micros('1')}` }, closing: `-${micros('1')}` })
  })

  test('a debt that a later rebate repays is counted as debt, also between programs', async () => {
    const startsAt = clock.now()
    const [inviter, friend, other] = [await one.account('debt-inviter'), await one.account('debt-friend'), await one.account('debt-other')]
    await one.signUp(friend, inviter)
    await two.record({ type: 'signup', accountId: other, invitation: { code: await two.codeOf(inviter), programId: two.programId } })
    await one.recharge('debt-1', friend, '100')
    await one.transfer(inviter, 'all')
    await one.record({ type: 'spend', accountId: inviter, amount: units('5'), asset: 'USD' })
    await one.refund('debt-2', 'debt-1', friend)
    await two.recharge('debt-3', other, '40')
    clock.advance(1)
    const period = { startsAt, endsAt: clock.now() }
    const [first, second] = [await statement({ programId: one.programId }, period), await statement({ programId: two.programId }, period)]
    expect(lineOf(first, 'debt')?.columns).toEqual({ reversed: `-${micros('5')}`, debt: micros('2') })
    expect(lineOf(second, 'reward_available')).toMatchObject({ columns: { accrued: micros('2'), debt: `-${micros('2')}` }, closing: '0' })
    expect(first.between_programs).toEqual([{ asset: 'USD', amount: micros('2') }])
    expect(second.between_programs).toEqual([{ asset: 'USD', amount: `-${micros('2')}` }])
    expect((await statement({}, period)).between_programs).toEqual([])
  })

  test('the money that members paid is in the statement of the platform alone', async () => {
    const startsAt = clock.now()
    const payer = await one.account('payer')
    await one.recharge('paid-1', payer, '70')
    await one.refund('paid-2', 'paid-1', payer, '20')
    clock.advance(1)
    const period = { startsAt, endsAt: clock.now() }
    expect(lineOf(await statement({}, period), 'main_paid')?.columns).toEqual({ received: micros('70'), given_back: `-${micros('20')}` })
    expect(lineOf(await statement({ programId: one.programId }, period), 'main_paid')).toBeUndefined()
  })

  test('every kind of transfer that the database knows has its column', async () => {
    const { rows } = await owner.pool.query<{ definition: string }>(`select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'transfer_kind_check'`)
    const kinds = [...(rows[0]?.definition ?? '').matchAll(/'([a-z_]+)'/g)].map((match) => match[1])
    expect(kinds.length).toBeGreaterThan(15)
    expect(Object.keys(COLUMN_OF).sort()).toEqual([...kinds].sort())
    for (const kind of kinds) expect(COLUMN_SQL).toContain(`'${kind}'`)
  })
})

describe('periods', () => {
  const period = (zone: string, input: Parameters<typeof periodOf>[1]): [string, string] | string => {
    const result = periodOf(zone, input)
    return result.ok ? [result.period.startsAt.toISOString(), result.period.endsAt.toISOString()] : result.reason
  }

  test.each([
    ['UTC', { month: '2026-05' }, ['2026-05-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z']],
    ['Asia/Shanghai', { month: '2026-05' }, ['2026-04-30T16:00:00.000Z', '2026-05-31T16:00:00.000Z']],
    ['Asia/Shanghai', { month: '2026-12' }, ['2026-11-30T16:00:00.000Z', '2026-12-31T16:00:00.000Z']],
    // Clocks are put forward within the month, and back: it has an hour less, and one more.
    ['Europe/Berlin', { month: '2026-03' }, ['2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z']],
    ['America/New_York', { from: '2026-11-01', until: '2026-11-02' }, ['2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z']],
    // Midnight does not exist on this day, and twice on that one.
    ['Africa/Cairo', { from: '2026-04-24', until: '2026-04-25' }, ['2026-04-23T22:00:00.000Z', '2026-04-24T21:00:00.000Z']],
    ['America/Havana', { from: '2026-11-01', until: '2026-11-02' }, ['2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z']],
    ['UTC', { from: '2026-05-15T00:00:00+08:00', until: '2026-05-16' }, ['2026-05-14T16:00:00.000Z', '2026-05-16T00:00:00.000Z']],
    ['UTC', { from: '2026-02-29', until: '2026-03-01' }, 'not_a_time'],
    ['UTC', { from: '2026-05-02', until: '2026-05-02' }, 'ends_before_it_starts'],
    ['UTC', { from: '2026-05-02' }, 'period_missing'],
    ['UTC', { month: '2026-05', until: '2026-06-01' }, 'not_a_time'],
    ['UTC', { from: '2026-05-02T00:00', until: '2026-06-01' }, 'not_a_time'],
  ] as const)('in %s, %o is %o', (zone, input, expected) => {
    expect(period(zone, input)).toEqual(expected)
  })

  test('the start is in the period and the end is not', async () => {
    const at = clock.now()
    const payer = await one.account('edge')
    await one.recharge('edge-1', payer, '7')
    const amountIn = async (startsAt: Date, endsAt: Date) => lineOf(await statement({ accountId: payer }, { startsAt, endsAt }), 'main_paid')?.columns.received
    expect(await amountIn(at, new Date(at.getTime() + 1))).toBe(micros('7'))
    expect(await amountIn(new Date(at.getTime() - 1), at)).toBeUndefined()
  })
})

describe('a statement that does not close', () => {
  test('is an error that names asset, book account and difference', async () => {
    const victim = await one.account('victim')
    const friend = await one.account('victim-friend')
    await one.signUp(friend, victim)
    await one.recharge('victim-1', friend, '100')
    clock.advance(1)
    const period = { startsAt: new Date(0), endsAt: clock.now() }
    const set = (amount: string) => owner.pool.query(
      'update position p set amount = $2 from book_account b where b.id = p.book_account_id and b.account_id = $1', [victim, amount])
    await set(micros('4.99'))
    expect(await read({ programId: one.programId, accountId: victim }, period)).toEqual({
      ok: false, differences: [{ asset: 'USD', account: 'reward_available', computed: micros('5'), found: micros('4.99'), difference: `-${micros('0.01')}` }],
    })
    expect(await read({ programId: one.programId }, period)).toMatchObject({ ok: false })
    await set(micros('5'))
    expect(await read({ programId: one.programId }, period)).toMatchObject({ ok: true })
  })

  test('is also found where money of the platform is missing', async () => {
    const period = { startsAt: new Date(0), endsAt: clock.now() }
    await owner.pool.query(`update book_account set balance = balance + 1 where id = (select min(id) from book_account where kind = 'cash_clearing')`)
    expect(await read({}, period)).toMatchObject({ ok: false, differences: [{ account: 'cash_clearing', difference: '1' }] })
    await owner.pool.query(`update book_account set balance = balance - 1 where id = (select min(id) from book_account where kind = 'cash_clearing')`)
    expect(await read({}, period)).toMatchObject({ ok: true })
  })
})

test('days and money are closed side by side', async () => {
  const startsAt = clock.now()
  const [account, friend] = [await one.account('days'), await one.account('days-friend')]
  await one.signUp(friend, account)
  const version = await database.prisma.programVersion.findFirstOrThrow({ where: { programId: one.programId } })
  const event = await database.prisma.event.findFirstOrThrow({ where: { accountId: friend } })
  await database.inTransaction(async (transaction) => {
    const { id: rebateId } = await transaction.rebate.create({
      data: {
        naturalKey: new Uint8Array(digestOf('days')), kind: 'rebate', programId: one.programId, programVersionId: version.id, accountId: account, eventId: event.id, base: 1n, ratePpm: 0, amount: 3n, asset: 'DAY',
        occurredAt: startsAt, recordedAt: startsAt, effectiveAt: startsAt, maturesAt: startsAt, actorId: 1n,
      },
    })
    await postTransfer(transaction, {
      naturalKey: digestOf('days accrual'), kind: 'accrual', programId: one.programId, occurredAt: startsAt, recordedAt: startsAt, effectiveAt: startsAt, actorId: 1n,
      entries: [{ accountId: null, kind: 'rebate_expense', asset: 'DAY', rebateId, amount: -3n }, { accountId: account, kind: 'reward_available', asset: 'DAY', rebateId, amount: 3n }],
    })
  })
  clock.advance(1)
  const found = await statement({ programId: one.programId, accountId: account }, daysFrom(0, 10_000))
  expect(lineOf(found, 'reward_available', 'DAY')).toMatchObject({ columns: { accrued: '3' }, closing: '3' })
})
