// Rings as people read them: ranked by what they can cost, and one ring with its members, their evidence and their money.

import { type Database, Prisma } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import { rebatesAtStake } from './at-stake.ts'

export interface RingReason {
  readonly code: string
  readonly bits: number
  readonly facts: Readonly<Record<string, number | string>>
}

export interface RingLine {
  readonly id: string
  readonly state: string
  readonly program: string | null
  readonly accounts: number
  readonly referrals: number
  readonly probability: number
  /** A decimal in units of the asset. */
  readonly expectedLoss: string
  readonly asset: string
  /** What of the rebates of its referrals lies in the books and could still be lost, valued in the same asset. */
  readonly atStake: string
  /** Strongest first. */
  readonly reasons: readonly RingReason[]
  /** Scan of this version, and the first scan that saw the ring. */
  readonly scanId: string
  readonly firstScanId: string
  /** The open case, if there is one. */
  readonly caseId: string | null
}

interface LineRow {
  id: bigint
  version_id: bigint
  state: string
  program: string | null
  accounts: number
  referrals: number
  probability: number
  expected_loss: bigint
  at_stake: bigint
  asset: string
  exponent: number
  reasons: RingReason[]
  scan_id: bigint
  first_scan_id: bigint
  case_id: bigint | null
}

/** Σ of a ring version `v`, in its asset, as the version in force at its scan values: other programmes' assets are not converted. */
const AT_STAKE = Prisma.raw(`(
  SELECT coalesce(sum(stake.value), 0)::bigint FROM ring_referral rr JOIN referral_fact f ON f.id = rr.fact_id
    JOIN LATERAL ${rebatesAtStake({ at: '(SELECT as_of FROM scan WHERE id = v.scan_id)', of: 'r.referral_id = f.referral_id' })} AS stake ON stake.valued_in = v.asset
    WHERE rr.ring_version_id = v.id)`)

/** Rings of the last finished scan, the most expensive first. */
export async function listRings(database: Database, top: number): Promise<RingLine[]> {
  const rows = await database.prisma.$queryRaw<LineRow[]>`
    SELECT r.id, v.id AS version_id, r.state, p.key AS program, v.accounts, v.referrals, v.probability, v.expected_loss, ${AT_STAKE} AS at_stake, v.asset,
           a.exponent::integer AS exponent, v.reasons, v.scan_id, r.first_scan_id,
           (SELECT max(c.id) FROM review_case c WHERE c.ring_id = r.id AND c.state = 'open') AS case_id
      FROM ring_version v JOIN ring r ON r.id = v.ring_id JOIN asset a ON a.code = v.asset LEFT JOIN program p ON p.id = v.program_id
      WHERE v.scan_id = (SELECT max(id) FROM scan WHERE state = 'finished')
      ORDER BY v.expected_loss DESC, v.probability DESC, v.accounts DESC, r.id LIMIT ${top}`
  return rows.map(lineOf)
}

export interface RingMemberLine {
  /** The host's id; null once the person is erased. */
  readonly account: string | null
  readonly accountId: string
  readonly score: number
  readonly createdAt: string | null
  readonly tiedTo: string | null
  /** Kind of the identifier that ties them; null: behaviour. */
  readonly through: string | null
  /** What may be shown of that identifier. */
  readonly shownAs: string | null
  readonly bits: number
}

export interface RingReferralLine {
  readonly factId: string
  readonly inviter: string | null
  readonly invitee: string | null
  readonly occurredAt: string
  readonly probability: number | null
  readonly decision: string | null
  /** Why the books do not pay on it; null where they do. */
  readonly notPayable: string | null
  readonly state: string | null
}

export interface RingMoney {
  readonly asset: string
  /** Decimals in units, by where the money lies. */
  readonly amounts: Readonly<Record<string, string>>
}

export interface RingPage extends RingLine {
  readonly members: readonly RingMemberLine[]
  readonly referralLines: readonly RingReferralLine[]
  /** Rebates of the ring's referrals by where they lie now. */
  readonly money: readonly RingMoney[]
  readonly lineage: readonly { readonly scanId: string; readonly from: string; readonly to: string; readonly kind: string; readonly shared: number }[]
}

/** The ring as its last scan saw it; null where there is none of that id. */
export async function readRing(database: Database, ringId: bigint): Promise<RingPage | null> {
  const rows = await database.prisma.$queryRaw<LineRow[]>`
    SELECT r.id, v.id AS version_id, r.state, p.key AS program, v.accounts, v.referrals, v.probability, v.expected_loss, ${AT_STAKE} AS at_stake, v.asset,
           a.exponent::integer AS exponent, v.reasons, v.scan_id, r.first_scan_id,
           (SELECT max(c.id) FROM review_case c WHERE c.ring_id = r.id AND c.state = 'open') AS case_id
      FROM ring r JOIN ring_version v ON v.ring_id = r.id AND v.scan_id = r.last_scan_id
      JOIN asset a ON a.code = v.asset LEFT JOIN program p ON p.id = v.program_id
      WHERE r.id = ${ringId}`
  const row = rows[0]
  if (row === undefined) return null
  const [members, referralLines, money, lineage] = await Promise.all([
    membersOf(database, row.version_id), referralsOf(database, row.version_id, row.scan_id), moneyOf(database, row.version_id), lineageOf(database, ringId),
  ])
  return { ...lineOf(row), members, referralLines, money, lineage }
}

