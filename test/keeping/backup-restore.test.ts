// Goal: what was backed up comes back to the last row, proves itself, and goes on working; what is not whole, ours or welcome is refused
// with nothing half done.
// Method: a database with a programme's history, an imported world, a scan, decisions and holds; the commands as an operator runs them.

import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { generalModel } from '../../scoring/model/general.ts'
import { parseConfig } from '../../src/base/config.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { checkKeys, writeKeyFiles } from '../../src/base/keys.ts'
import { createLog } from '../../src/base/log.ts'
import { MIGRATIONS_DIRECTORY } from '../../src/base/migrations.ts'
import { createChecks } from '../../src/checks/index.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { restore, sealPostings } from '../../src/keeping/index.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { matureRebates, recordEvent } from '../../src/programs/index.ts'
import { decisionVerifier } from '../../src/review/index.ts'
import { runScan } from '../../src/scans/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { decided, undone } from '../review/desk.ts'
import { ringOfFour, type RingOfFour } from '../review/ring-of-four.ts'

const given = await useDatabase()
const { database, owner, clock, keys, url } = given
const directory = mkdtempSync(join(tmpdir(), 'ringfence-backup-'))
const folder = join(directory, 'backup')
const keyFile = join(directory, 'keys-kept-apart')
const restored: string[] = []
let ring: RingOfFour

afterAll(async () => {
  for (const name of restored) await owner.pool.query(`drop database if exists "${name}" with (force)`)
  rmSync(directory, { recursive: true, force: true })
})

/** Runs a command with a data folder of its own; the database is that of the test unless the command finds another one. */
async function ran(data: string, ...parameters: string[]): Promise<{ code: number; printed: string; complained: string }> {
  const [printed, complained]: [string[], string[]] = [[], []]
  let code = 0
  const context: CliContext = {
    config: parseConfig({ DATABASE_URL: url, RINGFENCE_DATA: data }), clock, log: createLog('silent'), monotonicSeconds: () => 0, peakMemoryBytes: () => 0, isTerminal: false,
    print: (text) => printed.push(text), printError: (text) => complained.push(text), progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: () => Promise.resolve({ database, keys, close: () => Promise.resolve() }), stopRequested: () => Promise.resolve(),
    exit: (value) => {
      code = value
    },
  }
  await runCommand(parameters, context)
  return { code, printed: printed.join('\n'), complained: complained.join('\n') }
}

/** A database name that the test drops at its end. */
function fresh(): string {
  const name = `restored_${process.pid}_${restored.length}`
  restored.push(name)
  return name
}

