// A plan as text for people: who is meant, what moves where, what becomes of relations, holds and balances, the total and the hash.
// Promises: says everything that the plan would do; long lists of rebates are summed per member and named by number.

import type { PlanNames } from './plan-names.ts'
import { movedSums, totalsOf } from './plan-totals.ts'
import type { BalancePreview, HoldEffect, InstructionEffect, Plan, PlanEffect } from './plan-types.ts'

const REBATES_NAMED_MAX = 6

export function planText(plan: Plan, names: PlanNames): string {
  const sections = [
    [heading(plan)],
    section('Members', membersLines(plan, names)),
    section('Money', moneyLines(plan.effects, names)),
    section('Already gone', goneLines(plan.effects, names)),
    section('Instructions to the host', instructionLines(plan.effects, names)),
    section('Relations', relationLines(plan.effects, names)),
    section('Holds', holdLines(plan.effects)),
    section('Restrictions', restrictionLines(plan.effects, names)),
    section('Settled again', settleLines(plan.effects, names)),
    section('Others concerned', thirdPartyLines(plan.effects, names)),
    section('Left as it is', plan.preview.left.map((each) => `rebate ${each.rebateId}: its payment is disputed`)),
    section('Balances', balanceLines(plan.preview.balances, names)),
    section('Total', totalLines(plan.effects, names)),
    [`Hash ${plan.hash}`, `Valid until ${plan.expiresAt.toISOString()}`],
  ]
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)]
}

function heading(plan: Plan): string {
  const what = plan.action.kind === 'undo' ? `undo decision ${plan.action.decisionId}` : plan.action.kind
  return `Plan ${plan.id}: ${what}${plan.caseId === null ? '' : `, case ${plan.caseId}`}`
}

function membersLines({ preview }: Plan, names: PlanNames): string[] {
  const byScore = preview.members.toSorted((left, right) => right.score - left.score)
  const lines = table(byScore.map((member) => [member.isSelected ? '[x]' : '[ ]', names.account(member.accountId), member.score.toFixed(3)]))
  const isAnyLeftOut = preview.members.some((member) => !member.isSelected)
  return preview.threshold === null || !isAnyLeftOut ? lines : [...lines, `Without [x]: below ${preview.threshold} and not named; nothing of theirs is touched.`]
}

function moneyLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return table(movedSums(effects).map((sum) => [
    names.account(sum.accountId), `${names.amount(sum.amount.toString(), sum.asset)} ${sum.asset}`, `${sum.from} → ${sum.to}`, rebatesNamed(sum.rebateIds),
  ]), [1])
}

function rebatesNamed(ids: readonly string[]): string {
  const named = ids.slice(0, REBATES_NAMED_MAX).join(', ')
  const more = ids.length - REBATES_NAMED_MAX
  return `${ids.length === 1 ? 'rebate' : 'rebates'} ${named}${more > 0 ? ` and ${more} more` : ''}`
}

function goneLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'gone') return []
    const consequence = effect.becomes === 'debt' ? 'becomes debt, repaid from later rebates only' : 'is lost'
    return [`${names.account(effect.accountId)}: ${names.amount(effect.amount, effect.asset)} ${effect.asset} of rebate ${effect.rebateId} is spent or paid out and ${consequence}`]
  })
}

const ASKS: Readonly<Record<InstructionEffect['ask'], string>> = {
  give: 'asks the host to give again', freeze: 'asks the host to freeze', release: 'asks the host to release', reclaim: 'asks the host to take back',
  withdraw: 'withdraws the request to take back',
}

function instructionLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => (effect.kind === 'instruction'
    ? [`${names.account(effect.accountId)}: ${ASKS[effect.ask]} ${names.amount(effect.amount, effect.asset)} ${effect.asset}, ${rebatesNamed(effect.lines.map((line) => line.rebateId))}`]
    : []))
}

function relationLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'referral') return []
    const since = effect.after.effectiveAt === 'apply' ? 'from the moment of applying' : `counting from ${effect.after.effectiveAt}`
    return [`${names.account(effect.inviterId)} → ${names.account(effect.inviteeId)}: ${effect.before.state} → ${effect.after.state}, ${since}`]
  })
}

/** Holds of one kind and subject are summed: a ring can have hundreds. */
function holdLines(effects: readonly PlanEffect[]): string[] {
  const groups = new Map<string, string[]>()
  for (const effect of effects) {
    if (effect.kind !== 'hold') continue
    const text = holdText(effect)
    groups.set(text, [...(groups.get(text) ?? []), effect.rebateId ?? effect.referralId ?? ''])
  }
  return [...groups].map(([text, ids]) => `${text}: ${ids.slice(0, REBATES_NAMED_MAX).join(', ')}${ids.length > REBATES_NAMED_MAX ? ` and ${ids.length - REBATES_NAMED_MAX} more` : ''}`)
}

function holdText(effect: HoldEffect): string {
  const subject = effect.rebateId === null ? 'referrals' : 'rebates'
  switch (effect.change) {
    case 'place':
      return `new hold (${effect.reason}) for ${effect.days} days, in silence ${effect.onSilence === 'escalate' ? 'escalated' : 'released and recorded'}, on ${subject}`
    case 'end':
      return `hold (${effect.reason}) ends as ${effect.as} on ${subject}`
    case 'reopen':
      return `hold (${effect.reason}) is open again on ${subject}`
  }
}

function restrictionLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'case') return [`case ${effect.caseId}: ${effect.before.state} → ${effect.after.state}${effect.after.outcome === null ? '' : ` as ${effect.after.outcome}`}`]
    if (effect.kind !== 'restriction') return []
    return [`${names.account(effect.accountId)}: ${effect.restriction} ${effect.change === 'place' ? `until ${effect.endsAt}` : 'lifted'}`]
  })
}

function settleLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => (effect.kind === 'settle'
    ? [`payment ${effect.eventId} of ${names.account(effect.accountId)}: ${effect.why === 'earned_meanwhile' ? 'made while the relation was stopped' : 'refunded or disputed meanwhile'}`]
    : []))
}

function thirdPartyLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'third_party') return []
    if (effect.concern === 'outside_the_ring') return [`${names.account(effect.accountId)}, outside the ring, was invited by a restricted member`]
    return [`${names.account(effect.accountId)}: ${names.amount(effect.amount, effect.asset)} ${effect.asset} of rebate ${effect.rebateId} is on its way to a bank and is not stopped`]
  })
}

function balanceLines(balances: readonly BalancePreview[], names: PlanNames): string[] {
  return table(balances.map((balance) => [
    names.account(balance.accountId), balance.kind, balance.asset, names.amount(balance.before, balance.asset),
    balance.before === balance.after ? 'stays' : `→ ${names.amount(balance.after, balance.asset)}`,
  ]), [3])
}

function totalLines(effects: readonly PlanEffect[], names: PlanNames): string[] {
  return totalsOf(effects).map((total) => {
    const parts = [`${names.amount(total.moved.toString(), total.asset)} ${total.asset} moves`]
    if (total.becomesDebt > 0n) parts.push(`${names.amount(total.becomesDebt.toString(), total.asset)} of it as debt`)
    if (total.lost > 0n) parts.push(`${names.amount(total.lost.toString(), total.asset)} is lost`)
    return parts.join(', ')
  })
}

/** Columns as wide as their longest cell; the columns of `right` are aligned to the right. */
function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => (right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd())
}
