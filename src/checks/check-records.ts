// Answers become rows: in batches at most 50 ms later, or in the caller's own transaction where money is credited.
// Promises: a batch that fails is kept and tried again; when too many wait, the check says so instead of answering freely.

import type { Database, Transaction } from '../base/database.ts'
import { saltedDigest } from '../base/hashing.ts'
import type { Log } from '../base/log.ts'
import type { CheckDecision, CheckReason, CheckSubject } from './request.ts'

export interface CheckRow {
  readonly id: string
  readonly requestKey: Uint8Array<ArrayBuffer> | null
  readonly programId: bigint
  readonly subjectKind: CheckSubject
  readonly subjectDigest: Uint8Array<ArrayBuffer>
  readonly inviterId: bigint | null
  readonly inviteeId: bigint | null
  readonly amount: bigint
  readonly asset: string
  readonly requestDigest: Uint8Array<ArrayBuffer>
  readonly decision: CheckDecision
  readonly would: CheckDecision | null
  readonly probability: number | null
  readonly reasons: readonly CheckReason[]
  readonly ringId: bigint | null
  readonly policyVersionId: bigint | null
  readonly modelVersion: string
  readonly isDegraded: boolean
  readonly awaits: 'degraded' | 'not_yet_seen' | null
  readonly supersedes: string | null
  readonly position: string
  readonly actorId: bigint
  readonly evaluatedAt: Date
  readonly expiresAt: Date
  /** The answer, byte for byte. */
  readonly answer: string
  /** What is needed to ask again; only while a real answer is awaited. */
  readonly request: StoredRequest | null
}

/** A request without its raw identifiers. */
export type StoredRequest = {
  readonly program: string
  readonly subject: CheckSubject
  readonly subject_id: string
  readonly inviter: string
  readonly invitee: string | null
  readonly amount: string
  readonly asset: string
  readonly identifiers: { kind: string; hash: string; flags: number; of: 'inviter' | 'invitee' }[]
}

/** Rows that may wait while the database does not take them. */
export const WAITING_MAX = 10_000
const RETRY_MILLISECONDS = 1_000

export interface CheckRecords {
  add(row: CheckRow): void
  /** Writes what waits. Resolves when it is written; rejects when the database refuses. */
  flush(): Promise<void>
  readonly waiting: number
  stop(): Promise<void>
}

export function createCheckRecords(database: Database, log: Log | undefined, flushMilliseconds: number): CheckRecords {
  let waiting: CheckRow[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function arm(milliseconds: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      flush().catch((error: unknown) => {
        log?.error({ waiting: waiting.length, error: error instanceof Error ? error.name : 'unknown' }, 'checks could not be recorded')
        arm(RETRY_MILLISECONDS)
      })
    }, milliseconds).unref()
  }

  function flush(): Promise<void> {
    writing = writing.catch(() => undefined).then(async () => {
      const batch = waiting
      if (batch.length === 0) return
      waiting = []
      try {
        await database.inTransaction((transaction) => writeChecks(transaction, batch))
      } catch (error) {
        waiting = [...batch, ...waiting]
        throw error
      }
    })
    return writing
  }

  return {
    add(row) {
      waiting.push(row)
      arm(flushMilliseconds)
    },
    flush,
    get waiting() {
      return waiting.length
    },
    async stop() {
      clearTimeout(timer)
      await flush()
    },
  }
}

/** Writes answers and their side rows; returns the ids written. A request key that another process used meanwhile stays with the first. */
export async function writeChecks(transaction: Transaction, rows: readonly CheckRow[]): Promise<ReadonlySet<string>> {
  const salted = new Map(rows.map((row) => [row.id, saltedDigest(row.answer)]))
  const data = rows.map(({ answer: _answer, request: _request, ...row }) => ({
    ...row, reasons: row.reasons.map((reason) => ({ ...reason })), bodyDigest: new Uint8Array(salted.get(row.id)?.digest ?? []),
  }))
  const made = await transaction.checkRecord.createMany({ data, skipDuplicates: true })
  let written: ReadonlySet<string> = new Set(rows.map(({ id }) => id))
  if (made.count < data.length) {
    const known = await idsOf(transaction, rows)
    await transaction.checkRecord.createMany({ data: data.filter(({ id }) => !known.has(id)).map((row) => ({ ...row, requestKey: null })), skipDuplicates: true })
    written = await idsOf(transaction, rows)
  }
  await transaction.checkBody.createMany({
    data: rows.filter(({ id }) => written.has(id)).map(({ id, answer, request }) => (
      { checkId: id, salt: new Uint8Array(salted.get(id)?.salt ?? []), answer, ...(request === null ? {} : { request }) })),
  })
  return written
}

async function idsOf(transaction: Transaction, rows: readonly CheckRow[]): Promise<ReadonlySet<string>> {
  const known = await transaction.checkRecord.findMany({ where: { id: { in: rows.map(({ id }) => id) } }, select: { id: true } })
  return new Set(known.map(({ id }) => id))
}