function urlOf(name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

async function opened<T>(name: string, work: (serving: Database, owning: Database) => Promise<T>): Promise<T> {
  const [serving, owning] = [openDatabase(urlOf(name)), openDatabase(urlOf(name), { role: null })]
  try {
    return await work(serving, owning)
  } finally {
    await serving.close()
    await owning.close()
  }
}

const NOT_COMPARED = new Set(['act', 'act_body', 'scan', 'job_run', 'strength_stage', '_prisma_migrations'])

/** Every row of every table as text, transaction numbers left out. */
async function contentOf(pool: Database['pool']): Promise<Record<string, string>> {
  const { rows: tables } = await pool.query<{ name: string; columns: string }>(`
    select c.relname as name, string_agg(format('%I', a.attname), ', ' order by a.attnum) as columns from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid <> 'xid8'::regtype
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by 1 order by 1`)
  const content: Record<string, string> = {}
  for (const { name, columns } of tables) {
    if (NOT_COMPARED.has(name)) continue
    const { rows: [row] } = await pool.query<{ digest: string }>(`select count(*) || ' ' || md5(coalesce(string_agg(line, chr(10) order by line), '')) as digest from (select row(${columns})::text as line from "${name}") as t`)
    content[name] = row?.digest ?? ''
  }
  return content
}

const seenByTheScan = (pool: Database['pool']) => pool.query<{ name: string; seen: string; others: string }>(['account', 'observation', 'event', 'referral_fact', 'rebate', 'transfer'].map((table) => `
  select '${table}' as name, count(*) filter (where pg_visible_in_snapshot(t.xid, s.snapshot)) as seen, count(*) filter (where not pg_visible_in_snapshot(t.xid, s.snapshot)) as others
    from ${table} t cross join (select snapshot::pg_snapshot from scan where state = 'finished' order by id desc limit 1) as s`).join(' union all ')).then(({ rows }) => rows)

beforeAll(async () => {
  await checkKeys(database, keys, clock)
  const world = join(directory, 'world')
  writeWorld(generateWorld({ world: 'campus', seed: 5, accounts: 200 }), world)
  await importFolder(database, world, { keys, clock, actorId: 1n, program: 'main', asset: 'USD' })
  ring = await ringOfFour(given)
  await decided(ring.ann, { kind: 'freeze', target: ring.target })
  const scan = await runScan(database, { keys, clock, actorId: 1n, model: generalModel })
  if (!scan.ok) throw new Error(scan.reason)
  await ring.desk.programme.recharge('after-the-scan', ring.friend, '30')
  await sealPostings({ database, keys, clock })
  await owner.pool.query(`insert into webhook_endpoint (url, topics, sealed_secret, sealed_key_id, recorded_at, actor_id) values ('https://host.example/hook', '{rebate.accrued}', '\\x00', 1, now(), 1)`)
  await owner.pool.query(`select count(*) from graphile_worker.add_job('in_flight', '{}'::json)`)
}, 60_000)

describe('a backup', () => {
  test('is a folder of its own with a manifest, and the keys are in a file that only its owner can read', async () => {
    const { code, printed } = await ran(directory, 'backup', folder, '--keys', keyFile)
    expect(code, printed).toBe(0)
    expect(printed).toMatch(/Backed up [\d,]+ rows of \d+ tables/)
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o077).toBe(0)
    expect(readdirSync(folder)).toContain('transfer.copy.gz')
    expect(readdirSync(folder).map((file) => readFileSync(join(folder, file))).some((bytes) => bytes.includes('c'.repeat(64)))).toBe(false)
  })

  test('does not overwrite, and does not take the keys in', async () => {
    expect(await ran(directory, 'backup', folder)).toMatchObject({ code: 2, complained: expect.stringContaining('exists') })
    expect(await ran(directory, 'backup', join(directory, 'other'), '--keys', keyFile)).toMatchObject({ code: 2, complained: expect.stringContaining('exists') })
    const inside = join(directory, 'other')
    expect(await ran(directory, 'backup', inside, '--keys', join(inside, 'keys'))).toMatchObject({ code: 2, complained: expect.stringContaining('must not lie in the backup') })
    expect(existsSync(inside)).toBe(false)
  })
})

