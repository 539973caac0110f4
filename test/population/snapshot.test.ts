// Which transactions a reader saw, judged from the text of its snapshot, against PostgreSQL's own answer.
import { expect, test } from 'vitest'
import { transactionsSeen } from '../../src/population/index.ts'
import { useDatabase } from '../database.ts'

const { owner } = await useDatabase()

test('what a snapshot saw is what PostgreSQL says it saw', async () => {
  const ids: bigint[] = []
  const begin = async () => {
    const client = await owner.pool.connect()
    await client.query('BEGIN')
    ids.push(BigInt((await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')).rows[0]?.id ?? '0'))
    return async () => {
      await client.query('COMMIT')
      client.release()
    }
  }
  const endOlder = await begin()
  await (await begin())()
  const endLater = await begin()
  await (await begin())()
  const snapshot = (await owner.pool.query<{ text: string }>('SELECT pg_current_snapshot()::text AS text')).rows[0]?.text ?? ''
  await endOlder()
  await endLater()
  await (await begin())()

  const seen = transactionsSeen(snapshot)
  const { rows } = await owner.pool.query<{ id: string; visible: boolean }>(
    'SELECT id::text, pg_visible_in_snapshot(id::text::xid8, $1::pg_snapshot) AS visible FROM unnest($2::bigint[]) AS id ORDER BY id', [snapshot, ids])
  expect(rows.map(({ id }) => seen(BigInt(id)))).toEqual(rows.map(({ visible }) => visible))
  expect(rows.map(({ visible }) => visible)).toEqual([false, true, false, true, false])
})
