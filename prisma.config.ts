// Prisma's tools run offline: the schema engine is the WebAssembly build from npm (prisma/schema-engine.mjs), never a download.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(new URL('prisma/schema-engine.mjs', import.meta.url))

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost/ringfence' },
})
