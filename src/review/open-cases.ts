// Cases follow scans: one open case per ring, or per lone referral above the hold threshold; opened, refreshed, merged and closed here.
// Promises: a verdict is not asked for twice while the members stay the same, and no case is closed while something is frozen under it.

import { appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { type Finding, findingsOf } from './scan-findings.ts'
import { isGenuine, SCAN_OUTCOMES } from './reason-codes.ts'

export interface ScanToReview {
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  /** The scan whose rings and verdicts are already written, in the same transaction or before. */
  readonly scanId: bigint
}

/** Ids of the cases that the scan touched. */
export interface CasesOfScan {
  readonly opened: readonly bigint[]
  readonly updated: readonly bigint[]
  /** Closed with the outcome `evidence_gone`. */
  readonly closed: readonly bigint[]
  /** Closed with the outcome `merged`: what was held under them is held under the case they went into. */
  readonly merged: readonly bigint[]
  /** The evidence is gone, but money or a relation is still held under them: a person must end that. */
  readonly kept: readonly bigint[]
}

/** Days until somebody should have looked at a new case. */
const CASE_DUE_DAYS = 7
const DAY_MILLISECONDS = 86_400_000

/** Brings the cases up to date with a scan. Call it once per scan, in the transaction that finishes the scan. */
export async function openCases(transaction: Transaction, scan: ScanToReview): Promise<CasesOfScan> {
  const findings = await findingsOf(transaction, scan.scanId, scan.clock.now())
  const open = await transaction.reviewCase.findMany({ where: { state: 'open' }, orderBy: { id: 'asc' } })
  const openByKey = new Map(open.map((each) => [keyOf(each), each.id]))
  const seen = new Set(findings.map((finding) => keyOf(finding)))

  const updated = await refreshCases(transaction, scan, findings, openByKey)
  const opened = await openNewCases(transaction, scan, findings.filter((finding) => !openByKey.has(keyOf(finding))))
  const unseen = open.filter((each) => !seen.has(keyOf(each)))
  const ended = await endUnseenCases(transaction, scan, unseen)
  await adoptHolds(transaction, scan)

  const result: CasesOfScan = { opened, updated, ...ended }
  await appendAct(transaction, scan.keys, scan.clock, {
    actorId: scan.actorId, kind: 'cases_followed_scan', objectKind: 'scan', objectId: scan.scanId, after: result,
  })
  return result
}

function keyOf(subject: { ringId: bigint | null; factId: bigint | null }): string {
  return subject.ringId === null ? `referral ${subject.factId}` : `ring ${subject.ringId}`
}

async function refreshCases(transaction: Transaction, scan: ScanToReview, findings: readonly Finding[], open: ReadonlyMap<string, bigint>): Promise<bigint[]> {
  const known = findings.flatMap((finding) => {
    const id = open.get(keyOf(finding))
    return id === undefined ? [] : [{ id, finding }]
  })
  if (known.length === 0) return []
  // The version stays: a refreshed figure does not make a reviewer's plan stale, changed effects do.
  await transaction.$executeRaw`
    UPDATE review_case c SET probability = f.probability, expected_loss = f.expected_loss, asset = f.asset,
           members_digest = decode(f.digest, 'hex'), seen_scan_id = ${scan.scanId}
      FROM unnest(${known.map(({ id }) => id)}::bigint[], ${known.map(({ finding }) => finding.probability)}::double precision[],
                  ${known.map(({ finding }) => finding.expectedLoss)}::bigint[], ${known.map(({ finding }) => finding.asset)}::text[],
                  ${known.map(({ finding }) => Buffer.from(finding.membersDigest).toString('hex'))}::text[])
           AS f(id, probability, expected_loss, asset, digest)
      WHERE c.id = f.id AND c.state = 'open'`
  return known.map(({ id }) => id)
}

async function openNewCases(transaction: Transaction, scan: ScanToReview, findings: readonly Finding[]): Promise<bigint[]> {
  const answered = await answeredCases(transaction, findings)
  const wanted = findings.filter((finding) => !isAnswered(finding, answered.get(keyOf(finding))))
  if (wanted.length === 0) return []
  const now = scan.clock.now()
  const rows = await transaction.reviewCase.createManyAndReturn({
    data: wanted.map((finding) => ({
      ...finding,
      membersDigest: new Uint8Array(finding.membersDigest),
      state: 'open',
      dueAt: new Date(now.getTime() + CASE_DUE_DAYS * DAY_MILLISECONDS),
      openedScanId: scan.scanId,
      seenScanId: scan.scanId,
      openedAt: now,
    })),
    skipDuplicates: true,
    select: { id: true },
  })
  return rows.map((row) => row.id)
}

interface AnsweredCase {
  readonly outcome: string | null
  readonly membersDigest: Uint8Array
  readonly expectedLoss: bigint
}

/** The last case of each subject that a person closed. */
async function answeredCases(transaction: Transaction, findings: readonly Finding[]): Promise<ReadonlyMap<string, AnsweredCase>> {
  const closed = await transaction.reviewCase.findMany({
    where: {
      state: 'closed',
      outcome: { notIn: [...SCAN_OUTCOMES] },
      OR: [
        { ringId: { in: findings.flatMap((finding) => finding.ringId ?? []) } },
        { factId: { in: findings.flatMap((finding) => finding.factId ?? []) } },
      ],
    },
    orderBy: { id: 'asc' },
  })
  return new Map(closed.map((each) => [keyOf(each), each]))
}

/** Whether the verdict still holds: the same members, and for anything but a clearance no more money at stake than then. */
function isAnswered(finding: Finding, answered: AnsweredCase | undefined): boolean {
  if (answered === undefined) return false
  if (!Buffer.from(answered.membersDigest).equals(finding.membersDigest)) return false
  return isGenuine(answered.outcome) || finding.expectedLoss <= answered.expectedLoss
}

interface UnseenCase {
  readonly id: bigint
  readonly ringId: bigint | null
  readonly factId: bigint | null
}

async function endUnseenCases(transaction: Transaction, scan: ScanToReview, unseen: readonly UnseenCase[]): Promise<Pick<CasesOfScan, 'closed' | 'merged' | 'kept'>> {
  const successors = await successorsOf(transaction, scan.scanId, unseen)
  const merged: bigint[] = []
  const rest: bigint[] = []
  for (const each of unseen) {
    const successor = successors.get(each.id)
    if (successor === undefined) {
      rest.push(each.id)
      continue
    }
    await transaction.hold.updateMany({ where: { caseId: each.id, endedAt: null }, data: { caseId: successor } })
    await closeCases(transaction, scan, [each.id], { outcome: 'merged', mergedIntoId: successor })
    merged.push(each.id)
  }
  const held = await transaction.hold.findMany({ where: { caseId: { in: rest }, endedAt: null }, select: { caseId: true }, distinct: ['caseId'] })
  const kept = new Set(held.map((hold) => hold.caseId))
  const closed = rest.filter((id) => !kept.has(id))
  await closeCases(transaction, scan, closed, { outcome: 'evidence_gone', mergedIntoId: null })
  return { closed, merged, kept: rest.filter((id) => kept.has(id)) }
}

/** Holds that checks placed belong to the case of their relation from now on, so that none is left without a person; degraded ones wait for a real answer. */
async function adoptHolds(transaction: Transaction, scan: ScanToReview): Promise<void> {
  await transaction.$executeRaw`
    WITH seen AS (
      SELECT c.id AS case_id, r.fact_id FROM review_case c
        JOIN ring_version v ON v.ring_id = c.ring_id AND v.scan_id = ${scan.scanId}
        JOIN ring_referral r ON r.ring_version_id = v.id
        WHERE c.state = 'open'
      UNION ALL
      SELECT c.id, c.fact_id FROM review_case c WHERE c.state = 'open' AND c.fact_id IS NOT NULL AND c.seen_scan_id = ${scan.scanId}
    )
    UPDATE hold h SET case_id = seen.case_id
      FROM seen JOIN referral_fact f ON f.id = seen.fact_id JOIN rebate b ON b.referral_id = f.referral_id
      WHERE h.rebate_id = b.id AND h.ended_at IS NULL AND h.case_id IS NULL AND NOT h.is_degraded AND h.reason IN ('held_by_check', 'denied_by_check')`
}

/** The open case into which an unseen one went: of the ring that took over its ring, or of the ring its referral is now part of. */
async function successorsOf(transaction: Transaction, scanId: bigint, unseen: readonly UnseenCase[]): Promise<ReadonlyMap<bigint, bigint>> {
  if (unseen.length === 0) return new Map()
  const rows = await transaction.$queryRaw<{ id: bigint; successor: bigint }[]>`
    SELECT DISTINCT ON (c.id) c.id, next.id AS successor
      FROM review_case c
      LEFT JOIN LATERAL (
        SELECT l.to_ring_id AS ring_id, l.shared FROM ring_lineage l
          WHERE l.scan_id = ${scanId} AND l.from_ring_id = c.ring_id AND l.to_ring_id <> c.ring_id
        UNION ALL
        SELECT v.ring_id, 1 FROM referral_verdict v WHERE v.scan_id = ${scanId} AND v.fact_id = c.fact_id AND v.ring_id IS NOT NULL
      ) AS went ON true
      JOIN review_case next ON next.ring_id = went.ring_id AND next.state = 'open'
      WHERE c.id = ANY (${unseen.map((each) => each.id)}::bigint[])
      ORDER BY c.id, went.shared DESC, next.id`
  return new Map(rows.map((row) => [row.id, row.successor]))
}

async function closeCases(transaction: Transaction, scan: ScanToReview, ids: readonly bigint[], end: { outcome: string; mergedIntoId: bigint | null }): Promise<void> {
  if (ids.length === 0) return
  const now = scan.clock.now()
  await transaction.reviewCase.updateMany({
    where: { id: { in: [...ids] }, state: 'open' },
    data: { state: 'closed', closedAt: now, ...end, version: { increment: 1 }, actedBy: scan.actorId, actedAt: now },
  })
}
