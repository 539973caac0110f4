// Closing a period: what was posted before its end stays as it was read, proved by the database and by recomputation. Method: real
// postings around the end, transactions that were running when it was closed, imports of the past, and rows changed behind the product's back.

import { afterEach, describe, expect, test } from 'vitest'
import { sqlStateOf } from '../../src/base/database.ts'
import { digestOf } from '../../src/base/hashing.ts'
import { postTransfer } from '../../src/ledger/index.ts'
import { postOpenings } from '../../src/ledger/post-openings.ts'
import { inBulkTransaction } from '../../src/population/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { closedPeriodsVerifier, type Closer, closePeriod, type Period, readClosedPeriods } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, keys, owner } = given
const { account, programId, recharge, signUp } = await makeProgramme(given, apiyi)
const closer: Closer = { database, keys, clock, actorId: 1n }
const verify = () => closedPeriodsVerifier.find({ database, keys })
const june: Period = { startsAt: new Date('2026-06-01T00:00:00Z'), endsAt: new Date('2026-07-01T00:00:00Z') }
const july: Period = { startsAt: june.endsAt, endsAt: new Date('2026-08-01T00:00:00Z') }
const [inviter, friend] = [await account('inviter'), await account('friend')]
await signUp(friend, inviter)
await recharge('june-1', friend, '100')

const close = (period: Period, of: bigint | null = programId) => closePeriod(closer, { programId: of, period, reason: 'month close' }, 60_000)

/** A posting into the given time, as nothing in the product does it. */
async function postAt(effectiveAt: Date, key: string): Promise<void> {
  await database.inTransaction(async (transaction) => {
    const rebate = await transaction.rebate.findFirstOrThrow({ where: { accountId: inviter }, orderBy: { id: 'desc' } })
    await postTransfer(transaction, {
      naturalKey: digestOf(key), kind: 'reward_transfer', programId, occurredAt: effectiveAt, recordedAt: clock.now(), effectiveAt, actorId: 1n,
      entries: [{ accountId: inviter, kind: 'reward_available', asset: 'USD', rebateId: rebate.id, amount: -1n }, { accountId: inviter, kind: 'main_reward', asset: 'USD', rebateId: rebate.id, amount: 1n }],
    })
  })
}

afterEach(() => expectBooksToBalance(owner))

describe('closing', () => {
  test('a period is closed only once it is over', async () => {
    expect(await close(june)).toMatchObject({ ok: false, reason: 'not_over' })
    expect(await readClosedPeriods(database, programId)).toEqual([])
  })

  test('its statement is stored with its digest, once, with two acts', async () => {
    clock.set(new Date('2026-07-01T00:00:00Z'))
    const [first, again] = [await close(june), await close(june)]
    expect(again).toEqual(first)
    if (!first.ok || first.closed.stored === null) throw new Error('it was not closed')
    expect(first.closed.stored.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(first.closed.stored.statement.lines).toContainEqual({ asset: 'USD', account: 'reward_available', owner: 'member', opening: '0', columns: { accrued: units('5').toString() }, closing: units('5').toString() })
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'period_lock' }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind, objectId }) => [kind, objectId])).toEqual([['period_closed', first.closed.lockId.toString()], ['period_statement_stored', first.closed.lockId.toString()]])
    expect(await verify()).toBeNull()
  })

  test('the next one starts where it ended, neither earlier nor later', async () => {
    clock.set(new Date('2026-08-01T00:00:01Z'))
    for (const startsAt of [new Date('2026-07-02T00:00:00Z'), new Date('2026-06-30T00:00:00Z')]) {
      expect(await close({ ...july, startsAt })).toMatchObject({ ok: false, reason: 'not_the_next_period', expectedStart: july.startsAt })
    }
    await expect(owner.prisma.periodLock.create({ data: { programId, startsAt: new Date('2026-07-02T00:00:00Z'), endsAt: july.endsAt, recordedAt: clock.now(), actorId: 1n } })).rejects.toThrow(/must start where the last/)
  })

  test('a closed period and its statement cannot be changed or taken back', async () => {
    for (const sql of [`update period_lock set ends_at = ends_at + interval '1 day'`, 'delete from period_lock', 'truncate period_lock cascade', `update period_statement set statement = '{}'`, 'delete from period_statement', 'truncate period_statement']) {
      await expect(owner.pool.query(sql), sql).rejects.toThrow()
    }
  })
})

