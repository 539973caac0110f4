// A PostgreSQL of its own for the figures of the books, durable as in production, with a programme, members and the real check.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/base/log.ts'
import { manualClock } from '../../src/base/clock.ts'
import { openDatabase, type Database } from '../../src/base/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import { migrate } from '../../src/base/migrations.ts'
import { createChecks } from '../../src/checks/index.ts'
import { publishProgram } from '../../src/policies/index.ts'
import { inBulkTransaction, openBatch, recordAccounts } from '../../src/population/index.ts'
import { apiyi, inviteCodeOf, type Recorder, recordEvent } from '../../src/programs/index.ts'
import { testKeys } from '../database.ts'

export interface BooksServer {
  readonly server: EmbeddedPostgres
  readonly database: Database
  readonly recorder: Recorder
  readonly batchId: bigint
  readonly programId: bigint
  /** Accounts whose recharges earn their inviter a rebate; every pair has an inviter of its own. */
  readonly invitees: readonly bigint[]
  readonly inviters: readonly bigint[]
  end(): Promise<void>
}

/** fsync and full_page_writes stay on; the only setting that differs from the server's default is the size of its buffers. */
export async function startBooksServer(pairs: number): Promise<BooksServer> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'))
  const server = await startEmbeddedPostgres(join(directory, 'data'), { settings: { shared_buffers: '1GB' } })
  await server.createDatabase('books')
  await migrate(server.url('books'), join(import.meta.dirname, '..', '..', 'prisma', 'migrations'))
  const [clock, keys] = [manualClock(new Date('2026-06-01T12:00:00Z')), testKeys()]
  const database = openDatabase(server.url('books'), { connections: 8 })
  const checks = createChecks({ database, keys, clock, log: createLog('silent'), deadlineMilliseconds: 5_000 })
  const published = await publishProgram({ database, keys, clock, actorId: 1n }, { ...apiyi, key: 'bench' })
  if (!published.ok) throw new Error(published.reason)
  const { programId } = published
  const batchId = await inBulkTransaction(database, async (client) => {
    const batch = await openBatch(client, { source: 'bench', actorId: 1n, kind: 'api', recordedAt: clock.now() })
    const names = Array.from({ length: pairs }, (_, pair) => [`inviter-${pair}`, `invitee-${pair}`]).flat()
    await recordAccounts(client, keys, batch, names.map((externalId) => ({ externalId, createdAt: null, status: null, organisationId: null, country: null })))
    return BigInt(batch.id)
  })
  await checks.start()
  const recorder: Recorder = { database, keys, clock, actorId: 1n, check: checks.evaluate }
  const rows = await database.prisma.accountIdentity.findMany({ select: { accountId: true, externalId: true } })
  const idOf = new Map(rows.map((row) => [row.externalId, row.accountId]))
  const of = (role: string): bigint[] => Array.from({ length: pairs }, (_, pair) => idOf.get(`${role}-${pair}`) ?? 0n)
  const [inviters, invitees] = [of('inviter'), of('invitee')]
  for (const [pair, accountId] of invitees.entries()) {
    const { code } = await database.inTransaction((transaction) => inviteCodeOf(transaction, { programId, accountId: inviters[pair] ?? 0n, actorId: 1n, recordedAt: clock.now() }))
    const signedUp = await recordEvent(recorder, batchId, { source: 'bench', eventId: `signup-${pair}`, type: 'signup', accountId, occurredAt: new Date('2026-05-20T00:00:00Z'), invitation: { code, programId } })
    if (!signedUp.ok) throw new Error(signedUp.reason)
  }
  await checks.refresh()
  return {
    server, database, recorder, batchId, programId, invitees, inviters,
    end: async () => {
      await checks.stop()
      await database.close()
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A recharge that earns its inviter a rebate. */
export function rechargeOf(books: BooksServer, place: number, name: string): Parameters<typeof recordEvent>[2] {
  return {
    source: 'bench', eventId: `${name}-${place}`, type: 'recharge', accountId: books.invitees[place % books.invitees.length] ?? 0n, occurredAt: new Date('2026-06-01T11:00:00Z'),
    amount: 10_000_000n + BigInt(place % 1000) * 10_000n, asset: 'USD',
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export const secondsNow = (): number => Number(process.hrtime.bigint()) / 1e9
