// Every rule of verify has a corruption that must be found by it: a rule that nothing can break proves nothing.
// The guards are tried here; the corruptions of the other rules stand in the tests beside this one and in those of their parts.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { MORE_VERIFIERS } from '../../src/cli/verifiers.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { GUARD_RULES, GUARD_TRIGGERS } from '../../src/ledger/verify-guard-rules.ts'
import { useDatabase } from '../database.ts'

const { database, owner, keys } = await useDatabase()
const root = join(import.meta.dirname, '..')
const [guards] = GUARD_RULES
const client = await owner.pool.connect()
afterAll(() => client.release())

async function found(...statements: string[]): Promise<string | undefined> {
  await client.query('begin')
  try {
    for (const statement of statements) await client.query(statement)
    const { rows: [row] } = await client.query<{ place: string; found: string }>(guards?.query ?? '')
    return row === undefined ? undefined : `${row.place}: ${row.found}`
  } finally {
    await client.query('rollback')
  }
}

/** Whether a test expects a corruption to be found by the rule: as `rule: 'name'`, at the head of an expected fault, or by asking its verifier alone. */
function isBroken(name: string): boolean {
  const verifier = `${name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase())}Verifier.find(`
  return new RegExp(`['"\`]${name}(?=['"\`: ])`).test(text) || text.includes(verifier)
}
const text = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('verify-coverage.test.ts'))
  .map((file) => readFileSync(join(root, file), 'utf8')).filter((content) => /session_replication_role|disable trigger/i.test(content)).join('\n')

describe('verify', () => {
  test('has a corruption for every rule, in some test', async () => {
    const { rules } = await verifyBooks(database, keys, { more: MORE_VERIFIERS })
    expect(rules.map(({ name }) => name).filter((name) => name !== 'guards' && !isBroken(name))).toEqual([])
  })

  test('has one name and one sentence for every rule', async () => {
    const { rules } = await verifyBooks(database, keys, { more: MORE_VERIFIERS })
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
    for (const { name, sentence } of rules) expect(sentence, name).toMatch(/^[A-Z].+\.$/)
  })
})

describe('the guards', () => {
  test('are all in place in a fresh database', async () => {
    expect(await found()).toBeUndefined()
  })

  test('that verify looks for are all that there are', async () => {
    const { rows } = await owner.pool.query<{ name: string }>(
      `select tgrelid::regclass || ' ' || tgname as name from pg_trigger t join pg_proc p on p.oid = t.tgfoid where not tgisinternal and p.proname = 'refuse_change' order by 1`)
    const known = new Set(GUARD_TRIGGERS.map((pair) => pair.join(' ')))
    expect(rows.length).toBeGreaterThan(20)
    expect(rows.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([])
  })

  test('are missed one by one, whether taken away or switched off', async () => {
    for (const [table, trigger] of GUARD_TRIGGERS) {
      expect(await found(`drop trigger ${trigger} on ${table}`)).toBe(`table ${table}: its trigger ${trigger} is missing`)
      expect(await found(`alter table ${table} disable trigger ${trigger}`)).toBe(`table ${table}: its trigger ${trigger} is switched off`)
    }
  })

  test('of balances and positions are missed', async () => {
    expect(await found('alter table book_account drop constraint book_account_floor')).toContain('table book_account: its constraint book_account_floor is missing')
    expect(await found('alter table position drop constraint position_floor')).toContain('table position: its constraint position_floor is missing')
  })

  test('are open when the serving role may write money itself', async () => {
    for (const right of ['insert', 'update', 'delete', 'truncate', 'update (amount)']) {
      expect(await found(`grant ${right} on entry to ringfence_app`), right).toBe('table entry: the serving role may write it itself')
    }
  })
})
