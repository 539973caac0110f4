// Events as hosts report them: one documented form per kind of fact, common fields first.

import { z } from 'zod'

const isPlain = (text: string): boolean => !/[\p{Cc}\p{Surrogate}]/u.test(text)
const word = (max: number) => z.string().min(1).max(max).refine(isPlain, 'must hold no control characters')
const externalId = word(200)
const time = z.iso.datetime({ offset: true })
const decimalAmount = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be a decimal such as 12.5')
const assetCode = z.string().regex(/^[A-Z]{3}$/, 'must be an asset code of three capital letters')

const eventObservation = z.strictObject({
  kind: z.string().min(1).max(64), value: z.string().min(1).max(512), user_agent: z.string().max(1000).refine(isPlain, 'must hold no control characters').optional(),
  context: z.string().max(64).refine(isPlain, 'must hold no control characters').optional(), attributes: z.record(z.string().min(1).max(40), z.string().max(200)).optional(),
  occurred_at: time.optional(), display: word(100).optional(),
}).meta({ id: 'Observation' })

const common = {
  source: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,39}$/, 'must name the system that owns the event'),
  event_id: externalId, occurred_at: time, account: externalId, observations: z.array(eventObservation).max(32).optional(),
  /** A number that the source counts up by one from event to event: what is missing between two of them was lost on the way. */
  sequence: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
}

const fundedBy = z.enum(['paid', 'reward', 'credit', 'code', 'staff']).optional()
const money = { amount: decimalAmount, currency: assetCode }

const signup = z.strictObject({
  ...common, type: z.literal('signup'), code: z.string().trim().min(1).max(40).optional(), click_id: word(64).optional(),
  org_id: externalId.optional(), parent_account_id: externalId.optional(), resource_ids: z.array(externalId).max(100).optional(), terms_version: word(64).optional(), country: z.string().regex(/^[A-Z]{2}$/, 'must be a country code of two letters').optional(),
})
/** What the whole amount was in a programme's asset, at which rate and where that is from: `1 currency = rate asset`. */
const converted = z.strictObject({ amount: decimalAmount, asset: assetCode, rate: z.string().regex(/^\d{1,12}(\.\d{1,12})?$/, 'must be a decimal such as 7.0842'), rate_source: word(100) }).meta({ id: 'Conversion' })
const received = z.strictObject({
  ...common, type: z.enum(['recharge', 'payment']), ...money, tax: decimalAmount.optional(), discount: decimalAmount.optional(), bonus: decimalAmount.optional(), funded_by: fundedBy, converted: converted.optional(),
  period: z.strictObject({ unit: z.enum(['day', 'week', 'month', 'year']), count: z.number().int().min(1).max(1200) }).optional(), item: word(200).optional(),
})
const spent = z.strictObject({ ...common, type: z.literal('spend'), ...money, funded_by: fundedBy, item: word(200).optional(), converted: converted.optional() })
const about = z.strictObject({
  ...common, type: z.enum(['refund', 'dispute_opened', 'dispute_won', 'chargeback']), original: externalId, amount: decimalAmount.optional(), currency: assetCode.optional(),
}).refine(({ amount, currency }) => (amount === undefined) === (currency === undefined), { path: ['currency'], message: 'is given with the amount, or neither is' })
const trackChange = z.strictObject({
  ...common, type: z.literal('track_change'), program: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/).optional(), track: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/).optional(),
}).refine(({ program, track }) => (program === undefined) === (track === undefined), { path: ['track'], message: 'is given with the program, or neither is' })
/** verified: the account proved an e-mail address or a phone number. */
const plain = z.strictObject({ ...common, type: z.enum(['verified', 'login', 'account_closed', 'payout_destination_changed']) })

export const event = z.discriminatedUnion('type', [signup, received, spent, about, trackChange, plain]).meta({ id: 'Event' })
export type EventInput = z.output<typeof event>

export const EVENTS_MAX = 1_000
export const eventBatch = z.strictObject({ events: z.array(event).min(1).max(EVENTS_MAX) }).meta({ id: 'EventBatch' })
