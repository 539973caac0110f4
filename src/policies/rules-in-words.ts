// The rules of a version in words, for members and operators: every rule that differs for them is a sentence, in English and Chinese.
// Promises: made from the record alone, so that what is read is what is in force; the same sentences in the same order in both languages.

import { chinese } from './rule-phrases-zh.ts'
import { english } from './rule-phrases-en.ts'
import type { ProgramRules, TrackRules } from './program-rules.ts'
import { tracksOf } from './program-rules.ts'
import { inLanguage } from './rule-words.ts'

export const RULE_LANGUAGES = ['en', 'zh-CN'] as const
export type RuleLanguage = (typeof RULE_LANGUAGES)[number]

export const RULE_TOPICS = ['takesPart', 'reward', 'earns', 'movement', 'binding', 'counts', 'ends', 'seen', 'abuse', 'changes'] as const
export type RuleTopic = (typeof RULE_TOPICS)[number]

export interface RuleParagraph {
  readonly topic: RuleTopic
  readonly heading: string
  readonly sentences: readonly string[]
}

/** What a language must be able to say. */
export interface RulePhrases {
  readonly headings: Readonly<Record<RuleTopic, string>>
  everybody(): string
  track(track: TrackRules): string
  reward(track: TrackRules, isOnly: boolean): string
  length(unit: 'month' | 'year', count: number, days: number): string
  credit(credit: NonNullable<ProgramRules['signupCredit']>): string
  cap(cap: ProgramRules['caps'][number], asset: string): string
  base(base: ProgramRules['base']): string
  moneyReceived(): string
  conversion(asset: string): string
  late(days: number): string
  matures(track: TrackRules, isOnly: boolean): string
  expires(track: TrackRules, isOnly: boolean, days: number): string
  transfer(track: TrackRules, isOnly: boolean, settlement: ProgramRules['settlement']): string
  payout(track: TrackRules, isOnly: boolean): string
  scope(text: string): string
  bound(link: boolean, code: boolean, precedence: ProgramRules['binding']['precedence']): string
  afterSignup(claims: ProgramRules['binding']['claims'] | null): string
  newCustomer(): string
  separateAccount(): string
  household(isEligible: boolean): string
  excluded(): string
  traffic(traffic: ProgramRules['traffic']): string | null
  ends(idle: ProgramRules['enrolment']['idle']): string
  sees(page: ProgramRules['memberPage']): string
  contact(text: string): string
  enforcement(rules: ProgramRules['enforcement']): string
  silence(onSilence: ProgramRules['onSilence']): string
  notice(days: number): string
  zone(zone: string): string
}

const PHRASES: Readonly<Record<RuleLanguage, RulePhrases>> = { en: english, 'zh-CN': chinese }

/** In the order of the topics; none is left out. */
export function rulesInWords(rules: ProgramRules, language: RuleLanguage): RuleParagraph[] {
  const phrases = PHRASES[language]
  const sentences = sentencesOf(rules, phrases, language)
  return RULE_TOPICS.map((topic) => ({ topic, heading: phrases.headings[topic], sentences: sentences[topic].filter((sentence) => sentence !== null) }))
}

function sentencesOf(rules: ProgramRules, phrases: RulePhrases, language: RuleLanguage): Readonly<Record<RuleTopic, readonly (string | null)[]>> {
  const { asset, binding, eligibility, traffic, signupCredit, reviewAfterDays, memberPage } = rules
  const [scope, contact] = [inLanguage(rules.creditScope, language), inLanguage(memberPage.contact, language)]
  const tracks = tracksOf(rules)
  const isOnly = tracks.length === 1
  return {
    takesPart: [phrases.everybody(), ...tracks.filter(({ entry }) => entry !== 'default').map((track) => phrases.track(track))],
    reward: [
      ...tracks.flatMap((track) => [phrases.reward(track, isOnly), ...lengthsOf(track, phrases)]),
      ...(signupCredit === null ? [] : [phrases.credit(signupCredit)]), ...rules.caps.map((cap) => phrases.cap(cap, asset)),
    ],
    earns: [
      phrases.base(rules.base), phrases.moneyReceived(), ...tracks.flatMap((track) => (track.reward.kind === 'rate' ? [phrases.conversion(track.asset)] : [])).filter((each, place, all) => all.indexOf(each) === place),
      reviewAfterDays === null ? null : phrases.late(reviewAfterDays),
    ],
    movement: [...tracks.flatMap((track) => [
      track.maturitySeconds === 0 ? null : phrases.matures(track, isOnly), track.rewardValidDays === null ? null : phrases.expires(track, isOnly, track.rewardValidDays), phrases.transfer(track, isOnly, rules.settlement), phrases.payout(track, isOnly),
    ]), scope === '' ? null : phrases.scope(scope)],
    binding: [phrases.bound(binding.link, binding.code, binding.precedence), phrases.afterSignup(binding.afterSignup === 'claim' ? binding.claims : null)],
    counts: [
      eligibility.newCustomer ? phrases.newCustomer() : null, eligibility.separateAccount ? phrases.separateAccount() : null,
      phrases.household(rules.household === 'eligible'), phrases.excluded(), phrases.traffic(traffic),
    ],
    ends: [phrases.ends(rules.enrolment.idle)],
    seen: [phrases.sees(memberPage), contact === '' ? null : phrases.contact(contact)],
    abuse: [phrases.enforcement(rules.enforcement), phrases.silence(rules.onSilence)],
    changes: [phrases.notice(rules.noticeDays), phrases.zone(rules.zone)],
  }
}

function lengthsOf({ reward }: TrackRules, phrases: RulePhrases): string[] {
  return reward.kind === 'days' ? reward.lengths.map(({ unit, count, days }) => phrases.length(unit, count, days)) : []
}
