// Accounts of the host platform: an append-only row with hashes, and an erasable side row that holds the external id.
// Promises: an external id names one account however often and by whomever it is reported; what is known is never unlearned.

import type pg from 'pg'
import { naturalKey, saltedDigest } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { OpenBatch } from './batches.ts'
import { BinaryRows, copyIn, copyOut } from './binary-copy.ts'

export interface AccountRow {
  readonly externalId: string
  /** Seconds since 1970; null where only the id is known so far. */
  readonly createdAt: number | null
  readonly status: string | null
  /** The host's own name of the organisation; hashed here. */
  readonly organisationId: string | null
  readonly country: string | null
}

/** Adds accounts that are new, and to known ones what was not known of them. External ids must differ from each other. */
export async function recordAccounts(client: pg.PoolClient, keys: KeyRing, batch: OpenBatch, accounts: readonly AccountRow[]): Promise<void> {
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_account (external_id text, salt bytea, digest bytea,
    occurred_at timestamptz, status text, organisation_hash bytea, country text) ON COMMIT DELETE ROWS`)
  const rows = new BinaryRows()
  for (const account of accounts) {
    const { salt, digest } = saltedDigest(account.externalId)
    rows.row(7).text(account.externalId).bytes(salt).bytes(digest).time(account.createdAt).text(account.status)
      .bytes(organisationHash(keys, account.organisationId)).text(account.country)
  }
  await copyIn(client, 'stage_account', rows)
  await client.query(
    `UPDATE account a SET occurred_at = coalesce(a.occurred_at, s.occurred_at), status = coalesce(s.status, a.status),
         organisation_hash = coalesce(a.organisation_hash, s.organisation_hash)
       FROM stage_account s JOIN account_identity k USING (external_id)
       WHERE a.id = k.account_id AND ((a.occurred_at IS NULL AND s.occurred_at IS NOT NULL) OR a.status <> s.status
         OR (a.organisation_hash IS NULL AND s.organisation_hash IS NOT NULL))`)
  await client.query(
    `WITH fresh AS (
         SELECT * FROM stage_account s WHERE NOT EXISTS (SELECT 1 FROM account_identity k WHERE k.external_id = s.external_id)
       ), made AS (
         INSERT INTO account (identity_digest, occurred_at, recorded_at, status, organisation_hash, batch_id)
           SELECT digest, occurred_at, $1, coalesce(status, 'active'), organisation_hash, $2 FROM fresh
           RETURNING id, identity_digest
       )
       INSERT INTO account_identity (account_id, salt, external_id, country)
         SELECT made.id, fresh.salt, fresh.external_id, fresh.country FROM made JOIN fresh ON fresh.digest = made.identity_digest`,
    [batch.recordedAt, batch.id])
}

/** Ids of those that are known. */
export async function findAccounts(client: pg.PoolClient | pg.Pool, externalIds: readonly string[]): Promise<Map<string, number>> {
  const found = await client.query<{ external_id: string; account_id: string }>(
    'SELECT external_id, account_id FROM account_identity WHERE external_id = ANY ($1)', [externalIds])
  return new Map(found.rows.map((row) => [row.external_id, Number(row.account_id)]))
}

/** Every account that can be named, in no order. */
export async function readExternalIds(client: pg.PoolClient, onAccount: (externalId: string, accountId: number) => void): Promise<void> {
  await copyOut(client, 'SELECT account_id, external_id FROM account_identity', (row) => onAccount(row.text(1), row.int8(0)))
}

/** Sets parents of accounts that have none. */
export async function recordParents(client: pg.PoolClient, pairs: readonly { accountId: number; parentId: number }[]): Promise<void> {
  await client.query(
    `UPDATE account a SET parent_id = p.parent_id FROM unnest($1::bigint[], $2::bigint[]) AS p(account_id, parent_id)
       WHERE a.id = p.account_id AND a.parent_id IS NULL`,
    [pairs.map((pair) => pair.accountId), pairs.map((pair) => pair.parentId)])
}

/** Equal for accounts of one organisation, and says nothing about its name. */
export function organisationHash(keys: KeyRing, organisationId: string | null): Buffer | null {
  return organisationId === null ? null : naturalKey(keys, 'organisation', organisationId)
}
