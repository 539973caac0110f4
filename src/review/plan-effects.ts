// From an action to its exact effects: one computation serves the preview and, under locks, the applying.
// Promises: reads only; the same state of the database gives the same effects in the same order.

import type { Transaction } from '../base/database.ts'
import { freezeMoney, type MoneyEffects, reclaimMoney, releaseMoney } from './money-effects.ts'
import type { CaseEffect, PlanAction, PlanEffect, PlanRefusal, Refused, RestrictionEffect } from './plan-types.ts'
import { isAbuse } from './reason-codes.ts'
import { cancelRelations, outsideTheRing, resumeRelations, suspendRelations } from './relation-effects.ts'
import { resolveScope, type Scope, type ScopeCase, type ScopeMember, type ScopeRebate } from './scope.ts'
import { forbiddenByTerms, restrictionForbidden } from './terms.ts'
import { undoEffects } from './undo-effects.ts'

export interface ComputedPlan {
  readonly ok: true
  readonly effects: readonly PlanEffect[]
  readonly case: ScopeCase | null
  readonly members: readonly ScopeMember[]
  readonly threshold: number | null
  readonly left: MoneyEffects['left']
  readonly expiryMinutes: number
  /** What must be locked so that the effects stay what they are. */
  readonly concerned: Concerned
}

export interface Concerned {
  readonly accountIds: readonly bigint[]
  readonly referralIds: readonly bigint[]
  readonly rebateIds: readonly bigint[]
}

export type Computation = ComputedPlan | Refused<PlanRefusal>

type ReviewAction = Exclude<PlanAction, { kind: 'undo' }>

interface ActionEffects {
  readonly effects: readonly PlanEffect[]
  readonly left?: MoneyEffects['left']
}

export async function computeEffects(transaction: Transaction, action: PlanAction, now: Date): Promise<Computation> {
  if (action.kind === 'undo') return await undoEffects(transaction, action.decisionId, now)
  const isForEverybody = action.kind === 'release' || action.kind === 'dismiss' || action.kind === 'confirm'
  const withSignupCredit = isForEverybody || ((action.kind === 'freeze' || action.kind === 'reclaim') && action.signupCredit === true)
  const resolved = await resolveScope(transaction, action.target, { isForEverybody, withSignupCredit, now })
  if (!resolved.ok) return resolved
  const { scope } = resolved
  const result = await effectsOf(transaction, action, scope, now)
  if ('ok' in result) return result
  if (result.effects.length === 0) return { ok: false, reason: 'nothing_to_do', detail: `There is nothing to ${action.kind} here.` }
  return {
    ok: true,
    effects: result.effects,
    case: scope.case,
    members: scope.members,
    threshold: scope.members.length === 0 || isForEverybody ? null : scope.policy.thresholds.hold,
    left: result.left ?? [],
    expiryMinutes: scope.policy.planExpiryMinutes,
    concerned: {
      accountIds: [...new Set([...scope.rebates.map((rebate) => rebate.accountId), ...scope.members.map((member) => member.accountId)])],
      referralIds: scope.selectedReferrals.map((referral) => referral.id),
      rebateIds: scope.rebates.map((rebate) => rebate.id),
    },
  }
}

async function effectsOf(transaction: Transaction, action: ReviewAction, scope: Scope, now: Date): Promise<ActionEffects | Refused<PlanRefusal>> {
  const { rebates, selectedReferrals } = scope
  const hold = { days: scope.policy.holdDays, onSilence: scope.onSilence }
  switch (action.kind) {
    case 'freeze': {
      const forbidden = await forbiddenByTerms(transaction, { rebates: { action: 'freeze', of: rebates }, referrals: { action: 'freeze', of: selectedReferrals } })
      if (forbidden !== null) return notAllowed(forbidden)
      const money = await freezeMoney(transaction, rebates, hold)
      return { ...money, effects: [...money.effects, ...suspendRelations(selectedReferrals, hold)] }
    }
    case 'release': {
      const money = await releaseMoney(transaction, rebates, now)
      return { ...money, effects: [...money.effects, ...(await resumeRelations(transaction, selectedReferrals))] }
    }
    case 'reclaim': {
      const forbidden = await forbiddenByTerms(transaction, { rebates: { action: 'reclaim', of: rebates }, referrals: { action: 'reclaim', of: [] } })
      return forbidden === null ? await reclaimMoney(transaction, rebates) : notAllowed(forbidden)
    }
    case 'cancel':
      return await cancel(transaction, action, scope)
    case 'restrict':
      return await restrict(transaction, action, scope, now)
    case 'dismiss':
      return await dismiss(transaction, action, scope, now)
    case 'confirm':
      return await confirm(transaction, action, scope)
  }
}