describe('afterwards', () => {
  test('the database refuses a posting that would take effect in the closed period or before it', async () => {
    for (const time of ['2026-06-15T00:00:00Z', '2026-06-30T23:59:59.999Z', '2026-05-01T00:00:00Z']) {
      await expect(postAt(new Date(time), `into ${time}`), time).rejects.toThrow(/closed/)
    }
    await postAt(july.startsAt, 'the first moment of the next period')
    expect(await verify()).toBeNull()
  })

  test('the refusal asks for another attempt, so that what began before the end takes effect now', async () => {
    let attempts = 0
    const times = [new Date('2026-06-30T23:59:59.999Z'), new Date('2026-07-01T00:00:00.001Z')]
    await database.inTransaction(async (transaction) => {
      const now = times[Math.min(attempts++, 1)] ?? july.startsAt
      const rebate = await transaction.rebate.findFirstOrThrow({ where: { accountId: inviter } })
      await postTransfer(transaction, {
        naturalKey: digestOf('late'), kind: 'reward_transfer', programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n,
        entries: [{ accountId: inviter, kind: 'reward_available', asset: 'USD', rebateId: rebate.id, amount: -1n }, { accountId: inviter, kind: 'main_reward', asset: 'USD', rebateId: rebate.id, amount: 1n }],
      })
    })
    expect(attempts).toBe(2)
    expect(sqlStateOf(await postAt(new Date('2026-06-30T00:00:00Z'), 'state').catch((error: unknown) => error))).toBe('40001')
  })

  test('a correction is posted in the open period, and the closed statement stays', async () => {
    const before = await readClosedPeriods(database, programId)
    await recharge('late-1', friend, '40', new Date('2026-06-20T00:00:00Z'))
    const transfer = await database.prisma.transfer.findFirstOrThrow({ where: { kind: 'accrual' }, orderBy: { id: 'desc' } })
    expect([transfer.occurredAt, transfer.effectiveAt]).toEqual([new Date('2026-06-20T00:00:00Z'), clock.now()])
    expect(await readClosedPeriods(database, programId)).toEqual(before)
    expect(await verify()).toBeNull()
  })

  test('an import of the past takes effect now where the past is closed, and at its own time where it is not', async () => {
    const { programId: other } = await makeProgramme(given, { ...apiyi, key: 'other', name: 'Other' })
    const occurredAt = new Date('2026-06-10T00:00:00Z')
    for (const [place, program] of [programId, other].entries()) {
      const version = await database.prisma.programVersion.findFirstOrThrow({ where: { programId: program } })
      const { id } = await database.prisma.rebate.create({
        data: {
          naturalKey: new Uint8Array(digestOf(`opening ${place}`)), kind: 'opening', programId: program, programVersionId: version.id, accountId: inviter, base: 0n, ratePpm: 0, amount: 7n, asset: 'USD',
          occurredAt, recordedAt: clock.now(), effectiveAt: occurredAt, maturesAt: occurredAt, actorId: 1n,
        },
      })
      await inBulkTransaction(database, (client) => postOpenings(client, { actorId: 1n, recordedAt: clock.now() }, [{
        naturalKey: digestOf(`opening transfer ${place}`), programId: program, accountId: Number(inviter), kind: 'reward_available', asset: 'USD', rebateId: id.toString(), amount: 7n, occurredAt,
      }]))
      const { effectiveAt } = await database.prisma.transfer.findUniqueOrThrow({ where: { naturalKey: new Uint8Array(digestOf(`opening transfer ${place}`)) } })
      expect(effectiveAt).toEqual(program === programId ? clock.now() : occurredAt)
    }
    expect(await verify()).toBeNull()
  })

  test('what was running when the end was closed is waited for, so that nothing is added after the statement', async () => {
    const other = await account('running')
    const client = await owner.pool.connect()
    try {
      await client.query('begin')
      await client.query(`select post_transfer($1, 'recharge', null, null, null, null, $2, $2, $2, 1, array[null, $3::bigint], array['cash_clearing', 'main_paid'], array['USD', 'USD'], array[null, null]::bigint[], array[-9, 9])`,
        [digestOf('running'), new Date('2026-06-30T12:00:00Z'), other])
      const period = { startsAt: new Date('2026-06-01T00:00:00Z'), endsAt: new Date('2026-07-01T00:00:00Z') }
      const early = await closePeriod(closer, { programId: null, period, reason: 'platform' }, 0)
      expect(early).toMatchObject({ ok: true, closed: { stored: null } })
      await client.query('commit')
      const closed = await close(period, null)
      if (!closed.ok) throw new Error(closed.reason)
      expect(closed.closed.stored?.statement.lines.find((line) => line.account === 'main_paid')?.columns.received).toBe((units('100') + 9n).toString())
    } finally {
      client.release()
    }
    expect(await verify()).toBeNull()
  })
})

describe('verify', () => {
  test('names the period whose books were changed behind it', async () => {
    clock.set(new Date('2026-08-02T00:00:00Z'))
    const closed = await close(july)
    if (!closed.ok) throw new Error(closed.reason)
    await owner.pool.query('alter table transfer disable trigger user')
    const { rows: [moved] } = await owner.pool.query<{ id: string; effective_at: Date }>(`select min(id) as id, min(effective_at) as effective_at from transfer where effective_at >= '2026-07-01' and effective_at < '2026-08-01'`)
    await owner.pool.query(`update transfer set effective_at = '2026-09-01' where id = $1`, [moved?.id])
    expect(await verify()).toEqual({ place: `period_lock ${closed.closed.lockId}`, found: 'the books no longer give the statement that was stored' })
    await owner.pool.query('update transfer set effective_at = $2 where id = $1', [moved?.id, moved?.effective_at])
    await owner.pool.query('alter table transfer enable trigger user')
    expect(await verify()).toBeNull()
  })

  test('names the period whose statement was changed', async () => {
    const [first] = await readClosedPeriods(database, programId)
    await owner.pool.query('alter table period_statement disable trigger user')
    const { rows: [kept] } = await owner.pool.query<{ statement: object }>('select statement from period_statement where lock_id = $1', [first?.lockId])
    await owner.pool.query(`update period_statement set statement = jsonb_set(statement, '{entries}', '1') where lock_id = $1`, [first?.lockId])
    expect(await verify()).toEqual({ place: `period_lock ${first?.lockId}`, found: 'its statement is not the one that was stored' })
    await owner.pool.query('update period_statement set statement = $2 where lock_id = $1', [first?.lockId, kept?.statement])
    await owner.pool.query('alter table period_statement enable trigger user')
    expect(await verify()).toBeNull()
  })
})
