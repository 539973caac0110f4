// Goal: the nightly verification leaves its result, and what is wrong reaches the log, the outbox and the metrics.

import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/base/log.ts'
import { createMetrics } from '../../src/api/metrics.ts'
import { readBookFigures, sealPostings, verifyAndKeep, verifyJob } from '../../src/keeping/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { decisionVerifier } from '../../src/review/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { database, owner, keys, clock } = given
const { account, recharge, signUp } = await makeProgramme(given, apiyi)
const [inviter, invitee] = [await account('n1'), await account('n2')]
await signUp(invitee, inviter)
await recharge('n', invitee, '100')
const parts = { database, keys, clock, log: createLog('silent') }

async function figure(name: string): Promise<number | undefined> {
  return (await readBookFigures({ database, clock })).find((each) => each.name === `ringfence_${name}`)?.value
}

describe('the nightly verification', () => {
  test('runs once a night, and not by chance at a full hour', () => {
    expect(verifyJob([]).cron).toMatch(/^[1-9]\d* \d+ \* \* \*$/)
  })

  test('keeps a result that holds, with what was counted', async () => {
    expect(await figure('verification_ok')).toBeUndefined()
    expect(await verifyAndKeep(parts, [decisionVerifier])).toBe(true)
    const [row] = await database.prisma.verification.findMany()
    expect(row).toMatchObject({ isOk: true, faults: [], counted: { rebates: 1, transfers: 2 } })
    expect(await figure('verification_ok')).toBe(1)
    expect(await figure('verification_timestamp_seconds')).toBe(clock.now().getTime() / 1000)
  })

  test('logs a wrong row by its rule alone, tells subscribers of it, and keeps it', async () => {
    await owner.pool.query(`insert into webhook_endpoint (url, topics, sealed_secret, sealed_key_id, recorded_at, actor_id) values ('https://host.example/hook', '{verification.failed}', '\\x00', 1, now(), 1)`)
    const written: string[] = []
    const log = pino({ level: 'info', base: null }, new Writable({ write: (chunk: Buffer, _encoding, done) => { written.push(chunk.toString()); done() } }))
    const client = await owner.pool.connect()
    await client.query('set session_replication_role = replica')
    await client.query(`update book_account set balance = balance + 7 where kind = 'reward_available'`)
    expect(await verifyAndKeep({ ...parts, log }, [])).toBe(false)
    await client.query(`update book_account set balance = balance - 7 where kind = 'reward_available'`)
    await client.query('set session_replication_role = origin')
    client.release()
    expect(written.join('')).toContain('"rule":"balances"')
    const [message] = await database.prisma.outbox.findMany()
    expect(message).toMatchObject({ topic: 'verification.failed', objectKind: 'verification', body: { faults: [expect.objectContaining({ rule: 'balances' })] } })
    expect(await database.prisma.verification.findFirst({ orderBy: { id: 'desc' } })).toMatchObject({ isOk: false, faults: [expect.objectContaining({ rule: 'balances' })] })
    expect(await figure('verification_ok')).toBe(0)
  })

  test('cannot be rewritten afterwards', async () => {
    await expect(owner.pool.query('update verification set is_ok = true')).rejects.toMatchObject({ code: 'RF900' })
  })
})

describe('the figures of the books', () => {
  test('say what is not sealed, what is overdue and what is owed', async () => {
    expect(await figure('transfers_unsealed')).toBeGreaterThan(0)
    await sealPostings(parts)
    expect(await figure('transfers_unsealed')).toBe(0)
    expect(await figure('holds_overdue')).toBe(0)
    expect(await figure('debt_units')).toBeUndefined()
  })

  test('are shown as metrics, and a scrape does not fail when the database does', async () => {
    const metrics = createMetrics()
    let isAway = false
    metrics.watchFigures(() => (isAway ? Promise.reject(new Error('away')) : readBookFigures({ database, clock })))
    expect(await metrics.text()).toMatch(/^ringfence_verification_ok 0$/m)
    isAway = true
    expect(await metrics.text()).toMatch(/^ringfence_verification_ok 0$/m)
  })
})
