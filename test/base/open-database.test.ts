// The login that serves is not the owner of the tables: it is let into the serving role, and can do no more than that role.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/base/config.ts'
import { openConfiguredDatabase } from '../../src/base/open-database.ts'
import { useDatabase } from '../database.ts'

const { url, clock, owner } = await useDatabase()
const migrations = join(import.meta.dirname, '..', '..', 'prisma', 'migrations')

test('a login of its own serves with the rights of the serving role, and cannot touch the books', async () => {
  const login = `serving_${process.pid}`
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-open-'))
  await owner.pool.query(`create role ${pg.escapeIdentifier(login)} login`)
  try {
    const opened = await openConfiguredDatabase(
      parseConfig({ DATABASE_URL: url.replace('postgres@', `${login}@`), MIGRATION_DATABASE_URL: url }), clock, migrations, join(directory, 'keys'))
    const { rows } = await opened.database.pool.query('select session_user::text as login, current_user::text as role')
    expect(rows).toEqual([{ login, role: 'ringfence_app' }])
    for (const forbidden of ['update book_account set balance = 0', 'drop table entry', 'alter table act disable trigger all', 'reset role; truncate act']) {
      await expect(opened.database.pool.query(forbidden), forbidden).rejects.toMatchObject({ code: '42501' })
    }
    await opened.close()
  } finally {
    await owner.pool.query(`revoke ringfence_app from ${pg.escapeIdentifier(login)}; drop role ${pg.escapeIdentifier(login)}`)
    rmSync(directory, { recursive: true, force: true })
  }
})

test('an unreachable server is a sentence, not a stack', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-open-'))
  await expect(openConfiguredDatabase(parseConfig({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }), clock, migrations, join(directory, 'keys')))
    .rejects.toThrow('The database could not be opened')
  rmSync(directory, { recursive: true, force: true })
})
