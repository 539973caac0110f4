// Opens the configured database: embedded or given, migrated by its owner, served by the least-privileged role, keys checked.
// Promises: the embedded server ends with the last process that uses it, whoever started it.

import { join } from 'node:path'
import pg from 'pg'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { type Database, openDatabase, SERVING_ROLE } from './database.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { checkKeys, type KeyPurpose, type KeyRing, loadKeys } from './keys.ts'
import { migrate } from './migrations.ts'

const EMBEDDED_DATABASE = 'ringfence'

export interface OpenedDatabase {
  readonly database: Database
  readonly keys: KeyRing
  close(): Promise<void>
}

/** Throws with a sentence that says what to do when the server cannot be reached or the keys are not the database's own. */
export async function openConfiguredDatabase(config: Config, clock: Clock, migrations: string, keyDirectory: string): Promise<OpenedDatabase> {
  const keys = loadKeys(keyDirectory, givenKeys(config))
  const server = await locateServer(config)
  try {
    await migrate(server.migrationUrl, migrations).catch((error: unknown) => {
      throw new Error(`The database could not be opened: ${error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error)}`)
    })
    await allowServing(server)
    const database = openDatabase(server.url)
    await checkKeys(database, keys, clock)
    return {
      database,
      keys,
      close: async () => {
        await database.close()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Keys that the environment gives instead of files. */
export function givenKeys(config: Config): Partial<Record<KeyPurpose, string>> {
  return {
    ...given('identifiers', config.RINGFENCE_KEYS_IDENTIFIERS),
    ...given('sealing', config.RINGFENCE_KEYS_SEALING),
    ...given('chain', config.RINGFENCE_KEYS_CHAIN),
    ...given('tokens', config.RINGFENCE_KEYS_TOKENS),
  }
}

function given(purpose: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [purpose]: value }
}

/** A database of the configured server: who serves it and who owns it. */
export interface LocatedDatabase {
  readonly url: string
  readonly migrationUrl: string
  stop(): Promise<void>
}

/** Finds the configured database, or another one of its server by name; an embedded server is started. Nothing is migrated or checked. */
export async function locateServer(config: Config, name?: string): Promise<LocatedDatabase> {
  if (config.DATABASE_URL !== undefined) {
    const [url, migrationUrl] = [config.DATABASE_URL, config.MIGRATION_DATABASE_URL ?? config.DATABASE_URL].map((each) => named(each, name))
    return { url: url ?? '', migrationUrl: migrationUrl ?? '', stop: () => Promise.resolve() }
  }
  const directory = join(config.RINGFENCE_DATA, 'postgres')
  const server = await startEmbeddedPostgres(directory)
  if (name === undefined) await server.createDatabase(EMBEDDED_DATABASE)
  const url = server.url(name ?? EMBEDDED_DATABASE)
  return { url, migrationUrl: url, stop: () => server.stopUnlessUsed() }
}

function named(url: string, name: string | undefined): string {
  if (name === undefined) return url
  const other = new URL(url)
  other.pathname = `/${encodeURIComponent(name)}`
  return other.href
}

/** The login that serves takes on the serving role; the owner of the tables lets it, once. */
export async function allowServing(server: { url: string; migrationUrl: string }): Promise<void> {
  const login = await askOnce(server.url, `select current_user as name, pg_has_role(current_user, '${SERVING_ROLE}', 'member') as member`)
  if (login['member'] === true) return
  const name = pg.escapeIdentifier(String(login['name']))
  await askOnce(server.migrationUrl, `grant ${SERVING_ROLE} to ${name}`).catch((error: unknown) => {
    throw new Error(`The login of DATABASE_URL may not act as ${SERVING_ROLE}: as an administrator of the server, run GRANT ${SERVING_ROLE} TO ${name}.`, { cause: error })
  })
}

async function askOnce(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows[0] ?? {}
  } finally {
    await client.end()
  }
}
