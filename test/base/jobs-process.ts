// A process that serves the test's jobs and says what each run does, so that a test can watch two of them or kill one: url, name.

import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { defineJob, runJobs } from '../../src/base/jobs.ts'
import { createLog } from '../../src/base/log.ts'
import { testKeys } from '../database.ts'

const [url = '', name = ''] = process.argv.slice(2)
const database = openDatabase(url)
const say = (text: string): void => void process.stdout.write(`${name} ${text}\n`)
const jobs = [
  defineJob({
    name: 'tick', everySeconds: 0.2,
    run: async () => {
      say('tick begins')
      await delay(30)
      say('tick ends')
    },
  }),
  // The body says in which process the run hangs: there it is what a kill interrupts.
  defineJob({
    name: 'hang',
    run: async (_parts, body) => {
      say('hang begins')
      if (body['in'] === name) await new Promise(() => undefined)
      say('hang ends')
    },
  }),
]
const running = await runJobs(jobs, { database, keys: testKeys(), clock: systemClock, log: createLog('silent') }, { watchSeconds: 0.5, stopSeconds: 1 })
say('serves')
process.once('SIGTERM', () => {
  void running.stop().then(() => database.close()).then(() => process.exit(0))
})
