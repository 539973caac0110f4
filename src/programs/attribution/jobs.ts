// The jobs of attribution: claims that nobody confirmed end, and old clicks become counts.

import { defineJob, type Job } from '../../base/jobs.ts'
import { lapseClaims } from '../claims/lapse.ts'
import { forgetClicks } from './click-keeping.ts'

export const lapsedClaimsJob: Job = defineJob({ name: 'lapsed_claims', everySeconds: 600, run: async (parts) => void await lapseClaims(parts) })
export const clickKeepingJob: Job = defineJob({ name: 'click_keeping', cron: '40 2 * * *', run: async (parts) => void await forgetClicks(parts) })
