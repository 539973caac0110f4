// A decision is its plan, applied: what was changed afterwards in either is found by verify.

import { expect, test } from 'vitest'
import { decisionVerifier } from '../../src/review/index.ts'
import { useDatabase } from '../database.ts'
import { decided, undone } from '../review/desk.ts'
import { ringOfFour } from '../review/ring-of-four.ts'

const given = await useDatabase()
const { database, owner } = given
const ring = await ringOfFour(given)
const frozen = await decided(ring.ann, { kind: 'freeze', target: ring.target })
await undone(ring.ann, frozen)
await decided(ring.ann, { kind: 'reclaim', target: ring.target })

const find = () => decisionVerifier.find({ database })

/** Changes rows behind the books' back, looks, and puts them back. */
async function corrupted(table: string, statement: string): Promise<string | undefined> {
  const client = await owner.pool.connect()
  try {
    await client.query(`set session_replication_role = replica; create temp table kept as select * from ${table}`)
    await client.query(statement)
    const wrong = await find()
    return wrong === null ? undefined : `decisions ${wrong.place}: ${wrong.found}`
  } finally {
    await client.query(`delete from ${table}; insert into ${table} overriding system value select * from kept; drop table kept; set session_replication_role = origin`)
    client.release()
  }
}

test('decisions as they were made hold', async () => {
  expect(await find()).toBeNull()
})

test.each([
  ['an effect of a plan changed', 'plan', `update plan set effects = jsonb_set(effects, '{0,kind}', '"gone"') where id = 1`, 'decisions plan 1: its effects are not those'],
  ['an effect of a plan left out', 'plan', 'update plan set effects = effects - 0 where id = 2', 'decisions plan 2: its effects are not those'],
  ['the hash of a decision changed', 'decision', `update decision set effects_hash = sha256('x') where id = 1`, 'decisions decision 1: its hash is not the hash of its plan'],
  ['a decision moved to another case', 'decision', 'update decision set case_id = null where id = 3', 'decisions decision 3: it is of another case'],
  ['an undo that no longer undoes', 'decision', 'update decision set undoes_id = null where id = 2', 'decisions decision 2: it undoes another decision'],
  ['a posting of a decision given to another one', 'transfer', 'update transfer set decision_id = 3 where id = (select min(id) from transfer where decision_id = 1)', 'decisions decision 1: its postings are not those of its plan'],
  ['a posting that no decision planned', 'transfer', `update transfer set decision_id = 2 where id = (select min(id) from transfer where kind = 'accrual')`, 'decisions decision 2: its postings are not those of its plan'],
])('%s is found', async (_what, table, statement, expected) => {
  expect(await corrupted(table, statement)).toContain(expected)
  expect(await find()).toBeNull()
})
