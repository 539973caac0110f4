// The rules of several programmes at several times, each version read and validated once.

import type { Transaction } from '../base/database.ts'
import { type ProgramRules, programRules } from '../policies/index.ts'

/** The rules in force in a programme at one of the times that were asked for; null before its first version. */
export type RulesAt = (programId: bigint, at: Date) => ProgramRules | null

/** Two statements for any number of programmes and times. */
export async function readRulesAt(transaction: Transaction, programIds: readonly bigint[], times: readonly Date[]): Promise<RulesAt> {
  const versions = await transaction.programVersion.findMany({
    where: { programId: { in: [...programIds] } }, select: { id: true, programId: true, effectiveFrom: true }, orderBy: { effectiveFrom: 'asc' },
  })
  const versionAt = (programId: bigint, at: Date) => versions.findLast((version) => version.programId === programId && version.effectiveFrom <= at)
  const needed = new Set(programIds.flatMap((programId) => times.flatMap((at) => versionAt(programId, at)?.id ?? [])))
  const rows = await transaction.programVersion.findMany({ where: { id: { in: [...needed] } }, select: { id: true, rules: true } })
  const rulesOf = new Map(rows.map(({ id, rules }) => [id, programRules.parse(rules)]))
  return (programId, at) => {
    const version = versionAt(programId, at)
    return version === undefined ? null : rulesOf.get(version.id) ?? null
  }
}