describe('a restored database', () => {
  const name = fresh()
  const data = join(directory, 'elsewhere')

  test('verifies, ends with the act that the manifest names, and has every row of every table', async () => {
    const before = await contentOf(owner.pool)
    const { code, printed, complained } = await ran(data, 'restore', folder, '--keys', keyFile, '--new-database', name, '--json')
    expect(code, printed + complained).toBe(0)
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { chain_head: unknown }
    expect(JSON.parse(printed)).toMatchObject({ ok: true, faults: [], migrated: [], head: manifest.chain_head, endpoints_waiting: 1 })
    await opened(name, async (_serving, owning) => {
      expect(await contentOf(owning.pool)).toEqual({ ...before, webhook_endpoint: expect.not.stringMatching(before['webhook_endpoint'] ?? '') })
      await expectBooksToBalance(owning)
    })
    expect(statSync(join(data, 'keys', 'chain.keys')).mode & 0o777).toBe(0o600)
  })

  test('sends nothing before hosts are reconciled, and runs no job that was in flight', async () => {
    await opened(name, async (serving, owning) => {
      expect(await serving.prisma.webhookEndpoint.findMany({ select: { waitsForReconciliation: true } })).toEqual([{ waitsForReconciliation: true }])
      expect((await owning.pool.query('select 1 from graphile_worker._private_jobs')).rowCount).toBe(0)
    })
  })

  test('tells its readers of logs that what the last scan had seen was seen, and the rest was not', async () => {
    const before = await seenByTheScan(owner.pool)
    expect(before.find((row) => row.name === 'event')).toMatchObject({ others: '1' })
    await opened(name, async (_serving, owning) => {
      expect(await seenByTheScan(owning.pool)).toEqual(before)
      // Another server may be younger than the one that was backed up: no number of that one may be left, and these are below any server's own.
      for (const table of ['account', 'observation', 'event', 'rebate', 'transfer']) {
        const { rows: [most] } = await owning.pool.query<{ xid: string }>(`select max(xid)::text as xid from ${table}`)
        expect(Number(most?.xid), table).toBeLessThanOrEqual(4)
      }
      const { rows: [scan] } = await owning.pool.query(`select position::text, snapshot from scan where state = 'finished' order by id desc limit 1`)
      expect(scan).toEqual({ position: '4', snapshot: '4:4:' })
    })
  })

  test('answers checks as the first one does, to the last bit', async () => {
    const pairs = await owner.pool.query<{ inviter: string; invitee: string }>(
      `select a.external_id as inviter, b.external_id as invitee from referral_fact f join account_identity a on a.account_id = f.inviter_id join account_identity b on b.account_id = f.invitee_id
         join program p on p.id = f.program_id where p.key = 'main' order by f.id limit 40`)
    const answers = async (asked: Database) => {
      const checks = createChecks({ database: asked, keys, clock, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000 })
      try {
        await checks.start()
        const all: unknown[] = []
        for (const { inviter, invitee } of pairs.rows) {
          const outcome = await checks.evaluate({ program: 'main', subject: 'rebate', subject_id: `${inviter}-${invitee}`, inviter, invitee, amount: '1', asset: 'USD' }, { actorId: 1n })
          all.push(outcome.ok ? [outcome.answer.decision, outcome.answer.probability, outcome.answer.ring_id] : outcome)
        }
        return all
      } finally {
        await checks.stop()
      }
    }
    const first = await answers(database)
    expect(first.length).toBe(40)
    await opened(name, async (serving) => expect(await answers(serving)).toEqual(first))
  })

  test('goes on working: an event, an upkeep, an undo, a scan and a seal, and still verifies', async () => {
    await opened(name, async (serving, owning) => {
      const parts = { database: serving, keys, clock, actorId: 1n }
      clock.advance(60)
      const { rows: [batch] } = await serving.pool.query<{ id: string }>(`select max(id)::text as id from batch where kind = 'api'`)
      const answer = await recordEvent({ ...parts, check: ring.desk.programme.recorder.check }, BigInt(batch?.id ?? 0), {
        type: 'recharge', source: 'host', eventId: 'after-the-restore', accountId: ring.friend, amount: 40_000_000n, asset: 'USD', occurredAt: clock.now(),
      })
      expect(answer).toMatchObject({ ok: true })
      await matureRebates(parts)
      const freeze = await serving.prisma.decision.findFirstOrThrow({ orderBy: { id: 'desc' } })
      await undone({ ...ring.ann, database: serving }, { ...freeze, effects: [] })
      expect(await runScan(serving, { keys, clock, actorId: 1n, model: generalModel })).toMatchObject({ ok: true })
      expect(await sealPostings(parts)).toMatchObject({ ok: true, seals: 1 })
      expect((await verifyBooks(serving, keys, { more: [decisionVerifier] })).faults).toEqual([])
      await expectBooksToBalance(owning)
    })
  })

  test('still refuses changes of what is append-only', async () => {
    await opened(name, async (_serving, owning) => {
      for (const table of ['transfer', 'entry', 'act', 'event', 'posting_seal']) {
        await expect(owning.pool.query(`truncate ${table} cascade`), table).rejects.toMatchObject({ code: 'RF900' })
        await expect(owning.pool.query(`delete from ${table}`), table).rejects.toMatchObject({ code: 'RF900' })
      }
    })
  })
})

