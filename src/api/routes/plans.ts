// Plans, decisions and their undo over HTTP: the effects are seen before they happen, and what happens is what was seen.

import { z } from 'zod'
import type { Transaction } from '../../base/database.ts'
import { Problem, type ProblemCode } from '../../base/problems.ts'
import type { Identity } from '../../identities/index.ts'
import {
  type ApplyRefusal, type ApplyResult, applyPlan, effectJson, makePlan, namesOf, type PlanAction, planJson, type PlanRefusal, readDecision, readPlan, type Reviewer,
} from '../../review/index.ts'
import { type ApiParts, callerOf, joined, mayUse, readerOf } from '../parts.ts'
import { actionInput, actionOf, decisionAnswer, planAnswer, reasonCode } from '../plan-schemas.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, note } from '../schemas.ts'

export function planRoutes(parts: ApiParts): Route[] {
  return [plan(parts), decide(parts), undo(parts)]
}

function plan(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/plans', tag: 'Review', scope: 'plans:write', programs: 'by_request', idempotency: 'optional',
    summary: 'What an action would do: every posting, balance, debt and third party, and a hash over the effects.',
    body: z.strictObject({ action: actionInput }),
    answers: { 201: { description: 'The plan. Nothing is changed yet.', schema: planAnswer } },
    problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const action = actionOf(body.action)
      const reader = readerOf(parts.database, transaction)
      await refuseForeign(reader, identity, action)
      const made = await makePlan(reviewerOf(parts, identity, transaction), action)
      if (!made.ok) throw new Problem(PROBLEM_OF[made.reason], made.reason, made.detail)
      return { status: 201, body: planJson(made.plan, await namesOf(reader, made.plan)) }
    },
  })
}

function decide(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/decisions', tag: 'Review', scope: 'decisions:write', programs: 'by_request', idempotency: 'required',
    summary: 'Applies a plan by its hash; refused if any effect is no longer what the plan showed.',
    description: 'Cancelling, reclaiming, restricting and confirming need the key of a person.',
    body: z.strictObject({ plan_id: idText, hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan'), reason: reasonCode, note: note.optional() }),
    answers: { 201: { description: 'Decided.', schema: decisionAnswer }, 200: { description: 'The plan had been applied before: its decision.', schema: decisionAnswer } },
    problems: ['not_found', 'forbidden', 'refused', 'conflict', 'plan_changed', 'plan_expired'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const found = await readPlan(reader, BigInt(body.plan_id))
      if (found === null) throw new Problem('not_found', 'unknown_plan', 'There is no such plan.')
      await refuseForeign(reader, identity, found.action)
      refuseWithoutPerson(identity, found.action)
      const result = await applyPlan(reviewerOf(parts, identity, transaction), { planId: found.id, hash: body.hash, reason: body.reason, note: body.note })
      return answerOf(reader, result)
    },
  })
}

function undo(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/decisions/:id/undo', tag: 'Review', scope: 'decisions:write', programs: 'by_request', idempotency: 'required',
    summary: 'Takes a decision back exactly, until something depends on it.',
    description: 'To see the effects first, plan the action `undo` and apply that plan.',
    params: z.strictObject({ id: idText }),
    body: z.strictObject({ reason: reasonCode, note: note.optional() }),
    answers: { 201: { description: 'Undone, by a decision of its own.', schema: decisionAnswer } },
    problems: ['not_found', 'refused', 'conflict', 'plan_changed', 'plan_expired', 'forbidden'],
    async handle({ params, body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const action: PlanAction = { kind: 'undo', decisionId: params.id }
      await refuseForeign(reader, identity, action)
      const reviewer = reviewerOf(parts, identity, transaction)
      const made = await makePlan(reviewer, action)
      if (!made.ok) throw new Problem(PROBLEM_OF[made.reason], made.reason, made.detail)
      const result = await applyPlan(reviewer, { planId: made.plan.id, hash: made.plan.hash, reason: body.reason, note: body.note })
      return answerOf(reader, result)
    },
  })
}

