// The jobs of standing: credit whose time has come ends, and who brought no client for long is told and suspended.

import { defineJob, type Job } from '../base/jobs.ts'
import { suspendIdle } from './enrolment-idle.ts'
import { expireCredits } from './expiry.ts'

export const creditExpiryJob: Job = defineJob({ name: 'credit_expiry', everySeconds: 60, run: async (parts) => void await expireCredits(parts) })
export const idleMembersJob: Job = defineJob({ name: 'idle_members', everySeconds: 3600, run: async (parts) => void await suspendIdle(parts) })
