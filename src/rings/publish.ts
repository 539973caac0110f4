// Rings of a scan become versions of rings with stable ids. Promises: what is planned beforehand touches nothing; everything
// is published in the transaction that finishes the scan.

import type pg from 'pg'
import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { type KnownRing, type Lineage, traceRings } from './lineage.ts'

export interface FoundMember {
  readonly accountId: number
  readonly score: number
  /** The account it is tied to; null for the one that the ring grows from. */
  readonly tiedToId: number | null
  /** The identifier that ties them; null: behaviour. */
  readonly identifierId: number | null
  readonly bits: number
}

export interface FoundRing {
  readonly members: readonly FoundMember[]
  readonly factIds: readonly number[]
  readonly programId: number | null
  readonly probability: number
  /** In the smallest unit of the asset. */
  readonly expectedLoss: bigint
  readonly asset: string
  readonly reasons: readonly object[]
}

export interface RingPlan {
  /** Per ring found. */
  readonly ringIds: readonly number[]
  readonly isNew: readonly boolean[]
  readonly lineage: Lineage
}

/** Names the rings found: known ids where rings go on, reserved ones where they are new. */
export async function planRings(client: pg.PoolClient | pg.Pool, rings: readonly FoundRing[]): Promise<RingPlan> {
  const lineage = traceRings(await knownRings(client), rings.map((ring) => ring.members.map((member) => member.accountId)))
  const fresh = lineage.ids.filter((id) => id === null).length
  const reserved = await client.query<{ id: string }>(`SELECT nextval('ring_id_seq') AS id FROM generate_series(1, $1)`, [fresh])
  let next = 0
  const ringIds = lineage.ids.map((id) => id ?? Number(reserved.rows[next++]?.id))
  return { ringIds, isNew: lineage.ids.map((id) => id === null), lineage }
}

async function knownRings(client: pg.PoolClient | pg.Pool): Promise<KnownRing[]> {
  const result = await client.query<{ id: string; state: string; members: string[] }>(
    `SELECT r.id, r.state, array_agg(m.account_id) AS members
       FROM ring r JOIN ring_version v ON v.ring_id = r.id AND v.scan_id = r.last_scan_id
       JOIN ring_member m ON m.ring_version_id = v.id
       WHERE r.state IN ('current', 'gone') GROUP BY r.id, r.state ORDER BY r.id`)
  return result.rows.map((row) => ({ id: Number(row.id), isCurrent: row.state === 'current', members: row.members.map(Number) }))
}

/** Equal for equal sets of members. */
export function membersDigest(ring: FoundRing): Buffer {
  const ids = ring.members.map((member) => member.accountId).sort((left, right) => left - right)
  return digestOf('members', ids.join(' '))
}

const ROWS_PER_STATEMENT = 20_000

export async function publishRings(transaction: Transaction, scanId: bigint, plan: RingPlan, rings: readonly FoundRing[]): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO ring (id, first_scan_id, last_scan_id, state) OVERRIDING SYSTEM VALUE
      SELECT id, ${scanId}, ${scanId}, 'current' FROM unnest(${plan.ringIds.filter((_, place) => plan.isNew[place])}::bigint[]) AS id`
  await transaction.$executeRaw`
    UPDATE ring SET last_scan_id = ${scanId}, state = 'current' WHERE id = ANY (${plan.ringIds.filter((_, place) => !plan.isNew[place])}::bigint[])`
  for (const state of ['gone', 'merged', 'split'] as const) {
    const ids = plan.lineage.ended.filter((ring) => ring.state === state).map((ring) => ring.id)
    if (ids.length > 0) await transaction.$executeRaw`UPDATE ring SET state = ${state} WHERE id = ANY (${ids}::bigint[])`
  }
  const versionIds = await insertVersions(transaction, scanId, plan, rings)
  await insertMembers(transaction, versionIds, rings)
  const links = plan.lineage.links.map((link) => ({ from: link.from, to: plan.ringIds[link.to], kind: link.kind, shared: link.shared }))
  await transaction.$executeRaw`
    INSERT INTO ring_lineage (scan_id, from_ring_id, to_ring_id, kind, shared)
      SELECT ${scanId}, l."from", l."to", l.kind, l.shared
      FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS l("from" bigint, "to" bigint, kind text, shared integer)`
}

/** Ids of the versions by the place of their ring. */
async function insertVersions(transaction: Transaction, scanId: bigint, plan: RingPlan, rings: readonly FoundRing[]): Promise<Map<number, number>> {
  const rows = rings.map((ring, place) => ({
    ring_id: plan.ringIds[place], program_id: ring.programId, probability: ring.probability, expected_loss: ring.expectedLoss.toString(),
    asset: ring.asset, accounts: ring.members.length, referrals: ring.factIds.length, reasons: ring.reasons,
    members_digest: membersDigest(ring).toString('hex'),
  }))
  const made = await transaction.$queryRaw<{ id: bigint; ring_id: bigint }[]>`
    INSERT INTO ring_version (ring_id, scan_id, program_id, probability, expected_loss, asset, accounts, referrals, reasons, members_digest)
      SELECT v.ring_id, ${scanId}, v.program_id, v.probability, v.expected_loss, v.asset, v.accounts, v.referrals, v.reasons,
             decode(v.members_digest, 'hex')
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(ring_id bigint, program_id bigint, probability double precision,
        expected_loss bigint, asset text, accounts integer, referrals integer, reasons jsonb, members_digest text)
      RETURNING id, ring_id`
  const versionOfRing = new Map(made.map((row) => [Number(row.ring_id), Number(row.id)]))
  return new Map(plan.ringIds.map((ringId, place) => [place, versionOfRing.get(ringId) ?? 0]))
}

async function insertMembers(transaction: Transaction, versionIds: ReadonlyMap<number, number>, rings: readonly FoundRing[]): Promise<void> {
  const members = rings.flatMap((ring, place) => ring.members.map((member) => ({
    v: versionIds.get(place), a: member.accountId, s: member.score, t: member.tiedToId, i: member.identifierId, b: member.bits,
  })))
  for (let start = 0; start < members.length; start += ROWS_PER_STATEMENT) {
    await transaction.$executeRaw`
      INSERT INTO ring_member (ring_version_id, account_id, score, tied_to_id, identifier_id, bits)
        SELECT m.v, m.a, m.s, m.t, m.i, m.b FROM jsonb_to_recordset(${JSON.stringify(members.slice(start, start + ROWS_PER_STATEMENT))}::jsonb)
          AS m(v bigint, a bigint, s double precision, t bigint, i bigint, b double precision)`
  }
  const referrals = rings.flatMap((ring, place) => ring.factIds.map((factId) => ({ v: versionIds.get(place), f: factId })))
  for (let start = 0; start < referrals.length; start += ROWS_PER_STATEMENT) {
    await transaction.$executeRaw`
      INSERT INTO ring_referral (ring_version_id, fact_id)
        SELECT r.v, r.f FROM jsonb_to_recordset(${JSON.stringify(referrals.slice(start, start + ROWS_PER_STATEMENT))}::jsonb) AS r(v bigint, f bigint)`
  }
}
