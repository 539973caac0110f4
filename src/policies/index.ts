// Programme rules and check policies: records, their versions by time, and how they are published.

export { type CheckPolicy, type CheckPolicyInput, checkPolicy, defaultCheckPolicy } from './check-policy.ts'
export { lessFavourable } from './favour.ts'
export { daysOfLength, type LessFavourable, rewardText } from './favour-tracks.ts'
export { CLAIM_FACTS, ENFORCEMENT_ACTIONS, type EnforcementAction, MEMBER_FIGURES } from './member-rules.ts'
export { type ProgramRules, type ProgramRulesInput, programRules, type TrackRules, trackOf, tracksOf } from './program-rules.ts'
export { PAYOUT_METHODS } from './reward-rules.ts'
export { type NewProgram, type NewVersion, type Published, type Publisher, type PublishRefusal, publishProgram, refusalText } from './publish.ts'
export { type PolicyVersion, type ProgramVersion, policyAt, programVersionAt, programVersionOf } from './versions.ts'
export { inLanguage, type Spoken } from './rule-words.ts'
export { DAY, exponentOfAsset, publishedUnits, smallestUnits } from './rule-amounts.ts'
export { type CalendarPeriod, calendarPeriod, formatInZone, instantOf, type LocalTime, localTime, timeWithOffset, yearsLater } from './zone-time.ts'
export { RULE_LANGUAGES, type RuleLanguage, type RuleParagraph, rulesInWords } from './rules-in-words.ts'
