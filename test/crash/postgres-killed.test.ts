// Goal: whatever moment PostgreSQL is killed at, nothing that the service acknowledged is lost, and nothing is done twice.
// Method: a server of its own with every process killed at once (SIGKILL) among the requests of eight clients; the service goes on and finds
// its way back. The same with synchronous_commit off must lose acknowledged orders, or the oracle sees nothing.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/base/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import { expectBooksToBalance } from '../books.ts'
import { startService } from './serving.ts'
import { Workload } from './workload.ts'

const IS_LONG = process.env['RINGFENCE_LONG'] === '1'
const CYCLES = IS_LONG ? 20 : 1
const directory = mkdtempSync(join(tmpdir(), 'ringfence-crash-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The server and all it has started, at once: nothing is flushed, nobody says goodbye. */
function killServer({ processId }: EmbeddedPostgres): void {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const children = processes.flatMap(([id, parent]) => (parent === processId && id !== undefined ? [id] : []))
  for (const id of [processId, ...children]) {
    try {
      process.kill(id, 'SIGKILL')
    } catch {
      // It ended by itself in between.
    }
  }
}

async function cycles(name: string, count: number, settings: Record<string, string>): Promise<number> {
  const data = join(directory, name)
  let server = await startEmbeddedPostgres(data, { settings })
  onTestFinished(() => killServer(server))
  await server.createDatabase('books')
  const service = await startService(server.url('books'), join(directory, `${name}-keys`))
  const workload = new Workload(4711)
  await workload.prepare(service.url, service.firstKey ?? '')
  // What the programme is made of is on disk in any case: only orders may be lost.
  const preparing = openDatabase(server.url('books'), { role: null })
  await preparing.pool.query('checkpoint')
  await preparing.close()
  let lost = 0
  for (let cycle = 0; cycle < count && lost === 0; cycle++) {
    await workload.run(service.url, 10 + ((cycle * 11) % 40), async () => killServer(server))
    server = await startEmbeddedPostgres(data, { settings })
    const owner = openDatabase(server.url('books'), { role: null })
    lost += await workload.lostIn(owner)
    await owner.close()
  }
  if (lost === 0) {
    await workload.finish(service.url)
    await workload.expectSameAnswers(service.url)
    const owner = openDatabase(server.url('books'), { role: null })
    expect(await workload.lostIn(owner)).toBe(0)
    await expectBooksToBalance(owner)
    await owner.close()
  }
  await service.stop()
  await server.stop()
  return lost
}

test('a database killed at any moment loses nothing that was acknowledged, and the service finds its way back', async () => {
  expect(await cycles('durable', CYCLES, {})).toBe(0)
}, IS_LONG ? 900_000 : 120_000)

test.runIf(IS_LONG)('the oracle sees what a database loses that acknowledges before it has written', async () => {
  expect(await cycles('forgetful', 4, { synchronous_commit: 'off', wal_writer_delay: '10s' })).toBeGreaterThan(0)
}, 300_000)
