// The queue behind the jobs: graphile-worker, run by the serving role, supervised and silent but for our log.
// Promises: a queue that fails is started again; what a dead process had locked is free within seconds, not after hours.

import { setTimeout as delay } from 'node:timers/promises'
import type { Logger, Runner, Task } from 'graphile-worker'
import pg from 'pg'
import { SERVING_ROLE } from './database.ts'
import { reasonOf } from './failure.ts'
import { watchPool } from './job-watch.ts'
import type { Job, JobBody, JobOptions, JobParts, RunningJobs } from './jobs.ts'
import type { Log } from './log.ts'

const POLL_MILLISECONDS = 1000
const RESTART_MILLISECONDS = 1000
const DAY_MILLISECONDS = 86_400_000

export interface Queue {
  readonly url: string
  readonly pool: pg.Pool
  readonly log: Log
  readonly jobs: readonly Job[]
}

export async function runSupervised(jobs: readonly Job[], given: Omit<JobParts, 'stopping'>, options: Required<JobOptions>): Promise<RunningJobs> {
  const stopping = new AbortController()
  const parts: JobParts = { ...given, stopping: stopping.signal }
  const queue: Queue = { url: given.database.url, pool: openPool(given.database.url, options.concurrency), log: given.log, jobs }
  let runner = await start(queue, parts, options)
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      await runner.ended
      if (stopping.signal.aborted) return
      given.log.warn('the queue of jobs ended and is started again')
      await delay(RESTART_MILLISECONDS, undefined, { signal: stopping.signal }).catch(() => undefined)
      runner = await startAgain(queue, parts, options, runner)
      if (stopping.signal.aborted) await runner.stop()
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await Promise.race([runner.stop(), delay(options.stopSeconds * 1000, undefined, { ref: false })])
      await runner.kill()
      await ended
      await queue.pool.end()
    },
  }
}

interface Started {
  /** Resolves when the queue has ended, for whatever reason. */
  readonly ended: Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Why the library comes late: it costs a tenth of a second that no other command should pay. */
async function start(queue: Queue, parts: JobParts, { concurrency, watchSeconds }: Required<JobOptions>): Promise<Started> {
  const { run, parseCronItems, Logger } = await import('graphile-worker')
  const { EventEmitter } = await import('node:events')
  const events = new EventEmitter()
  let poolId = ''
  events.on('pool:create', ({ workerPool }: { workerPool: { id: string } }) => {
    poolId = workerPool.id
  })
  const runner: Runner = await run({
    pgPool: queue.pool, concurrency, events, noHandleSignals: true, pollInterval: POLL_MILLISECONDS, gracefulShutdownAbortTimeout: 1000,
    // Why batches: only they handle a database that is away when a run ends; without them that is an unhandled rejection, which ends the process.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    logger: new Logger(() => quietLog(queue.log)) satisfies Logger,
    taskList: Object.fromEntries(queue.jobs.map((job) => [job.name, taskOf(job, parts, queue)])),
    parsedCronItems: parseCronItems(queue.jobs.flatMap(({ name, cron }) => cron === undefined ? [] : [{
      task: name, match: cron, identifier: name, options: { queueName: name, jobKey: name, maxAttempts: 5, backfillPeriod: DAY_MILLISECONDS },
    }])),
  })
  const watch = watchPool(queue, poolId, watchSeconds)
  const speakAgain = silenceTraces(queue.log)
  const ended = runner.promise.catch((error: unknown) => queue.log.error({ reason: reasonOf(error) }, 'the queue of jobs failed')).then(async () => {
    speakAgain()
    await watch.stop()
  })
  return {
    ended,
    stop: async () => {
      await runner.stop().catch(() => undefined)
      await ended
    },
    kill: async () => {
      await runner.kill().catch(() => undefined)
      await Promise.race([ended, delay(1000, undefined, { ref: false })])
      await watch.stop()
    },
  }
}

/** A worker that ends while the database is away is printed by the library with all that the database said: here its kind goes to the log. */
function silenceTraces(log: Log): () => void {
  const { trace } = console
  const quiet = (error: unknown): void => log.warn({ reason: reasonOf(error) }, 'a worker of the queue ended')
  Object.assign(console, { trace: quiet })
  return () => {
    const { trace: current } = console
    if (current === quiet) Object.assign(console, { trace })
  }
}

/** The last one stands until a new one could be started. */
async function startAgain(queue: Queue, parts: JobParts, options: Required<JobOptions>, last: Started): Promise<Started> {
  try {
    return await start(queue, parts, options)
  } catch (error) {
    queue.log.error({ reason: reasonOf(error) }, 'the queue of jobs could not be started')
    return last
  }
}

function openPool(url: string, concurrency: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: concurrency + 3, options: `-c role=${SERVING_ROLE}` })
  // A cut connection is replaced at its next use; without listeners it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** A run asked for that fails is thrown to the queue, which tries it again; what is due again anyway is not. */
function taskOf(job: Job, parts: JobParts, queue: Queue): Task {
  return async (payload) => {
    const startedAt = parts.clock.now()
    let failure: string | null = null
    try {
      await job.run(parts, bodyOf(payload))
    } catch (error) {
      failure = reasonOf(error)
      // Ended because the process stops: no failure, and run again by another process or at the next start.
      if (parts.stopping.aborted && failure === 'AbortError') throw new Error('stopped', { cause: error })
      parts.log.error({ job: job.name, reason: failure }, 'job failed')
    }
    await noteRun(queue, job, { startedAt, endedAt: parts.clock.now(), failure })
    // Only a name of the failure goes into the queue's table: messages can carry what a log may not.
    if (failure !== null && job.everySeconds === undefined) throw new Error(failure)
  }
}

function bodyOf(payload: unknown): JobBody {
  const entries = Object.entries(typeof payload === 'object' && payload !== null ? payload : {})
  return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))
}

async function noteRun({ pool }: Queue, { name, everySeconds }: Job, run: { startedAt: Date; endedAt: Date; failure: string | null }): Promise<void> {
  await pool.query(
    `insert into job_run as j (name, runs, failures, last_started_at, last_succeeded_at, last_failed_at, last_failure)
       values ($1, 1, case when $4::text is null then 0 else 1 end, $2, case when $4::text is null then $3::timestamptz end, case when $4::text is not null then $3::timestamptz end, $4)
     on conflict (name) do update set runs = j.runs + 1, failures = j.failures + excluded.failures, last_started_at = excluded.last_started_at,
       last_succeeded_at = coalesce(excluded.last_succeeded_at, j.last_succeeded_at), last_failed_at = coalesce(excluded.last_failed_at, j.last_failed_at),
       last_failure = coalesce(excluded.last_failure, j.last_failure)`,
    [name, run.startedAt, run.endedAt, run.failure],
  )
  if (everySeconds !== undefined) await pool.query(NEXT_RUN, [name, everySeconds])
}

/** The one pending run of a job has the job's name as its key, so that the schedule of several processes is one. */
const NEXT_RUN = `select count(*) from graphile_worker.add_job($1, '{}'::json, queue_name => $1, run_at => now() + $2::float8 * interval '1 second', job_key => $1)`

function quietLog(log: Log): (level: string, message: string, meta?: { error?: unknown }) => void {
  return (level, _message, meta) => {
    // Failed runs are logged by the task itself; what remains is the queue's own trouble with its database.
    if (level === 'error' && meta?.error !== undefined && !('failure' in meta)) log.warn({ reason: reasonOf(meta.error) }, 'the queue of jobs complains')
  }
}
