// `ringfence restore`: a backup into an empty database, proved by `verify`.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import pg from 'pg'
import { appendAct, SYSTEM_ACTOR_ID } from '../acts/index.ts'
import { formatKeys, hasKeyFiles, type KeyRing, loadKeys, parseKeyRing, writeKeyFiles } from '../base/keys.ts'
import { MIGRATIONS_DIRECTORY } from '../base/migrations.ts'
import { givenKeys, type LocatedDatabase, locateServer, openConfiguredDatabase } from '../base/open-database.ts'
import { restore, type Restored } from '../keeping/index.ts'
import { verifyBooks } from '../ledger/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { MORE_VERIFIERS } from './verifiers.ts'

interface RestoreOptions {
  readonly keys?: string
  readonly newDatabase?: string
  readonly json?: boolean
}

const DATABASE_NAME = /^[a-z_][a-z0-9_]{0,62}$/

export function register(program: Command, context: CliContext): void {
  program.command('restore')
    .description('Loads a backup into an empty database, brings it up to this version and verifies it.')
    .argument('<folder>', 'the backup')
    .option('--keys <file>', 'the keys that were kept apart; needed where there are none yet')
    .option('--new-database <name>', 'make a database of this name on the same server and restore into that')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `
Examples:
  ringfence restore /backups/2026-06-01 --keys /safe/ringfence-keys
  DATABASE_URL=postgresql://… ringfence restore /backups/2026-06-01 --new-database ringfence_june

Afterwards nothing is sent to hosts until \`ringfence reconcile\` has compared their lists with ours.
Exit codes: 0 restored and verified; 1 restored, but verify found a wrong row; 2 refused, nothing was changed; 3 could not run.`)
    .action((folder: string, options: RestoreOptions) => run(folder, options, context))
}

async function run(folder: string, options: RestoreOptions, context: CliContext): Promise<void> {
  const found = findKeys(options, context)
  if (typeof found === 'string') return refuse(context, found)
  const { newDatabase } = options
  if (newDatabase !== undefined && !DATABASE_NAME.test(newDatabase)) return refuse(context, 'The name of a database is lower case letters, digits and underscores.')
  const server = await locateServer(context.config, newDatabase)
  const progress = context.progress()
  try {
    if (newDatabase !== undefined && !(await createDatabase(server, newDatabase))) return refuse(context, `There is a database ${newDatabase} already.`)
    const restored = await restore({
      folder, keys: found.keys, ownerUrl: server.migrationUrl, migrations: MIGRATIONS_DIRECTORY, onTable: (done, total) => progress.update('restoring', done, total),
    }).finally(() => progress.finish()).catch(async (error: unknown) => {
      if (newDatabase !== undefined) await dropDatabase(server, newDatabase)
      throw error
    })
    if (!restored.ok) {
      if (newDatabase !== undefined) await dropDatabase(server, newDatabase)
      return refuse(context, restored.sentence)
    }
    if (found.areNew) writeKeyFiles(keyDirectoryOf(context), found.keys)
    await prove(server, restored, options, context)
  } finally {
    await server.stop()
  }
}

function refuse(context: CliContext, sentence: string): void {
  context.printError(sentence)
  context.exit(ExitCode.badInput)
}

