// The job that makes the calls of released payouts, and finishes those that a killed process left.

import { SYSTEM_ACTOR_ID } from '../acts/index.ts'
import { defineJob, type Job } from '../base/jobs.ts'
import type { Processor } from './processor.ts'
import { sendPayouts } from './send-payouts.ts'

const SECONDS = 30

export function sendPayoutsJob(processor: Processor): Job {
  return defineJob({
    name: 'send_payouts', everySeconds: SECONDS,
    async run({ database, keys, clock, log }) {
      const report = await sendPayouts({ database, keys, clock, actorId: SYSTEM_ACTOR_ID, processor })
      if (report.done + report.refused + report.unclear > 0) log.info({ ...report }, 'payouts sent')
    },
  })
}
