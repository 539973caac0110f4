// A plan as JSON for machines: ids and amounts as decimal strings, amounts in units with their asset, external names beside internal ids.

import type { PlanNames } from './plan-names.ts'
import { totalsOf } from './plan-totals.ts'
import type { BalancePreview, EffectDifference, Plan, PlanAction, PlanEffect } from './plan-types.ts'

export type PublicJson = { readonly [name: string]: unknown }

export function planJson(plan: Plan, names: PlanNames): PublicJson {
  return {
    plan_id: plan.id.toString(),
    hash: plan.hash,
    case_id: plan.caseId?.toString() ?? null,
    action: actionJson(plan.action),
    recorded_at: plan.recordedAt.toISOString(),
    expires_at: plan.expiresAt.toISOString(),
    members: plan.preview.members.map((member) => ({
      account_id: member.accountId, external_id: names.account(member.accountId), score: member.score, is_selected: member.isSelected,
    })),
    threshold: plan.preview.threshold,
    effects: plan.effects.map((effect) => effectJson(effect, names)),
    balances: plan.preview.balances.map((balance) => balanceJson(balance, names)),
    left: plan.preview.left.map((each) => ({ rebate_id: each.rebateId, why: each.why })),
    totals: totalsOf(plan.effects).map((total) => ({
      asset: total.asset,
      moved: names.amount(total.moved.toString(), total.asset),
      becomes_debt: names.amount(total.becomesDebt.toString(), total.asset),
      lost: names.amount(total.lost.toString(), total.asset),
    })),
  }
}

function actionJson(action: PlanAction): PublicJson {
  if (action.kind === 'undo') return { kind: action.kind, decision_id: action.decisionId }
  const { caseId, ringId, members, rebates } = action.target
  const named = { kind: action.kind, target: { case_id: caseId, ring_id: ringId, members, rebates } }
  switch (action.kind) {
    case 'cancel':
      return { ...named, from: action.from }
    case 'freeze':
    case 'reclaim':
      return { ...named, signup_credit: action.signupCredit === true }
    case 'restrict':
      return { ...named, restriction: action.restriction, ends_at: action.endsAt }
    case 'dismiss':
    case 'confirm':
      return { ...named, outcome: action.outcome }
    case 'release':
      return named
  }
}

export function differenceJson(difference: EffectDifference, names: PlanNames): PublicJson {
  return {
    planned: difference.planned === null ? null : effectJson(difference.planned, names),
    now: difference.now === null ? null : effectJson(difference.now, names),
  }
}

function balanceJson(balance: BalancePreview, names: PlanNames): PublicJson {
  return {
    account_id: balance.accountId, external_id: names.account(balance.accountId), asset: balance.asset, book: balance.kind,
    before: names.amount(balance.before, balance.asset), after: names.amount(balance.after, balance.asset),
  }
}

export function effectJson(effect: PlanEffect, names: PlanNames): PublicJson {
  switch (effect.kind) {
    case 'posting':
      return {
        kind: 'posting', transfer: effect.transfer, account_id: effect.accountId, external_id: names.account(effect.accountId), rebate_id: effect.rebateId,
        reverses: effect.reversesId,
        lines: effect.lines.map((line) => ({
          account_id: line.accountId, book: line.book, asset: line.asset, rebate_id: line.rebateId, amount: names.amount(line.amount, line.asset),
        })),
      }
    case 'referral':
      return {
        kind: 'referral', referral_id: effect.referralId, inviter: names.account(effect.inviterId), invitee: names.account(effect.inviteeId),
        before: { state: effect.before.state, effective_at: effect.before.effectiveAt }, after: { state: effect.after.state, effective_at: effect.after.effectiveAt },
      }
    case 'hold': {
      const subject = { kind: 'hold', change: effect.change, rebate_id: effect.rebateId, referral_id: effect.referralId, reason: effect.reason }
      if (effect.change === 'place') return { ...subject, days: effect.days, on_silence: effect.onSilence }
      return { ...subject, hold_id: effect.holdId, ...(effect.change === 'end' ? { as: effect.as } : {}) }
    }
    case 'restriction': {
      const subject = { kind: 'restriction', change: effect.change, account_id: effect.accountId, external_id: names.account(effect.accountId), restriction: effect.restriction }
      return effect.change === 'place' ? { ...subject, ends_at: effect.endsAt } : subject
    }
    case 'case':
      return { kind: 'case', case_id: effect.caseId, before: effect.before, after: effect.after }
    case 'gone':
      return {
        kind: 'gone', account_id: effect.accountId, external_id: names.account(effect.accountId), rebate_id: effect.rebateId,
        asset: effect.asset, amount: names.amount(effect.amount, effect.asset), becomes: effect.becomes,
      }
    case 'settle':
      return { kind: 'settle', why: effect.why, account_id: effect.accountId, external_id: names.account(effect.accountId), event_id: effect.eventId }
    case 'instruction':
      return {
        kind: 'instruction', ask: effect.ask, account_id: effect.accountId, external_id: names.account(effect.accountId), asset: effect.asset, amount: names.amount(effect.amount, effect.asset),
        lines: effect.lines.map((line) => ({ rebate_id: line.rebateId, amount: names.amount(line.amount, effect.asset) })),
      }
    case 'third_party': {
      const subject = { kind: 'third_party', concern: effect.concern, account_id: effect.accountId, external_id: names.account(effect.accountId) }
      if (effect.concern === 'outside_the_ring') return { ...subject, referral_id: effect.referralId }
      return { ...subject, rebate_id: effect.rebateId, asset: effect.asset, amount: names.amount(effect.amount, effect.asset) }
    }
  }
}
