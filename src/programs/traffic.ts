// Traffic that a programme does not want: clicks that were bought, and clicks from sites that are banned. The relation binds all the same;
// what it earns is held, where the rules in force at the sign-up say so.

import type { Transaction } from '../base/database.ts'
import type { ProgramRules } from '../policies/index.ts'
import { readRulesAt } from './rules-at.ts'

/** Those of the referrals whose rewards are to be held because of the click they came by; at most three statements for any number. */
export async function trafficHoldsOf(transaction: Transaction, referralIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
  const referrals = referralIds.length === 0 ? [] : await transaction.referral.findMany({
    where: { id: { in: [...new Set(referralIds)] }, clickId: { not: null } },
    select: { id: true, programId: true, occurredAt: true, click: { select: { adParameters: true, refererHost: true } } },
  })
  if (referrals.length === 0) return new Set()
  const rulesAt = await readRulesAt(transaction, [...new Set(referrals.map(({ programId }) => programId))], referrals.map(({ occurredAt }) => occurredAt))
  return new Set(referrals.flatMap(({ id, programId, occurredAt, click }) => {
    const rules = rulesAt(programId, occurredAt)
    return rules !== null && click !== null && isUnwanted(rules.traffic, click) ? [id] : []
  }))
}

interface Seen {
  readonly adParameters: readonly string[]
  readonly refererHost: string | null
}

/** A banned name stands for its subdomains too; names of parameters and hosts are compared without case. */
export function isUnwanted({ paid, adParameters, bannedReferers }: ProgramRules['traffic'], { adParameters: seen, refererHost }: Seen): boolean {
  const bought = new Set(adParameters.map((name) => name.toLowerCase()))
  if (paid === 'hold' && seen.some((name) => bought.has(name.toLowerCase()))) return true
  const host = refererHost?.toLowerCase().replace(/\.$/, '') ?? null
  return host !== null && bannedReferers.map((name) => name.toLowerCase().replace(/^(\*\.|\.)/, '')).some((name) => host === name || host.endsWith(`.${name}`))
}
