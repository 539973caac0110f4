// One request or one import: who brought the facts in, from where, when, and how late the latest of them is.

import type pg from 'pg'

export interface OpenBatch {
  readonly id: string
  readonly recordedAt: Date
}

export interface BatchDescription {
  /** Name of the system that owns the facts; its events are unique within it. */
  readonly source: string
  readonly actorId: bigint
  readonly kind: 'import' | 'api' | 'generated'
  readonly recordedAt: Date
  /** Seconds since 1970 of the latest fact, where it is known beforehand. */
  readonly latestAt?: number | undefined
}

export async function openBatch(client: pg.PoolClient | pg.Pool, description: BatchDescription): Promise<OpenBatch> {
  const { source, actorId, kind, recordedAt, latestAt } = description
  await client.query('INSERT INTO source (name) VALUES ($1) ON CONFLICT (name) DO NOTHING', [source])
  const made = await client.query<{ id: string }>(
    `INSERT INTO batch (source_id, actor_id, kind, recorded_at, latest_at)
       SELECT id, $2, $3, $4, $5 FROM source WHERE name = $1 RETURNING id`,
    [source, actorId, kind, recordedAt, latestAt === undefined ? null : new Date(latestAt * 1000)])
  const id = made.rows[0]?.id
  if (id === undefined) throw new Error(`The source ${source} is gone.`)
  return { id, recordedAt }
}

/** Notes the latest time that any fact of the batch states: "now" of a scan that is given none. */
export async function closeBatch(client: pg.PoolClient | pg.Pool, batch: OpenBatch, latestAt: number): Promise<void> {
  await client.query('UPDATE batch SET latest_at = to_timestamp($2::double precision) WHERE id = $1', [batch.id, latestAt])
}
