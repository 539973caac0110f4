// What the service does by itself: every job of every domain, with the times at which they run.

import { forgetOldKeys } from '../api/idempotency.ts'
import { defineJob, type Job } from '../base/jobs.ts'
import type { Outgoing } from '../base/outgoing.ts'
import { deliveryJobs } from '../delivery/index.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { sealJob, verifyJob } from '../keeping/index.ts'
import { type Processor, sendPayoutsJob } from '../payouts/index.ts'
import { clickKeepingJob, creditExpiryJob, idleMembersJob, lapsedClaimsJob, matureRebates, type PreCreditCheck, sweepJob } from '../programs/index.ts'
import { MORE_VERIFIERS } from './verifiers.ts'

/** Days for which the first answer to an idempotency key is given again. */
const ANSWERS_KEPT_DAYS = 30

/** Every process that serves runs these; each job runs in one of them at a time. */
export function serviceJobs({ outgoing, check, processor }: { readonly outgoing: Outgoing; readonly check: PreCreditCheck; readonly processor: Processor | null }): readonly Job[] {
  return [
    defineJob({ name: 'maturity', everySeconds: 60, run: async ({ database, clock }) => void await matureRebates({ database, clock, actorId: SYSTEM_ACTOR_ID }) }),
    defineJob({ name: 'forget_answers', everySeconds: 3600, run: async ({ database, clock }) => void await forgetOldKeys(database, clock, ANSWERS_KEPT_DAYS) }),
    creditExpiryJob,
    idleMembersJob,
    lapsedClaimsJob,
    clickKeepingJob,
    sealJob,
    verifyJob(MORE_VERIFIERS),
    sweepJob(check),
    ...deliveryJobs(outgoing),
    ...(processor === null ? [] : [sendPayoutsJob(processor)]),
  ]
}
