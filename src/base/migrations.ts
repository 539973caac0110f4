// Applies the SQL files of prisma/migrations once each, under an advisory lock, and records them as Prisma's own tools do; then the queue's.
// Promises: a changed or vanished file that was applied is an error; a failed migration leaves nothing behind.

import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrateJobs } from './jobs-schema.ts'

const LOCK = 7_246_100_001n

/** Where this version's own migrations lie. */
export const MIGRATIONS_DIRECTORY: string = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/** Names of the migrations applied now, in order; empty if the database was up to date. */
export async function migrate(databaseUrl: string, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(RECORD_TABLE)
    const applied = await readApplied(client)
    refuseDrift(applied, migrations)
    const fresh = migrations.filter((migration) => !applied.has(migration.name))
    for (const migration of fresh) await apply(client, migration)
    await migrateJobs(client, databaseUrl)
    return fresh.map((migration) => migration.name)
  } finally {
    await client.end()
  }
}

const RECORD_TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null,
  logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`

/** The migrations of a directory in their order. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function readApplied(client: pg.Client): Promise<Map<string, string>> {
  const rows = await client.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null',
  )
  return new Map(rows.rows.map((row) => [row.migration_name, row.checksum]))
}

function refuseDrift(applied: Map<string, string>, migrations: Migration[]): void {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const [name, checksum] of applied) {
    const known = byName.get(name)
    if (known === undefined) throw new Error(`The database has migration ${name}, which this version does not know: start a newer version.`)
    if (known.checksum !== checksum) throw new Error(`Migration ${name} was changed after it was applied: restore the file as it was.`)
  }
}

/** For a caller with a transaction and the lock of its own, on a database that nobody else uses yet. */
export async function applyInTransaction(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK])
  await client.query(RECORD_TABLE)
  for (const migration of migrations) await run(client, migration)
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    await run(client, migration)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function run(client: pg.ClientBase, migration: Migration): Promise<void> {
  try {
    await client.query(migration.sql)
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) values ($1, $2, $3, now(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    )
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
