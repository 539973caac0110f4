// Rings as callers see them: the newest version of each, by what it can cost, and the evidence of every member.

import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import { exponentsOf, namesOf } from './parts.ts'
import type { ExponentOf } from './schemas.ts'

export interface RingPage {
  readonly limit: number
  readonly programId?: bigint
  /** The last ring of the page before. */
  readonly after?: bigint
}

interface RingRow {
  version_id: bigint
  ring_id: bigint
  state: string
  program_id: bigint | null
  program: string | null
  probability: number
  expected_loss: bigint
  asset: string
  accounts: number
  referrals: number
  reasons: unknown
  first_scan_id: bigint
  last_scan_id: bigint
  case_id: bigint | null
}

export async function readRings(reader: Transaction, { limit, programId, after }: RingPage): Promise<ReturnType<typeof lineOf>[]> {
  const rows = await reader.$queryRaw<RingRow[]>`
    with newest as (
      select distinct on (v.ring_id) v.id as version_id, v.ring_id, r.state, v.program_id, p.key as program, v.probability, v.expected_loss, v.asset, v.accounts, v.referrals, v.reasons,
             r.first_scan_id, r.last_scan_id, (select max(c.id) from review_case c where c.ring_id = r.id) as case_id
        from ring_version v join ring r on r.id = v.ring_id left join program p on p.id = v.program_id where r.state = 'current' order by v.ring_id, v.scan_id desc
    )
    select * from newest where (${programId ?? null}::bigint is null or program_id = ${programId ?? null})
       and (${after ?? null}::bigint is null or (-expected_loss, ring_id) > (select -expected_loss, ring_id from newest where ring_id = ${after ?? null}))
      order by expected_loss desc, ring_id limit ${limit}`
  const exponentOf = await exponentsOf(reader)
  return rows.map((row) => lineOf(row, exponentOf))
}

export async function readRing(reader: Transaction, ringId: bigint) {
  const [row] = await reader.$queryRaw<RingRow[]>`
    select v.id as version_id, v.ring_id, r.state, v.program_id, p.key as program, v.probability, v.expected_loss, v.asset, v.accounts, v.referrals, v.reasons,
           r.first_scan_id, r.last_scan_id, (select max(c.id) from review_case c where c.ring_id = r.id) as case_id
      from ring_version v join ring r on r.id = v.ring_id left join program p on p.id = v.program_id where r.id = ${ringId} order by v.scan_id desc limit 1`
  if (row === undefined) return null
  const line = lineOf(row, await exponentsOf(reader))
  return { programId: row.program_id, ring: { ...line, members: await membersOf(reader, row.version_id), referral_list: await referralsOf(reader, row.version_id), lineage: await lineageOf(reader, ringId) } }
}

function lineOf(row: RingRow, exponentOf: ExponentOf) {
  return {
    ring_id: row.ring_id.toString(), state: row.state, program: row.program, probability: row.probability, expected_loss: formatAmount(row.expected_loss, exponentOf(row.asset)), asset: row.asset,
    accounts: row.accounts, referrals: row.referrals, reasons: row.reasons, first_scan_id: row.first_scan_id.toString(), last_scan_id: row.last_scan_id.toString(), case_id: row.case_id?.toString() ?? null,
  }
}

async function membersOf(reader: Transaction, versionId: bigint) {
  const rows = await reader.ringMember.findMany({ where: { ringVersionId: versionId }, orderBy: [{ score: 'desc' }, { accountId: 'asc' }] })
  const names = await namesOf(reader, rows.map(({ accountId }) => accountId))
  const identifierIds = rows.flatMap(({ identifierId }) => identifierId ?? [])
  const kinds = new Map((await reader.identifier.findMany({ where: { id: { in: identifierIds } }, select: { id: true, kind: true } })).map(({ id, kind }) => [id, kind]))
  return rows.map((row) => ({
    account_id: row.accountId.toString(), account: names.get(row.accountId) ?? null, score: row.score, tied_to_id: row.tiedToId?.toString() ?? null,
    identifier_kind: row.identifierId === null ? null : kinds.get(row.identifierId) ?? null, bits: row.bits,
  }))
}

async function referralsOf(reader: Transaction, versionId: bigint) {
  const rows = await reader.$queryRaw<{ fact_id: bigint; inviter_id: bigint; invitee_id: bigint; probability: number | null; decision: string | null; top_reason: string | null }[]>`
    select f.id as fact_id, f.inviter_id, f.invitee_id, v.probability, v.decision, v.top_reason
      from ring_referral r join ring_version n on n.id = r.ring_version_id join referral_fact f on f.id = r.fact_id
      left join referral_verdict v on v.fact_id = f.id and v.scan_id = n.scan_id where r.ring_version_id = ${versionId} order by f.id`
  return rows.map((row) => ({ ...row, fact_id: row.fact_id.toString(), inviter_id: row.inviter_id.toString(), invitee_id: row.invitee_id.toString() }))
}

async function lineageOf(reader: Transaction, ringId: bigint) {
  const rows = await reader.ringLineage.findMany({ where: { OR: [{ fromRingId: ringId }, { toRingId: ringId }] }, orderBy: [{ scanId: 'asc' }, { fromRingId: 'asc' }] })
  return rows.map((row) => ({ scan_id: row.scanId.toString(), from_ring_id: row.fromRingId.toString(), to_ring_id: row.toRingId.toString(), kind: row.kind, shared: row.shared }))
}
