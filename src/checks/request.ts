// The question and the answer of the pre-credit check: the schemas that validate, type and document them.

import { z } from 'zod'

export const CHECK_SUBJECTS = ['rebate', 'signup_credit', 'transfer', 'payout', 'claim'] as const
export type CheckSubject = (typeof CHECK_SUBJECTS)[number]

/** Characters that trouble logs and databases, and are in no real name. */
const isPlain = (text: string): boolean => !/[\p{Cc}\p{Surrogate}]/u.test(text)

/** An id of the host platform: kept apart, never in an address or a log. */
export const externalId = z.string().min(1).max(200).refine(isPlain, 'must hold no control characters')

export const decimalAmount = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be a decimal such as 12.5')
export const assetCode = z.string().regex(/^[A-Z]{3}$/, 'must be an asset code of three capital letters')
export const programKey = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the key of a program')
export const logPosition = z.string().regex(/^\d{1,19}$/, 'must be a position as an answer gave it')

/** An identifier as seen with this request; hashed at the door, never kept raw. */
export const observation = z.strictObject({
  kind: z.string().min(1).max(64),
  value: z.string().min(1).max(512),
  user_agent: z.string().max(1000).refine(isPlain, 'must hold no control characters').optional(),
  context: z.string().max(64).refine(isPlain, 'must hold no control characters').optional(),
  attributes: z.record(z.string().min(1).max(40), z.string().max(200)).optional(),
})
export type ObservationInput = z.output<typeof observation>

/** With the side of the referral that it was seen with. */
const checkObservation = observation.extend({ of: z.enum(['inviter', 'invitee']).optional() })

export const checkRequest = z.strictObject({
  program: programKey,
  subject: z.enum(CHECK_SUBJECTS),
  subject_id: externalId,
  inviter: externalId,
  invitee: externalId.optional(),
  amount: decimalAmount,
  asset: assetCode,
  observations: z.array(checkObservation).max(32).optional(),
  at_least: logPosition.optional(),
}).refine(({ invitee, subject }) => invitee !== undefined || subject === 'transfer' || subject === 'payout', {
  path: ['invitee'], message: 'is needed unless the subject is a transfer or a payout',
})
export type CheckRequest = z.output<typeof checkRequest>

export const checkDecision = z.enum(['allow', 'hold', 'deny'])
export type CheckDecision = z.output<typeof checkDecision>

export const checkReason = z.strictObject({ code: z.string(), bits: z.number(), text: z.string() })
export type CheckReason = z.output<typeof checkReason>

/** What can be missing from a degraded answer. */
export const MISSING = ['index', 'scan', 'fresh_index', 'position', 'account_lookup', 'policy', 'check_log', 'time', 'evaluation'] as const
export type Missing = (typeof MISSING)[number]

export const checkAnswer = z.strictObject({
  decision: checkDecision,
  /** In mode observe, and where a mode is milder than the verdict: what would have been answered. */
  would: checkDecision.optional(),
  probability: z.number().min(0).max(1).nullable(),
  reasons: z.array(checkReason),
  ring_id: z.string().optional(),
  check_id: z.string(),
  policy_version: z.string(),
  model_version: z.string(),
  /** `general`, or `local(n)` with the number of decisions it was calibrated on. */
  calibration: z.string(),
  degraded: z.boolean(),
  missing: z.array(z.enum(MISSING)),
  truncated: z.boolean(),
  position: z.string(),
  evaluated_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  token: z.string(),
})
export type CheckAnswer = z.output<typeof checkAnswer>
