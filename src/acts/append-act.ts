// Writes one act into the tamper-evident chain, in the transaction of what was done.
// Promises: sequences without gaps, whatever commits or rolls back; no act without an actor; words and values only in the erasable side row.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Transaction } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import { type KeyRing, newestKey } from '../base/keys.ts'
import { CHAIN_START, chainHash } from './canonical-act.ts'

export interface NewAct {
  readonly actorId: bigint
  /** What was done, e.g. `key_created`, `decision_applied`. */
  readonly kind: string
  /** What it was done to, e.g. `api_key`, `decision`. */
  readonly objectKind: string
  /** The internal id of that object; never an external one, because this row is never erased. */
  readonly objectId: bigint | string
  /** JSON values; kept in the side row, their salted digests in the chain. */
  readonly before?: unknown
  readonly after?: unknown
  /** A stable word such as `farm` or `office_campus`; sentences belong into `body`, which can be erased. */
  readonly reason?: string
  /** Whatever else is to be kept: notes, versions, names. */
  readonly body?: unknown
}

export interface AppendedAct {
  readonly sequence: bigint
  readonly hash: Uint8Array
}

/** One writer at a time: held from the append to the commit. */
const CHAIN_LOCK = 7_246_100_002n
const WORD = /^[a-z0-9][a-z0-9_.:-]{0,99}$/
const SALT_BYTES = 16

/** Call it last in the transaction: the chain's lock is held until the commit, and every other act waits for it. */
export async function appendAct(transaction: Transaction, keys: KeyRing, clock: Clock, act: NewAct): Promise<AppendedAct> {
  refuseMalformed(act)
  await transaction.$executeRaw`select pg_advisory_xact_lock(${CHAIN_LOCK}::bigint)`
  const last = await transaction.act.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true, hash: true } })
  const key = newestKey(keys, 'chain')
  const body = bodyOf(act)
  const salt = new Uint8Array(randomBytes(SALT_BYTES))
  const row = {
    sequence: (last?.sequence ?? 0n) + 1n,
    actorId: act.actorId,
    kind: act.kind,
    objectKind: act.objectKind,
    objectId: act.objectId.toString(),
    beforeDigest: act.before === undefined ? null : saltedValue(salt, act.before),
    afterDigest: act.after === undefined ? null : saltedValue(salt, act.after),
    bodyDigest: body === undefined ? null : saltedValue(salt, body),
    reason: act.reason ?? null,
    recordedAt: clock.now(),
    keyId: key.id,
  }
  const previousHash = last?.hash ?? CHAIN_START
  const hash = chainHash(key, previousHash, row)
  await transaction.act.create({ data: { ...row, previousHash: new Uint8Array(previousHash), hash } })
  if (body !== undefined) await transaction.actBody.create({ data: { sequence: row.sequence, salt, body } })
  return { sequence: row.sequence, hash }
}

/** What the chain keeps of a value: nothing can be told from it once the salt is erased. */
export function saltedValue(salt: Uint8Array, value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(digestOf(salt, canonicalJson(value)))
}

type JsonObject = { [name: string]: string | number | boolean | JsonObject | (JsonObject | string)[] }

/** The side row as PostgreSQL will give it back: bigint and dates as text, keys without a value left out. */
function bodyOf({ before, after, body }: NewAct): JsonObject | undefined {
  if (before === undefined && after === undefined && body === undefined) return undefined
  return JSON.parse(canonicalJson({ before, after, body })) as JsonObject
}

function refuseMalformed(act: NewAct): void {
  if (typeof act.actorId !== 'bigint' || act.actorId <= 0n) throw new Error('An act needs its actor.')
  if (!WORD.test(act.kind) || !WORD.test(act.objectKind)) throw new Error('The kind of an act and of its object are words of lower case.')
  if (act.reason !== undefined && !WORD.test(act.reason)) throw new Error('The reason of an act is a word of lower case; sentences belong into its body.')
}