describe('a restore is refused, and leaves nothing behind,', () => {
  /** A copy of the backup that was tampered with. */
  function damaged(damage: (copy: string) => void): string {
    const copy = join(directory, `damaged-${readdirSync(directory).length}`)
    cpSync(folder, copy, { recursive: true })
    damage(copy)
    return copy
  }

  function editedManifest(edit: (manifest: { format: number; made_at: string; migrations: { name: string; checksum: string }[] }) => void): string {
    return damaged((copy) => {
      const file = join(copy, 'manifest.json')
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof edit>[0]
      edit(manifest)
      writeFileSync(file, JSON.stringify(manifest))
    })
  }

  async function refusal(backup: string, ...more: string[]): Promise<string> {
    const [name, data] = [fresh(), join(directory, `data-${restored.length}`)]
    const { code, complained } = await ran(data, 'restore', backup, '--new-database', name, ...(more.length === 0 ? ['--keys', keyFile] : more))
    expect(code).toBe(2)
    expect((await owner.pool.query('select 1 from pg_database where datname = $1', [name])).rowCount, 'the database is gone again').toBe(0)
    expect(existsSync(join(data, 'keys')), 'no keys were written').toBe(false)
    return complained
  }

  test.each<[string, () => string, string]>([
    ['of a folder that is none', () => directory, 'There is no backup'],
    ['when a file is damaged', () => damaged((copy) => appendFileSync(join(copy, 'entry.copy.gz'), 'x')), 'entry.copy.gz is not as it was written'],
    ['when a file is missing', () => damaged((copy) => rmSync(join(copy, 'rebate.copy.gz'))), 'rebate.copy.gz is missing'],
    ['when the manifest is no manifest', () => damaged((copy) => writeFileSync(join(copy, 'manifest.json'), '{')), 'is not JSON'],
    ['when the manifest was changed', () => editedManifest((manifest) => { manifest.made_at = '2020-01-01T00:00:00.000Z' }), 'The manifest was changed'],
    ['when the backup is of a newer version', () => editedManifest((manifest) => { manifest.migrations.push({ name: '9999_future', checksum: '0'.repeat(64) }) }), '9999_future, which this version does not know'],
    ['when the backup has a newer form', () => editedManifest((manifest) => { manifest.format = 99 }), 'newer version'],
    ['when a migration differs', () => editedManifest((manifest) => { for (const each of manifest.migrations.slice(0, 1)) each.checksum = '0'.repeat(64) }), 'is not the one that this version has'],
  ])('%s', async (_what, make, sentence) => {
    expect(await refusal(make())).toContain(sentence)
  })

  test('with another key', async () => {
    const other = join(directory, 'other-keys')
    writeFileSync(other, readFileSync(keyFile, 'utf8').replace('identifiers 1:aa', 'identifiers 1:ab'), { mode: 0o600 })
    expect(await refusal(folder, '--keys', other)).toContain('Key 1 for identifiers is not the one')
  })

  test('without keys', async () => {
    expect(await refusal(folder, '--keys', join(directory, 'nowhere'))).toContain('There is no key file')
    const name = fresh()
    expect(await ran(join(directory, 'empty'), 'restore', folder, '--new-database', name)).toMatchObject({ code: 2, complained: expect.stringContaining('There are no keys here') })
  })

  test('with other keys already in place', async () => {
    const data = join(directory, 'taken')
    writeKeyFiles(join(data, 'keys'), { ...keys, tokens: [{ id: 1, secret: Buffer.alloc(32, 7) }] })
    expect(await ran(data, 'restore', folder, '--keys', keyFile, '--new-database', fresh())).toMatchObject({ code: 2, complained: expect.stringContaining('Other keys') })
  })

  test('into a database that is not empty', async () => {
    const before = await contentOf(owner.pool)
    expect(await ran(join(directory, 'data-full'), 'restore', folder, '--keys', keyFile)).toMatchObject({ code: 2, complained: expect.stringContaining('not empty') })
    expect(await contentOf(owner.pool)).toEqual(before)
  })
})

test('a login that owns the database and is no superuser can restore', async () => {
  const [name, login] = [fresh(), `keeper_${process.pid}`]
  await owner.pool.query(`create role ${login} login createrole`)
  await owner.pool.query(`create database ${name} owner ${login}`)
  try {
    const ownerUrl = urlOf(name).replace('//postgres@', `//${login}@`)
    expect(await restore({ folder, keys, ownerUrl, migrations: MIGRATIONS_DIRECTORY })).toMatchObject({ ok: true })
    await opened(name, async (serving, owning) => {
      const { rows: [table] } = await owning.pool.query<{ owner: string }>(`select tableowner as owner from pg_tables where tablename = 'entry' and schemaname = 'public'`)
      expect(table?.owner).toBe(login)
      expect((await verifyBooks(serving, keys, { more: [decisionVerifier] })).faults).toEqual([])
    })
  } finally {
    await owner.pool.query(`drop database ${name} with (force)`)
    await owner.pool.query(`drop role ${login}`)
  }
})

test('a backup with a wrong row is restored as it was, and says so', async () => {
  const [copy, name] = [join(directory, 'corrupt'), fresh()]
  const client = await owner.pool.connect()
  await client.query('set session_replication_role = replica')
  await client.query(`update book_account set balance = balance + 1 where id = (select min(id) from book_account where account_id is not null and balance > 0)`)
  expect((await ran(directory, 'backup', copy)).code).toBe(0)
  await client.query(`update book_account set balance = balance - 1 where id = (select min(id) from book_account where account_id is not null and balance > 1)`)
  await client.query('set session_replication_role = origin')
  client.release()
  const { code, printed } = await ran(join(directory, 'elsewhere'), 'restore', copy, '--new-database', name)
  expect(code).toBe(1)
  expect(printed).toContain('WRONG  book_account')
})
