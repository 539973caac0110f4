// The nightly verification: its result is kept, and a wrong row is made known at once, to the log, the metrics and whoever subscribes.
// Promises: a night that was missed is made up for within a day; the books are only read.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { defineJob, type Job } from '../base/jobs.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Log } from '../base/log.ts'
import { enqueue } from '../delivery/index.ts'
import { readAttention, type Verifier, verifyBooks } from '../ledger/index.ts'

export interface NightlyParts {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log: Log
  readonly stopping?: AbortSignal
}

/** At 03:17 UTC, when most hosts are quiet and no full hour's work begins. */
const NIGHTLY = '17 3 * * *'

/** `more`: the rules of parts that may not be known here. */
export function verifyJob(more: readonly Verifier[]): Job {
  return defineJob({ name: 'verify', cron: NIGHTLY, run: async (parts) => void await verifyAndKeep(parts, more) })
}

/** Verifies, keeps the result, and tells of what is wrong; returns whether everything holds. */
export async function verifyAndKeep({ database, keys, clock, log, stopping }: NightlyParts, more: readonly Verifier[]): Promise<boolean> {
  const startedAt = clock.now()
  const report = await verifyBooks(database, keys, { more, ...(stopping === undefined ? {} : { stopping }) })
  const faults = report.faults.map(({ rule, place, found }) => ({ rule, place, found }))
  const waiting = (await readAttention(database, startedAt)).map(({ kind, asset, count, amount }) => ({ kind, asset, count, amount: amount?.toString() ?? null }))
  await database.inTransaction(async (transaction) => {
    const finishedAt = clock.now()
    const { id } = await transaction.verification.create({ data: { startedAt, finishedAt, isOk: report.ok, faults, counted: { ...report.counted, waiting } } })
    if (!report.ok) {
      await enqueue(transaction, { topic: 'verification.failed', objectKind: 'verification', objectId: id, programId: null, body: { verification: id, faults }, at: finishedAt })
    }
  })
  for (const { rule } of faults) log.error({ rule }, 'the books do not verify')
  return report.ok
}
