// The jobs of delivery: send what is due every few seconds, and forget what was delivered long ago.

import { defineJob, type Job } from '../base/jobs.ts'
import type { Outgoing } from '../base/outgoing.ts'
import { deliverDue } from './deliver.ts'
import { forgetMessages } from './messages.ts'

const DELIVER_SECONDS = 2
const FORGET_SECONDS = 3600

export function deliveryJobs(outgoing: Outgoing): readonly Job[] {
  return [
    defineJob({ name: 'deliver', everySeconds: DELIVER_SECONDS, run: async ({ database, keys, clock, stopping }) => void await deliverDue({ database, keys, clock, outgoing, stopping }) }),
    defineJob({ name: 'forget_messages', everySeconds: FORGET_SECONDS, run: async ({ database, clock }) => void await forgetMessages(database, clock) }),
  ]
}
