// Prisma's schema engine without a download: answers the JSON-RPC that Prisma's tools speak over stdio
// with the WebAssembly build of the same engine from npm, through the pg driver. TLS certificates are verified.

import { readFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import pg from 'pg'

interface Engine {
  [method: string]: (parameters: unknown) => Promise<{ stdout?: string | null } | null | undefined>
}

const parameters = process.argv.slice(2)
const url = databaseUrl()
/** The engine's panics arrive here; without the registry they would end the process without a word. */
let panic = ''

if (parameters.includes('--version')) {
  printVersion()
} else if (parameters.includes('cli')) {
  await runDatabaseCommand(parameters[parameters.indexOf('cli') + 1] ?? '')
} else {
  await answerRequests()
}
process.exit(0)

function valuesOf(flag: string): string[] {
  return parameters.flatMap((parameter, place) => (parameter === flag ? [parameters[place + 1] ?? ''] : []))
}

function databaseUrl(): string | undefined {
  const datasource = valuesOf('--datasource')[0]
  const given = datasource === undefined ? undefined : (JSON.parse(datasource) as { url?: string }).url
  return given ?? process.env['DATABASE_URL']
}

function printVersion(): void {
  const versions = createRequire(import.meta.url)('@prisma/engines-version/package.json') as { prisma: { enginesVersion: string } }
  process.stdout.write(`schema-engine-cli ${versions.prisma.enginesVersion}\n`)
}

/** Why fields apart: given a connection string, pg would let its database win over the shadow database's name. */
function connectionOf(text: string): { config: pg.PoolConfig; schema: string | undefined } {
  const parsed = new URL(text)
  const ssl = parsed.searchParams.get('sslmode')
  return {
    config: {
      host: parsed.searchParams.get('host') ?? parsed.hostname,
      port: Number(parsed.port || 5432),
      user: decodeURIComponent(parsed.username) || undefined,
      password: decodeURIComponent(parsed.password) || undefined,
      database: decodeURIComponent(parsed.pathname.slice(1)),
      ssl: ssl !== null && ssl !== 'disable' && ssl !== 'prefer',
    },
    schema: parsed.searchParams.get('schema') ?? undefined,
  }
}

async function runDatabaseCommand(command: string): Promise<void> {
  const { config } = connectionOf(url ?? 'postgresql://localhost/postgres')
  const client = new pg.Client(command === 'can-connect-to-database' ? config : { ...config, database: 'postgres' })
  try {
    await client.connect()
    const database = pg.escapeIdentifier(config.database ?? '')
    if (command === 'create-database') await client.query(`create database ${database}`)
    if (command === 'drop-database') await client.query(`drop database ${database}`)
    await client.end()
  } catch (error) {
    const code = (error as { code?: string }).code
    const prismaCode = code === '3D000' ? 'P1003' : code === '28P01' ? 'P1000' : 'P1001'
    const message = error instanceof Error ? error.message : String(error)
    const line = { level: 'ERROR', target: 'schema_engine::logger', fields: { error_code: prismaCode, message } }
    // The tools drop the first line of this stream.
    process.stderr.write(`\n${JSON.stringify(line)}\n`)
    process.exit(1)
  }
}

/** The adapter has no mapping for the catalogue's one-byte type "char" (oid 18), which the engine reads: name it bpchar. */
function poolOf(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, max: 1 })
  pool.on('connect', (client) => {
    const { connection } = client as pg.PoolClient & { connection: NodeJS.EventEmitter }
    connection.prependListener('rowDescription', (message: { fields: { dataTypeID: number }[] }) => {
      for (const field of message.fields) if (field.dataTypeID === 18) field.dataTypeID = 1042
    })
  })
  return pool
}

/** The engine wants this one catalogue column as a character, not as text. */
function withCharacters<Adapter extends SqlDriverAdapter>(adapter: Adapter): Adapter {
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query)
    const place = result.columnNames.indexOf('constraint_type')
    if (place >= 0 && result.columnTypes[place] === ColumnTypeEnum.Text) result.columnTypes[place] = ColumnTypeEnum.Character
    return result
  }
  return adapter
}

function adapterFactory(): PrismaPg {
  const { config, schema } = url === undefined ? { config: { host: '127.0.0.1', port: 1 }, schema: undefined } : connectionOf(url)
  const factory = new PrismaPg(poolOf(config), { ...(schema === undefined ? {} : { schema }), disposeExternalPool: true })
  const administer = async (sql: string): Promise<void> => {
    const client = new pg.Client(config)
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }
  const connect = factory.connect.bind(factory)
  factory.connect = async () => withCharacters(await connect())
  // The adapter would drop its shadow database before closing the pool that holds it open: here in the right order.
  factory.connectToShadowDb = async () => {
    const database = `prisma_migrate_shadow_db_${randomUUID()}`
    await administer(`create database "${database}"`)
    const shadow = withCharacters(await new PrismaPg(poolOf({ ...config, database }), { disposeExternalPool: true }).connect())
    const dispose = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await dispose()
      await administer(`drop database "${database}" with (force)`)
    }
    return shadow
  }
  return factory
}

/** What Node offers globally; declared here because the project's types leave out the browser's. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, unknown>): Promise<{ instance: { exports: Record<string, unknown> } }>
}

async function loadEngine(): Promise<Engine> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => { panic = message } } })
  const engineModule: string = '@prisma/schema-engine-wasm/schema_engine_bg'
  const bindings = (await import(engineModule)) as {
    __wbg_set_wasm(exports: Record<string, unknown>): void
    SchemaEngine: { new: (options: object, log: (line: string) => void, factory: object) => Promise<Engine> }
  }
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm')
  const { instance } = await WebAssembly.instantiate(await readFile(file), { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start'] as () => void
  start()
  const datamodels = await Promise.all(valuesOf('--datamodels').map(async (path) => [path, await readFile(path, 'utf8')]))
  return bindings.SchemaEngine.new(
    datamodels.length > 0 ? { datamodels } : {},
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapterFactory()),
  )
}

async function answerRequests(): Promise<void> {
  const send = (message: object): boolean => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  let engine: Promise<Engine> | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const request = JSON.parse(line) as { id: number; method?: string; params: unknown }
    // A line without a method is the tools' answer to our own `print`.
    if (request.method === undefined) continue
    if (request.method === 'createDatabase' || request.method === 'ensureConnectionValidity') {
      send({ id: request.id, result: {} })
      continue
    }
    try {
      engine ??= loadEngine()
      const method = request.method === 'getDatabaseVersion' ? 'version' : request.method
      const loaded = await engine
      const result = await loaded[method]?.(request.params)
      if (method === 'diff' && result?.stdout) send({ id: 0x7fff, method: 'print', params: { content: result.stdout } })
      send({ id: request.id, result: result ?? {} })
    } catch (error) {
      const message = panic || (error instanceof Error ? error.message : String(error))
      const code = (error as { code?: string }).code
      send({ id: request.id, error: { code: 4466, message, data: { is_panic: false, message, error_code: code } } })
    }
  }
}