const PROBLEM_OF: Readonly<Record<ApplyRefusal | PlanRefusal, ProblemCode>> = {
  unknown_plan: 'not_found', unknown_case: 'not_found', unknown_ring: 'not_found', unknown_rebate: 'not_found', unknown_decision: 'not_found',
  wrong_hash: 'conflict', case_changed: 'conflict', plan_changed: 'plan_changed', plan_expired: 'plan_expired', reason_not_fitting: 'refused', not_a_member: 'refused',
  case_closed: 'refused', nothing_to_do: 'refused', not_allowed_by_terms: 'refused', still_frozen: 'refused', outcome_not_fitting: 'refused', end_not_in_future: 'refused',
  already_undone: 'refused', money_moved: 'refused', is_an_undo: 'refused', decided_again: 'refused', held_since: 'refused',
}

function reviewerOf({ database, keys, clock }: ApiParts, identity: Identity | null, transaction: Transaction | null): Reviewer {
  return { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }
}

async function answerOf(reader: Transaction, result: ApplyResult) {
  if (!result.ok) throw new Problem(PROBLEM_OF[result.reason], result.reason, result.detail)
  const { decision } = result
  const names = await namesOf(reader, { effects: decision.effects, preview: { balances: [], members: [], threshold: null, left: [] } })
  return {
    status: result.isReplay ? 200 : 201,
    body: {
      decision_id: decision.id.toString(), plan_id: decision.planId.toString(), case_id: decision.caseId?.toString() ?? null, reason: decision.reason,
      undoes_id: decision.undoesId?.toString() ?? null, recorded_at: decision.recordedAt.toISOString(), effects: decision.effects.map((each) => effectJson(each, names)),
    },
  }
}

/** What takes from a member for good is never done by a machine's key. */
const NEEDS_PERSON: ReadonlySet<PlanAction['kind']> = new Set<PlanAction['kind']>(['cancel', 'reclaim', 'restrict', 'confirm'])

function refuseWithoutPerson(identity: Identity | null, action: PlanAction): void {
  if (NEEDS_PERSON.has(action.kind) && callerOf({ identity }).actorKind !== 'person') throw new Problem('forbidden', 'person_needed', 'This needs the key of a named person.')
}

/** A key limited to a program sees nothing of another's: every object that the action names is looked up. */
async function refuseForeign(reader: Transaction, identity: Identity | null, action: PlanAction): Promise<void> {
  if (identity?.programId === null) return
  const programs = action.kind === 'undo' ? await programsOfDecision(reader, BigInt(action.decisionId)) : await programsOfTarget(reader, action.target)
  if (programs.length === 0 || programs.some((programId) => programId === null || !mayUse(identity, programId))) throw new Problem('not_found', 'target', 'There is no such thing.')
}

async function programsOfTarget(reader: Transaction, { caseId, ringId, rebates }: { caseId?: string | undefined; ringId?: string | undefined; rebates?: readonly string[] | undefined }): Promise<(bigint | null)[]> {
  const found: (bigint | null)[] = []
  if (caseId !== undefined) found.push((await reader.reviewCase.findUnique({ where: { id: BigInt(caseId) }, select: { programId: true } }))?.programId ?? null)
  if (ringId !== undefined) found.push((await reader.ringVersion.findFirst({ where: { ringId: BigInt(ringId) }, orderBy: { id: 'desc' }, select: { programId: true } }))?.programId ?? null)
  if (rebates !== undefined) {
    const rows = await reader.rebate.findMany({ where: { id: { in: rebates.map(BigInt) } }, select: { programId: true } })
    found.push(...rows.map(({ programId }) => programId), ...(rows.length < new Set(rebates).size ? [null] : []))
  }
  return found
}

async function programsOfDecision(reader: Transaction, decisionId: bigint): Promise<(bigint | null)[]> {
  const decision = await readDecision(reader, decisionId)
  if (decision === null) return []
  if (decision.caseId !== null) return [(await reader.reviewCase.findUnique({ where: { id: decision.caseId }, select: { programId: true } }))?.programId ?? null]
  return decision.effects.map((effect) => (effect.kind === 'posting' ? BigInt(effect.programId) : null))
}
