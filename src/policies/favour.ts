// Where a new version of the rules is less favourable to members than the one it follows: those need notice.
// Promises: whatever can lower what members earn, keep, may ask for or are protected by is named; what is only better is not. The words
// of texts (share text, credit scope, terms) are not judged.

import { type LessFavourable, lessFavourableTracks } from './favour-tracks.ts'
import type { ProgramRules } from './program-rules.ts'
import { micros } from './rule-amounts.ts'

/** Everything that gets worse, in the order of the rules; empty where nothing does. */
export function lessFavourable(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  return [
    ...whatEarns(before, after), ...lessFavourableTracks(before, after), ...caps(before, after), ...signupCredit(before, after),
    ...binding(before, after), ...whoCounts(before, after), ...enrolment(before, after), ...enforcement(before, after), ...protection(before, after),
  ]
}

const when = (isWorse: boolean, rule: string, sentence: string): LessFavourable[] => (isWorse ? [{ rule, sentence }] : [])
function whatEarns(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  const isWorse = before.base !== after.base && !(after.base === 'both' && before.base !== 'payment')
  return when(isWorse, 'base', `Another kind of event earns: ${after.base} instead of ${before.base}.`)
}

/** A cap is harmless where an old one was at least as tight. */
function caps(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  const measure = ({ caps: all, asset }: ProgramRules) => all.map((cap, place) => ({
    place, of: cap.of, per: cap.per, asset: cap.amount === undefined ? null : cap.asset ?? asset, most: cap.amount === undefined ? BigInt(cap.count ?? 0) : micros(cap.amount),
  }))
  const old = measure(before)
  return measure(after)
    .filter((cap) => !old.some((each) => each.of === cap.of && each.per === cap.per && each.asset === cap.asset && each.most <= cap.most))
    .map(({ place, of, per }) => ({ rule: `caps.${place}`, sentence: `The cap per ${of} and ${per} is new or lower.` }))
}

const GRANTED = ['signup', 'verified', 'first_payment']

function signupCredit({ signupCredit: before }: ProgramRules, { signupCredit: after }: ProgramRules): LessFavourable[] {
  if (before === null) return []
  if (after === null) return when(true, 'signupCredit', 'New customers no longer get a credit.')
  return [
    ...when(before.asset !== after.asset, 'signupCredit.asset', 'The credit is in another asset.'),
    ...when(before.asset === after.asset && micros(after.amount) < micros(before.amount), 'signupCredit.amount', `The credit falls from ${before.amount} to ${after.amount}.`),
    ...when(after.validDays < before.validDays, 'signupCredit.validDays', `The credit ends after ${after.validDays} instead of ${before.validDays} days.`),
    ...when(GRANTED.indexOf(after.grantOn) > GRANTED.indexOf(before.grantOn), 'signupCredit.grantOn', `The credit is granted on ${after.grantOn} instead of ${before.grantOn}.`),
  ]
}

function binding({ binding: before }: ProgramRules, { binding: after }: ProgramRules): LessFavourable[] {
  const [old, next] = [before.claims, after.claims]
  return [
    ...when(before.link && !after.link, 'binding.link', 'A followed link no longer binds.'),
    ...when(before.code && !after.code, 'binding.code', 'A typed code no longer binds.'),
    ...when(before.afterSignup === 'claim' && after.afterSignup === 'never', 'binding.afterSignup', 'A lost relation can no longer be claimed.'),
    ...(old === undefined || next === undefined ? [] : [
      ...when(next.facts.some((fact) => !old.facts.includes(fact)), 'binding.claims.facts', 'A claim needs more facts.'),
      ...when(old.accruesFrom === 'signup' && next.accruesFrom === 'acceptance', 'binding.claims.accruesFrom', 'A claim earns from its acceptance instead of from the sign-up.'),
      ...when(next.maximumPerMonth < old.maximumPerMonth, 'binding.claims.maximumPerMonth', `Only ${next.maximumPerMonth} instead of ${old.maximumPerMonth} claims in 30 days.`),
    ]),
  ]
}

function whoCounts(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  return [
    ...when(!before.eligibility.newCustomer && after.eligibility.newCustomer, 'eligibility.newCustomer', 'Only new customers count.'),
    ...when(!before.eligibility.separateAccount && after.eligibility.separateAccount, 'eligibility.separateAccount', 'Only separate accounts count.'),
    ...when(before.household === 'eligible' && after.household === 'excluded', 'household', 'People of one household may no longer invite each other.'),
    ...when(before.traffic.paid === 'allow' && after.traffic.paid === 'hold', 'traffic.paid', 'What bought clicks earn is held.'),
    ...when(after.traffic.bannedReferers.some((host) => !before.traffic.bannedReferers.includes(host)), 'traffic.bannedReferers', 'More sites are banned.'),
    ...when(after.traffic.paid === 'hold' && after.traffic.adParameters.some((name) => !before.traffic.adParameters.includes(name)), 'traffic.adParameters', 'More clicks count as bought.'),
  ]
}

function enrolment({ enrolment: { idle: before } }: ProgramRules, { enrolment: { idle: after } }: ProgramRules): LessFavourable[] {
  if (after === null) return []
  if (before === null) return when(true, 'enrolment.idle', `Members are suspended after ${after.years} years without a new client.`)
  return [
    ...when(after.years < before.years, 'enrolment.idle.years', `Members are suspended after ${after.years} instead of ${before.years} years without a new client.`),
    ...when(before.noticeDays.some((days) => !after.noticeDays.some((other) => other >= days)), 'enrolment.idle.noticeDays', 'Members are told later of a suspension.'),
  ]
}

function enforcement({ enforcement: before }: ProgramRules, { enforcement: after }: ProgramRules): LessFavourable[] {
  const added = after.actions.filter((action) => !before.actions.includes(action))
  return when(added.length > 0, 'enforcement.actions', `The terms allow more against members: ${added.join(', ')}.`)
}

function protection(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  const late = after.reviewAfterDays !== null && (before.reviewAfterDays === null || after.reviewAfterDays < before.reviewAfterDays)
  return [
    ...when(before.onSilence === 'release_recorded' && after.onSilence === 'escalate', 'onSilence', 'A hold that nobody decides is no longer released.'),
    ...when(late, 'reviewAfterDays', `What is reported after ${after.reviewAfterDays ?? 0} days is held.`),
    ...when(after.noticeDays < before.noticeDays, 'noticeDays', `The notice of less favourable rules falls from ${before.noticeDays} to ${after.noticeDays} days.`),
  ]
}
