// The programmes as a scan sees them: what a rebate is counted in, what an event would earn, and from where on a referral is held.

import type { Thresholds } from '../../scoring/detection.ts'
import { defaultThresholds } from '../../scoring/detect.ts'
import type { Database } from '../base/database.ts'
import { checkPolicy, defaultCheckPolicy, programRules } from '../policies/index.ts'

export interface ScanProgram {
  readonly id: number
  /** Of the version in force at the scan. */
  readonly asset: string
  /** Smallest units of one unit of the asset. */
  readonly unitsPerOne: number
  /** By their start, in seconds since 1970; parts per million, zero where a version earns by another rule than a share. */
  readonly rates: readonly { readonly from: number; readonly ppm: number }[]
  readonly thresholds: Thresholds
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
      rates: versions.map(({ from, rules }) => ({ from: from.getTime() / 1000, ppm: rules.reward.kind === 'rate' ? rules.reward.ratePpm : 0 })),
      thresholds: (policy === undefined ? defaultCheckPolicy : checkPolicy.parse(policy.policy)).thresholds,
    })
  }
  return programs
}

/** Rings span programmes: the most careful one decides from where on a pair joins one. */
export function ringThreshold(programs: ReadonlyMap<number, ScanProgram>): number {
  const all = [...programs.values()].map((program) => program.thresholds.ring)
  return all.length === 0 ? defaultThresholds.ring : Math.min(...all)
}
