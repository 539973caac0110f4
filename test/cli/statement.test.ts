// `ringfence statement` as finance runs it: a month is exported, compared with the bank's list and closed; exit codes tell scripts what was found.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Command, CommanderError } from 'commander'
import { parse } from 'csv-parse/sync'
import { beforeAll, expect, test } from 'vitest'
import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import { register } from '../../src/cli/statement.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { database, keys, clock, owner } = given
const { account, programId, recharge, refund, signUp, transfer } = await makeProgramme(given, apiyi)
const directory = mkdtempSync(join(tmpdir(), 'ringfence-statement-'))
const file = (name: string): string => join(directory, name)

beforeAll(async () => {
  const [inviter, friend] = [await account('ada'), await account('=cmd')]
  await signUp(friend, inviter)
  await recharge('r1', friend, '100')
  await transfer(inviter, '2')
  await refund('r2', 'r1', friend, '10')
  clock.set(new Date('2026-07-01T00:00:00Z'))
})

async function run(...parameters: string[]): Promise<{ code: number; printed: string }> {
  const printed: string[] = []
  let code = 0
  const program = new Command().exitOverride().configureOutput({ writeErr: (text) => printed.push(text), writeOut: (text) => printed.push(text) })
  register(program, {
    config: parseConfig({}), clock, log: createLog('silent'), monotonicSeconds: () => 0, peakMemoryBytes: () => 0,
    print: (text) => printed.push(text), printError: (text) => printed.push(text), isTerminal: false,
    progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: async () => ({ database, keys, close: async () => undefined }),
    stopRequested: () => Promise.resolve(),
    exit: (exitCode) => {
      code = exitCode
    },
  })
  try {
    await program.parseAsync(['statement', ...parameters], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    code = 2
  }
  return { code, printed: printed.join('\n') }
}

test('a statement is written as a file that a spreadsheet opens, in units, with negative amounts as numbers', async () => {
  const { code, printed } = await run('program', '--program', 'apiyi', '--what', 'statement', '--month', '2026-06', '--out', file('june.csv'), '--reason', 'month close')
  expect([code, printed]).toEqual([0, `Wrote ${file('june.csv')}.`])
  const rows = parse(readFileSync(file('june.csv')), { columns: true }) as Record<string, string>[]
  expect(rows.find((row) => row['account'] === 'reward_available')).toMatchObject({ asset: 'USD', opening: '0', accrued: '5', transferred: '-2', reversed: '-0.5', closing: '2.5' })
})

test('every entry is written, compressed, and the names of people are no formulas', async () => {
  const { code } = await run('program', '--platform', '--what', 'entries', '--month', '2026-06', '--out', file('june.csv.gz'), '--reason', 'audit', '--language', 'zh-CN', '--byte-order-mark')
  expect(code).toBe(0)
  const text = gunzipSync(readFileSync(file('june.csv.gz'))).toString()
  expect(text.startsWith('\uFEFF分录编号,')).toBe(true)
  expect(text).toContain(`'=cmd-${programId}`)
  expect(text).not.toMatch(/,=cmd/)
})

test('a member’s history is written without other people', async () => {
  const { code } = await run('member', `ada-${programId}`, '--program', 'apiyi', '--what', 'history', '--format', 'json', '--out', file('ada.json'), '--reason', 'asked by the member')
  expect(code).toBe(0)
  const rows = JSON.parse(readFileSync(file('ada.json'), 'utf8')) as Record<string, unknown>[]
  expect(rows.map((row) => [row['type'], row['amount'], row['source']])).toEqual([['rebate', '5', '=***'], ['reward_transfer', '2', '=***']])
})

test('a month is closed once, and its digest stays', async () => {
  const closing = async () => run('close', '--program', 'apiyi', '--month', '2026-06', '--reason', 'month close')
  let first = await closing()
  while (first.printed.includes('still running')) first = await closing()
  expect([first.code, (await closing()).printed]).toEqual([0, first.printed])
  const digest = /Digest: ([0-9a-f]{64})$/.exec(first.printed)?.[1] ?? ''
  expect((await run('periods', '--program', 'apiyi')).printed).toContain(digest)
  expect((await run('close', '--program', 'apiyi', '--month', '2026-07', '--reason', 'early')).code).toBe(1)
})

test('what the bank paid is compared with what the books paid', async () => {
  writeFileSync(file('bank.csv'), '\uFEFFReference,Amount,Fee\r\nRF1-95,25.00,\r\n')
  const answer = await run('tie-out', file('bank.csv'), '--program', 'apiyi', '--method', 'bank', '--asset', 'USD', '--month', '2026-06')
  expect([answer.code, answer.printed]).toEqual([1, '0 matched, 0 different, 0 missing, 1 unknown, 0 repeated.\nunknown    RF1-95: list 25, not paid in the books in this period'])
  writeFileSync(file('bank.csv'), 'reference,amount\n')
  expect((await run('tie-out', file('bank.csv'), '--program', 'apiyi', '--method', 'bank', '--asset', 'USD', '--month', '2026-06')).code).toBe(0)
  writeFileSync(file('bank.csv'), 'reference,amount\nRF1-95,=1+1\n')
  expect(await run('tie-out', file('bank.csv'), '--program', 'apiyi', '--method', 'bank', '--asset', 'USD', '--month', '2026-06')).toMatchObject({ code: 2, printed: expect.stringContaining('Line 2') as string })
})

test('books that do not close are named, and nothing is written', async () => {
  await owner.pool.query(`update position set amount = amount - 1 where amount > 1`)
  const answer = await run('program', '--program', 'apiyi', '--what', 'statement', '--month', '2026-06', '--out', file('wrong.csv'), '--reason', 'month close')
  expect(answer.code).toBe(1)
  expect(answer.printed).toMatch(/reward_available USD: computed 2500000, found 2499999, difference -1/)
  await owner.pool.query(`update position set amount = amount + 1 where amount > 1`)
  expect(readdirSync(directory).filter((name) => name.includes('wrong') || name.includes('partial'))).toEqual([])
})

test.each([
  [['program', '--what', 'statement', '--month', '2026-06', '--out', 'x', '--reason', 'y'], 'Give --program or --platform'],
  [['program', '--program', 'nobody', '--what', 'statement', '--month', '2026-06', '--out', 'x', '--reason', 'y'], 'There is no program nobody'],
  [['program', '--program', 'apiyi', '--what', 'statement', '--out', 'x', '--reason', 'y'], 'Give the period'],
  [['program', '--program', 'apiyi', '--what', 'statement', '--month', 'June', '--out', 'x', '--reason', 'y'], 'A period is --month'],
  [['program', '--program', 'apiyi', '--what', 'statement', '--month', '2026-06', '--out', 'x'], '--reason'],
  [['member', 'nobody', '--program', 'apiyi', '--what', 'history', '--out', 'x', '--reason', 'y'], 'There is no account named nobody'],
])('wrong use %j is said with exit code 2', async (parameters, sentence) => {
  const { code, printed } = await run(...parameters)
  expect([code, printed.includes(sentence)]).toEqual([2, true])
})
