// Exports: RFC 4180, no formula in text and no apostrophe in a number, one page of rows in memory, and a connection that comes back
// whoever stops when. Method: a table of cells, 50,000 entries through the cursor, and readers that leave.

import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'csv-parse/sync'
import { apiyi } from '../../src/programs/index.ts'
import { type ExportContent, type ExportOrder, openExport, readHistory, readHistoryPlace, unitsText } from '../../src/statements/index.ts'
import { PAGE_ROWS, readPages } from '../../src/statements/row-cursor.ts'
import { type Column, writeTable } from '../../src/statements/write-table.ts'
import { formatAmount } from '../../src/base/money.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from '../programs/programme.ts'
import { type BigMember, makeBigMember } from './big-member.ts'

const given = await useDatabase()
const { clock, database, keys, owner } = given
const { programId } = await makeProgramme(given, apiyi)
const exporter = { database, keys, clock, actorId: 1n }
const whole = { startsAt: new Date('2020-01-01T00:00:00Z'), endsAt: new Date('2030-01-01T00:00:00Z') }
let member: BigMember

beforeAll(async () => {
  const version = await database.prisma.programVersion.findFirstOrThrow({ where: { programId } })
  const batch = await database.prisma.batch.findFirstOrThrow()
  member = await makeBigMember(owner, { programId, versionId: version.id, batchId: batch.id, rebates: 23_000, invitees: 40, rebatesPerTransfer: 1_000 })
})

async function exported(content: ExportContent, more: Partial<ExportOrder> = {}): Promise<string> {
  const result = await openExport(exporter, { content, format: 'csv', language: 'en', byteOrderMark: false, reason: 'a test', ...more })
  if (!result.ok) throw new Error(result.reason)
  let text = ''
  for await (const chunk of result.export.chunks) text += chunk
  return text
}

async function* pagesOf<Row>(...pages: Row[][]): AsyncGenerator<Row[], void, void> {
  for (const page of pages) yield await Promise.resolve(page)
}

async function written<Row>(columns: readonly Column<Row>[], pages: Row[][], options: Partial<ExportOrder> = {}): Promise<string> {
  let text = ''
  for await (const chunk of writeTable(columns, pagesOf(...pages), { format: 'csv', language: 'en', byteOrderMark: false, ...options })) text += chunk
  return text
}

describe('a cell', () => {
  const textColumn: Column<string>[] = [{ name: 'cell', chinese: '单元格', type: 'text', value: (row) => row }]
  test.each([
    ['=1+1', `'=1+1`], ['+1', `'+1`], ['-1', `'-1`], ['@SUM(A1)', `'@SUM(A1)`], ['\t=1', `"'\t=1"`], ['\r=1', `"'\r=1"`], ['\n=1', `"'\n=1"`], ['=cmd|"/C calc"!A0', `"'=cmd|""/C calc""!A0"`],
    ['＝1', `'＝1`], ['a=1', 'a=1'], ['a,b', '"a,b"'], ['a"b', '"a""b"'], ['a\r\nb', '"a\r\nb"'], ['奖励金划转', '奖励金划转'], ['', ''], [' =1', ' =1'],
  ])('of text %j is written as %j', async (cell, expected) => {
    expect(await written(textColumn, [[cell]])).toBe(`cell\r\n${expected}\r\n`)
  })

  const amountColumn: Column<string | null>[] = [{ name: 'amount', chinese: '金额', type: 'amount', value: (row) => row }]
  test.each(['-5.25', '-0.000001', '0', '12', '1000000000000.000001'])('of an amount %s stays a number', async (cell) => {
    expect(await written(amountColumn, [[cell]])).toBe(`amount\r\n${cell}\r\n`)
  })

  test('of numbers holds nothing but a number', async () => {
    for (const cell of ['=1', '1e9', '+1', '1,5', '', ' 1']) await expect(written(amountColumn, [[cell]])).rejects.toThrow(/holds something else/)
    expect(await written(amountColumn, [[null]])).toBe('amount\r\n\r\n')
  })

  test.each([['0', 6], ['1', 6], ['-1', 6], ['1500000', 6], ['-1500000', 6], ['123456789012', 6], ['-10000000', 6], ['7', 0], ['-7', 0]] as const)('in units is exact: %s with %i places', (smallest, exponent) => {
    expect(unitsText(smallest, exponent)).toBe(formatAmount(BigInt(smallest), exponent))
  })
})

