// One scan at a time over the whole deployment: a session lock in the database, which ends with the process that holds it.

import type pg from 'pg'
import type { Database } from '../base/database.ts'

/** Also taken by the rotation of identifier keys, which changes what a scan reads. */
const SCAN_LOCK = 7_246_100_005

/** Null when another process holds it. */
export async function withScanLock<T>(database: Database, work: () => Promise<T>): Promise<{ value: T } | null> {
  const client: pg.PoolClient = await database.pool.connect()
  let isIntact = false
  try {
    const locked = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [SCAN_LOCK])
    if (locked.rows[0]?.locked !== true) {
      isIntact = true
      return null
    }
    try {
      return { value: await work() }
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [SCAN_LOCK])
      isIntact = true
    }
  } finally {
    // A session that is closed gives the lock back too.
    client.release(!isIntact)
  }
}
