// Goal: a database made by the previous release is carried on to the newest tables with nothing lost, and goes on working.
// Method: previous-release/ is a backup of a history that the previous release told itself (make-previous-release.ts); it is restored here.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generalModel } from '../../scoring/model/general.ts'
import { openDatabase } from '../../src/base/database.ts'
import { checkKeys } from '../../src/base/keys.ts'
import { migrate, MIGRATIONS_DIRECTORY } from '../../src/base/migrations.ts'
import { createChecks } from '../../src/checks/index.ts'
import { MORE_VERIFIERS } from '../../src/cli/verifiers.ts'
import { takeEvents } from '../../src/intake/take-events.ts'
import { restore, sealPostings } from '../../src/keeping/index.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { matureRebates } from '../../src/programs/index.ts'
import { applyPlan, makePlan } from '../../src/review/index.ts'
import { runScan } from '../../src/scans/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { fixedKeys } from './fixed-keys.ts'
import { sumsOf } from './sums.ts'

const { owner, clock, url } = await useDatabase()
const keys = fixedKeys()
const name = `upgraded_${process.pid}`
const upgradedUrl = url.replace(/\/test_[0-9a-f]+/, `/${name}`)
const previous = JSON.parse(readFileSync(join(import.meta.dirname, 'previous-release.json'), 'utf8')) as { migrations: string[]; sums: Record<string, string[]> }
let database: ReturnType<typeof openDatabase>
let owning: ReturnType<typeof openDatabase>
let migrated: readonly string[] = []

beforeAll(async () => {
  await owner.pool.query(`create database ${name}`)
  const restored = await restore({ folder: join(import.meta.dirname, 'previous-release'), keys, ownerUrl: upgradedUrl, migrations: MIGRATIONS_DIRECTORY })
  if (!restored.ok) throw new Error(restored.sentence)
  migrated = restored.migrated
  await migrate(upgradedUrl, MIGRATIONS_DIRECTORY)
  database = openDatabase(upgradedUrl)
  owning = openDatabase(upgradedUrl, { role: null })
  clock.set(new Date('2027-01-01T00:00:00Z'))
})
afterAll(async () => {
  await database.close()
  await owning.close()
  await owner.pool.query(`drop database ${name} with (force)`)
})

async function faults(): Promise<string[]> {
  return (await verifyBooks(database, keys, { more: MORE_VERIFIERS })).faults.map(({ rule, place, found }) => `${rule}: ${place}: ${found}`)
}

describe('a database of the previous release', () => {
  test('is brought to the newest tables by every migration since', async () => {
    expect(migrated.length).toBeGreaterThan(0)
    const { rows } = await owning.pool.query<{ name: string }>('select migration_name as name from _prisma_migrations order by 1')
    expect(rows.map((row) => row.name)).toEqual([...previous.migrations, ...migrated])
  })

  test('has the same sums, rebates, holds, relations, decisions and rings', async () => {
    expect(await sumsOf(owning.pool)).toEqual(previous.sums)
    expect(previous.sums['decisions']?.length).toBe(3)
    expect(previous.sums['holds']?.length).toBeGreaterThan(2)
  })

  test('verifies by every rule of today', async () => {
    expect(await faults()).toEqual([])
    await expectBooksToBalance(owning)
  })

  test('is opened with its own keys and no others', async () => {
    await checkKeys(database, keys, clock)
    await expect(checkKeys(database, { ...keys, identifiers: [{ id: 1, secret: Buffer.alloc(32, 1) }] }, clock)).rejects.toThrow('is not the one this database was written with')
  })

  test('goes on: events, upkeep, a scan, an undo of an old decision, a seal over all of its postings', async () => {
    const checks = createChecks({ database, keys, clock, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000 })
    const parts = { database, keys, clock, actorId: 1n, check: checks.evaluate }
    await checks.start()
    try {
      const taken = await takeEvents(parts, [
        { source: 'shop', event_id: 'new-1', type: 'recharge', account: 'friend4', occurred_at: '2026-12-31T12:00:00Z', amount: '20', currency: 'USD' },
        { source: 'shop', event_id: 'new-2', type: 'refund', account: 'friend3', occurred_at: '2026-12-31T12:00:00Z', original: 'r-friend3', amount: '1', currency: 'USD' },
      ])
      expect(taken.results.map(({ answer }) => answer.ok)).toEqual([true, true])
    } finally {
      await checks.stop()
    }
    await matureRebates(parts)
    expect(await runScan(database, { keys, clock, actorId: 1n, model: generalModel })).toMatchObject({ ok: true })
    const last = await database.prisma.decision.findFirstOrThrow({ where: { undoesId: null }, orderBy: { id: 'desc' } })
    const plan = await makePlan(parts, { kind: 'undo', decisionId: last.id.toString() })
    if (!plan.ok) throw new Error(plan.detail)
    expect(await applyPlan(parts, { planId: plan.plan.id, hash: plan.plan.hash, reason: 'correction' })).toMatchObject({ ok: true })
    expect(await sealPostings(parts)).toMatchObject({ ok: true, seals: 1 })
    expect(await faults()).toEqual([])
    await expectBooksToBalance(owning)
  })
})