describe('a file', () => {
  const columns: Column<{ name: string; amount: string }>[] = [
    { name: 'name', chinese: '名称', type: 'text', value: (row) => row.name }, { name: 'amount', chinese: '金额', type: 'amount', value: (row) => row.amount },
  ]
  const rows = [[{ name: 'a', amount: '-1' }, { name: 'b', amount: '2' }], [{ name: 'c', amount: '3.5' }]]

  test('has a byte order mark and Chinese headers where they are asked for', async () => {
    expect(await written(columns, rows, { language: 'zh-CN', byteOrderMark: true })).toBe('\uFEFF名称,金额\r\na,-1\r\nb,2\r\nc,3.5\r\n')
  })

  test('is one JSON value per line, or one array, with amounts as strings', async () => {
    const lines = await written(columns, rows, { format: 'ndjson' })
    expect(lines.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)).toEqual(rows.flat())
    expect(JSON.parse(await written(columns, rows, { format: 'json' }))).toEqual(rows.flat())
  })

  test.each([['csv', 'name,amount\r\n'], ['ndjson', ''], ['json', '[]\n']] as const)('without a row is still a whole %s', async (format, expected) => {
    expect(await written(columns, [], { format })).toBe(expected)
  })
})

describe('50,000 lines', () => {
  test('come through a cursor, never more than a page at a time', async () => {
    const pages: number[] = []
    let fetches = 0
    const connect = database.pool.connect.bind(database.pool)
    const watched = { pool: Object.assign(Object.create(database.pool) as typeof database.pool, {
      connect: async () => {
        const client = await connect()
        const query = client.query.bind(client) as (...parameters: unknown[]) => Promise<{ rows: unknown[] }>
        return Object.assign(Object.create(client) as typeof client, {
          query: async (...parameters: unknown[]) => {
            const result = await query(...parameters)
            if (JSON.stringify(parameters[0]).includes('fetch')) fetches += 1
            expect(result.rows?.length ?? 0).toBeLessThanOrEqual(PAGE_ROWS)
            return result
          },
          release: (broken?: boolean) => client.release(broken),
        })
      },
    }) }
    for await (const page of readPages(watched, { text: 'select e.id, e.amount from entry e order by e.id', values: [] })) pages.push(page.length)
    const lines = pages.reduce((sum, page) => sum + page, 0)
    expect(lines).toBeGreaterThanOrEqual(50_000)
    expect(Math.max(...pages)).toBe(PAGE_ROWS)
    expect(fetches).toBe(Math.floor(lines / PAGE_ROWS) + 1)
  })

  test('are written in pieces of a page, every entry once, and add up to the statement', async () => {
    const result = await openExport(exporter, { content: { kind: 'entries', programId, period: whole }, format: 'csv', language: 'en', byteOrderMark: false, reason: 'a test' })
    if (!result.ok) throw new Error(result.reason)
    const chunks: string[] = []
    for await (const chunk of result.export.chunks) chunks.push(chunk)
    const rows = parse(chunks.join(''), { columns: true }) as { entry_id: string; amount: string; column: string; account: string }[]
    expect(rows.length).toBe(await database.prisma.entry.count())
    expect(chunks.length).toBe(Math.ceil(rows.length / PAGE_ROWS))
    expect(new Set(rows.map((row) => row.entry_id)).size).toBe(rows.length)
    const lines = parse(await exported({ kind: 'statement', scope: { programId, accountId: null }, period: whole }), { columns: true }) as Record<string, string>[]
    for (const column of ['accrued', 'transferred', 'reversed']) {
      const sum = rows.filter((row) => row.column === column && row.account === 'main_reward').reduce((total, row) => total + BigInt(row.amount), 0n)
      expect(lines.find((line) => line['account'] === 'main_reward')?.[column], column).toBe(sum.toString())
    }
  })
})

