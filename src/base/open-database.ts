// Opens the configured database: embedded or given, migrated by its owner, served by the least-privileged role, keys checked.
// Promises: the embedded server ends with the last process that uses it, whoever started it.

import { join } from 'node:path'
import pg from 'pg'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { type Database, openDatabase, SERVING_ROLE } from './database.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { checkKeys, type KeyRing, loadKeys } from './keys.ts'
import { migrate } from './migrations.ts'

const EMBEDDED_DATABASE = 'ringfence'

export interface OpenedDatabase {
  readonly database: Database
  readonly keys: KeyRing
  close(): Promise<void>
}

/** Throws with a sentence that says what to do when the server cannot be reached or the keys are not the database's own. */
export async function openConfiguredDatabase(config: Config, clock: Clock, migrations: string, keyDirectory: string): Promise<OpenedDatabase> {
  const keys = loadKeys(keyDirectory, {
    ...given('identifiers', config.RINGFENCE_KEYS_IDENTIFIERS),
    ...given('sealing', config.RINGFENCE_KEYS_SEALING),
    ...given('chain', config.RINGFENCE_KEYS_CHAIN),
    ...given('tokens', config.RINGFENCE_KEYS_TOKENS),
  })
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

function given(purpose: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [purpose]: value }
}

async function locateServer(config: Config): Promise<{ url: string; migrationUrl: string; stop: () => Promise<void> }> {
  if (config.DATABASE_URL !== undefined) {
    return { url: config.DATABASE_URL, migrationUrl: config.MIGRATION_DATABASE_URL ?? config.DATABASE_URL, stop: () => Promise.resolve() }
  }
  const directory = join(config.RINGFENCE_DATA, 'postgres')
  const server = await startEmbeddedPostgres(directory)
  await server.createDatabase(EMBEDDED_DATABASE)
  const url = server.url(EMBEDDED_DATABASE)
  return { url, migrationUrl: url, stop: () => server.stopUnlessUsed() }
}

/** The login that serves takes on the serving role; the owner of the tables lets it, once. */
async function allowServing(server: { url: string; migrationUrl: string }): Promise<void> {
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
