// The programmes as a scan sees them: what a rebate is counted in, what an event would earn, and from where on a referral is held.

import type { Thresholds } from '../../scoring/detection.ts'
import { defaultThresholds } from '../../scoring/detect.ts'
import type { Database } from '../base/database.ts'
import { checkPolicy, DAY, defaultCheckPolicy, type ProgramRules, programRules, publishedUnits } from '../policies/index.ts'

export interface ScanProgram {
  readonly id: number
  /** Of the version in force at the scan. */
  readonly asset: string
  /** Smallest units of one unit of the asset. */
  readonly unitsPerOne: number
  /** What a payment earns on the track that everybody starts on, by the versions' starts in seconds since 1970. */
  readonly rewards: readonly ScanReward[]
  readonly thresholds: Thresholds
}

export interface ScanReward {
  readonly from: number
  /** A share of the payment in parts per million, zero where the reward is none. */
  readonly ratePpm: number
  /**
   * A reward that does not depend on the amount, in smallest units of the programme's asset: a fixed one, or the days of one month, because
   * a scan does not know what was paid for; null where it is in an asset without a valuation.
   */
  readonly perPayment: bigint | null
  /** What the reward is counted in. */
  readonly rewardAsset: string
}

export async function readScanPrograms(database: Database, at: Date): Promise<ReadonlyMap<number, ScanProgram>> {
  const assets = new Map((await database.prisma.asset.findMany()).map((asset) => [asset.code, 10 ** asset.exponent]))
  const rows = await database.prisma.program.findMany({
    include: { programVersion: { orderBy: { effectiveFrom: 'asc' } }, policyVersion: { orderBy: { effectiveFrom: 'asc' } } },
  })
  const programs = new Map<number, ScanProgram>()
  for (const row of rows) {
    const versions = row.programVersion.map((version) => ({ from: version.effectiveFrom, rules: programRules.parse(version.rules) }))
    const current = versions.findLast((version) => version.from <= at) ?? versions[0]
    const policy = row.policyVersion.findLast((version) => version.effectiveFrom <= at)
    const asset = current?.rules.asset ?? 'USD'
    programs.set(Number(row.id), {
      id: Number(row.id), asset, unitsPerOne: assets.get(asset) ?? 1_000_000,
      rewards: versions.map(({ from, rules }) => rewardOf(from, rules)),
      thresholds: (policy === undefined ? defaultCheckPolicy : checkPolicy.parse(policy.policy)).thresholds,
    })
  }
  return programs
}

function rewardOf(from: Date, rules: ProgramRules): ScanReward {
  const start = { from: from.getTime() / 1000, ratePpm: 0, perPayment: 0n, rewardAsset: rules.asset }
  switch (rules.reward.kind) {
    case 'rate': return { ...start, ratePpm: rules.reward.ratePpm }
    case 'fixed': return { ...start, perPayment: publishedUnits(rules.reward.amount, rules.asset) }
    case 'days': {
      const worth = rules.asset === DAY ? '1' : rules.valuation[DAY]
      const ofOne = worth === undefined ? null : publishedUnits(worth, rules.asset)
      return { ...start, perPayment: ofOne === null ? null : BigInt(rules.reward.daysPerMonth) * ofOne, rewardAsset: DAY }
    }
  }
}

/** Rings span programmes: the most careful one decides from where on a pair joins one. */
export function ringThreshold(programs: ReadonlyMap<number, ScanProgram>): number {
  const all = [...programs.values()].map((program) => program.thresholds.ring)
  return all.length === 0 ? defaultThresholds.ring : Math.min(...all)
}
