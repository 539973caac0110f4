// Who takes part, who counts as a new customer, how a customer is bound to an inviter, and what the terms allow against abuse.

import { z } from 'zod'
import { decimal, spoken, words } from './rule-words.ts'

export const ENFORCEMENT_ACTIONS = ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'] as const
export type EnforcementAction = (typeof ENFORCEMENT_ACTIONS)[number]

/** The actions that the published terms allow, and which terms those are. */
export const enforcement = z.strictObject({
  actions: z.array(z.enum(ENFORCEMENT_ACTIONS)).refine((actions) => new Set(actions).size === actions.length, 'each action once'),
  termsVersion: words(64).min(1),
  termsUrl: z.url(),
})

export const CLAIM_FACTS = ['own_resource', 'client_resource', 'own_email', 'client_email', 'referral_link'] as const

const claimRules = z.strictObject({
  /** The facts that a claim must bring. */
  facts: z.array(z.enum(CLAIM_FACTS)).min(1).default([...CLAIM_FACTS]),
  accruesFrom: z.enum(['acceptance', 'signup']).default('acceptance'),
  /** Claims of one inviter in 30 days, whatever became of them. */
  maximumPerMonth: z.number().int().min(1).default(5),
  /** A claim whose client has paid more than this needs a second person. */
  secondPersonAbove: decimal.optional(),
})

/** How a new customer is bound to an inviter; `afterSignup: never` means that nothing binds later. */
export const binding = z.strictObject({
  link: z.boolean().default(true),
  code: z.boolean().default(true),
  /** Which wins when the followed link and the typed code name different inviters. */
  precedence: z.enum(['typed', 'link']).default('typed'),
  afterSignup: z.enum(['never', 'claim']).default('never'),
  claims: claimRules.optional(),
})
  // A record of a release that did not know these rules means their defaults.
  .overwrite((rules) => (rules.afterSignup === 'claim' && rules.claims === undefined ? { ...rules, claims: claimRules.parse({}) } : rules))
export const defaultBinding = { link: true, code: true, precedence: 'typed', afterSignup: 'never' } as const

/** Who counts; excluded accounts (staff, tests, sales-owned leads) never do. */
export const eligibility = z.strictObject({
  /** Nobody who had an earlier account by e-mail, phone or payment instrument, also one that was erased. */
  newCustomer: z.boolean().default(false),
  /** Nobody with the inviter's parent account, organisation or resources. */
  separateAccount: z.boolean().default(false),
})
export const defaultEligibility = { newCustomer: false, separateAccount: false } as const

/** Clicks that were bought or come from where they must not: `hold` lets the relation bind and holds what it earns. */
export const traffic = z.strictObject({
  paid: z.enum(['allow', 'hold']).default('allow'),
  adParameters: z.array(words(40).min(1)).max(100).default(['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'ttclid', 'twclid', 'li_fat_id', 'rdt_cid']),
  bannedReferers: z.array(words(253).min(1)).max(1000).default([]),
})

/** Everybody takes part without applying; some programmes suspend those who bring nobody for a time. */
export const enrolment = z.strictObject({
  idle: z.strictObject({
    /** Calendar years in the programme's zone since the last referral that paid. */
    years: z.number().int().min(1).max(10),
    noticeDays: z.array(z.number().int().min(1).max(365)).max(4).default([30, 7]),
  }).nullable().default(null),
})

export const MEMBER_FIGURES = ['clicks', 'referrals', 'conversions', 'conversion_rate', 'earnings', 'pending'] as const

/** What members see of the programme, and where they share their link. */
export const memberPage = z.strictObject({
  figures: z.array(z.enum(MEMBER_FIGURES)).default([...MEMBER_FIGURES]),
  lists: z.array(z.enum(['invitees', 'rebates', 'tree'])).default(['invitees', 'rebates']),
  share: z.array(z.enum(['copy', 'x', 'linkedin'])).default(['copy']),
  /** Where a member asks for help, in words. */
  contact: spoken(200).default(''),
})
