// `npm run schema`: applies the migrations to a fresh database, reads schema.prisma back from it and names things in camel case.
// The SQL migrations are the source; schema.prisma only tells Prisma's client about them.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../src/base/embedded-postgres.ts'
import { migrate } from '../src/base/migrations.ts'
import { inCamelCase } from './camel-case.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const schemaFile = join(here, 'schema.prisma')
const directory = mkdtempSync(join(tmpdir(), 'ringfence-schema-'))
const server = await startEmbeddedPostgres(join(directory, 'data'))
try {
  await server.createDatabase('schema')
  const url = server.url('schema')
  await migrate(url, join(here, 'migrations'))
  prisma(['db', 'pull'], url)
  writeFileSync(schemaFile, inCamelCase(readFileSync(schemaFile, 'utf8')))
  prisma(['format'], url)
  prisma(['generate'], url)
} finally {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
}

function prisma(parameters: string[], url: string): void {
  const result = spawnSync('npx', ['prisma', ...parameters], { encoding: 'utf8', env: { ...process.env, DATABASE_URL: url } })
  if (result.status !== 0) throw new Error(`prisma ${parameters.join(' ')} failed: ${result.stdout}${result.stderr}`)
}
