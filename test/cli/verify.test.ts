// `ringfence verify` as an operator runs it: what it prints, and exit codes that a nightly job can trust.

import { expect, test } from 'vitest'
import { register } from '../../src/cli/verify.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { runRegistered } from './run-registered.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { owner } = given
const { account, recharge, signUp } = await makeProgramme(given, apiyi)
const [inviter, invitee] = [await account('c1'), await account('c2')]
await signUp(invitee, inviter)
await recharge('c', invitee, '100')

const verify = (...parameters: string[]) => runRegistered(given, register, ['verify', ...parameters])

test('books that hold end with exit code 0 and the newest act, to be kept elsewhere', async () => {
  const { code, printed } = await verify()
  expect(code).toBe(0)
  expect(printed).toMatch(/^Verified 2 transfers, 4 entries, 1 rebates, 1 referrals, \d+ acts by \d+ rules\.\nEverything holds\.\nNewest act: \d+ [0-9a-f]{64}$/)
})

test('a wrong row ends with exit code 1 and is named, for people and for machines', async () => {
  const client = await owner.pool.connect()
  await client.query('set session_replication_role = replica')
  await client.query(`update book_account set balance = balance + 7 where kind = 'reward_available'`)
  const { rows } = await client.query<{ id: string }>(`select id from book_account where kind = 'reward_available'`)
  const text = await verify()
  expect(text.code).toBe(1)
  expect(text.printed).toContain(`WRONG  book_account ${rows[0]?.id}: it shows 5000007 at version 1; its entries are 1 and sum to 5000000.`)
  const json = await verify('--json')
  expect(json.code).toBe(1)
  expect(JSON.parse(json.printed)).toMatchObject({ ok: false, faults: [{ rule: 'balances', place: `book_account ${rows[0]?.id}` }] })
  await client.query(`update book_account set balance = balance - 7 where kind = 'reward_available'`)
  await client.query('set session_replication_role = origin')
  client.release()
})
