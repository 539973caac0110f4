// `backup`: the whole database of one moment, as a folder of compressed files with a manifest. The keys are kept apart.
// Promises: one consistent snapshot while the service works; the folder appears under its name only when it is complete.

import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { BACKUP_FORMAT, fileOf, type Manifest, MANIFEST_FILE, withMac } from './backup-format.ts'

export interface BackupParts {
  readonly database: Pick<Database, 'pool'>
  readonly keys: KeyRing
  readonly clock: Clock
}

export type BackedUp =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly why: 'exists' }

/** `onTable` is told before each table. Whatever goes wrong, no folder of that name is left behind. */
export async function backUp({ database, keys, clock }: BackupParts, folder: string, onTable: (done: number, total: number) => void = () => undefined): Promise<BackedUp> {
  const target = resolve(folder)
  if (existsSync(target)) return { ok: false, why: 'exists' }
  const partial = `${target}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(dirname(target), { recursive: true })
  mkdirSync(partial, { mode: 0o700 })
  const client = await database.pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const tables = await readTables(client)
    const seen = await readLastScan(client)
    const written: Manifest['tables'] = []
    for (const [place, table] of tables.entries()) {
      onTable(place, tables.length)
      written.push(await copyTable(client, table, seen, join(partial, fileOf(table.name))))
    }
    const manifest = withMac({
      format: BACKUP_FORMAT, made_at: clock.now().toISOString(), server: await readVersion(client), migrations: await readMigrationList(client),
      tables: written, sequences: await readSequences(client), chain_head: await readHead(client),
    }, keys)
    await client.query('commit')
    client.release()
    writeFileSync(join(partial, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600 })
    renameSync(partial, target)
    return { ok: true, manifest }
  } catch (error) {
    client.release(true)
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
}

interface Table {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly isTransaction: boolean }[]
}

/** Tables that hold anything worth keeping: not the list of migrations, and not what is lost with every crash of the server. */
async function readTables(client: pg.PoolClient): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; transactions: boolean[] }>(`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns, array_agg(a.atttypid = 'xid8'::regtype order by a.attnum) as transactions
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p' and c.relname <> '_prisma_migrations'
      group by c.relname order by c.relname`)
  return rows.map(({ name, columns, transactions }) => ({ name, columns: columns.map((column, place) => ({ name: column, isTransaction: transactions[place] === true })) }))
}

interface LastScan {
  readonly id: string
  readonly snapshot: string
}

async function readLastScan(client: pg.PoolClient): Promise<LastScan | null> {
  const { rows } = await client.query<LastScan>(
    `select id, coalesce(snapshot, position || ':' || position || ':') as snapshot from scan where state = 'finished' order by id desc limit 1`)
  return rows[0] ?? null
}

/**
 * Numbers of transactions mean nothing on another server. What the last scan had seen is written as of transaction 3, the first that any
 * server can have, and everything else as of 4: every log reader there, whose own transactions are later, goes on where this one stood.
 */
const [SEEN, UNSEEN] = [3, 4]

function expressionOf(table: string, { name, isTransaction }: Table['columns'][number], seen: LastScan | null): string {
  if (table === 'scan') {
    const isLast = `id = ${seen?.id ?? 0}`
    if (name === 'position') return `case when ${isLast} then '${UNSEEN}' else '${SEEN}' end`
    if (name === 'snapshot') return `case when ${isLast} then '${UNSEEN}:${UNSEEN}:' else '${SEEN}:${SEEN}:' end`
    // A scan that is running here will never end there.
    if (name === 'state') return `case when state = 'running' then 'failed' else state end`
  }
  if (!isTransaction) return `"${name}"`
  return seen === null ? `'${SEEN}'` : `case when pg_visible_in_snapshot("${name}", '${seen.snapshot}'::pg_snapshot) then '${SEEN}' else '${UNSEEN}' end`
}

async function copyTable(client: pg.PoolClient, { name, columns }: Table, seen: LastScan | null, path: string): Promise<Manifest['tables'][number]> {
  const list = columns.map((column) => expressionOf(name, column, seen)).join(', ')
  const stream = client.query(copyTo(`copy (select ${list} from "${name}") to stdout`))
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(stream, createGzip({ level: 3 }), meter, createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true }))
  return { name, columns: columns.map((column) => column.name), rows: stream.rowCount ?? 0, bytes, sha256: hash.digest('hex') }
}

async function readVersion(client: pg.PoolClient): Promise<string> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  return rows[0]?.version ?? ''
}

async function readMigrationList(client: pg.PoolClient): Promise<Manifest['migrations']> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select migration_name as name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null order by migration_name')
  return rows
}

async function readSequences(client: pg.PoolClient): Promise<Manifest['sequences']> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S' order by relname`)
  const sequences: Manifest['sequences'] = []
  for (const { name } of rows) {
    const { rows: [at] } = await client.query<{ last: string; is_called: boolean }>(`select last_value::text as last, is_called from "${name}"`)
    if (at !== undefined) sequences.push({ name, ...at })
  }
  return sequences
}

async function readHead(client: pg.PoolClient): Promise<Manifest['chain_head']> {
  const { rows } = await client.query<{ sequence: string; hash: string }>(`select sequence::text as sequence, encode(hash, 'hex') as hash from act order by act.sequence desc limit 1`)
  return rows[0] ?? null
}
