// Whether the published terms allow an action: the version under which a rebate was earned or a relation began decides.
// Promises: what the terms then did not allow is refused, whatever they allow now.

import type { Transaction } from '../base/database.ts'
import { type EnforcementAction, type ProgramVersion, programVersionAt, programVersionOf } from '../policies/index.ts'
import type { ScopeRebate, ScopeReferral } from './scope.ts'

export interface Wanted {
  readonly rebates: { readonly action: EnforcementAction; readonly of: readonly ScopeRebate[] }
  readonly referrals: { readonly action: EnforcementAction; readonly of: readonly ScopeReferral[] }
}

/** A sentence about the first thing that the terms do not allow, or null. */
export async function forbiddenByTerms(transaction: Transaction, wanted: Wanted): Promise<string | null> {
  const versions = new Map<bigint, ProgramVersion>()
  for (const rebate of wanted.rebates.of) {
    const known = versions.get(rebate.programVersionId) ?? (await programVersionOf(transaction, rebate.programVersionId))
    versions.set(rebate.programVersionId, known)
    if (!allows(known, wanted.rebates.action)) return sentence(known, wanted.rebates.action, `rebate ${rebate.id} was earned`)
  }
  for (const referral of wanted.referrals.of) {
    const version = await versionAtBeginning(transaction, referral.programId, referral.occurredAt)
    if (!allows(version, wanted.referrals.action)) return sentence(version, wanted.referrals.action, `referral ${referral.id} began`)
  }
  return null
}

/** A sentence when the terms in force do not allow restricting accounts, or null. */
export async function restrictionForbidden(transaction: Transaction, programId: bigint, now: Date): Promise<string | null> {
  const version = await versionAtBeginning(transaction, programId, now)
  return allows(version, 'restrict') ? null : sentence(version, 'restrict', 'accounts take part now')
}

/** A relation older than the programme's first version falls under the first. */
async function versionAtBeginning(transaction: Transaction, programId: bigint, time: Date): Promise<ProgramVersion> {
  const inForce = await programVersionAt(transaction, programId, time)
  if (inForce !== null) return inForce
  const first = await transaction.programVersion.findFirstOrThrow({ where: { programId }, orderBy: { effectiveFrom: 'asc' }, select: { id: true } })
  return await programVersionOf(transaction, first.id)
}

function allows(version: ProgramVersion, action: EnforcementAction): boolean {
  return version.rules.enforcement.actions.includes(action)
}

function sentence(version: ProgramVersion, action: EnforcementAction, what: string): string {
  return `The terms ${version.rules.enforcement.termsVersion} (version ${version.number} of the rules), under which ${what}, do not allow ${action}.`
}