function lineOf(row: LineRow): RingLine {
  return {
    id: row.id.toString(), state: row.state, program: row.program, accounts: row.accounts, referrals: row.referrals, probability: row.probability,
    expectedLoss: formatAmount(row.expected_loss, row.exponent), atStake: formatAmount(row.at_stake, row.exponent), asset: row.asset,
    reasons: row.reasons, scanId: row.scan_id.toString(),
    firstScanId: row.first_scan_id.toString(), caseId: row.case_id?.toString() ?? null,
  }
}

async function membersOf(database: Database, versionId: bigint): Promise<RingMemberLine[]> {
  const rows = await database.prisma.$queryRaw<{
    account: string | null; account_id: bigint; score: number; occurred_at: Date | null; tied_to: string | null; kind: string | null
    shown_as: string | null; bits: number
  }[]>`
    SELECT own.external_id AS account, m.account_id, m.score, a.occurred_at, other.external_id AS tied_to, i.kind,
           i.attributes ->> 'shown_as' AS shown_as, m.bits
      FROM ring_member m JOIN account a ON a.id = m.account_id
      LEFT JOIN account_identity own ON own.account_id = m.account_id
      LEFT JOIN account_identity other ON other.account_id = m.tied_to_id
      LEFT JOIN identifier i ON i.id = m.identifier_id
      WHERE m.ring_version_id = ${versionId} ORDER BY m.tied_to_id NULLS FIRST, m.score DESC, m.account_id`
  return rows.map((row) => ({
    account: row.account, accountId: row.account_id.toString(), score: row.score, createdAt: row.occurred_at?.toISOString() ?? null,
    tiedTo: row.tied_to, through: row.kind, shownAs: row.shown_as, bits: row.bits,
  }))
}

async function referralsOf(database: Database, versionId: bigint, scanId: bigint): Promise<RingReferralLine[]> {
  const rows = await database.prisma.$queryRaw<{
    fact_id: bigint; inviter: string | null; invitee: string | null; occurred_at: Date; probability: number | null; decision: string | null
    not_payable: string | null; state: string | null
  }[]>`
    SELECT f.id AS fact_id, a.external_id AS inviter, b.external_id AS invitee, f.occurred_at, v.probability, v.decision, f.not_payable, r.state
      FROM ring_referral rr JOIN referral_fact f ON f.id = rr.fact_id
      LEFT JOIN referral r ON r.id = f.referral_id
      LEFT JOIN referral_verdict v ON v.fact_id = f.id AND v.scan_id = ${scanId}
      LEFT JOIN account_identity a ON a.account_id = f.inviter_id LEFT JOIN account_identity b ON b.account_id = f.invitee_id
      WHERE rr.ring_version_id = ${versionId} ORDER BY v.probability DESC NULLS LAST, f.id`
  return rows.map((row) => ({
    factId: row.fact_id.toString(), inviter: row.inviter, invitee: row.invitee, occurredAt: row.occurred_at.toISOString(),
    probability: row.probability, decision: row.decision, notPayable: row.not_payable, state: row.state,
  }))
}

async function moneyOf(database: Database, versionId: bigint): Promise<RingMoney[]> {
  const rows = await database.prisma.$queryRaw<{ asset: string; exponent: number; kind: string; amount: bigint }[]>`
    SELECT b.asset, a.exponent::integer AS exponent, b.kind, sum(p.amount)::bigint AS amount
      FROM ring_referral rr JOIN referral_fact f ON f.id = rr.fact_id JOIN rebate r ON r.referral_id = f.referral_id
      JOIN position p ON p.rebate_id = r.id AND p.amount <> 0 JOIN book_account b ON b.id = p.book_account_id JOIN asset a ON a.code = b.asset
      WHERE rr.ring_version_id = ${versionId} GROUP BY b.asset, a.exponent, b.kind ORDER BY b.asset, b.kind`
  const byAsset = new Map<string, Record<string, string>>()
  for (const { asset, exponent, kind, amount } of rows) {
    byAsset.set(asset, { ...byAsset.get(asset), [kind]: formatAmount(amount, exponent) })
  }
  return [...byAsset].map(([asset, amounts]) => ({ asset, amounts }))
}

async function lineageOf(database: Database, ringId: bigint): Promise<RingPage['lineage']> {
  const rows = await database.prisma.ringLineage.findMany({
    where: { OR: [{ fromRingId: ringId }, { toRingId: ringId }], kind: { not: 'continues' } }, orderBy: [{ scanId: 'asc' }, { fromRingId: 'asc' }],
  })
  return rows.map((row) => ({
    scanId: row.scanId.toString(), from: row.fromRingId.toString(), to: row.toRingId.toString(), kind: row.kind, shared: row.shared,
  }))
}
