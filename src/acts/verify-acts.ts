// Recomputes the chain of acts from its first row and names the first one that is not as it was written.
// Promises: change, insertion, swap and deletion are found by the chain itself; a cut tail or a chain rebuilt by its owner by an anchored head.

import { timingSafeEqual } from 'node:crypto'
import type { Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { saltedValue } from './append-act.ts'
import { CHAIN_START, chainHash } from './canonical-act.ts'

/** The newest act, to be kept where the database's owner cannot write. */
export interface ActHead {
  readonly sequence: bigint
  /** 64 hexadecimal digits. */
  readonly hash: string
}

export type ActFault =
  /** The row is not there: deleted, or cut off with the tail. */
  | 'missing'
  /** The row's columns are not those that were signed. */
  | 'altered'
  /** The row was signed with a key that was not given. */
  | 'unknown_key'
  /** The side row is not the one that the act was written with. */
  | 'body_altered'
  /** The row is well signed, but not the one whose hash was anchored. */
  | 'not_the_anchored'

export type ActsVerdict =
  | { readonly ok: true; readonly acts: number; readonly head: ActHead | null }
  | { readonly ok: false; readonly sequence: bigint; readonly fault: ActFault }

/** A database, or a transaction of one. */
export interface ReadsActs {
  readonly prisma: Pick<Transaction, 'act'>
}

const PAGE = 2_000

/** `anchors` are heads exported earlier; without one, a tail that was cut off cannot be seen. */
export async function verifyActs(database: ReadsActs, keys: KeyRing, anchors: readonly ActHead[] = []): Promise<ActsVerdict> {
  const anchored = new Map(anchors.map((anchor) => [anchor.sequence, anchor.hash]))
  let sequence = 0n
  let previous: Uint8Array = CHAIN_START
  for (;;) {
    const rows = await readPage(database, sequence)
    for (const row of rows) {
      const fault = row.sequence === sequence + 1n ? faultOf(row, previous, keys, anchored.get(row.sequence)) : 'missing'
      if (fault !== undefined) return { ok: false, sequence: sequence + 1n, fault }
      sequence = row.sequence
      previous = row.hash
    }
    if (rows.length < PAGE) break
  }
  const furthest = anchors.reduce((most, anchor) => (anchor.sequence > most ? anchor.sequence : most), 0n)
  if (sequence < furthest) return { ok: false, sequence: sequence + 1n, fault: 'missing' }
  return { ok: true, acts: Number(sequence), head: sequence === 0n ? null : { sequence, hash: Buffer.from(previous).toString('hex') } }
}

/** The newest act, or null of an empty chain. */
export async function exportHead(database: ReadsActs): Promise<ActHead | null> {
  const last = await database.prisma.act.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true, hash: true } })
  return last === null ? null : { sequence: last.sequence, hash: Buffer.from(last.hash).toString('hex') }
}

function readPage(database: ReadsActs, after: bigint) {
  return database.prisma.act.findMany({
    where: { sequence: { gt: after } }, orderBy: { sequence: 'asc' }, take: PAGE, include: { actBody: true },
  })
}

type ActRow = Awaited<ReturnType<typeof readPage>>[number]

function faultOf(row: ActRow, previous: Uint8Array, keys: KeyRing, anchor: string | undefined): ActFault | undefined {
  const key = keys.chain.find(({ id }) => id === row.keyId)
  if (key === undefined) return 'unknown_key'
  if (!isEqual(row.previousHash, previous) || !isEqual(row.hash, chainHash(key, previous, row))) return 'altered'
  if (row.actBody !== null && !isBodyAsWritten(row, row.actBody)) return 'body_altered'
  if (anchor !== undefined && anchor !== Buffer.from(row.hash).toString('hex')) return 'not_the_anchored'
  return undefined
}

function isBodyAsWritten(row: ActRow, side: NonNullable<ActRow['actBody']>): boolean {
  const value = side.body as { before?: unknown; after?: unknown } | null
  if (row.bodyDigest === null || value === null) return false
  if (!isEqual(row.bodyDigest, saltedValue(side.salt, value))) return false
  return isDigestOf(row.beforeDigest, side.salt, value.before) && isDigestOf(row.afterDigest, side.salt, value.after)
}

function isDigestOf(digest: Uint8Array | null, salt: Uint8Array, value: unknown): boolean {
  return digest === null ? value === undefined : isEqual(digest, saltedValue(salt, value))
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
