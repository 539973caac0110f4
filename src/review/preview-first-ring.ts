// What freezing the ring of the largest expected loss would do, for who wants to see one: the demo's last page.

import { makePlan, type Reviewer } from './make-plan.ts'
import { namesOf } from './plan-names.ts'
import { planText } from './plan-text.ts'
import type { Plan } from './plan-types.ts'

/** Null when no case is open, or there is nothing to freeze in the first one. */
export async function previewFirstRing(reviewer: Reviewer): Promise<{ plan: Plan; text: string } | null> {
  const first = await reviewer.database.inTransaction((transaction) => transaction.reviewCase.findFirst({
    where: { state: 'open', ringId: { not: null } }, orderBy: [{ expectedLoss: 'desc' }, { id: 'asc' }], select: { ringId: true },
  }))
  if (first?.ringId === undefined || first.ringId === null) return null
  const result = await makePlan(reviewer, { kind: 'freeze', target: { ringId: first.ringId.toString() } })
  if (!result.ok) return null
  const names = await reviewer.database.inTransaction((transaction) => namesOf(transaction, result.plan))
  return { plan: result.plan, text: planText(result.plan, names) }
}
