// One consistent view of the database for bulk reading, and the transaction for bulk writing; both on one pooled connection.

import type pg from 'pg'
import { type Database, isRetryable, sqlStateOf } from '../base/database.ts'

const ATTEMPTS = 5

/** Reads in one repeatable-read transaction. `position`: everything committed by transactions below it is seen. */
export async function inSnapshot<T>(database: Database, read: (client: pg.PoolClient, position: bigint) => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const result = await client.query<{ position: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS position')
    const value = await read(client, BigInt(result.rows[0]?.position ?? '0'))
    await client.query('COMMIT')
    client.release()
    return value
  } catch (error) {
    client.release(true)
    throw error
  }
}

/**
 * Which transactions a snapshot saw, from what pg_current_snapshot() writes: `xmin:xmax:in progress`. Why not xmin alone: while an
 * older transaction runs, a reader sees later ones that have ended, and what it saw must not count as new afterwards.
 */
export function transactionsSeen(snapshot: string): (transactionId: bigint) => boolean {
  const [first = '0', end = '0', running = ''] = snapshot.split(':')
  const [from, to] = [BigInt(first), BigInt(end)]
  const inProgress = new Set(running.split(',').filter((id) => id !== '').map(BigInt))
  return (transactionId) => transactionId < from || (transactionId < to && !inProgress.has(transactionId))
}

/**
 * Writes in one transaction on the pool; the whole work is repeated after a deadlock, a serialisation failure or the
 * loss of a race for a unique value.
 */
export async function inBulkTransaction<T>(database: Database, write: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await database.pool.connect()
    try {
      await client.query('BEGIN')
      const value = await write(client)
      await client.query('COMMIT')
      client.release()
      return value
    } catch (error) {
      // The connection may be in the middle of a COPY: it is closed, which also rolls back.
      client.release(true)
      if (attempt === ATTEMPTS || !(isRetryable(error) || sqlStateOf(error) === '23505')) throw error
    }
  }
}
