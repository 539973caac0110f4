// Versions of programme rules and check policies, chosen by time: from their start, inclusive, until the next one starts.
// Promises: a version once written is never changed; a stored record that no longer validates is an error, not a guess.

import type { Transaction } from '../base/database.ts'
import { type CheckPolicy, checkPolicy, defaultCheckPolicy } from './check-policy.ts'
import { type ProgramRules, programRules } from './program-rules.ts'

export interface ProgramVersion {
  readonly id: bigint
  readonly programId: bigint
  readonly number: number
  readonly effectiveFrom: Date
  readonly rules: ProgramRules
}

export interface PolicyVersion {
  /** Null for the built-in default of a programme without any version in force. */
  readonly id: bigint | null
  readonly programId: bigint
  readonly number: number
  readonly effectiveFrom: Date
  readonly policy: CheckPolicy
}

/** The rules in force at the time the qualifying event occurred; null before the first version. */
export async function programVersionAt(transaction: Transaction, programId: bigint, occurredAt: Date): Promise<ProgramVersion | null> {
  const row = await transaction.programVersion.findFirst({
    where: { programId, effectiveFrom: { lte: occurredAt } },
    orderBy: { effectiveFrom: 'desc' },
  })
  return row === null ? null : { ...row, rules: programRules.parse(row.rules) }
}

/** The version of an id, e.g. the one a rebate was earned under; throws when there is none. */
export async function programVersionOf(transaction: Transaction, id: bigint): Promise<ProgramVersion> {
  const row = await transaction.programVersion.findUniqueOrThrow({ where: { id } })
  return { ...row, rules: programRules.parse(row.rules) }
}

/** The policy in force at a time; the default (observe) before the first version. */
export async function policyAt(transaction: Transaction, programId: bigint, time: Date): Promise<PolicyVersion> {
  const row = await transaction.policyVersion.findFirst({
    where: { programId, effectiveFrom: { lte: time } },
    orderBy: { effectiveFrom: 'desc' },
  })
  if (row === null) return { id: null, programId, number: 0, effectiveFrom: new Date(0), policy: defaultCheckPolicy }
  return { ...row, policy: checkPolicy.parse(row.policy) }
}
