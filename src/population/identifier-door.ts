// The door through which identifiers come into the database: normalised values in, keyed hashes stored, raw values dropped.
// Promises: what needs the raw value (range, list membership, mask, model) is stored beside the hash; repeating changes nothing.

import type pg from 'pg'
import type { NormalisedIdentifier } from '../../scoring/identifiers/index.ts'
import { type HashedIdentifier, hashIdentifier } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { OpenBatch } from './batches.ts'
import { BinaryRows, copyIn } from './binary-copy.ts'

export interface ObservedIdentifier {
  readonly accountId: number
  readonly identifier: NormalisedIdentifier
  /** What may be shown of it to an analyst: never the whole value. */
  readonly shownAs: string | null
  /** Seconds since 1970. */
  readonly at: number | null
  /** As reported: one word, or several joined by `|`; empty for none. */
  readonly context: string
}

const REMEMBERED_MAX = 200_000

/** Hashes identifiers, remembering the most recent values for as long as this object lives, in memory alone. */
export class IdentifierDoor {
  readonly listVersion: string
  private readonly keys: KeyRing
  private readonly remembered = new Map<string, HashedIdentifier>()

  constructor(keys: KeyRing, listVersion = 'none') {
    this.keys = keys
    this.listVersion = listVersion
  }

  hash(kind: string, value: string): HashedIdentifier {
    const name = `${kind}\0${value}`
    const known = this.remembered.get(name)
    if (known !== undefined) return known
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear()
    const hashed = hashIdentifier(this.keys, kind, value)
    this.remembered.set(name, hashed)
    return hashed
  }
}

/** Stores identifiers and observations; must run inside the caller's transaction. */
export async function recordObservations(
  client: pg.PoolClient, door: IdentifierDoor, batch: OpenBatch, observed: readonly ObservedIdentifier[],
): Promise<void> {
  if (observed.length === 0) return
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_observation (account_id bigint, kind text, hash bytea,
    context text, occurred_at timestamptz) ON COMMIT DELETE ROWS`)
  const observations = new BinaryRows()
  for (const { accountId, identifier: { kind, value }, at, context } of observed) {
    observations.row(5).int8(accountId).text(kind).bytes(door.hash(kind, value).hash).text(context).time(at)
  }
  await storeIdentifiers(client, door, batch.recordedAt, observed)
  await copyIn(client, 'stage_observation', observations)
  await client.query(
    `INSERT INTO observation (account_id, identifier_id, context, occurred_at, recorded_at, batch_id)
       SELECT s.account_id, i.id, s.context, s.occurred_at, $1, $2
       FROM stage_observation s JOIN identifier i ON i.kind = s.kind AND i.hash = s.hash
       ON CONFLICT DO NOTHING`,
    [batch.recordedAt, batch.id])
  await client.query('TRUNCATE stage_observation')
}

/** Identifiers that were seen with something other than an account so far, such as a click; their ids, in no order. Must run inside the caller's transaction. */
export async function recordIdentifiers(
  client: pg.PoolClient, door: IdentifierDoor, recordedAt: Date, seen: readonly Pick<ObservedIdentifier, 'identifier' | 'shownAs'>[],
): Promise<bigint[]> {
  if (seen.length === 0) return []
  await storeIdentifiers(client, door, recordedAt, seen)
  const hashed = seen.map(({ identifier: { kind, value } }) => ({ kind, hash: door.hash(kind, value).hash }))
  const found = await client.query<{ id: string }>(
    'SELECT DISTINCT i.id FROM unnest($1::text[], $2::bytea[]) AS s (kind, hash) JOIN identifier i ON i.kind = s.kind AND i.hash = s.hash',
    [hashed.map(({ kind }) => kind), hashed.map(({ hash }) => hash)])
  return found.rows.map(({ id }) => BigInt(id))
}

async function storeIdentifiers(client: pg.PoolClient, door: IdentifierDoor, recordedAt: Date, seen: readonly Pick<ObservedIdentifier, 'identifier' | 'shownAs'>[]): Promise<void> {
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_identifier (kind text, hash bytea, key_id integer, flags integer,
    model text, attributes text) ON COMMIT DELETE ROWS`)
  const identifiers = new BinaryRows()
  const staged = new Set<string>()
  for (const { identifier, shownAs } of seen) {
    const { kind, value, flags, model } = identifier
    const { hash, keyId } = door.hash(kind, value)
    const attributes = JSON.stringify(shownAs === null ? identifier.attributes : { ...identifier.attributes, shown_as: shownAs })
    const variant = `${kind}\0${value}\0${flags}\0${model ?? ''}\0${attributes}`
    if (staged.has(variant)) continue
    staged.add(variant)
    identifiers.row(6).text(kind).bytes(hash).int4(keyId).int4(flags).text(model).text(attributes)
  }
  await copyIn(client, 'stage_identifier', identifiers)
  await client.query(upsertIdentifiers, [door.listVersion, recordedAt])
  await client.query('TRUNCATE stage_identifier')
}

/** Facts that disagree settle the same way in whatever order and chunks they come: flags add up, the smaller text wins. */
const upsertIdentifiers = `
  INSERT INTO identifier (kind, hash, key_id, flags, model, attributes, list_version, recorded_at)
    SELECT s.kind, s.hash, s.key_id, s.flags, s.model, s.attributes::jsonb, $1, $2
    FROM (SELECT kind, hash, max(key_id) AS key_id, bit_or(flags) AS flags, min(model COLLATE "C") AS model,
            min(attributes::jsonb::text COLLATE "C") AS attributes FROM stage_identifier GROUP BY kind, hash) AS s
    WHERE NOT EXISTS (SELECT 1 FROM identifier i WHERE i.kind = s.kind AND i.hash = s.hash AND (i.flags | s.flags) = i.flags
      AND (s.model IS NULL OR i.model COLLATE "C" <= s.model) AND i.attributes::text COLLATE "C" <= s.attributes)
    ORDER BY s.kind, s.hash
    ON CONFLICT (kind, hash) DO UPDATE SET flags = identifier.flags | excluded.flags,
      model = least(identifier.model COLLATE "C", excluded.model COLLATE "C"),
      attributes = least(identifier.attributes::text COLLATE "C", excluded.attributes::text COLLATE "C")::jsonb`
