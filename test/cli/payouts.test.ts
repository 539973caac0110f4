// `ringfence payouts` as finance runs it: the queue, two persons, the bank's file and its confirmation, the yearly export.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { processorOf } from '../../src/cli/payout-processor.ts'
import { referenceOf } from '../../src/payouts/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { cashProgram, makeCashProgramme, toBank } from '../payouts/payout-programme.ts'
import { ran } from './review-commands.ts'

const test_ = await useDatabase()
const programme = await makeCashProgramme(test_, { ...cashProgram({ movement: { rewardTransfer: 'none', payout: { methods: ['bank'] } } }), key: 'cash' })
const folder = mkdtempSync(join(tmpdir(), 'ringfence-payouts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const payouts = (...parameters: string[]) => ran(test_, 'payouts', ...parameters)

test('a payout goes from the queue to the bank and back', async () => {
  const payee = await programme.member('ann', toBank('DE89370400440532013000'))
  await programme.earn(payee, '50')
  const asked = await programme.ask(payee, '30')
  if (!asked.ok) throw new Error(asked.reason)
  const id = asked.payout.id.toString()
  expect((await payouts('list', 'cash', '--state', 'requested')).printed).toBe(`${id}  requested  30 USD to DE …3000, asked 2026-06-01T12:00:00.000Z`)
  expect(await payouts('approve', id, '--as', 'dana')).toMatchObject({ code: 0, printed: `Payout ${id} is approved.` })
  expect(await payouts('approve', id, '--as', 'lee')).toMatchObject({ code: 1, complained: 'Refused (not_waiting): not waiting' })
  const made = JSON.parse((await payouts('batch', 'cash', '--as', 'dana', '--json')).printed) as { batch_id: string; totals: unknown }
  expect(made.totals).toEqual([{ asset: 'USD', payouts: 1, gross: '30', withheld: '0' }])
  const [file, again, confirmation, year] = ['orders.csv', 'again.csv', 'confirmation.csv', 'year.csv'].map((name) => join(folder, name)) as [string, string, string, string]
  expect((await payouts('release', made.batch_id, '--out', file, '--as', 'dana')).complained).toBe('Refused (same_person): same person')
  expect(await payouts('release', made.batch_id, '--out', file, '--as', 'lee')).toMatchObject({ code: 0, printed: `Batch ${made.batch_id} released: 1 payouts, 30 USD.` })
  expect(readFileSync(file, 'utf8')).toContain(`${referenceOf(asked.payout.id)},A Payee,DE89370400440532013000`)
  expect(statSync(file).mode & 0o077).toBe(0)
  await payouts('file', made.batch_id, '--out', again, '--reason', 'the bank lost it', '--as', 'lee')
  expect(readFileSync(again)).toEqual(readFileSync(file))
  writeFileSync(confirmation, `reference,status,amount,fee,date\n${referenceOf(asked.payout.id)},paid,29.5,0.5,2026-06-01\nRF9-9,paid,1,0,2026-06-01\n`)
  expect(await payouts('confirm', 'cash', confirmation, '--as', 'dana')).toMatchObject({ code: 1, printed: `line 2: ${referenceOf(asked.payout.id)} applied\nline 3: RF9-9 unknown_reference` })
  await payouts('export', 'cash', '2026', '--out', year, '--reason', 'tax forms', '--as', 'dana')
  expect(readFileSync(year, 'utf8')).toBe(`year,account,asset,payouts,gross,withheld,net,fee\n2026,ann-${programme.programId},USD,1,30,0,29.5,0.5\n`)
  expect((await payouts('debts', 'cash')).printed).toBe('Nobody owes anything.')
  expect((await payouts('send')).complained).toBe('Refused (no_processor): no processor')
  await expectBooksToBalance(test_.owner)
})

test('a processor needs both of its secrets, and says so without repeating one', () => {
  expect(processorOf({})).toBeNull()
  expect(() => processorOf({ RINGFENCE_STRIPE_KEY: 'sk_test_1' })).toThrow('given together')
  expect(processorOf({ RINGFENCE_STRIPE_KEY: 'sk_test_1', RINGFENCE_STRIPE_WEBHOOK_SECRET: 'whsec_1', RINGFENCE_STRIPE_URL: 'http://127.0.0.1:12111' })).toMatchObject({ method: 'stripe' })
})
