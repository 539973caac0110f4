// The demo keeps its hands off a database that holds other data, and shows again what an earlier start has scanned.
// The whole demo, from nothing, is run by .ci/run.
import { expect, test } from 'vitest'
import { useDatabase } from '../database.ts'
import { ran } from './review-commands.ts'

const opened = await useDatabase()

test('a database with data of another system is left alone', async () => {
  await opened.owner.pool.query(`with s as (insert into source (name) values ('host') returning id)
    insert into batch (source_id, actor_id, kind, recorded_at) select id, 1, 'import', now() from s`)
  const { code, complained } = await ran(opened, 'demo', '--once')
  expect(code).toBe(2)
  expect(complained).toContain('is left alone')
  expect(await opened.database.prisma.account.count()).toBe(0)
})
