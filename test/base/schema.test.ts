// schema.prisma tells Prisma's client about the tables that the migrations make: the two must agree.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inCamelCase } from '../../prisma/camel-case.ts'
import { useDatabase } from '../database.ts'

const { url } = await useDatabase()
const root = join(import.meta.dirname, '..', '..')

function prisma(...parameters: string[]): { status: number | null; output: string } {
  const result = spawnSync(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), ...parameters], {
    cwd: root, encoding: 'utf8', env: { ...process.env, DATABASE_URL: url },
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

describe('prisma', () => {
  test("Prisma's own tools see every migration as applied", () => {
    expect(prisma('migrate', 'status').output).toContain('Database schema is up to date')
  })

  test('schema.prisma describes the tables that the migrations make', () => {
    const { status, output } = prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--exit-code', '--script')
    expect(output.split('\n').filter((line) => /^(CREATE|ALTER TABLE .* (ADD|DROP) COLUMN|DROP TABLE)/.test(line)), output).toEqual([])
    expect([0, 2]).toContain(status)
  })

  test('naming things in camel case a second time changes nothing', () => {
    const schema = readFileSync(join(root, 'prisma', 'schema.prisma'), 'utf8')
    expect(inCamelCase(schema)).toBe(schema)
  })
})
