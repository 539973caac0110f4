// Log readers must never jump over a row that commits late. A transaction takes its number, stays open while later ones commit, and
// commits at last: a reader that advanced by ids alone would have lost its row.

import { describe, expect, test } from 'vitest'
import { LOG_START, type LogPosition, inBulkTransaction, openBatch, readLog, recordAccounts } from '../../src/population/index.ts'
import { settled, useDatabase } from '../database.ts'

const { database, clock, keys } = await useDatabase()

const account = (externalId: string) => ({ externalId, createdAt: 1, status: null, organisationId: null, country: null })

async function addAccount(externalId: string): Promise<void> {
  await inBulkTransaction(database, async (client) => {
    const batch = await openBatch(client, { source: 'test', actorId: 1n, kind: 'generated', recordedAt: clock.now() })
    await recordAccounts(client, keys, batch, [account(externalId)])
  })
}

async function namesAfter(position: LogPosition): Promise<{ names: string[]; position: LogPosition }> {
  const page = await readLog(database.pool, 'account', position)
  const rows = await database.prisma.accountIdentity.findMany({ where: { accountId: { in: page.rows.map((row) => BigInt(row.id)) } } })
  const byId = new Map(rows.map((row) => [row.accountId.toString(), row.externalId]))
  return { names: page.rows.map((row) => byId.get(row.id) ?? '?'), position: page.position }
}

describe('reading a log', () => {
  test('waits for a transaction that is still open and then gives its row, once', async () => {
    await addAccount('first')
    await settled(database)
    const late = await database.pool.connect()
    await late.query('BEGIN')
    const batch = await openBatch(late, { source: 'test', actorId: 1n, kind: 'generated', recordedAt: clock.now() })
    await recordAccounts(late, keys, batch, [account('late')])
    await addAccount('early')

    const before = await namesAfter(LOG_START)
    await late.query('COMMIT')
    late.release()
    expect(before.names).toEqual(['first'])
    await settled(database)
    const after = await namesAfter(before.position)
    expect(after.names).toEqual(['late', 'early'])
    expect((await namesAfter(after.position)).names).toEqual([])
  })

  test('gives pages that together hold every row once, whatever the page size', async () => {
    for (let place = 0; place < 5; place++) await addAccount(`page-${place}`)
    await settled(database)
    const ids: string[] = []
    let position = LOG_START
    for (;;) {
      const page = await readLog(database.pool, 'account', position, 2)
      if (page.rows.length === 0) break
      ids.push(...page.rows.map((row) => row.id))
      position = page.position
    }
    expect(ids).toHaveLength(await database.prisma.account.count())
    expect(new Set(ids).size).toBe(ids.length)
  })
})
