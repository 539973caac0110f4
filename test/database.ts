// A database of its own for every test file, cloned from the migrated template and dropped afterwards.

import { randomBytes } from 'node:crypto'
import { afterAll, inject } from 'vitest'
import { manualClock } from '../src/base/clock.ts'
import { type Database, openDatabase } from '../src/base/database.ts'
import { startEmbeddedPostgres } from '../src/base/embedded-postgres.ts'
import type { KeyRing } from '../src/base/keys.ts'

export interface TestDatabase {
  /** Acts as the serving role, like the product. */
  readonly database: Database
  /** The owner's rights: for tests that corrupt or inspect. */
  readonly owner: Database
  readonly url: string
  readonly clock: ReturnType<typeof manualClock>
  readonly keys: KeyRing
}

/** Call at the top of a test file, once: `const { database, clock } = await useDatabase()`. */
export async function useDatabase(): Promise<TestDatabase> {
  const server = await startEmbeddedPostgres(inject('postgresDirectory'))
  const name = `test_${randomBytes(6).toString('hex')}`
  await server.createDatabase(name, 'template')
  const url = server.url(name)
  const database = openDatabase(url)
  const owner = openDatabase(url, { role: null })
  afterAll(async () => {
    await database.close()
    await owner.close()
    await server.dropDatabase(name)
  })
  return { database, owner, url, clock: manualClock(new Date('2026-06-01T12:00:00Z')), keys: testKeys() }
}

/** Fixed keys, so that tests are repeatable. */
export function testKeys(): KeyRing {
  const key = (letter: string) => [{ id: 1, secret: Buffer.from(letter.repeat(64), 'hex') }]
  return { identifiers: key('a'), sealing: key('b'), chain: key('c'), tokens: key('d') }
}

/**
 * Waits until everything written so far lies below the oldest running transaction, which is the oldest of the whole server: other test
 * files have theirs, and until it ends a log's reader rightly waits.
 */
export async function settled(database: Pick<Database, 'pool'>): Promise<void> {
  const newest = (await database.pool.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')).rows[0]?.id ?? '0'
  for (;;) {
    const { rows } = await database.pool.query<{ done: boolean }>('SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8 AS done', [newest])
    if (rows[0]?.done === true) return
  }
}
