// What a process does for the queue beside running jobs: it shows that it lives, frees what dead ones locked, and keeps the schedule whole.
// Promises: never frees the jobs of a process that is connected; a failed look is repeated by the next.

import pg from 'pg'
import { SERVING_ROLE } from './database.ts'
import { reasonOf } from './failure.ts'
import type { Queue } from './job-runner.ts'

/** A process that was started a moment ago may not have shown yet that it lives. */
const GRACE_SECONDS = 3

/**
 * A living process holds an advisory lock named after its pool, on a connection of its own: when the process dies, however it dies, the
 * server drops the lock. The library alone would wait four hours before it gives the jobs of a dead process to another.
 */
export function watchPool(queue: Queue, poolId: string, everySeconds: number): { stop(): Promise<void> } {
  let client: pg.Client | null = null
  let isStopped = false
  let looking: Promise<void> = Promise.resolve()

  const connect = async (): Promise<pg.Client> => {
    const fresh = new pg.Client({ connectionString: queue.url, options: `-c role=${SERVING_ROLE}` })
    fresh.on('error', () => undefined)
    fresh.on('end', () => {
      if (client === fresh) client = null
    })
    await fresh.connect()
    await fresh.query('select pg_advisory_lock(hashtextextended($1, 0))', [lockOf(poolId)])
    return fresh
  }
  const look = async (): Promise<void> => {
    try {
      client ??= await connect()
      await freeTheDead(client, poolId)
      for (const job of queue.jobs) {
        if (job.everySeconds !== undefined) await client.query(ENSURE_PENDING, [job.name])
      }
    } catch (error) {
      if (!isStopped) queue.log.warn({ reason: reasonOf(error) }, 'the queue of jobs could not be looked after')
      await client?.end().catch(() => undefined)
      client = null
    }
  }
  looking = look()
  const timer = setInterval(() => {
    looking = looking.then(() => (isStopped ? undefined : look()))
  }, everySeconds * 1000)
  return {
    stop: async () => {
      if (isStopped) return
      isStopped = true
      clearInterval(timer)
      await looking
      await client?.end().catch(() => undefined)
    },
  }
}

function lockOf(poolId: string): string {
  return `ringfence jobs ${poolId}`
}

async function freeTheDead(client: pg.Client, ownPoolId: string): Promise<void> {
  const { rows } = await client.query<{ pool: string }>(
    `select distinct locked_by as pool from (
       select locked_by, locked_at from graphile_worker._private_jobs union all select locked_by, locked_at from graphile_worker._private_job_queues) as lock
     where locked_by <> $1 and locked_at < now() - $2 * interval '1 second'`,
    [ownPoolId, GRACE_SECONDS],
  )
  for (const { pool } of rows) {
    const { rows: [lock] } = await client.query<{ dead: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as dead', [lockOf(pool)])
    if (lock?.dead !== true) continue
    await client.query('select graphile_worker.force_unlock_workers(array[$1::text])', [pool])
    await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lockOf(pool)])
  }
}

/** Adds the first run of a job, or the next one should it have been lost. */
const ENSURE_PENDING = `
  select count(*) from graphile_worker.add_job($1, '{}'::json, queue_name => $1, job_key => $1, job_key_mode => 'preserve_run_at')
    where not exists (select 1 from graphile_worker._private_jobs where key = $1 and (locked_at is not null or attempts < max_attempts))`
