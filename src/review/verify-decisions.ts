// The rule of decisions for `verify`: what was decided is, to the last digit, what was planned and previewed.
// Promises: every plan's effects have the hash that it was stored with, and every decision applied that plan and left its effects behind.

import type { Database } from '../base/database.ts'
import { effectsFromJson, hashOfEffects } from './stored-effects.ts'

const PAGE = 500

/** Fits the verifiers that `verify` is handed. */
export const decisionVerifier = {
  name: 'decisions',
  sentence: 'Every plan has the effects that its hash was made of, and every decision is its plan, applied.',
  async find({ database }: { readonly database: Database }): Promise<{ place: string; found: string } | null> {
    for (let after = 0n; ;) {
      const plans = await database.prisma.plan.findMany({
        where: { id: { gt: after } }, orderBy: { id: 'asc' }, take: PAGE,
        select: { id: true, caseId: true, effects: true, effectsHash: true, decision: { select: { id: true, caseId: true, effectsHash: true, undoesId: true } }, action: true },
      })
      for (const plan of plans) {
        const hash = hashOfEffects(effectsFromJson(plan.effects))
        if (Buffer.from(plan.effectsHash).toString('hex') !== hash) return { place: `plan ${plan.id}`, found: 'its effects are not those that its hash was made of' }
        const { decision } = plan
        if (decision === null) continue
        const place = `decision ${decision.id}`
        if (Buffer.from(decision.effectsHash).toString('hex') !== hash) return { place, found: 'its hash is not the hash of its plan' }
        if (decision.caseId !== plan.caseId) return { place, found: 'it is of another case than its plan' }
        if (undoneBy(plan.action) !== (decision.undoesId?.toString() ?? null)) return { place, found: 'it undoes another decision than its plan says' }
      }
      const last = plans.at(-1)
      if (last === undefined) break
      after = last.id
    }
    return await unplanned(database)
  },
}

function undoneBy(action: unknown): string | null {
  if (typeof action !== 'object' || action === null || !('kind' in action) || action.kind !== 'undo') return null
  return 'decisionId' in action ? String(action.decisionId) : null
}

/** Transfers of a decision that its plan does not name, and those that it names but that were not posted. */
async function unplanned(database: Database): Promise<{ place: string; found: string } | null> {
  const rows = await database.prisma.$queryRaw<{ decision_id: bigint }[]>`
    select decision_id from (
      select d.id as decision_id, line->>'rebateId' as rebate, line->>'accountId' as account, line->>'book' as book, (line->>'amount')::bigint as amount
        from decision d join plan p on p.id = d.plan_id cross join lateral jsonb_array_elements(p.effects) as effect
        cross join lateral jsonb_array_elements(effect->'lines') as line where effect->>'kind' = 'posting'
      union all
      select t.decision_id, e.rebate_id::text, b.account_id::text, b.kind, -e.amount
        from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id where t.decision_id is not null
    ) as line group by decision_id, rebate, account, book having sum(amount) <> 0 order by decision_id limit 1`
  const [first] = rows
  return first === undefined ? null : { place: `decision ${first.decision_id}`, found: 'its postings are not those of its plan' }
}
