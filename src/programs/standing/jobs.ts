// The jobs of standing: credit whose time has come ends, and who brought no client for long is told and suspended.

import { defineJob, type Job } from '../../base/jobs.ts'
import { suspendIdle } from './enrolment-idle.ts'
import { expireCredits } from '../credit/expiry.ts'

/** Credit that has ended is not spent before it is taken away, so that the job need not hurry. */
export const creditExpiryJob: Job = defineJob({ name: 'credit_expiry', everySeconds: 300, run: async (parts) => void await expireCredits(parts) })
export const idleMembersJob: Job = defineJob({ name: 'idle_members', everySeconds: 3600, run: async (parts) => void await suspendIdle(parts) })
