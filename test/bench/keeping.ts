// `npm run bench -- keeping [rebates]`: how long it takes to seal, verify, back up and restore the books of a big programme, rule by rule.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import type { KeyRing } from '../../src/base/keys.ts'
import { migrate, MIGRATIONS_DIRECTORY } from '../../src/base/migrations.ts'
import { MORE_VERIFIERS } from '../../src/cli/verifiers.ts'
import { backUp, restore, sealPostings } from '../../src/keeping/index.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { publishProgram } from '../../src/policies/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { makeBigMember } from '../statements/big-member.ts'
import { print, table } from './command.ts'

const key = (letter: string) => [{ id: 1, secret: Buffer.from(letter.repeat(64), 'hex') }]
const keys: KeyRing = { identifiers: key('a'), sealing: key('b'), chain: key('c'), tokens: key('d') }
const clock = manualClock(new Date('2040-01-01T00:00:00Z'))
const RULES_SHOWN = 6

/** Half of the rebates belong to one member, the others to two thousand. */
export async function benchKeeping([rebatesText = '200000']: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'))
  const server = await startEmbeddedPostgres(join(directory, 'data'))
  for (const name of ['bench', 'restored']) await server.createDatabase(name)
  await migrate(server.url('bench'), MIGRATIONS_DIRECTORY)
  const [database, owner] = [openDatabase(server.url('bench')), openDatabase(server.url('bench'), { role: null })]
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await work()
    return (performance.now() - start) / 1000
  }
  try {
    const published = await publishProgram({ database, keys, clock: manualClock(new Date('2024-12-01T00:00:00Z')), actorId: 1n }, { ...apiyi, versions: apiyi.versions.slice(1).map((version) => ({ ...version, effectiveFrom: new Date('2024-12-01T00:00:00Z') })) })
    if (!published.ok) throw new Error(published.reason)
    const { id: versionId } = await database.prisma.programVersion.findFirstOrThrow()
    const { id: sourceId } = await database.prisma.source.create({ data: { name: 'bench' } })
    const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
    await makeBigMember(owner, { programId: published.programId, versionId, batchId, rebates: Number(rebatesText) / 2, invitees: 20_000, others: 2_000, rebatesPerTransfer: 4 })
    const { rows: [counts] } = await owner.pool.query<{ transfers: string; entries: string; rebates: string }>(
      'select (select count(*) from transfer) as transfers, (select count(*) from entry) as entries, (select count(*) from rebate) as rebates')
    print(`${counts?.rebates} rebates, ${counts?.transfers} transfers, ${counts?.entries} entries\n`)

    const rows = [['what', 'seconds']]
    rows.push(['seal every posting', (await seconds(() => sealPostings({ database, keys, clock }))).toFixed(1)])
    const marks: number[] = []
    let names: readonly string[] = []
    const verifying = await seconds(async () => {
      const report = await verifyBooks(database, keys, { more: MORE_VERIFIERS, onRule: () => marks.push(performance.now()) })
      names = report.rules.map(({ name }) => name)
    })
    rows.push(['verify', verifying.toFixed(1)])
    const slowest = names.map((name, place) => ({ name, took: ((marks[place + 1] ?? marks[place] ?? 0) - (marks[place] ?? 0)) / 1000 })).sort((left, right) => right.took - left.took)
    for (const { name, took } of slowest.slice(0, RULES_SHOWN)) rows.push([`  of it ${name}`, took.toFixed(1)])
    const folder = join(directory, 'backup')
    rows.push(['back up', (await seconds(() => backUp({ database, keys, clock }, folder))).toFixed(1)])
    rows.push(['restore', (await seconds(() => restore({ folder, keys, ownerUrl: server.url('restored'), migrations: MIGRATIONS_DIRECTORY }))).toFixed(1)])
    print(table(rows))
    const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
    print(`\n${(bytes / 1e6).toFixed(0)} MB of backup`)
  } finally {
    await database.close()
    await owner.close()
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
