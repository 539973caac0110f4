// Events of the host platform in bulk: facts, unique for ever by the keyed digest of (source, event id).
// Promises: the first content of an id stays; an id that comes back with other content is named, not stored.

import type pg from 'pg'
import { canonicalJson, naturalKey } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { OpenBatch } from './batches.ts'
import { BinaryRows, copyIn } from './binary-copy.ts'

export type EventType =
  | 'signup' | 'verified' | 'recharge' | 'payment' | 'spend' | 'refund' | 'dispute_opened' | 'dispute_won' | 'chargeback'
  | 'login' | 'track_change' | 'account_closed' | 'payout_destination_changed'

export interface EventRow {
  /** The host's id of the event, unique within its source. */
  readonly eventId: string
  readonly type: EventType
  readonly accountId: number
  /** The event that this one refunds or disputes. */
  readonly originalId: string | null
  /** Smallest units of the asset. */
  readonly amount: bigint | null
  readonly asset: string | null
  readonly fundedBy: 'paid' | 'reward' | 'credit' | 'code' | 'staff'
  readonly periodUnit: string | null
  readonly periodCount: number | null
  readonly item: string | null
  /** Seconds since 1970. */
  readonly occurredAt: number
}

export function eventKey(keys: KeyRing, source: string, eventId: string): Buffer {
  return naturalKey(keys, 'event', source, eventId)
}

export function itemHash(keys: KeyRing, item: string | null): Buffer | null {
  return item === null ? null : naturalKey(keys, 'item', item)
}

/** Keyed, so that guessing a content does not confirm it. */
export function eventContentDigest(keys: KeyRing, event: EventRow): Buffer {
  return naturalKey(keys, 'event content', canonicalJson({ ...event }))
}

/** Stores events; returns the places of those whose id is known with other content. Must run in the caller's transaction. */
export async function storeEvents(
  client: pg.PoolClient, keys: KeyRing, source: string, batch: OpenBatch, events: readonly EventRow[],
): Promise<number[]> {
  if (events.length === 0) return []
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_event (place integer, natural_key bytea, content_digest bytea,
    type text, account_id bigint, original_key bytea, amount bigint, asset text, funded_by text, period_unit text,
    period_count integer, item_hash bytea, occurred_at timestamptz, body text) ON COMMIT DELETE ROWS`)
  const rows = new BinaryRows()
  for (const [place, event] of events.entries()) {
    const { originalId, item } = event
    rows.row(14).int4(place).bytes(eventKey(keys, source, event.eventId)).bytes(eventContentDigest(keys, event))
      .text(event.type).int8(event.accountId).bytes(originalId === null ? null : eventKey(keys, source, originalId))
      .int8(event.amount).text(event.asset).text(event.fundedBy).text(event.periodUnit).int4(event.periodCount)
      .bytes(itemHash(keys, item)).time(event.occurredAt)
      .text(JSON.stringify({ source, event_id: event.eventId, ...(item === null ? {} : { item }) }))
  }
  await copyIn(client, 'stage_event', rows)
  await client.query(
    `INSERT INTO asset (code, kind, exponent, name)
       SELECT DISTINCT s.asset, 'money', 6, s.asset FROM stage_event s
       WHERE s.asset IS NOT NULL AND NOT EXISTS (SELECT 1 FROM asset a WHERE a.code = s.asset)
       ON CONFLICT (code) DO NOTHING`)
  await client.query(
    `WITH made AS (
         INSERT INTO event (natural_key, content_digest, type, account_id, original_key, amount, asset, funded_by, period_unit,
             period_count, item_hash, is_history, occurred_at, recorded_at, effective_at, batch_id)
           SELECT natural_key, content_digest, type, account_id, original_key, amount, asset, funded_by, period_unit,
             period_count, item_hash, true, occurred_at, $1, occurred_at, $2 FROM stage_event ORDER BY natural_key
           ON CONFLICT (natural_key) DO NOTHING RETURNING id, natural_key
       )
       INSERT INTO event_body (event_id, salt, body)
         SELECT made.id, uuid_send(gen_random_uuid()), s.body::jsonb FROM made JOIN stage_event s USING (natural_key)`,
    [batch.recordedAt, batch.id])
  const differing = await client.query<{ place: number }>(
    `SELECT s.place FROM stage_event s JOIN event e USING (natural_key) WHERE e.content_digest <> s.content_digest ORDER BY s.place`)
  await client.query('TRUNCATE stage_event')
  return differing.rows.map((row) => row.place)
}
