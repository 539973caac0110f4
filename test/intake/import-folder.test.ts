// What an import promises: repeating it, killing it and shuffling its rows change nothing; what the books cannot pay on is kept as
// a fact; what cannot be read is refused by line; and the books balance against the opening account.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { detect } from '../../scoring/detect.ts'
import { generalModel } from '../../scoring/model/general.ts'
import type { Refusal } from '../../src/folders/refusals.ts'
import { type ImportResult, importFolder } from '../../src/intake/import-folder.ts'
import { loadPopulation } from '../../src/population/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { type TestDatabase, useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'
import { factsInDatabase } from './facts-in-database.ts'

const whole = await useDatabase()
const killed = await useDatabase()
const shuffled = await useDatabase()
const small = await useDatabase()
const folders = new Folders()
let world = ''

beforeAll(async () => {
  await folders.open()
  world = folders.path('world')
  writeWorld(generateWorld({ world: 'campus', seed: 5, accounts: 300 }), world)
})
afterAll(() => folders.close())

function load({ database, keys }: TestDatabase, directory: string, more: { isStrict?: boolean; onRefusal?: (refusal: Refusal) => void } = {}): Promise<ImportResult> {
  return importFolder(database, directory, { keys, clock: { now: () => new Date('2027-01-01T00:00:00Z') }, actorId: 1n, program: 'main', ...more })
}

/** Starts an import in a process of its own and kills it once it has said `lines` lines, unless it ends before. */
async function importAndKill(lines: number): Promise<'killed' | 'done'> {
  const script = join(import.meta.dirname, 'import-process.ts')
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, killed.url, world], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let said = 0
  let isDone = false
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface(child.stdout)) {
    said++
    isDone = line === 'done'
    if (said === lines && !isDone) child.kill('SIGKILL')
  }
  await ended
  return isDone ? 'done' : 'killed'
}

async function shuffleRows(directory: string, target: string): Promise<void> {
  const files = ['accounts', 'referrals', 'clicks', 'transactions', 'observations', 'rebates', 'payouts']
  const contents: Record<string, string> = {}
  for (const file of files) {
    const text = await readFile(join(directory, `${file}.csv`), 'utf8').catch(() => null)
    if (text === null) continue
    const [header = '', ...rows] = text.trimEnd().split('\n')
    let state = 12_345
    const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff)
    contents[`${file}.csv`] = [header, ...rows.map((row) => ({ row, key: next() })).sort((left, right) => left.key - right.key).map(({ row }) => row)].join('\n')
  }
  const folder = await folders.write(contents)
  for (const name of Object.keys(contents)) await writeFile(join(target, name), await readFile(join(folder, name)))
}

describe('an import', () => {
  test('twice is once', async () => {
    expect((await load(whole, world)).ok).toBe(true)
    const once = await factsInDatabase(whole.database)
    expect(once.observations?.length).toBeGreaterThan(1_000)
    expect(once.rebates?.length).toBeGreaterThan(10)
    expect(once.positions?.length).toBeGreaterThan(10)
    const again = await load(whole, world)
    expect(again.ok && again.summary.counts).toMatchObject({ openings: 0, accrued: 0, codesTaken: 0 })
    expect(await factsInDatabase(whole.database)).toEqual(once)
  })

  test('that is killed again and again and then run to its end leaves the facts and the books of one that was not', async () => {
    const ends: string[] = []
    for (const lines of [3, 7, 11]) ends.push(await importAndKill(lines))
    expect(ends).toEqual(['killed', 'killed', 'killed'])
    expect(await importAndKill(Infinity)).toBe('done')
    expect(await factsInDatabase(killed.database)).toEqual(await factsInDatabase(whole.database))
  }, 180_000)

  test('of shuffled rows gives the same relations and the same detection', async () => {
    const directory = folders.path('shuffled')
    writeWorld(generateWorld({ world: 'campus', seed: 5, accounts: 300 }), directory)
    await shuffleRows(world, directory)
    await load(shuffled, directory)
    const [one, other] = [await factsInDatabase(whole.database), await factsInDatabase(shuffled.database)]
    for (const name of ['accounts', 'identifiers', 'observations', 'events', 'referrals', 'facts', 'positions', 'balances']) expect(other[name], name).toEqual(one[name])
    const scores = async ({ database }: TestDatabase): Promise<string[]> => {
      const loaded = await loadPopulation(database)
      const names = new Map((await database.prisma.accountIdentity.findMany()).map((row) => [Number(row.accountId), row.externalId]))
      return Array.from(detect(loaded.population, { model: generalModel }).accounts.score, (score, index) =>
        `${names.get(loaded.accountIds[index] ?? 0)} ${score}`).sort()
    }
    expect(await scores(shuffled)).toEqual(await scores(whole))
  })

  test('posts every opening entry against the opening account, and to the unit', async () => {
    const [row] = await whole.database.prisma.$queryRaw<{ members: bigint; platform: bigint }[]>`
      SELECT sum(balance) FILTER (WHERE account_id IS NOT NULL)::bigint AS members, sum(balance) FILTER (WHERE account_id IS NULL)::bigint AS platform FROM book_account`
    expect(row?.members).toBeGreaterThan(0n)
    expect(row?.platform).toBe(-(row?.members ?? 0n))
    await expectBooksToBalance(whole.owner)
    expect(await whole.database.prisma.transfer.count({ where: { kind: { not: 'opening' } } })).toBe(0)
    expect(await whole.database.prisma.rebate.count({ where: { kind: { not: 'opening' } } })).toBe(0)
  })
})

