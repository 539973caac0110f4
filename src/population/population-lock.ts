// What reads or rewrites the whole population does so alone: a scan, or the rotation of identifier keys. A session lock in the
// database, which ends with the process that holds it.

import type pg from 'pg'
import type { Database } from '../base/database.ts'

const POPULATION_LOCK = 7_246_100_005

/** Null when another process holds it. */
export async function withPopulationLock<T>(database: Database, work: () => Promise<T>): Promise<{ value: T } | null> {
  const client: pg.PoolClient = await database.pool.connect()
  let isIntact = false
  try {
    const locked = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [POPULATION_LOCK])
    if (locked.rows[0]?.locked !== true) {
      isIntact = true
      return null
    }
    try {
      return { value: await work() }
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [POPULATION_LOCK])
      isIntact = true
    }
  } finally {
    // A session that is closed gives the lock back too.
    client.release(!isIntact)
  }
}
