// Jobs of the service: at times of the day, every few seconds, or asked for by name in a caller's own transaction.
// Promises: one run of a job at a time over all processes; what a killed process was doing is taken on by another; no output but our log.

import { runSupervised } from './job-runner.ts'
import type { Clock } from './clock.ts'
import type { Database, Transaction } from './database.ts'
import type { KeyRing } from './keys.ts'
import type { Log } from './log.ts'

/** What every job is given. What else it needs (an adapter, the outgoing door) it closes over. */
export interface JobParts {
  readonly database: Database
  readonly keys: KeyRing
  /** Decides what the job does. When it runs is decided elsewhere: by the database's own now(), and for times of the day by the process's clock. */
  readonly clock: Clock
  readonly log: Log
  /** Aborted when the process is asked to stop: a long job ends soon and is run again later. */
  readonly stopping: AbortSignal
}

/** What an asked-for run is told: internal ids and words, never anything about a person. */
export type JobBody = Readonly<Record<string, string>>

/**
 * `everySeconds` counts from the end of one run to the start of the next; the first is at once. `cron` is minute, hour, day, month and
 * weekday in UTC; a time that passed while no process ran is made up for within a day. With neither, the job runs only when asked for.
 * A job must be safe to run twice, also at once: a process that lost its connection may still be at work.
 */
export interface Job {
  readonly name: string
  readonly everySeconds?: number
  readonly cron?: string
  run(parts: JobParts, body: JobBody): Promise<void>
}

export interface RunningJobs {
  /** No new run starts; running ones are given `stopSeconds` to end, then left to the next process. */
  stop(): Promise<void>
}

export interface JobOptions {
  /** Runs at the same time, of different jobs; default 4. */
  readonly concurrency?: number
  /** Seconds between looks at what killed processes left and at what is missing from the schedule; default 5. */
  readonly watchSeconds?: number
  /** Seconds that running jobs are given at a stop; default 10. */
  readonly stopSeconds?: number
}

const NAME = /^[a-z][a-z0-9_]{1,62}$/

/** Throws when the name or the time is malformed. */
export function defineJob(job: Job): Job {
  if (!NAME.test(job.name)) throw new Error(`The job ${job.name} needs a name of lower case letters, digits and underscores.`)
  if (job.everySeconds !== undefined && job.cron !== undefined) throw new Error(`The job ${job.name} runs every few seconds or at times of the day, not both.`)
  if (job.everySeconds !== undefined && !(job.everySeconds > 0)) throw new Error(`The job ${job.name} needs a time above zero between its runs.`)
  return job
}

/** Runs the jobs in this process until it is stopped. Every process of a deployment may run the same ones. */
export async function runJobs(jobs: readonly Job[], parts: Omit<JobParts, 'stopping'>, options: JobOptions = {}): Promise<RunningJobs> {
  const names = new Set(jobs.map(({ name }) => name))
  if (names.size !== jobs.length) throw new Error('Two jobs have one name.')
  const { concurrency = 4, watchSeconds = 5, stopSeconds = 10 } = options
  return await runSupervised(jobs, parts, { concurrency, watchSeconds, stopSeconds })
}

/**
 * Asks for a run of a job, in the caller's transaction: it runs once that commits, and never when it does not. A run that fails is tried
 * again, later and later, ten times. `notBefore` is on the clock of the database's server.
 */
export async function enqueue(transaction: Transaction, name: string, body: JobBody = {}, notBefore: Date | null = null): Promise<void> {
  const payload = JSON.stringify(body)
  await transaction.$executeRaw`
    select count(*) from graphile_worker.add_job(${name}, ${payload}::json, queue_name => ${name}, max_attempts => 10, run_at => ${notBefore}::timestamptz)`
}

/** When each job last ran and how it went, over all processes; by the injected clock. */
export interface JobRun {
  readonly name: string
  readonly runs: bigint
  readonly failures: bigint
  readonly lastSucceededAt: Date | null
  readonly lastFailedAt: Date | null
}

export async function readJobRuns(database: Pick<Database, 'prisma'>): Promise<readonly JobRun[]> {
  return await database.prisma.jobRun.findMany({
    select: { name: true, runs: true, failures: true, lastSucceededAt: true, lastFailedAt: true }, orderBy: { name: 'asc' },
  })
}
