// Goal: a job runs once at a time over all processes, when it is due or asked for, and outlives the process that was running it.
// Method: a real queue in a real database; processes of their own where it matters, one of them killed with SIGKILL in the middle of a run.

import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import pino from 'pino'
import { openDatabase, sqlStateOf } from '../../src/base/database.ts'
import { defineJob, enqueue, type Job, type JobOptions, readJobRuns, type RunningJobs, runJobs } from '../../src/base/jobs.ts'
import { JOBS_SCHEMA_VERSION } from '../../src/base/jobs-schema.ts'
import { createLog } from '../../src/base/log.ts'
import { migrate } from '../../src/base/migrations.ts'
import { useDatabase } from '../database.ts'

const { database, owner, url, clock, keys } = await useDatabase()
const started: RunningJobs[] = []
const children: ChildProcess[] = []
/** Emits 'line' whenever a child has said something. */
const said = new EventEmitter()

afterEach(async () => {
  for (const running of started.splice(0)) await running.stop()
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await owner.pool.query('truncate graphile_worker._private_jobs, graphile_worker._private_job_queues')
})

async function serving(jobs: readonly Job[], options: JobOptions = {}, log = createLog('silent')): Promise<RunningJobs> {
  const running = await runJobs(jobs, { database, keys, clock, log }, { watchSeconds: 0.5, ...options })
  started.push(running)
  return running
}

/** A promise and what resolves it. */
function signal(): { reached: Promise<void>; reach: () => void } {
  let reach = (): void => undefined
  const reached = new Promise<void>((resolve) => { reach = resolve })
  return { reached, reach }
}

/** Starts a process of jobs-process.ts; what it says goes to `lines`. */
function child(name: string, lines: string[]): ChildProcess {
  const process_ = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'jobs-process.ts'), url, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  let rest = ''
  process_.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    said.emit('line')
  })
  children.push(process_)
  return process_
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await once(said, 'line')
}

describe('a job', () => {
  test('that is asked for in a transaction runs when it commits, with its body, and never when it does not', async () => {
    const bodies: unknown[] = []
    const { reached, reach } = signal()
    await serving([defineJob({ name: 'greet', run: async (_parts, body) => { bodies.push(body); reach(); await Promise.resolve() } })])
    await expect(database.inTransaction(async (transaction) => {
      await enqueue(transaction, 'greet', { to: 'nobody' })
      throw new Error('rolled back')
    })).rejects.toThrow('rolled back')
    await database.inTransaction((transaction) => enqueue(transaction, 'greet', { to: 'somebody' }))
    await reached
    expect(bodies).toEqual([{ to: 'somebody' }])
  })

  test('that is due every few seconds runs again and again, and its last success is known', async () => {
    let runs = 0
    const { reached, reach } = signal()
    await serving([defineJob({ name: 'again', everySeconds: 0.01, run: async () => { runs += 1; if (runs === 3) reach(); await Promise.resolve() } })])
    await reached
    const [run] = await readJobRuns(database)
    expect(run).toMatchObject({ name: 'again', failures: 0n, lastSucceededAt: clock.now(), lastFailedAt: null })
    expect(Number(run?.runs)).toBeGreaterThanOrEqual(2)
  })

  test('that fails is counted, logged by the kind of its failure alone, and due again', async () => {
    const written: string[] = []
    const log = pino({ level: 'info', base: null }, new Writable({ write: (chunk: Buffer, _encoding, done) => { written.push(chunk.toString()); done() } }))
    let runs = 0
    const { reached, reach } = signal()
    await serving([defineJob({ name: 'fragile', everySeconds: 0.01, run: async () => {
      runs += 1
      if (runs === 2) reach()
      await Promise.resolve()
      throw new TypeError('ann@example.com is at fault')
    } })], {}, log)
    await reached
    await started.pop()?.stop()
    expect((await readJobRuns(database)).find(({ name }) => name === 'fragile')).toMatchObject({ lastSucceededAt: null, lastFailedAt: clock.now() })
    expect(written.join('')).toContain('"job":"fragile","reason":"TypeError"')
    expect(written.join('')).not.toContain('example.com')
    const { rows } = await owner.pool.query<{ text: string }>('select coalesce(string_agg(last_error, $1), $1) as text from graphile_worker._private_jobs', [' '])
    expect(rows[0]?.text).not.toContain('example.com')
  })

  test('that is asked for and fails is tried again by the queue', async () => {
    const { reached, reach } = signal()
    await serving([defineJob({ name: 'doomed', run: () => { reach(); return Promise.reject(new Error('ann@example.com')) } })])
    await database.inTransaction((transaction) => enqueue(transaction, 'doomed'))
    await reached
    await started.pop()?.stop()
    const { rows } = await owner.pool.query('select attempts::int, last_error, locked_by from graphile_worker._private_jobs')
    expect(rows).toEqual([{ attempts: 1, last_error: 'Error', locked_by: null }])
  })

  test('is told when the process is asked to stop', async () => {
    const begun = signal()
    let wasTold = false
    const running = await serving([defineJob({ name: 'patient', run: async ({ stopping }) => {
      begun.reach()
      await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }))
      wasTold = true
    } })])
    await database.inTransaction((transaction) => enqueue(transaction, 'patient'))
    await begun.reached
    started.pop()
    await running.stop()
    expect(wasTold).toBe(true)
  })

  test('that gives up because the process stops has not failed, and is due again', async () => {
    const begun = signal()
    const running = await serving([defineJob({ name: 'long_one', run: async ({ stopping }) => {
      begun.reach()
      await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }))
      stopping.throwIfAborted()
    } })])
    await database.inTransaction((transaction) => enqueue(transaction, 'long_one'))
    await begun.reached
    started.pop()
    await running.stop()
    expect((await readJobRuns(database)).some(({ name }) => name === 'long_one')).toBe(false)
    const { rows } = await owner.pool.query('select locked_by, attempts < max_attempts as due from graphile_worker._private_jobs')
    expect(rows).toEqual([{ locked_by: null, due: true }])
  })

  test('needs a name of its own, and one time at most', async () => {
    const run = (): Promise<void> => Promise.resolve()
    expect(() => defineJob({ name: 'Two Words', run })).toThrow('lower case')
    expect(() => defineJob({ name: 'both', everySeconds: 1, cron: '0 3 * * *', run })).toThrow('not both')
    expect(() => defineJob({ name: 'never', everySeconds: 0, run })).toThrow('above zero')
    await expect(runJobs([defineJob({ name: 'same', run }), defineJob({ name: 'same', run })], { database, keys, clock, log: createLog('silent') })).rejects.toThrow('one name')
  })

  test('of a time of the day is known to the queue, and made up for when no process ran at that time', async () => {
    const { reached, reach } = signal()
    const now = (await owner.pool.query<{ minute: number; hour: number }>(
      `select extract(minute from t)::int as minute, extract(hour from t)::int as hour from (select (now() at time zone 'UTC') - interval '5 minutes' as t) as past`)).rows[0]
    await owner.pool.query(`insert into graphile_worker._private_known_crontabs (identifier, known_since) values ('nightly', now() - interval '2 days')`)
    await serving([defineJob({ name: 'nightly', cron: `${now?.minute} ${now?.hour} * * *`, run: () => { reach(); return Promise.resolve() } })])
    await reached
  })
})