describe('rows that the books cannot pay on', () => {
  test('self-referrals, cycles and second inviters are kept as facts, by time and not by row', async () => {
    const directory = await folders.write({
      'accounts.csv': `account_id,created_at\n${['a', 'b', 'c', 'd'].map((id) => `${id},2026-01-01T00:00:00Z`).join('\n')}\n`,
      'referrals.csv': ['inviter_id,invitee_id,created_at',
        'c,b,2026-01-09T00:00:00Z', 'd,d,2026-01-02T00:00:00Z', 'b,c,2026-01-03T00:00:00Z', 'c,a,2026-01-04T00:00:00Z', 'a,b,2026-01-02T00:00:00Z', 'd,c,2026-01-05T00:00:00Z',
      ].join('\n'),
    })
    const result = await load(small, directory)
    expect(result.ok && result.summary.counts.notPayable).toEqual({ self_referral: 1, second_inviter: 2, cycle: 1 })
    const facts = (await factsInDatabase(small.database)).facts?.map((line) => line.split('|').slice(1, 3).join('>') + (/self_referral|second_inviter|cycle/.exec(line)?.[0] ?? ''))
    expect(facts?.sort()).toEqual(['a>b', 'b>c', 'c>acycle', 'c>bsecond_inviter', 'd>csecond_inviter', 'd>dself_referral'])
    expect(await small.database.prisma.referral.count()).toBe(2)
  })

  test('a later import is judged beside the relations that exist, whose standing stays', async () => {
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at\na,2026-01-01T00:00:00Z\nb,2026-01-01T00:00:00Z\nc,2026-01-01T00:00:00Z\ne,2026-01-01T00:00:00Z\n',
      'referrals.csv': 'inviter_id,invitee_id,created_at\ne,b,2025-12-01T00:00:00Z\nc,e,2026-01-04T00:00:00Z\na,b,2026-01-02T00:00:00Z\n',
    })
    const result = await load(small, directory)
    expect(result.ok && result.summary.counts.notPayable).toEqual({ self_referral: 0, second_inviter: 1, cycle: 0 })
    expect((await factsInDatabase(small.database)).referrals?.map((line) => line.split('|').slice(1, 3).join('>')).sort()).toEqual(['a>b', 'b>c', 'c>e'])
  })
})

describe('rows that cannot be read', () => {
  test('are refused with file, line, column and reason while the rest is loaded', async () => {
    const refusals: Refusal[] = []
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at\nf,2026-01-01T00:00:00Z\ng,2026-01-01\n',
      'observations.csv': 'account_id,kind,value\nf,payment,4111111111111111\nf,device,abc-def-ghi-jkl\nnobody,device,abc-def-ghi-jkl\n',
      'transactions.csv': 'transaction_id,account_id,type,amount,currency,occurred_at\nt1,f,recharge,-3,USD,2026-01-02T00:00:00Z\nt2,f,recharge,3,USD,2026-01-02T00:00:00Z\n',
      'balances.csv': 'account_id,book_account,asset,amount,as_of\nf,piggy_bank,USD,3,2026-01-02T00:00:00Z\nf,main_paid,USD,3,2026-01-02T00:00:00Z\n',
    })
    const result = await load(small, directory, { onRefusal: (refusal) => refusals.push(refusal) })
    expect(result.ok).toBe(true)
    expect(refusals.map(({ file, line, column, reason }) => `${file}:${line} ${column} ${reason}`).sort()).toEqual([
      'accounts.csv:3 created_at time_without_zone', 'balances.csv:2 book_account unknown_word', 'observations.csv:2 value raw_card_number',
      'observations.csv:4 account_id unknown_account', 'transactions.csv:2 amount amount_negative',
    ])
    const facts = await factsInDatabase(small.database)
    expect(JSON.stringify(facts)).not.toContain('4111111111111111')
    expect(facts.observations?.filter((line) => line.startsWith('f|'))).toHaveLength(1)
    expect(facts.balances).toContain('f|main_paid|USD|3000000')
  })

  test('an id that comes back with other content is refused, also in a later import, and the first content stays', async () => {
    const refusals: Refusal[] = []
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at\nf,2026-01-01T00:00:00Z\n',
      'transactions.csv': 'transaction_id,account_id,type,amount,currency,occurred_at\nt2,f,recharge,30,USD,2026-01-02T00:00:00Z\n',
    })
    const result = await load(small, directory, { onRefusal: (refusal) => refusals.push(refusal) })
    expect(result.ok && Object.fromEntries(result.summary.reading.refusals)).toEqual({ duplicate_id: 1 })
    expect(refusals).toMatchObject([{ file: 'transactions.csv', line: 2, column: 'transaction_id', reason: 'duplicate_id' }])
    expect((await small.database.prisma.event.findMany()).map((event) => event.amount)).toEqual([3_000_000n])
  })

  test('a strict import stops at the first of them and keeps what was stored before', async () => {
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at\nh,2026-01-01T00:00:00Z\n',
      'observations.csv': 'account_id,kind,value\nh,ip,not an address\nh,device,abc-def-ghi-jkl\n',
    })
    const result = await load(small, directory, { isStrict: true })
    expect(result).toMatchObject({ ok: false, refusal: { file: 'observations.csv', line: 2, column: 'value', reason: 'not_an_address' } })
    expect(await small.database.prisma.accountIdentity.count({ where: { externalId: 'h' } })).toBe(1)
    expect((await factsInDatabase(small.database)).observations?.filter((line) => line.startsWith('h|'))).toEqual([])
  })
})