describe('a member’s history', () => {
  test('is exported whole: every rebate and transfer with its source, its amounts per state adding up', async () => {
    const rows = parse(await exported({ kind: 'history', programId, accountId: member.accountId, period: null }), { columns: true }) as Record<string, string>[]
    const rebates = rows.filter((row) => row['type'] === 'rebate')
    expect(rebates.length).toBe(member.rebates)
    expect(rows.filter((row) => row['type'] === 'reward_transfer').every((row) => row['type_name'] === 'Reward Transfer / 奖励金划转' && row['source'] === 'u***')).toBe(true)
    expect(rows.filter((row) => row['type'] === 'reward_transfer').length).toBe(Math.floor(member.rebates / 10))
    const places = ['pending', 'held', 'available', 'transferred', 'held_in_main', 'in_transit', 'spent', 'paid_out', 'expired', 'reversed', 'reclaimed']
    for (const row of rebates) expect(places.reduce((sum, place) => sum + Number(row[place]), 0)).toBe(Number(row['amount']))
    expect(rebates.filter((row) => row['reversed'] === '5').length).toBe(Math.floor(member.rebates / 50))
    expect(rows.map((row) => row['at'])).toEqual(rows.map((row) => row['at'] ?? '').toSorted())
  })

  test('is read in pages to its end, however much lies between two of its lines', async () => {
    const ids: string[] = []
    for (let next: string | null = ''; next !== null;) {
      const page = await readHistory(database.prisma, { programId, accountId: member.accountId }, { types: ['reward_transfer'], limit: 100, after: next === '' ? undefined : readHistoryPlace(next) })
      ids.push(...page.lines.map(({ id }) => id))
      next = page.next
    }
    // After the transfers, the same book account has the entries of the reversals.
    expect([ids.length, new Set(ids).size]).toEqual([Math.floor(member.rebates / 10), ids.length])
  })

  test('names no other account', async () => {
    const names = (await database.prisma.accountIdentity.findMany({ select: { externalId: true } })).map(({ externalId }) => externalId)
    for (const content of [{ kind: 'history', programId, accountId: member.accountId, period: null }, { kind: 'invitees', programId, accountId: member.accountId }] as const) {
      const text = await exported(content, { format: 'ndjson' })
      expect(names.filter((name) => text.includes(name))).toEqual([])
      expect(text).not.toMatch(/"(account|account_id|invitee|invitee_id|inviter_id|event_id)"/)
    }
  })

  test('can be limited to a type and a period', async () => {
    const rows = parse(await exported({ kind: 'history', programId, accountId: member.accountId, types: ['reward_transfer'], period: { startsAt: new Date('2025-01-15T00:00:00Z'), endsAt: new Date('2025-02-25T00:00:00Z') } }), { columns: true }) as Record<string, string>[]
    expect(new Set(rows.map((row) => row['type']))).toEqual(new Set(['reward_transfer']))
    expect(rows.every((row) => (row['at'] ?? '') >= '2025-01-15' && (row['at'] ?? '') < '2025-02-25')).toBe(true)
  })
})

describe('whoever stops reading', () => {
  const rowsOf = { text: 'select * from entry order by id', values: [] }
  const isIdle = (): boolean => database.pool.idleCount === database.pool.totalCount && database.pool.waitingCount === 0

  test('midway gives the connection back without an open transaction', async () => {
    for (let round = 0; round < 20; round++) {
      for await (const page of readPages(database, rowsOf, 10)) {
        expect(page.length).toBe(10)
        break
      }
    }
    expect(isIdle()).toBe(true)
    const { rows } = await owner.pool.query(`select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
    expect(rows).toEqual([])
  })

  test('before the first row takes no connection', async () => {
    const pages = readPages(database, rowsOf)
    await pages.return()
    expect(isIdle()).toBe(true)
  })

  test('because the query fails gives the connection back too', async () => {
    await expect(readPages(database, { text: 'select 1 / 0 from entry', values: [] }).next()).rejects.toThrow(/division by zero/)
    await expect(readPages(database, { text: 'select nothing', values: [] }).next()).rejects.toThrow(/nothing/)
    expect(isIdle()).toBe(true)
  })

  test('midway sees one moment of the books: what is posted meanwhile is not in it', async () => {
    const before = await database.prisma.account.count()
    let seen = 0
    for await (const page of readPages(database, { text: 'select id from account order by id', values: [] }, 10)) {
      if (seen === 0) await database.prisma.account.create({ data: { identityDigest: new Uint8Array(1), recordedAt: clock.now(), batchId: (await database.prisma.batch.findFirstOrThrow()).id } })
      seen += page.length
    }
    expect(seen).toBe(before)
  })
})

test('every export leaves an act with its reason', async () => {
  await exported({ kind: 'invitees', programId, accountId: member.accountId }, { reason: 'asked for by the member' })
  await exported({ kind: 'entries', programId: null, period: whole }, { reason: 'audit of the year' })
  const acts = await database.prisma.act.findMany({ where: { kind: 'exported' }, orderBy: { sequence: 'desc' }, take: 2, include: { actBody: true } })
  expect(acts.map(({ objectKind, objectId }) => [objectKind, objectId])).toEqual([['platform', 'all'], ['account', member.accountId.toString()]])
  expect(JSON.stringify(acts.map(({ actBody }) => actBody?.body))).toContain('asked for by the member')
})
