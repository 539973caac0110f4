// `restore`: a backup into an empty database, brought up to this version's tables, with every log reader where it stood.
// Promises: all of it in one transaction, so that a refusal or a failure leaves the database empty; nothing is sent to hosts before reconcile.

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { KeyRing } from '../base/keys.ts'
import { applyInTransaction, readMigrations } from '../base/migrations.ts'
import { fileOf, type Manifest } from './backup-format.ts'
import { examineBackup, type Refused, refused } from './restore-checks.ts'

export interface RestoreOrder {
  readonly folder: string
  readonly keys: KeyRing
  /** The login that will own the tables. */
  readonly ownerUrl: string
  readonly migrations: string
  /** Told before each table. */
  readonly onTable?: (done: number, total: number) => void
}

export type Restored =
  | { readonly ok: true; readonly manifest: Manifest; readonly migrated: readonly string[] }
  | Refused

/** Loads and migrates; the caller opens the database afterwards and lets `verify` prove it. */
export async function restore({ folder, keys, ownerUrl, migrations, onTable = () => undefined }: RestoreOrder): Promise<Restored> {
  const known = await readMigrations(migrations)
  const examined = await examineBackup(folder, keys, known)
  if (!examined.ok) return examined
  const { manifest } = examined
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('begin')
    if (!(await isEmpty(client))) return refused('not_empty', 'The database is not empty: restore into a new one.')
    const [before, after] = [known.slice(0, manifest.migrations.length), known.slice(manifest.migrations.length)]
    await applyInTransaction(client, before)
    const found = await loadTables(client, folder, manifest, onTable)
    if (found !== null) return found
    await setSequences(client, manifest)
    // In the same transaction: a migration that fails takes the restored rows with it.
    await applyInTransaction(client, after)
    await client.query('update webhook_endpoint set waits_for_reconciliation = true where retired_at is null')
    await client.query('commit')
    await client.query('analyze')
    return { ok: true, manifest, migrated: after.map(({ name }) => name) }
  } finally {
    // Ending the connection rolls back whatever was not committed.
    await client.end()
  }
}

async function isEmpty(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(`select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') limit 1`)
  return rows.length === 0
}

/** Foreign keys are taken away for the loading and put back, which checks all rows at once; the owner needs no more rights for that. */
async function loadTables(client: pg.Client, folder: string, manifest: Manifest, onTable: (done: number, total: number) => void): Promise<Refused | null> {
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(`
    select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
      from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace order by 1, 2`)
  const { rows: tables } = await client.query<{ name: string; columns: string[] }>(`
    select c.relname as name, array_agg(a.attname::text) as columns from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> '_prisma_migrations' group by 1 order by 1`)
  const columnsOf = new Map(tables.map(({ name, columns }) => [name, new Set(columns)]))
  for (const { name, columns } of manifest.tables) {
    const own = columnsOf.get(name)
    if (own === undefined || columns.some((column) => !own.has(column))) return refused('manifest_damaged', `The backup's table ${name} is not the one that its migrations make.`)
  }
  for (const { table, name } of keys) await client.query(`alter table ${table} drop constraint ${pg.escapeIdentifier(name)}`)
  for (const { name } of tables) await client.query(`alter table "${name}" disable trigger user`)
  // What migrations put in themselves is in the backup too.
  await client.query(`truncate ${tables.map(({ name }) => `"${name}"`).join(', ')}`)
  for (const [place, table] of manifest.tables.entries()) {
    onTable(place, manifest.tables.length)
    const rows = await loadTable(client, join(folder, fileOf(table.name)), table)
    if (rows !== table.rows) return refused('file_damaged', `${fileOf(table.name)} has ${rows} rows instead of ${table.rows}.`)
  }
  for (const { name } of tables) await client.query(`alter table "${name}" enable trigger user`)
  for (const { table, name, definition } of keys) await client.query(`alter table ${table} add constraint ${pg.escapeIdentifier(name)} ${definition}`)
  return null
}

async function loadTable(client: pg.Client, path: string, { name, columns }: Manifest['tables'][number]): Promise<number> {
  const into = client.query(copyFrom(`copy "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) from stdin`))
  await pipeline(createReadStream(path), createGunzip(), into)
  return into.rowCount
}

async function setSequences(client: pg.Client, manifest: Manifest): Promise<void> {
  for (const { name, last, is_called: isCalled } of manifest.sequences) await client.query('select setval($1::regclass, $2::bigint, $3)', [`"${name}"`, last, isCalled])
}
