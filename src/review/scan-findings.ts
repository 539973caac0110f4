// What a scan found that deserves a case: its rings, and the lone referrals above their programme's hold threshold.
// Promises: one finding per ring or referral, with its expected loss in one asset.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { scaleHalfEven } from '../base/money.ts'
import { policyAt, programVersionAt } from '../policies/index.ts'

export interface Finding {
  readonly ringId: bigint | null
  readonly factId: bigint | null
  readonly programId: bigint | null
  readonly probability: number
  /** In the smallest unit of the asset. */
  readonly expectedLoss: bigint
  readonly asset: string
  readonly membersDigest: Uint8Array
}

/** Probabilities as parts per billion, so that money is multiplied by whole numbers only. */
const BILLION = 1_000_000_000n

export async function findingsOf(transaction: Transaction, scanId: bigint, now: Date): Promise<Finding[]> {
  const rings = await transaction.ringVersion.findMany({
    where: { scanId },
    select: { ringId: true, programId: true, probability: true, expectedLoss: true, asset: true, membersDigest: true },
    orderBy: { ringId: 'asc' },
  })
  const ofRings = rings.map((ring) => ({ ...ring, factId: null }))
  return [...ofRings, ...(await loneReferrals(transaction, scanId, now))]
}

interface LoneReferral {
  readonly factId: bigint
  readonly referralId: bigint
  readonly probability: number
}

async function loneReferrals(transaction: Transaction, scanId: bigint, now: Date): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const program of await transaction.program.findMany({ orderBy: { id: 'asc' } })) {
    const rules = await programVersionAt(transaction, program.id, now)
    if (rules === null) continue
    const { policy } = await policyAt(transaction, program.id, now)
    const lone = await transaction.$queryRaw<LoneReferral[]>`
      SELECT v.fact_id AS "factId", f.referral_id AS "referralId", v.probability
        FROM referral_verdict v JOIN referral_fact f ON f.id = v.fact_id
        WHERE v.scan_id = ${scanId} AND v.ring_id IS NULL AND f.program_id = ${program.id}
          AND f.referral_id IS NOT NULL AND v.probability >= ${policy.thresholds.hold}
        ORDER BY v.fact_id`
    const atStake = await amountsAtStake(transaction, lone.map((each) => each.referralId), rules.rules.asset)
    for (const { factId, referralId, probability } of lone) {
      findings.push({
        ringId: null,
        factId,
        programId: program.id,
        probability,
        expectedLoss: scaleHalfEven(atStake.get(referralId) ?? 0n, BigInt(Math.round(probability * Number(BILLION))), BILLION),
        asset: rules.rules.asset,
        membersDigest: digestOf('referral', factId.toString()),
      })
    }
  }
  return findings
}

/** Per referral: what was earned and is neither reversed nor reclaimed nor spent nor paid out. */
async function amountsAtStake(transaction: Transaction, referralIds: readonly bigint[], asset: string): Promise<ReadonlyMap<bigint, bigint>> {
  if (referralIds.length === 0) return new Map()
  const rows = await transaction.$queryRaw<{ referralId: bigint; amount: bigint }[]>`
    SELECT r.referral_id AS "referralId", sum(p.amount)::bigint AS amount
      FROM rebate r JOIN position p ON p.rebate_id = r.id JOIN book_account b ON b.id = p.book_account_id
      WHERE r.referral_id = ANY (${[...referralIds]}::bigint[]) AND r.asset = ${asset} AND p.amount > 0
      GROUP BY r.referral_id`
  return new Map(rows.map((row) => [row.referralId, row.amount]))
}