function notAllowed(detail: string): Refused<PlanRefusal> {
  return { ok: false, reason: 'not_allowed_by_terms', detail }
}

/** From now: the relation ends and what was earned stays. From earlier: what was earned since then is reclaimed. */
async function cancel(transaction: Transaction, action: Extract<ReviewAction, { kind: 'cancel' }>, scope: Scope): Promise<ActionEffects | Refused<PlanRefusal>> {
  const since = sinceWhen(action.from)
  const isConcerned = (rebate: ScopeRebate): boolean => since !== null && rebate.occurredAt.getTime() >= since
  const rebates = scope.rebates.filter(isConcerned)
  const forbidden = await forbiddenByTerms(transaction, { rebates: { action: 'reclaim', of: rebates }, referrals: { action: 'cancel', of: scope.selectedReferrals } })
  if (forbidden !== null) return notAllowed(forbidden)
  const relations = await cancelRelations(transaction, scope.selectedReferrals, action.from)
  const money = await reclaimMoney(transaction, rebates)
  return { ...money, effects: [...relations, ...money.effects] }
}

function sinceWhen(from: 'now' | 'start' | { readonly date: string }): number | null {
  if (from === 'now') return null
  return from === 'start' ? Number.NEGATIVE_INFINITY : new Date(from.date).getTime()
}

async function restrict(transaction: Transaction, action: Extract<ReviewAction, { kind: 'restrict' }>, scope: Scope, now: Date): Promise<ActionEffects | Refused<PlanRefusal>> {
  const endsAt = new Date(action.endsAt)
  if (!(endsAt > now)) return { ok: false, reason: 'end_not_in_future', detail: 'A restriction needs an end in the future.' }
  const accountIds = scope.members.filter((member) => member.isSelected).map((member) => member.accountId)
  const forbidden = await restrictionForbidden(transaction, scope.programId, accountIds, now)
  if (forbidden !== null) return notAllowed(forbidden)
  const standing = await transaction.accountRestriction.findMany({
    where: { accountId: { in: accountIds }, kind: action.restriction, endedAt: null, endsAt: { gte: endsAt } }, select: { accountId: true },
  })
  const restricted = new Set(standing.map((row) => row.accountId))
  const effects = accountIds.filter((id) => !restricted.has(id)).map((accountId): RestrictionEffect => ({
    kind: 'restriction', change: 'place', accountId: accountId.toString(), restriction: action.restriction, endsAt: endsAt.toISOString(),
  }))
  return { effects: [...effects, ...(await outsideTheRing(transaction, scope, new Set(effects.map((effect) => BigInt(effect.accountId)))))] }
}

async function dismiss(transaction: Transaction, action: Extract<ReviewAction, { kind: 'dismiss' }>, scope: Scope, now: Date): Promise<ActionEffects | Refused<PlanRefusal>> {
  if (scope.case === null) return { ok: false, reason: 'unknown_case', detail: 'There is no open case to dismiss.' }
  if (isAbuse(action.outcome)) return { ok: false, reason: 'outcome_not_fitting', detail: `A case of ${action.outcome} is confirmed, not dismissed.` }
  const money = await releaseMoney(transaction, scope.rebates, now)
  const relations = await resumeRelations(transaction, scope.selectedReferrals)
  return { ...money, effects: [...money.effects, ...relations, closing(scope.case, action.outcome)] }
}

async function confirm(transaction: Transaction, action: Extract<ReviewAction, { kind: 'confirm' }>, scope: Scope): Promise<ActionEffects | Refused<PlanRefusal>> {
  if (scope.case === null) return { ok: false, reason: 'unknown_case', detail: 'There is no open case to confirm.' }
  if (!isAbuse(action.outcome)) return { ok: false, reason: 'outcome_not_fitting', detail: `A case of ${action.outcome} is dismissed, not confirmed.` }
  const held = await transaction.hold.count({ where: { caseId: scope.case.id, endedAt: null } })
  if (held > 0) return { ok: false, reason: 'still_frozen', detail: `${held} holds are open under case ${scope.case.id}: reclaim, cancel or release first.` }
  return { effects: [closing(scope.case, action.outcome)] }
}

function closing(reviewCase: ScopeCase, outcome: string): CaseEffect {
  return {
    kind: 'case', caseId: reviewCase.id.toString(),
    before: { state: reviewCase.state, outcome: reviewCase.outcome },
    after: { state: 'closed', outcome },
  }
}
