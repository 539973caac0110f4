// Answers become rows: in batches at most 50 ms later, or in the caller's own transaction where money is credited.
// Promises: a batch that fails is kept and tried again; when too many wait, the check says so instead of answering freely.

import type { Database } from '../base/database.ts'
import { saltedDigest } from '../base/hashing.ts'
import type { Log } from '../base/log.ts'
import type { Session } from '../base/session.ts'
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

/**
 * Writes answers and their side rows; returns the ids written. A request key that another process used meanwhile stays with
 * the first. One statement for a whole batch: a statement of a parameter per value would cost more time than the checks did.
 */
export async function writeChecks(session: Session, rows: readonly CheckRow[]): Promise<ReadonlySet<string>> {
  const written = new Set(await insertRows(session, rows))
  const twins = rows.filter(({ id }) => !written.has(id))
  if (twins.length > 0) for (const id of await insertRows(session, twins.map((row) => ({ ...row, requestKey: null })))) written.add(id)
  return written
}

async function insertRows(session: Session, rows: readonly CheckRow[]): Promise<string[]> {
  const made = await session.$queryRaw<{ id: string }[]>`SELECT id FROM record_checks(${JSON.stringify(rows.map(checkAsJson))}::jsonb) AS id`
  return made.map(({ id }) => id)
}

/** As `record_checks` of the database takes it. */
export function checkAsJson(row: CheckRow): Record<string, unknown> {
  const { salt, digest } = saltedDigest(row.answer)
  return {
    id: row.id, request_key: row.requestKey === null ? null : hex(row.requestKey), program_id: row.programId.toString(), subject_kind: row.subjectKind,
    subject_digest: hex(row.subjectDigest), inviter_id: row.inviterId?.toString() ?? null, invitee_id: row.inviteeId?.toString() ?? null,
    amount: row.amount.toString(), asset: row.asset, request_digest: hex(row.requestDigest), decision: row.decision, would: row.would, probability: row.probability,
    reasons: row.reasons, ring_id: row.ringId?.toString() ?? null, policy_version_id: row.policyVersionId?.toString() ?? null, model_version: row.modelVersion,
    is_degraded: row.isDegraded, awaits: row.awaits, supersedes: row.supersedes, position: row.position, body_digest: hex(digest), actor_id: row.actorId.toString(),
    evaluated_at: row.evaluatedAt.toISOString(), expires_at: row.expiresAt.toISOString(), salt: hex(salt), answer: row.answer, request: row.request,
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
