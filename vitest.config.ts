// How the tests run: real PostgreSQL started once for the whole run, a database per test file, no retries.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: process.env['RINGFENCE_LONG'] === '1' ? 1_800_000 : 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
  },
})
