// The rules of a programme as one validated record: what earns, how much, when, and what its terms allow against abuse.
// Promises: what is stored as a version has passed here, with every default written out.

import { z } from 'zod'

/** Words that a person wrote, with line breaks but without other control characters: a database and a page refuse those. */
const words = (most: number) => z.string().max(most).refine((text) => !/[\p{Cc}\p{Surrogate}]/u.test(text.replaceAll(/[\n\t]/g, ' ')), 'words without control characters')

/** Amounts in rules are decimal strings in units, such as "25" or "2.5". */
const decimal = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'an amount such as 25 or 2.5')
const wholeSeconds = z.number().int().min(0).max(10 * 366 * 86_400)
const assetCode = z.string().regex(/^[A-Z]{3}$/, 'an asset code of three capital letters')

const zone = z.string().refine(isTimeZone, 'a time zone of the IANA database, such as Asia/Shanghai')

/** What one qualifying event earns: a share of the money received, a fixed amount, or days by the period that was paid. */
const reward = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rate'), ratePpm: z.number().int().min(0).max(1_000_000) }),
  z.strictObject({ kind: z.literal('fixed'), amount: decimal }),
  z.strictObject({ kind: z.literal('days'), daysPerMonth: z.number().int().min(1).max(31), daysPerYear: z.number().int().min(1).max(366) }),
])

export const ENFORCEMENT_ACTIONS = ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'] as const
export type EnforcementAction = (typeof ENFORCEMENT_ACTIONS)[number]

/** The actions that the published terms allow, and which terms those are. */
const enforcement = z.strictObject({
  actions: z.array(z.enum(ENFORCEMENT_ACTIONS)).refine((actions) => new Set(actions).size === actions.length, 'each action once'),
  termsVersion: words(64).min(1),
  termsUrl: z.url(),
})

/** How a new customer is bound to an inviter; `afterSignup: never` means that nothing binds later. */
const binding = z.strictObject({
  link: z.boolean().default(true),
  code: z.boolean().default(true),
  /** Which wins when the followed link and the typed code name different inviters. */
  precedence: z.enum(['typed', 'link']).default('typed'),
  afterSignup: z.enum(['never', 'claim']).default('never'),
})

export const programRules = z.strictObject({
  /** Which events earn. Paying on recharges and on spending counts the same money twice, so `both` must be asked for. */
  base: z.enum(['recharge', 'payment', 'spend', 'both']).default('recharge'),
  asset: assetCode,
  reward,
  /** Whether the main balance is in these books or kept by the host. */
  settlement: z.enum(['internal', 'host']).default('internal'),
  /** How earned reward moves on; `rewardTransfer: manual` is the member's own step from reward to main balance. */
  movement: z.strictObject({
    rewardTransfer: z.enum(['manual', 'none']).default('manual'),
    payout: z.strictObject({ minimum: z.strictObject({ amount: decimal, on: z.enum(['balance', 'request']) }).optional() }).nullable().default(null),
  }).default({ rewardTransfer: 'manual', payout: null }),
  /** From the event to the day the reward may be used; 0 means at once. */
  maturitySeconds: wholeSeconds.default(0),
  binding: binding.default({ link: true, code: true, precedence: 'typed', afterSignup: 'never' }),
  enforcement,
  /** Whether people of one household may invite each other. */
  household: z.enum(['eligible', 'excluded']).default('eligible'),
  /** When a hold comes due and nobody decided: escalate, or a release that is recorded. Nothing is forfeited by a timer. */
  onSilence: z.enum(['escalate', 'release_recorded']).default('escalate'),
  /** The zone in which days and effective times of this programme are meant. */
  zone: zone.default('UTC'),
  /** Days of notice that a less favourable version needs. */
  noticeDays: z.number().int().min(0).max(365).default(30),
  /** `{code}` stands for the invite code. */
  linkTemplate: words(500).refine((text) => text.includes('{code}'), 'a link with {code} in it'),
  /** What members share, per language, with its advertising disclosure. */
  shareText: z.partialRecord(z.enum(['en', 'zh-CN']), words(500).min(1)),
  /** What the reward may be spent on, in words for members. */
  creditScope: words(200).default(''),
})

export type ProgramRules = z.output<typeof programRules>
export type ProgramRulesInput = z.input<typeof programRules>

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
