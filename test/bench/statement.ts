// `npm run bench -- statement [rebates] [rounds]`: pages and the export of a member with 100,000 rebates, against the database's own SELECT of the
// same rows through the same driver. Both are measured in turn within one run, so that the ratio holds on any machine.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '../../src/base/clock.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import type { KeyRing } from '../../src/base/keys.ts'
import { migrate } from '../../src/base/migrations.ts'
import { publishProgram } from '../../src/policies/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { type HistoryPage, HISTORY_TYPES, type Member, openExport, readFigures, readHistory, readHistoryPlace, readInvitees } from '../../src/statements/index.ts'
import { historyQuery } from '../../src/statements/member-exports.ts'
import { makeBigMember } from '../statements/big-member.ts'
import { print, table } from './command.ts'

const key = (letter: string) => [{ id: 1, secret: Buffer.from(letter.repeat(64), 'hex') }]
const keys: KeyRing = { identifiers: key('a'), sealing: key('b'), chain: key('c'), tokens: key('d') }
const PAGES = 300

export async function benchStatement([rebatesText = '100000', roundsText = '20']: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'))
  const server = await startEmbeddedPostgres(join(directory, 'data'))
  await server.createDatabase('bench')
  await migrate(server.url('bench'), join(import.meta.dirname, '..', '..', 'prisma', 'migrations'))
  const [database, owner] = [openDatabase(server.url('bench')), openDatabase(server.url('bench'), { role: null })]
  try {
    const member = await makeMember(owner, Number(rebatesText))
    const rows = [['what', 'median ms', 'p99 ms', 'SELECT median ms', 'SELECT p99 ms', 'ratio of p99']]
    rows.push(await pages(database, member), await firstPage(database, member), await invitees(database, member), await exports(database, member, Number(roundsText)))
    print(table(rows))
  } finally {
    await database.close()
    await owner.close()
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function makeMember(owner: Database, rebates: number): Promise<Member> {
  const clock = manualClock(new Date('2026-06-01T00:00:00Z'))
  const published = await publishProgram({ database: owner, keys, clock, actorId: 1n }, apiyi)
  if (!published.ok) throw new Error(published.reason)
  const { id: sourceId } = await owner.prisma.source.create({ data: { name: 'bench' } })
  const { id: batchId } = await owner.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
  // Others have as many again between them: the member's rows do not lie side by side.
  const made = await makeBigMember(owner, { programId: published.programId, versionId: published.versionIds[0] ?? 0n, batchId, rebates, invitees: 4_000, rebatesPerTransfer: 20, others: 200 })
  const { rows: [all] } = await owner.pool.query<{ rebates: string; entries: string }>('select (select count(*) from rebate) as rebates, (select count(*) from entry) as entries')
  print(`A member with ${made.rebates} rebates of ${all?.rebates}, in books of ${all?.entries} entries.\n`)
  return { programId: published.programId, accountId: made.accountId }
}

/** Pages of 50 all the way down, each beside the plain rows of its table. */
async function pages(database: Database, member: Member): Promise<string[]> {
  const [own, plain]: [number[], number[]] = [[], []]
  let after: string | null = null
  for (let page = 0; page < PAGES; page++) {
    const result: HistoryPage = await timed(own, () => readHistory(database.prisma, member, { types: ['rebate'], limit: 50, after: after === null ? undefined : readHistoryPlace(after) }))
    const first = result.lines[0]
    await timed(plain, () => database.pool.query({
      name: 'plain_page', text: 'select * from rebate where account_id = $1 and program_id = $2 and (occurred_at, id) <= ($3, $4) order by occurred_at desc, id desc limit 50',
      values: [member.accountId, member.programId, first?.at, first?.rebateId],
    }))
    after = result.next
    // Far apart, so that the pages are not those that were just read.
    for (let skipped = 0; skipped < 4 && after !== null; skipped++) after = (await readHistory(database.prisma, member, { types: ['rebate'], limit: 50, after: readHistoryPlace(after) })).next
    if (after === null) break
  }
  return rowOf('a page of 50 with its amounts per state', own, plain)
}

async function firstPage(database: Database, member: Member): Promise<string[]> {
  const [own, plain]: [number[], number[]] = [[], []]
  for (let round = 0; round < 60; round++) {
    await timed(own, async () => {
      await readFigures(database.prisma, member)
      await readHistory(database.prisma, member, { types: HISTORY_TYPES, limit: 50 })
    })
    await timed(plain, () => database.pool.query({
      name: 'plain_sum', text: `select asset, sum(amount) from rebate where account_id = $1 and program_id = $2 group by asset`, values: [member.accountId, member.programId],
    }))
  }
  return rowOf('the six figures with the first page (SELECT: the sum of the rebates)', own, plain)
}

async function invitees(database: Database, member: Member): Promise<string[]> {
  const [own, plain]: [number[], number[]] = [[], []]
  for (let round = 0; round < 100; round++) {
    await timed(own, () => readInvitees(database.prisma, member, { limit: 50 }))
    await timed(plain, () => database.pool.query({
      name: 'plain_invitees', text: `select f.*, (select sum(r.amount) from rebate r where r.referral_id = f.id) from referral f where inviter_id = $1 and program_id = $2 order by occurred_at desc, id desc limit 50`,
      values: [member.accountId, member.programId],
    }))
  }
  return rowOf('a page of 50 invitees (SELECT: with the sum of their rebates)', own, plain)
}

/** The whole history as CSV, beside the same query read without a cursor and thrown away. */
async function exports(database: Database, member: Member, rounds: number): Promise<string[]> {
  const [own, plain]: [number[], number[]] = [[], []]
  const exporter = { database, keys, clock: manualClock(new Date('2026-06-01T00:00:00Z')), actorId: 1n }
  const { text, values } = historyQuery(member, HISTORY_TYPES, null)
  let bytes = 0
  let lines = 0
  for (let round = 0; round < rounds; round++) {
    bytes = await timed(own, async () => {
      const result = await openExport(exporter, { content: { kind: 'history', ...member, period: null }, format: 'csv', language: 'en', byteOrderMark: false, reason: 'bench' })
      if (!result.ok) throw new Error(result.reason)
      let length = 0
      for await (const chunk of result.export.chunks) length += Buffer.byteLength(chunk)
      return length
    })
    lines = await timed(plain, async () => (await database.pool.query(text, [...values])).rows.length)
  }
  return rowOf(`the whole history as CSV, ${lines} lines, ${Math.round(bytes / 2 ** 20)} MiB`, own, plain)
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work()
  into.push(performance.now() - started)
  return result
}

function quantile(times: readonly number[], share: number): number {
  return times.toSorted((left, right) => left - right)[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? Number.NaN
}

function rowOf(what: string, own: readonly number[], plain: readonly number[]): string[] {
  const figure = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
  const [p99, plainP99] = [quantile(own, 0.99), quantile(plain, 0.99)]
  return [what, figure(quantile(own, 0.5)), figure(p99), figure(quantile(plain, 0.5)), figure(plainP99), (p99 / plainP99).toFixed(2)]
}
