// The caller's key: the first answer is given again, byte for byte; effect, record and answer commit together or not at all.
// Promises: other body 422, twin in flight 409; refusals and failures are not stored, because nothing happened that would be repeated.

import type { Database, Transaction } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { Clock } from '../base/clock.ts'
import { Problem } from '../base/problems.ts'

export const KEY_HEADER = 'idempotency-key'
/** Printable ASCII, at most 255 characters. */
const KEY_FORM = /^[\x21-\x7e]{1,255}$/

export interface IdempotentCall {
  readonly actorId: bigint
  readonly route: string
  readonly key: string
  /** Everything that the answer depends on: body, and what the address names. */
  readonly request: unknown
}

export interface StoredAnswer {
  readonly status: number
  readonly text: string
  readonly isHit: boolean
}

export function readKey(value: string | undefined, isRequired: boolean): string | undefined {
  if (value === undefined || value === '') {
    if (isRequired) throw new Problem('invalid_request', 'idempotency_key_missing', 'This request needs an Idempotency-Key.')
    return undefined
  }
  if (!KEY_FORM.test(value)) throw new Problem('invalid_request', 'idempotency_key_form', 'An Idempotency-Key has 1 to 255 printable ASCII characters without spaces.')
  return value
}

/** Runs the work at most once per key; `work` gets the transaction that its effects must be written in. */
export async function answerOnce(
  { database, clock }: { database: Database; clock: Clock }, call: IdempotentCall, work: (transaction: Transaction) => Promise<{ status: number; text: string }>,
): Promise<StoredAnswer> {
  const { actorId, route } = call
  const keyDigest = new Uint8Array(digestOf('idempotency', call.key))
  const bodyDigest = new Uint8Array(digestOf(canonicalJson(call.request)))
  return database.inTransaction(async (transaction) => {
    await refuseTwin(transaction, actorId, route, keyDigest)
    const known = await transaction.idempotencyRecord.findUnique({
      where: { actorId_route_keyDigest: { actorId, route, keyDigest } }, include: { idempotencyAnswer: { select: { answer: true } } },
    })
    if (known !== null) {
      if (!Buffer.from(known.bodyDigest).equals(bodyDigest)) throw new Problem('key_reused', 'idempotency_key', 'This Idempotency-Key was used with another body.')
      return { status: known.status, text: known.idempotencyAnswer?.answer ?? '', isHit: true }
    }
    const { status, text } = await work(transaction)
    await transaction.idempotencyRecord.create({ data: { actorId, route, keyDigest, bodyDigest, status, recordedAt: clock.now() } })
    await transaction.idempotencyAnswer.create({ data: { actorId, route, keyDigest, answer: text } })
    return { status, text, isHit: false }
  })
}

/** Whoever holds the key's lock is answering; a twin is told so instead of waiting. */
async function refuseTwin(transaction: Transaction, actorId: bigint, route: string, keyDigest: Uint8Array): Promise<void> {
  const name = `idempotency ${actorId} ${route} ${Buffer.from(keyDigest).toString('hex')}`
  const [lock] = await transaction.$queryRaw<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as taken`
  if (lock?.taken !== true) throw new Problem('in_flight', 'idempotency_key', 'A request with this Idempotency-Key is being answered.')
}

/** Forgets the answers of keys older than the given days; the natural keys of what was done stay for ever. */
export async function forgetOldKeys(database: Database, clock: Clock, days: number): Promise<number> {
  const before = new Date(clock.now().getTime() - days * 86_400_000)
  const { count } = await database.prisma.idempotencyRecord.deleteMany({ where: { recordedAt: { lt: before } } })
  return count
}
