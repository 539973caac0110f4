// The embedded server and the migrations: joined when it runs, started again after a kill, refused when files and database differ.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import { migrate } from '../../src/base/migrations.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringfence-embedded-'))
const migrations = join(import.meta.dirname, '..', '..', 'prisma', 'migrations')
let server = await startEmbeddedPostgres(join(directory, 'data'))
afterAll(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe('the embedded server', () => {
  test('keeps acknowledged writes when it is killed, and starts again', async () => {
    await server.createDatabase('kept')
    await query(server.url('kept'), 'create table kept (id integer); insert into kept values (1)')
    process.kill(server.processId, 'SIGKILL')
    server = await startEmbeddedPostgres(join(directory, 'data'))
    expect(await query(server.url('kept'), 'select id from kept')).toEqual([{ id: 1 }])
    expect(await query(server.url('kept'), 'show fsync')).toEqual([{ fsync: 'on' }])
  })

  test('is joined, not started twice', async () => {
    const joined = await startEmbeddedPostgres(join(directory, 'data'))
    expect(joined.processId).toBe(server.processId)
  })

  test('goes on while another client uses it', async () => {
    const client = new pg.Client({ connectionString: server.url('postgres') })
    await client.connect()
    await server.stopUnlessUsed()
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  test('listens on no port', async () => {
    expect(await query(server.url('postgres'), 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
  })
})

describe('migrate', () => {
  test('applies each migration once, also when two processes start at the same time', async () => {
    await server.createDatabase('twins')
    const applied = await Promise.all([migrate(server.url('twins'), migrations), migrate(server.url('twins'), migrations)])
    expect(applied.map((names) => names.length).sort()).toEqual([0, (await query(server.url('twins'), 'select 1 from _prisma_migrations')).length])
  })

  test('refuses a migration that was changed after it was applied, and one it does not know', async () => {
    await server.createDatabase('drift')
    const copy = join(directory, 'migrations')
    cpSync(migrations, copy, { recursive: true })
    await migrate(server.url('drift'), copy)
    writeFileSync(join(copy, '0001_foundation', 'migration.sql'), '-- changed')
    await expect(migrate(server.url('drift'), copy)).rejects.toThrow('0001_foundation was changed after it was applied')
    rmSync(join(copy, '0001_foundation'), { recursive: true })
    await expect(migrate(server.url('drift'), copy)).rejects.toThrow('has migration 0001_foundation, which this version does not know')
  })

  test('leaves nothing behind when a migration fails', async () => {
    await server.createDatabase('broken')
    const copy = join(directory, 'broken')
    cpSync(migrations, copy, { recursive: true })
    cpSync(join(migrations, '0001_foundation'), join(copy, '9999_broken'), { recursive: true })
    writeFileSync(join(copy, '9999_broken', 'migration.sql'), 'create table half (id integer); select nothing from nowhere;')
    await expect(migrate(server.url('broken'), copy)).rejects.toThrow('Migration 9999_broken failed')
    expect(await query(server.url('broken'), `select to_regclass('half') as half`)).toEqual([{ half: null }])
  })
})