/** The database is opened as the service opens it, and everything in it is recomputed. */
async function prove(server: LocatedDatabase, { manifest, migrated }: Loaded, { json }: RestoreOptions, context: CliContext): Promise<void> {
  const config = { ...context.config, DATABASE_URL: server.url, MIGRATION_DATABASE_URL: server.migrationUrl }
  const { database, keys, close } = await openConfiguredDatabase(config, context.clock, MIGRATIONS_DIRECTORY, keyDirectoryOf(context))
  const progress = context.progress()
  try {
    const report = await verifyBooks(database, keys, { more: MORE_VERIFIERS, onRule: (done, total) => progress.update('verifying', done, total) }).finally(() => progress.finish())
    const head = report.acts.ok && report.acts.head !== null ? { sequence: report.acts.head.sequence.toString(), hash: report.acts.head.hash } : null
    const faults = report.faults.map(({ place, found }) => ({ place, found }))
    if (head?.sequence !== manifest.chain_head?.sequence || head?.hash !== manifest.chain_head?.hash) {
      faults.push({ place: `act ${head?.sequence ?? 0}`, found: 'it is not the newest act that the manifest names' })
    }
    if (faults.length === 0) {
      await database.inTransaction((transaction) => appendAct(transaction, keys, context.clock, {
        actorId: SYSTEM_ACTOR_ID, kind: 'database_restored', objectKind: 'database', objectId: 'all', body: { madeAt: manifest.made_at, head: manifest.chain_head?.hash ?? null },
      }))
    }
    const endpointsWaiting = await database.prisma.webhookEndpoint.count({ where: { waitsForReconciliation: true, retiredAt: null } })
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
    const proof: Proof = { ok: faults.length === 0, made_at: manifest.made_at, rows, migrated, rules: report.rules.length, faults, head, endpoints_waiting: endpointsWaiting }
    context.print(json === true ? JSON.stringify(proof, null, 2) : textOf(proof))
    if (!proof.ok) context.exit(ExitCode.found)
  } finally {
    await close()
  }
}

type Loaded = Extract<Restored, { readonly ok: true }>

interface Proof {
  readonly ok: boolean
  readonly made_at: string
  readonly rows: number
  readonly migrated: readonly string[]
  readonly rules: number
  readonly faults: readonly { readonly place: string; readonly found: string }[]
  readonly head: { readonly sequence: string; readonly hash: string } | null
  readonly endpoints_waiting: number
}

function textOf(proof: Proof): string {
  return [
    `Restored ${proof.rows.toLocaleString('en')} rows of ${proof.made_at}${proof.migrated.length === 0 ? '' : `, brought up to date by ${proof.migrated.join(', ')}`}.`,
    ...proof.faults.map(({ place, found }) => `WRONG  ${place}: ${found}.`),
    proof.ok ? `Verified by ${proof.rules} rules: everything holds.` : 'It was restored as it was backed up, with what is wrong in it.',
    ...(proof.head === null ? [] : [`Newest act: ${proof.head.sequence} ${proof.head.hash}`]),
    ...(proof.endpoints_waiting === 0 ? [] : [`Endpoints of hosts that wait: ${proof.endpoints_waiting}. Nothing is sent before \`ringfence reconcile\`.`]),
  ].join('\n')
}

function keyDirectoryOf(context: CliContext): string {
  return join(context.config.RINGFENCE_DATA, 'keys')
}

/** The keys of this place, or those of the file where there are none yet; a sentence when they are missing or differ. */
function findKeys({ keys: file }: RestoreOptions, context: CliContext): { readonly keys: KeyRing; readonly areNew: boolean } | string {
  const [given, directory] = [givenKeys(context.config), keyDirectoryOf(context)]
  const isSet = hasKeyFiles(directory) || Object.keys(given).length > 0
  if (file !== undefined && !existsSync(file)) return `There is no key file ${file}.`
  if (!isSet && file === undefined) return 'There are no keys here: give those that were kept apart with --keys.'
  let keys: KeyRing
  try {
    keys = file === undefined ? loadKeys(directory, given) : parseKeyRing(readFileSync(file, 'utf8'))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (file !== undefined && isSet && formatKeys(loadKeys(directory, given)) !== formatKeys(keys)) return 'Other keys than those of the file lie here already: restore with a data folder of its own.'
  return { keys, areNew: !isSet }
}

async function createDatabase(server: LocatedDatabase, name: string): Promise<boolean> {
  return await administer(server, async (client) => {
    if (((await client.query('select 1 from pg_database where datname = $1', [name])).rowCount ?? 0) > 0) return false
    await client.query(`create database ${pg.escapeIdentifier(name)}`)
    return true
  })
}

async function dropDatabase(server: LocatedDatabase, name: string): Promise<void> {
  await administer(server, async (client) => void await client.query(`drop database ${pg.escapeIdentifier(name)}`))
}

async function administer<T>({ migrationUrl }: LocatedDatabase, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = new URL(migrationUrl)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
