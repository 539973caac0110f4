// What an event earns and how the reward moves on: the rules of one track.

import { z } from 'zod'
import { assetCode, decimal, ruleWord, wholeSeconds } from './rule-words.ts'

/** What one qualifying event earns: a share of the money received, a fixed amount, or days by the period that was paid. */
export const reward = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rate'), ratePpm: z.number().int().min(0).max(1_000_000) }),
  z.strictObject({ kind: z.literal('fixed'), amount: decimal }),
  z.strictObject({
    kind: z.literal('days'),
    /** For each month, and for each year, that was paid at once. */
    daysPerMonth: z.number().int().min(1).max(31),
    daysPerYear: z.number().int().min(1).max(366),
    /** Lengths with days of their own, which stand instead: twelve months at once like a year. */
    lengths: z.array(z.strictObject({ unit: z.enum(['month', 'year']), count: z.number().int().min(1).max(120), days: z.number().int().min(0).max(3660) })).max(40)
      .refine((lengths) => new Set(lengths.map(({ unit, count }) => `${count} ${unit}`)).size === lengths.length, 'each length once').default([]),
  }),
])

export const PAYOUT_METHODS = ['bank', 'stripe'] as const

/** Paying out to a bank: who may ask, from which amount on, and what needs a second person. */
const payout = z.strictObject({
  methods: z.array(z.enum(PAYOUT_METHODS)).min(1).default(['bank']),
  /** Inclusive; on the balance that the member has, or on the amount that is requested. */
  minimum: z.strictObject({ amount: decimal, on: z.enum(['balance', 'request']) }).optional(),
  /** Cumulative over the running day and the running month in the programme's zone, per member. */
  dailyLimit: decimal.optional(),
  monthlyLimit: decimal.optional(),
  /** Above this much in 30 days to one member or one destination, another person than the requester approves; absent: always. */
  approvalAbove: decimal.optional(),
})

/** How earned reward moves on; `manual` is the member's own step from reward to main balance, `automatic` needs none. */
export const movement = z.strictObject({
  rewardTransfer: z.enum(['manual', 'automatic', 'none']).default('manual'),
  payout: payout.nullable().default(null),
})
export const defaultMovement = { rewardTransfer: 'manual', payout: null } as const

/** Days within which members of a track are answered: a claim, an appeal. */
export const answerDays = z.strictObject({
  claim: z.number().int().min(1).max(90).default(14),
  appeal: z.number().int().min(1).max(90).default(14),
})
/** Days from when the reward may first be used until what is left of it expires; null: it never does, as cash never may. */
export const rewardValidDays = z.number().int().min(1).max(3650).nullable()

export const defaultAnswerDays = { claim: 14, appeal: 14 } as const

/** Another way to be rewarded, which a member comes onto by upgrading or by a signed contract. What was accrued keeps its track. */
export const track = z.strictObject({
  key: ruleWord,
  entry: z.enum(['upgrade', 'contract']),
  asset: assetCode,
  reward,
  movement: movement.default(defaultMovement),
  maturitySeconds: wholeSeconds.default(0),
  rewardValidDays: rewardValidDays.default(null),
  answerDays: answerDays.default(defaultAnswerDays),
}).refine(cashNeverExpires, { path: ['rewardValidDays'], message: 'what may be paid out as cash never expires' })

/** Unclaimed cash is reported, never kept. */
export function cashNeverExpires(rules: { readonly movement: { readonly payout: unknown }; readonly rewardValidDays: number | null }): boolean {
  return rules.rewardValidDays === null || rules.movement.payout === null
}

/** At most so many rebates, or so much, per inviter, per invitee or in the whole programme, in each period of the programme's zone. */
export const cap = z.strictObject({
  of: z.enum(['inviter', 'invitee', 'program']),
  per: z.enum(['day', 'month', 'year', 'ever']),
  count: z.number().int().min(1).optional(),
  amount: decimal.optional(),
  /** What the amount is counted in; absent: the programme's asset. Rewards in other assets are not limited by it. */
  asset: assetCode.optional(),
}).refine(({ count, amount }) => (count === undefined) !== (amount === undefined), 'a count or an amount')

/** What the new customer gets: spendable credit with an end. */
export const signupCredit = z.strictObject({
  amount: decimal,
  asset: assetCode,
  /** Days from the posting until what is left expires. */
  validDays: z.number().int().min(1).max(3650),
  grantOn: z.enum(['signup', 'verified', 'first_payment']).default('signup'),
  /** Beyond this much a day the credit is held for review. */
  dailyBudget: decimal.optional(),
})
