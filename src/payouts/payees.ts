// What is known of a payee: tax profile, identity check, whether payouts are enabled, and the share to withhold.
// All of it is said by the host or the processor and recorded; nothing of it is computed here.

import type { Transaction } from '../base/database.ts'
import { type PayoutDesk, working } from './desk.ts'

export interface PayeeFacts {
  readonly accountId: bigint
  readonly taxProfile: 'missing' | 'complete'
  readonly payeeCheck: 'missing' | 'passed' | 'failed'
  readonly payoutsEnabled: boolean
  /** Parts per million of the gross amount. */
  readonly withholdingPpm: number
  /** Who says so, as a word, e.g. `host`. */
  readonly source: string
}

export interface Payee extends PayeeFacts {
  readonly recordedAt: Date
}

/** Adds what is said now; the newest counts. */
export async function recordPayee(desk: PayoutDesk, facts: PayeeFacts): Promise<Payee> {
  return working(desk, async ({ transaction, actorId, now, acts }) => {
    const before = await payeeOf(transaction, facts.accountId, now)
    const row = await transaction.payee.create({ data: { ...facts, effectiveFrom: now, recordedAt: now, actorId } })
    const { taxProfile, payeeCheck, payoutsEnabled, withholdingPpm, source } = facts
    acts.push({
      actorId, kind: 'payee_recorded', objectKind: 'payee', objectId: row.id, after: { accountId: facts.accountId, taxProfile, payeeCheck, payoutsEnabled, withholdingPpm, source },
      ...(before === null ? {} : { before: { taxProfile: before.taxProfile, payeeCheck: before.payeeCheck, payoutsEnabled: before.payoutsEnabled, withholdingPpm: before.withholdingPpm } }),
    })
    return { ...facts, recordedAt: now }
  })
}

/** Null where nobody has said anything yet. */
export async function payeeOf(transaction: Transaction, accountId: bigint, at: Date): Promise<Payee | null> {
  const row = await transaction.payee.findFirst({ where: { accountId, effectiveFrom: { lte: at } }, orderBy: [{ effectiveFrom: 'desc' }, { id: 'desc' }] })
  if (row === null) return null
  const { taxProfile, payeeCheck, payoutsEnabled, withholdingPpm, source, recordedAt } = row
  return {
    accountId, payoutsEnabled, withholdingPpm, source, recordedAt,
    taxProfile: taxProfile === 'complete' ? 'complete' : 'missing', payeeCheck: payeeCheck === 'passed' || payeeCheck === 'failed' ? payeeCheck : 'missing',
  }
}

export type PayeeRefusal = 'tax_profile_missing' | 'payee_check_missing' | 'payouts_disabled'

/** Why this payee cannot be paid, or null. */
export function whyNotPayee(payee: Payee | null): PayeeRefusal | null {
  if (payee === null || payee.taxProfile !== 'complete') return 'tax_profile_missing'
  if (payee.payeeCheck !== 'passed') return 'payee_check_missing'
  return payee.payoutsEnabled ? null : 'payouts_disabled'
}