describe('the queue', () => {
  test('serves a login that owns nothing, and lets no other login in', async () => {
    const { rows } = await owner.pool.query<{ owner: string }>(`select tableowner as owner from pg_tables where schemaname = 'graphile_worker' and tablename = '_private_jobs'`)
    expect(rows[0]?.owner).not.toBe('ringfence_app')
    await expect(database.pool.query('create table graphile_worker.mine (id int)')).rejects.toMatchObject({ code: '42501' })
    await database.pool.query(`select count(*) from graphile_worker.add_job('x', '{}'::json)`)
    expect((await database.pool.query('select 1 from graphile_worker._private_jobs')).rowCount).toBe(1)
    const other = openDatabase(url, { role: 'pg_monitor' })
    try {
      expect(sqlStateOf(await other.pool.query('select 1 from graphile_worker._private_jobs').catch((error: unknown) => error))).toBe('42501')
    } finally {
      await other.close()
    }
  })

  test('has the tables that the pinned library makes, and a second start changes nothing', async () => {
    const { rows } = await owner.pool.query<{ version: number }>('select max(id)::int as version from graphile_worker.migrations')
    expect(rows[0]?.version).toBe(JOBS_SCHEMA_VERSION)
    expect(await migrate(url, join(import.meta.dirname, '..', '..', 'prisma', 'migrations'))).toEqual([])
  })

  test('goes on after its connections were cut', async () => {
    let runs = 0
    let { reached, reach } = signal()
    const printed = ['log', 'warn', 'error', 'trace'].map((each) => vi.spyOn(console, each as 'log').mockImplementation(() => undefined))
    await serving([defineJob({ name: 'steady', everySeconds: 0.05, run: () => { runs += 1; reach(); return Promise.resolve() } })])
    await reached
    await owner.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
    for (let round = 0; round < 2; round += 1) {
      const next = signal()
      reach = next.reach
      await next.reached
    }
    expect(runs).toBeGreaterThanOrEqual(3)
    await started.pop()?.stop()
    for (const spy of printed) {
      expect(spy.mock.calls).toEqual([])
      spy.mockRestore()
    }
  })

  test('runs a job in one process at a time, and what a killed process was doing is done by the other', async () => {
    const lines: string[] = []
    const first = child('first', lines)
    await until(() => lines.includes('first serves'))
    await database.inTransaction((transaction) => enqueue(transaction, 'hang', { in: 'first' }))
    await until(() => lines.includes('first hang begins'))
    child('second', lines)
    await until(() => lines.filter((line) => line === 'second tick ends').length >= 2 && lines.filter((line) => line === 'first tick ends').length >= 2)
    expect(lines).not.toContain('second hang begins')
    const ticks = lines.filter((line) => line.includes(' tick '))
    for (let place = 1; place < ticks.length; place += 2) expect(ticks[place], ticks.join(', ')).toBe(ticks[place - 1]?.replace('begins', 'ends'))

    const ended = once(first, 'exit')
    first.kill('SIGKILL')
    await ended
    await until(() => lines.includes('second hang ends'))
    const before = lines.length
    await until(() => lines.slice(before).includes('second tick ends'))
  })
})
