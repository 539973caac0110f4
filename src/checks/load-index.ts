// Brings the index up to date: the append-only logs below the oldest running transaction, and the findings of a newer scan.
// Promises: one consistent view per round; a row that commits late is never jumped over; repeating a round changes nothing.

import type pg from 'pg'
import type { Database } from '../base/database.ts'
import { checkPolicy, defaultCheckPolicy } from '../policies/index.ts'
import { copyOut, inSnapshot, transactionsSeen } from '../population/index.ts'
import { type CheckIndex, type IndexedScan, pairKey, type Restriction, type ScanFindings, type StoredStrength, type StoredVerdict } from './check-index.ts'

/** One round. Reads nothing twice but the small tables: programs, policies, assets, restrictions. */
export async function refreshIndex(index: CheckIndex, database: Database): Promise<void> {
  await inSnapshot(database, async (client, position) => {
    await readSettings(index, client)
    const scan = await readLastScan(client)
    // Before the observations, which are fresh or not by the scan's position.
    if (scan !== null && scan.id !== index.findings?.scan.id) index.replaceFindings(await readFindings(client, scan))
    if (position > index.position) await readLogs(index, client, position)
    index.position = position > index.position ? position : index.position
  })
}

async function readLogs(index: CheckIndex, client: pg.PoolClient, position: bigint): Promise<void> {
  // Transaction ids are numbers that PostgreSQL gave: they can be written into the statement, which COPY needs.
  const range = (table: string): string => `${table}.xid >= '${index.position}'::xid8 AND ${table}.xid < '${position}'::xid8`
  await copyOut(client, `SELECT a.id, i.external_id FROM account a JOIN account_identity i ON i.account_id = a.id WHERE ${range('a')}`,
    (row) => index.addAccount(row.text(1), row.int8(0)))
  const identifiers = index.position === 0n
    ? 'SELECT id, kind, hash, flags FROM identifier'
    : `SELECT id, kind, hash, flags FROM identifier WHERE id IN (SELECT o.identifier_id FROM observation o WHERE ${range('o')})`
  await copyOut(client, identifiers, (row) => index.addIdentifier(row.int8(0), row.text(1), row.bytes(2), row.int4(3)))
  await copyOut(client, `SELECT o.account_id, o.identifier_id, o.xid::text FROM observation o WHERE ${range('o')}`,
    (row) => index.addObservation(row.int8(0), row.int8(1), BigInt(row.text(2))))
  await copyOut(client, `SELECT f.inviter_id, f.invitee_id FROM referral_fact f WHERE ${range('f')}`, (row) => index.addReferral(row.int8(0), row.int8(1)))
}

async function readSettings(index: CheckIndex, client: pg.PoolClient): Promise<void> {
  const programs = await client.query<{ id: string; key: string }>('SELECT id, key FROM program')
  const policies = await client.query<{ id: string; program_id: string; effective_from: Date; policy: unknown }>(
    'SELECT id, program_id, effective_from, policy FROM policy_version ORDER BY program_id, effective_from')
  const assets = await client.query<{ code: string; exponent: number }>('SELECT code, exponent FROM asset')
  const restrictions = await client.query<{ account_id: string; kind: string; starts_at: Date; ends_at: Date }>(
    'SELECT account_id, kind, starts_at, ends_at FROM account_restriction WHERE ended_at IS NULL')
  for (const { id, key } of programs.rows) {
    index.programs.set(key, Number(id))
    const own = policies.rows.filter((row) => row.program_id === id)
    index.policies.set(Number(id), [
      { id: null, effectiveFrom: -Infinity, policy: defaultCheckPolicy },
      ...own.map((row) => ({ id: BigInt(row.id), effectiveFrom: row.effective_from.getTime(), policy: checkPolicy.parse(row.policy) })),
    ])
  }
  for (const { code, exponent } of assets.rows) index.assets.set(code, exponent)
  const restricted = new Map<number, Restriction[]>()
  for (const row of restrictions.rows) {
    const account = Number(row.account_id)
    restricted.set(account, [...(restricted.get(account) ?? []), { kind: row.kind, startsAt: row.starts_at.getTime(), endsAt: row.ends_at.getTime() }])
  }
  index.restrictions = restricted
}

async function readLastScan(client: pg.PoolClient): Promise<IndexedScan | null> {
  const result = await client.query<{ id: string; snapshot: string; model_version: string }>(
    `SELECT id, coalesce(snapshot, position || ':' || position || ':') AS snapshot, model_version FROM scan WHERE state = 'finished' ORDER BY id DESC LIMIT 1`)
  const row = result.rows[0]
  return row === undefined ? null : { id: Number(row.id), hasSeen: transactionsSeen(row.snapshot), modelVersion: row.model_version }
}

async function readFindings(client: pg.PoolClient, scan: IndexedScan): Promise<ScanFindings> {
  const verdicts = new Map<string, StoredVerdict[]>()
  const strengths = new Map<number, StoredStrength>()
  const ringOf = new Map<number, number>()
  await copyOut(client,
    `SELECT f.inviter_id, f.invitee_id, f.program_id, v.probability, v.bits, v.ring_id, v.top_reason,
         coalesce(v.deciding_probability, v.probability)
       FROM referral_verdict v JOIN referral_fact f ON f.id = v.fact_id WHERE v.scan_id = ${scan.id}`,
    (row) => {
      const key = pairKey(row.int8(0), row.int8(1))
      const verdict = {
        programId: row.int8(2), probability: row.float8(3), bits: row.float8(4), ringId: row.isNull(5) ? null : row.int8(5), topReason: row.text(6),
        decidingProbability: row.float8(7),
      }
      verdicts.set(key, [...(verdicts.get(key) ?? []), verdict])
    })
  await copyOut(client, 'SELECT identifier_id, strength, accounts FROM identifier_strength',
    (row) => strengths.set(row.int8(0), { strength: row.float8(1), accounts: row.int4(2) }))
  await copyOut(client, `SELECT m.account_id, v.ring_id FROM ring_member m JOIN ring_version v ON v.id = m.ring_version_id WHERE v.scan_id = ${scan.id}`,
    (row) => ringOf.set(row.int8(0), row.int8(1)))
  return { scan, verdicts, strengths, ringOf }
}
