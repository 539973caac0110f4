// Once per run: a real PostgreSQL and a migrated template database, from which every test file clones its own.
// DATABASE_URL is not used: the tests make and drop databases and never touch a given server.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../src/base/embedded-postgres.ts'
import { migrate } from '../src/base/migrations.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresDirectory: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-test-'))
  const data = join(directory, 'data')
  // Durability is proved by the crash tests with servers of their own; here it would only cost time.
  const server = await startEmbeddedPostgres(data, { settings: { fsync: 'off', max_connections: '200', shared_buffers: '128MB' } })
  await server.createDatabase('template')
  await migrate(server.url('template'), join(import.meta.dirname, '..', 'prisma', 'migrations'))
  project.provide('postgresDirectory', data)
  return async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
