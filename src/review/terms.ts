// Whether the published terms allow an action: those in force when a rebate was earned or a relation began, and those that the member had
// accepted by then where that is known.
// Promises: what the terms then did not allow is refused, whatever they allow now; a constant number of statements. What was held before it
// was ever credited may stay held or be refused wherever the terms allow to hold: that is what they allow it for.

import type { Transaction } from '../base/database.ts'
import { type EnforcementAction, type ProgramRules, programRules } from '../policies/index.ts'
import { type AcceptedTerms, readAcceptedTerms, type Relation } from '../programs/index.ts'
import type { ScopeRebate } from './scope.ts'

export interface Wanted {
  readonly rebates: { readonly action: EnforcementAction; readonly of: readonly ScopeRebate[] }
  readonly referrals: { readonly action: EnforcementAction; readonly of: readonly Relation[] }
}

/** A sentence about the first thing that the terms do not allow, or null. */
export async function forbiddenByTerms(transaction: Transaction, { rebates, referrals }: Wanted): Promise<string | null> {
  const members = [...rebates.of, ...referrals.of.map(({ programId, inviterId }) => ({ programId, accountId: inviterId }))]
  const terms = await readTerms(transaction, members)
  const forbidden = rebates.of.flatMap((rebate) => {
    const forbidding = terms.forbidding(rebate, rebate.occurredAt, rebates.action, terms.versionOf(rebate.programVersionId))
    return forbidding === null ? [] : [{ rebate, forbidding }]
  })
  const uncredited = await neverCredited(transaction, forbidden.map(({ rebate }) => rebate.id))
  const refused = forbidden.find(({ rebate }) => {
    const mayHold = terms.forbidding(rebate, rebate.occurredAt, 'hold', terms.versionOf(rebate.programVersionId)) === null
    return !(mayHold && (rebates.action === 'freeze' || rebates.action === 'reclaim') && uncredited.has(rebate.id))
  })
  if (refused !== undefined) return sentence(refused.forbidding, rebates.action, `rebate ${refused.rebate.id} was earned`)
  for (const referral of referrals.of) {
    const member = { programId: referral.programId, accountId: referral.inviterId }
    const forbidding = terms.forbidding(member, referral.occurredAt, referrals.action)
    if (forbidding !== null) return sentence(forbidding, referrals.action, `referral ${referral.id} began`)
  }
  return null
}

/**
 * A sentence when the terms do not allow restricting accounts now, or null. A restriction holds in every programme, so without one
 * programme in question all that the accounts take part in must allow it.
 */
export async function restrictionForbidden(transaction: Transaction, programId: bigint | null, accountIds: readonly bigint[], now: Date): Promise<string | null> {
  const members = programId === null ? await participations(transaction, accountIds) : accountIds.map((accountId) => ({ programId, accountId }))
  const terms = await readTerms(transaction, members)
  for (const member of members) {
    const forbidding = terms.forbidding(member, now, 'restrict')
    if (forbidding !== null) return sentence(forbidding, 'restrict', `account ${member.accountId} takes part now`)
  }
  return null
}

interface Member {
  readonly programId: bigint
  readonly accountId: bigint
}

interface TermsVersion {
  readonly id: bigint
  readonly programId: bigint
  readonly number: number
  readonly effectiveFrom: Date
  readonly rules: ProgramRules
}

interface Terms {
  versionOf(versionId: bigint): TermsVersion | undefined
  /** The version that does not allow it to be done to the member, of the one in force at the time and the one accepted by then; null where both allow it. */
  forbidding(member: Member, at: Date, action: EnforcementAction, inForce?: TermsVersion): TermsVersion | null
}

async function readTerms(transaction: Transaction, members: readonly Member[]): Promise<Terms> {
  const programIds = [...new Set(members.map(({ programId }) => programId))]
  const rows = await transaction.programVersion.findMany({ where: { programId: { in: programIds } }, orderBy: { effectiveFrom: 'asc' } })
  const versions: TermsVersion[] = rows.map((row) => ({ ...row, rules: programRules.parse(row.rules) }))
  const accepted: AcceptedTerms = await readAcceptedTerms(transaction, members)
  // A relation older than the programme's first version falls under the first.
  const inForceAt = (programId: bigint, at: Date): TermsVersion | undefined => {
    const own = versions.filter((version) => version.programId === programId)
    return own.findLast((version) => version.effectiveFrom <= at) ?? own[0]
  }
  const acceptedBy = ({ programId, accountId }: Member, at: Date): TermsVersion | undefined => {
    const name = accepted.acceptedAt(programId, accountId, at)
    const named = versions.filter((version) => version.programId === programId && version.rules.enforcement.termsVersion === name)
    return named.findLast((version) => version.effectiveFrom <= at) ?? named.at(-1)
  }
  return {
    versionOf: (versionId) => versions.find(({ id }) => id === versionId),
    forbidding: (member, at, action, inForce = inForceAt(member.programId, at)) =>
      [inForce, acceptedBy(member, at)].find((version) => version !== undefined && !version.rules.enforcement.actions.includes(action)) ?? null,
  }
}

/** Those that never lay anywhere but among what is held. */
async function neverCredited(transaction: Transaction, rebateIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
  if (rebateIds.length === 0) return new Set()
  const rows = await transaction.$queryRaw<{ rebate_id: bigint }[]>`
    SELECT e.rebate_id FROM entry e JOIN book_account b ON b.id = e.book_account_id AND b.account_id IS NOT NULL
      WHERE e.rebate_id = ANY (${rebateIds}::bigint[]) GROUP BY e.rebate_id HAVING bool_and(b.kind = 'reward_held')`
  return new Set(rows.map((row) => row.rebate_id))
}

/** The programmes in which the accounts invite or were invited. */
async function participations(transaction: Transaction, accountIds: readonly bigint[]): Promise<Member[]> {
  const rows = await transaction.$queryRaw<{ program_id: bigint; account_id: bigint }[]>`
    SELECT DISTINCT r.program_id, a.id AS account_id FROM unnest(${[...accountIds]}::bigint[]) AS a(id) JOIN referral r ON a.id IN (r.inviter_id, r.invitee_id) ORDER BY 1, 2`
  return rows.map((row) => ({ programId: row.program_id, accountId: row.account_id }))
}

function sentence(version: TermsVersion, action: EnforcementAction, what: string): string {
  return `The terms ${version.rules.enforcement.termsVersion} (version ${version.number} of the rules), under which ${what}, do not allow ${action}.`
}
