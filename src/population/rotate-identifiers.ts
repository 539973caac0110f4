// A new generation of the identifier key, by wrapping: what is stored becomes HMAC(new key, stored hash), because the raw values
// are gone. Promises: may be killed and run again; look-ups by value meet the stored rows before and after.

import type pg from 'pg'
import type { Database } from '../base/database.ts'
import { wrapHash } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { withPopulationLock } from './population-lock.ts'
import { inBulkTransaction } from './snapshot.ts'

export interface RotationOptions {
  readonly batchRows?: number | undefined
  readonly onProgress?: ((stage: string, done: number, total: number) => void) | undefined
}

export type Rotation =
  | { readonly ok: true; readonly rotated: number; /** Rows whose value had come in again under the new key meanwhile. */ readonly joined: number }
  | { readonly ok: false; readonly reason: 'population_in_use' }

const BATCH_ROWS = 5_000

/** Brings every stored identifier to the newest generation of the key. */
export async function rotateIdentifierKey(database: Database, keys: KeyRing, options: RotationOptions = {}): Promise<Rotation> {
  const newest = keys.identifiers.at(-1)?.id ?? 0
  const locked = await withPopulationLock(database, async () => {
    const waiting = await database.pool.query<{ count: string }>('SELECT count(*) FROM identifier WHERE key_id < $1', [newest])
    const total = Number(waiting.rows[0]?.count ?? 0)
    let rotated = 0
    let joined = 0
    for (;;) {
      const batch = await inBulkTransaction(database, (client) => rotateBatch(client, keys, newest, options.batchRows ?? BATCH_ROWS))
      if (batch.rotated === 0) return { rotated, joined }
      rotated += batch.rotated
      joined += batch.joined
      options.onProgress?.('rotate identifiers', rotated, Math.max(total, rotated))
    }
  })
  return locked === null ? { ok: false, reason: 'population_in_use' } : { ok: true, ...locked.value }
}

async function rotateBatch(client: pg.PoolClient, keys: KeyRing, newest: number, batchRows: number): Promise<{ rotated: number; joined: number }> {
  const old = await client.query<{ id: string; kind: string; hash: Buffer; key_id: number }>(
    'SELECT id, kind, hash, key_id FROM identifier WHERE key_id < $1 ORDER BY id LIMIT $2 FOR UPDATE', [newest, batchRows])
  const ids = old.rows.map((row) => row.id)
  const hashes = old.rows.map((row) => keys.identifiers.filter((key) => key.id > row.key_id).reduce((hash, key) => wrapHash(key, hash), row.hash))
  const joined = await joinTwins(client, ids, hashes)
  await client.query(
    `UPDATE identifier i SET hash = n.hash, key_id = $3 FROM unnest($1::bigint[], $2::bytea[]) AS n(id, hash) WHERE i.id = n.id`,
    [ids, hashes, newest])
  return { rotated: old.rows.length, joined }
}

/** A value that came in again while older rows still waited has a row of its own under the new key: the two become one. */
async function joinTwins(client: pg.PoolClient, ids: readonly string[], hashes: readonly Buffer[]): Promise<number> {
  const twins = await client.query<{ old_id: string; new_id: string }>(
    `SELECT o.id AS old_id, t.id AS new_id FROM unnest($1::bigint[], $2::bytea[]) AS n(id, hash)
       JOIN identifier o ON o.id = n.id JOIN identifier t ON t.kind = o.kind AND t.hash = n.hash AND t.id <> o.id`, [ids, hashes])
  if (twins.rows.length === 0) return 0
  const pairs = [twins.rows.map((row) => row.old_id), twins.rows.map((row) => row.new_id)]
  // The older row stays, because observations, strengths and rings name it; the younger one's observations move to it.
  await client.query(
    `INSERT INTO observation (account_id, identifier_id, context, occurred_at, recorded_at, batch_id)
       SELECT o.account_id, p.old_id, o.context, o.occurred_at, o.recorded_at, o.batch_id
       FROM unnest($1::bigint[], $2::bigint[]) AS p(old_id, new_id) JOIN observation o ON o.identifier_id = p.new_id
       ON CONFLICT DO NOTHING`, pairs)
  await client.query(
    `UPDATE identifier i SET flags = i.flags | t.flags, model = least(i.model COLLATE "C", t.model COLLATE "C")
       FROM unnest($1::bigint[], $2::bigint[]) AS p(old_id, new_id) JOIN identifier t ON t.id = p.new_id WHERE i.id = p.old_id`, pairs)
  await client.query('DELETE FROM observation WHERE identifier_id = ANY ($1::bigint[])', [pairs[1]])
  await client.query('DELETE FROM identifier WHERE id = ANY ($1::bigint[])', [pairs[1]])
  return twins.rows.length
}
