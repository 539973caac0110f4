// Goal: whatever moment the service is killed at, nothing that it acknowledged is lost, and nothing is done twice.
// Method: real processes under eight clients, killed with SIGKILL among their requests and started again; an oracle of acknowledgements.
// Mutants seen to die here: the answer of an idempotency key kept apart from its effect; an event written apart from what it earns.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { startService } from './serving.ts'
import { Workload } from './workload.ts'

const IS_LONG = process.env['RINGFENCE_LONG'] === '1'
const CYCLES = IS_LONG ? 60 : 2
const { owner, url: databaseUrl } = await useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'ringfence-killed-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('a service killed at any moment loses nothing that it acknowledged and does nothing twice', async () => {
  const workload = new Workload(20_261_121)
  let service = await startService(databaseUrl, directory)
  await workload.prepare(service.url, service.firstKey ?? '')
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await workload.run(service.url, 8 + ((cycle * 7) % 40), () => service.kill())
    expect(await workload.lostIn(owner), `cycle ${cycle}`).toBe(0)
    service = await startService(databaseUrl, directory)
  }
  await workload.finish(service.url)
  await workload.expectSameAnswers(service.url)
  expect(await workload.lostIn(owner)).toBe(0)
  await service.stop()
  await expectBooksToBalance(owner)
  expect(workload.acknowledged.size).toBeGreaterThanOrEqual(CYCLES * 8)
}, IS_LONG ? 900_000 : 120_000)
