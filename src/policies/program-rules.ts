// The rules of a programme as one validated record: what earns, how much, when, and what its terms allow against abuse.
// Promises: what is stored as a version has passed here, with every default written out; an older record stays valid, because new rules have defaults.

import { z } from 'zod'
import { binding, defaultBinding, defaultEligibility, eligibility, enforcement, enrolment, memberPage, traffic } from './member-rules.ts'
import { answerDays, cap, cashNeverExpires, defaultAnswerDays, defaultMovement, movement, reward, rewardValidDays, signupCredit, track } from './reward-rules.ts'
import { DAY, smallestUnits } from './rule-amounts.ts'
import { assetCode, decimal, ruleWord, spoken, wholeSeconds, words, zone } from './rule-words.ts'

export const programRules = z.strictObject({
  /** Which events earn. Paying on recharges and on spending counts the same money twice, so `both` must be asked for. */
  base: z.enum(['recharge', 'payment', 'spend', 'both']).default('recharge'),
  /** The track that everybody starts on: its name, and below its asset, reward, movement and maturity. */
  defaultTrack: ruleWord.default('default'),
  /** The programme's own asset, in which cases are ranked and the default track's reward is counted; days are counted in DAY whatever it is. */
  asset: assetCode,
  reward,
  movement: movement.default(defaultMovement),
  /** From the event to the day the reward may be used; 0 means at once. */
  maturitySeconds: wholeSeconds.default(0),
  rewardValidDays: rewardValidDays.default(null),
  answerDays: answerDays.default(defaultAnswerDays),
  /** Further tracks. Exactly one of all tracks rewards a payment: the one its inviter was on when it occurred. */
  tracks: z.array(track).max(8).default([]),
  /** Whether the main balance is in these books or kept by the host. */
  settlement: z.enum(['internal', 'host']).default('internal'),
  caps: z.array(cap).max(16).default([]),
  signupCredit: signupCredit.nullable().default(null),
  binding: binding.default(defaultBinding),
  eligibility: eligibility.default(defaultEligibility),
  traffic: traffic.prefault({}),
  enrolment: enrolment.default({ idle: null }),
  enforcement,
  /** Whether people of one household may invite each other. */
  household: z.enum(['eligible', 'excluded']).default('eligible'),
  /** When a hold comes due and nobody decided: escalate, or a release that is recorded. Nothing is forfeited by a timer. */
  onSilence: z.enum(['escalate', 'release_recorded']).default('escalate'),
  /** An event that is reported more days than this after it occurred earns into a hold. */
  reviewAfterDays: z.number().int().min(1).max(3650).nullable().default(null),
  /** The zone in which days and effective times of this programme are meant. */
  zone: zone.default('UTC'),
  /** Days of notice that a less favourable version needs. */
  noticeDays: z.number().int().min(0).max(365).default(30),
  /** What one unit of another asset counts for in the programme's own, to rank cases: one DAY, one CNY. */
  valuation: z.record(assetCode, decimal).default({}),
  /** `{code}` stands for the invite code. */
  linkTemplate: words(500).refine((text) => text.includes('{code}'), 'a link with {code} in it'),
  /** What members share, per language, with its advertising disclosure. */
  shareText: z.partialRecord(z.enum(['en', 'zh-CN']), words(500).min(1)),
  /** What the reward may be spent on, in words for members. */
  creditScope: spoken(200).default(''),
  memberPage: memberPage.prefault({}),
}).refine(({ defaultTrack, tracks }) => new Set([defaultTrack, ...tracks.map(({ key }) => key)]).size === tracks.length + 1, { path: ['tracks'], message: 'each track needs a name of its own' })
  .refine(({ binding: { afterSignup, claims } }) => (afterSignup === 'claim') === (claims !== undefined), { path: ['binding', 'claims'], message: 'claims are described where they are allowed, and only there' })
  .refine(cashNeverExpires, { path: ['rewardValidDays'], message: 'what may be paid out as cash never expires' })
  .superRefine(({ asset, caps, signupCredit: credit, valuation }, issues) => {
    const needs = (amount: string | undefined, of: string, path: PropertyKey[]): void => {
      if (amount !== undefined && smallestUnits(amount, of) === null) issues.addIssue({ code: 'custom', path, message: `an amount of ${of}, which has no smaller parts` })
    }
    for (const [place, cap] of caps.entries()) needs(cap.amount, cap.asset ?? asset, ['caps', place, 'amount'])
    if (credit !== null) needs(credit.amount, credit.asset, ['signupCredit', 'amount'])
    if (asset in valuation) issues.addIssue({ code: 'custom', path: ['valuation', asset], message: 'the programme\'s own asset is what the others are valued in' })
  })

export type ProgramRules = z.output<typeof programRules>
export type ProgramRulesInput = z.input<typeof programRules>

/** One track of a version: what it earns and how that moves on. */
export type TrackRules = Pick<ProgramRules, 'asset' | 'reward' | 'movement' | 'maturitySeconds' | 'rewardValidDays' | 'answerDays'> & { readonly key: string; readonly entry: 'default' | 'upgrade' | 'contract' }

/** The track of that name; null where this version has none. What days earn is counted in DAY. */
export function trackOf(rules: ProgramRules, key: string): TrackRules | null {
  const found: TrackRules | undefined = key === rules.defaultTrack
    ? { key, entry: 'default', asset: rules.asset, reward: rules.reward, movement: rules.movement, maturitySeconds: rules.maturitySeconds, rewardValidDays: rules.rewardValidDays, answerDays: rules.answerDays }
    : rules.tracks.find((each) => each.key === key)
  if (found === undefined) return null
  return found.reward.kind === 'days' ? { ...found, asset: DAY } : found
}

/** Every track of the version, the one that everybody starts on first. */
export function tracksOf(rules: ProgramRules): TrackRules[] {
  return [rules.defaultTrack, ...rules.tracks.map(({ key }) => key)].flatMap((key) => trackOf(rules, key) ?? [])
}
