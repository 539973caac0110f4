// What a scan found that deserves a case: its rings, and the lone referrals above their programme's hold threshold.
// Promises: one finding per ring or referral, with its expected loss in one asset.

import { Prisma, type Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { scaleHalfEven } from '../base/money.ts'
import { policyAt, programVersionAt } from '../policies/index.ts'
import { rebatesAtStake } from '../rings/index.ts'

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
    const atStake = await amountsAtStake(transaction, lone.map((each) => each.referralId), { asset: rules.rules.asset, scanId })
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

/** Per referral, valued in the asset. */
async function amountsAtStake(transaction: Transaction, referralIds: readonly bigint[], { asset, scanId }: { asset: string; scanId: bigint }): Promise<ReadonlyMap<bigint, bigint>> {
  if (referralIds.length === 0) return new Map()
  const stakes = Prisma.raw(rebatesAtStake({ at: 'scan.as_of', of: 'r.referral_id = wanted.id' }))
  const rows = await transaction.$queryRaw<{ referralId: bigint; amount: bigint }[]>`
    SELECT wanted.id AS "referralId", sum(stake.value)::bigint AS amount
      FROM scan CROSS JOIN unnest(${[...referralIds]}::bigint[]) AS wanted(id) JOIN LATERAL ${stakes} AS stake ON stake.valued_in = ${asset}
      WHERE scan.id = ${scanId} AND stake.value IS NOT NULL GROUP BY wanted.id`
  return new Map(rows.map((row) => [row.referralId, row.amount]))
}
