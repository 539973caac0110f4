// `verify` on spending that was given back and on questions: it holds when nothing was touched, and each kind of corruption, made
// behind the database's back, is found at its row.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACCRUAL_RULES } from '../../src/ledger/verify-accrual-rules.ts'
import { answerQuestion, apiyi, listQuestions } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { owner } = given
const programme = await makeProgramme(given, apiyi)
const { account, read, recharge, record, refund, signUp } = programme
const client = await owner.pool.connect()
afterAll(() => client.release())

async function faults(): Promise<string[]> {
  const found: string[] = []
  for (const { name, query } of ACCRUAL_RULES) {
    const { rows: [row] } = await client.query<{ place: string }>(query)
    if (row !== undefined) found.push(`${name} ${row.place}`)
  }
  return found
}

beforeAll(async () => {
  const [inviter, invitee] = [await account('q-1'), await account('q-2')]
  const at = new Date('2026-05-20T00:00:00Z')
  for (const eventId of ['first', 'second']) await record({ type: 'recharge', eventId, accountId: invitee, amount: units('700'), asset: 'CNY', occurredAt: at })
  await signUp(invitee, inviter, new Date('2026-05-19T00:00:00Z'))
  const [first] = await read((transaction) => listQuestions(transaction, { limit: 10 }))
  await answerQuestion(programme.recorder, first?.id ?? 0n, { kind: 'conversion', amount: units('100').toString(), asset: 'USD', rate: '0.142857', rateSource: 'bank' })
  await recharge('own', inviter, '10')
  await record({ type: 'spend', eventId: 'spent', accountId: inviter, amount: units('8'), asset: 'USD' })
  await refund('back', 'spent', inviter, '3')
  await client.query("set session_replication_role = 'replica'")
})

test('holds when nothing was touched', async () => {
  expect(await faults()).toEqual([])
})

const spending = `(select id from event where type = 'spend')`
test.each([
  { what: 'spending that took more than was spent', rule: 'spending_returned', sql: `update event set amount = amount - 1 where type = 'spend'`, row: `select 'event ' || ${spending} as place` },
  { what: 'more given back than was taken', rule: 'spending_returned', sql: `update entry set amount = amount * 9, balance_after = balance_before + amount * 9 where transfer_id in (select t.id from transfer t join event e on e.id = t.event_id where e.type = 'refund')`, row: `select 'event ' || ${spending} as place` },
  { what: 'an open question whose event earned', rule: 'questions', sql: `update accrual_question set answer = null, answered_at = null, answered_by = null`, row: `select 'accrual_question ' || min(id) as place from accrual_question` },
  { what: 'earned although a person said nothing', rule: 'questions', sql: `update accrual_question set answer = '{"kind": "nothing"}' where answer is not null`, row: `select 'accrual_question ' || min(id) as place from accrual_question` },
  { what: 'an answer to another question', rule: 'questions', sql: `update accrual_question set reason = 'period_missing' where answer is not null`, row: `select 'accrual_question ' || min(id) as place from accrual_question` },
  { what: 'a question about another relation', rule: 'questions', sql: `update referral set invitee_id = inviter_id, inviter_id = invitee_id`, row: `select 'accrual_question ' || min(id) as place from accrual_question` },
])('$what is found by the rule $rule at its row', async ({ sql, rule, row }) => {
  await client.query('begin')
  await client.query(sql)
  const { rows } = await client.query<{ place: string }>(row)
  const found = await faults()
  await client.query('rollback')
  expect(found).toContain(`${rule} ${rows[0]?.place}`)
})
