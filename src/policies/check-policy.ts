// The policy of checks and review as one validated record: mode, thresholds and limits.
// Promises: the default only observes and never denies; denying is a switch of its own.

import { z } from 'zod'

const probability = z.number().min(0).max(1)

export const checkPolicy = z.strictObject({
  /** observe: everything is allowed and what would have happened is recorded; hold: at most hold; enforce: deny too. */
  mode: z.enum(['observe', 'hold', 'enforce']).default('observe'),
  /** Stops all crediting of the programme: every check answers hold. */
  allStop: z.boolean().default(false),
  thresholds: z.strictObject({
    hold: probability.default(0.5),
    deny: probability.default(0.9),
    ring: probability.default(0.5),
  }).refine((thresholds) => thresholds.hold <= thresholds.deny, 'deny must not be below hold')
    .default({ hold: 0.5, deny: 0.9, ring: 0.5 }),
  /** Denying starts only when it is on and enough local decisions prove it precise. */
  denyGate: z.strictObject({
    isOn: z.boolean().default(false),
    reviewedDecisionsMin: z.number().int().min(1).default(200),
    precisionLowerBoundMin: probability.default(0.9),
  }).default({ isOn: false, reviewedDecisionsMin: 200, precisionLowerBoundMin: 0.9 }),
  /** Days after which a hold is due, and by how much it may be prolonged once with a reason. */
  holdDays: z.number().int().min(1).max(365).default(30),
  holdExtensionDays: z.number().int().min(0).max(365).default(30),
  /** Minutes after which a plan must be made anew. */
  planExpiryMinutes: z.number().int().min(1).max(7 * 24 * 60).default(24 * 60),
  /** Milliseconds within which a check answers, else hold and degraded; absent: the deployment's setting. */
  deadlineMilliseconds: z.number().int().min(1).max(10_000).optional(),
})

export type CheckPolicy = z.output<typeof checkPolicy>
export type CheckPolicyInput = z.input<typeof checkPolicy>

/** What a new programme starts with. */
export const defaultCheckPolicy: CheckPolicy = checkPolicy.parse({})
