// API keys: made, listed, rotated and revoked, each an act of a named actor.
// Promises: a token is shown once and stored as a digest; rotation keeps the actor, so that a repeated request is still the same caller's.

import { appendAct, SYSTEM_ACTOR_ID } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { ensureActor } from './actors.ts'
import { makeToken } from './api-token.ts'
import { ALL_SCOPES, isScope } from './scopes.ts'

export interface Identities {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
}

export interface NewApiKey {
  /** Names the actor behind the key: a platform's server, or a person. Unique per kind. */
  readonly label: string
  readonly kind: 'key' | 'person'
  readonly scopes: readonly string[]
  /** The key works for this program alone. */
  readonly programKey?: string | undefined
  readonly expiresAt?: Date | undefined
  readonly createdBy: bigint
}

export type ApiKeyRefusal = 'bad_label' | 'label_taken' | 'unknown_scope' | 'no_scope' | 'unknown_program' | 'already_expired'
export type ApiKeyResult =
  | { readonly ok: true; readonly token: string; readonly prefix: string; readonly actorId: bigint }
  | { readonly ok: false; readonly reason: ApiKeyRefusal }

export interface ApiKeySummary {
  readonly prefix: string
  readonly label: string
  readonly kind: string
  readonly scopes: readonly string[]
  readonly programKey: string | null
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
}

const LABEL = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u
/** Whoever starts first on an empty database makes the one first key. */
const FIRST_KEY_LOCK = 7_246_100_003n

export async function createApiKey({ database, keys, clock }: Identities, request: NewApiKey): Promise<ApiKeyResult> {
  const scopes = [...new Set(request.scopes)].sort()
  if (!LABEL.test(request.label)) return { ok: false, reason: 'bad_label' }
  if (scopes.length === 0) return { ok: false, reason: 'no_scope' }
  if (!scopes.every(isScope)) return { ok: false, reason: 'unknown_scope' }
  if (request.expiresAt !== undefined && request.expiresAt <= clock.now()) return { ok: false, reason: 'already_expired' }
  return database.inTransaction(async (transaction): Promise<ApiKeyResult> => {
    const programId = await programIdOf(transaction, request.programKey)
    if (programId === undefined) return { ok: false, reason: 'unknown_program' }
    // Somebody who acted before without a key, at the command line for one, gets a key of the same actor.
    const actorId = await ensureActor(transaction, clock, request.kind, request.label)
    await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`api key of actor ${actorId}`}, 0))`
    if ((await transaction.apiKey.count({ where: { actorId } })) > 0) return { ok: false, reason: 'label_taken' }
    const row = { actorId, scopes, programId, createdBy: request.createdBy, expiresAt: request.expiresAt ?? null }
    const token = await insertKey(transaction, clock, row)
    await appendAct(transaction, keys, clock, {
      actorId: request.createdBy, kind: 'api_key_created', objectKind: 'api_key', objectId: token.prefix,
      after: { actorId, scopes, programId, expiresAt: row.expiresAt }, body: { label: request.label },
    })
    return { ok: true, token: token.token, prefix: token.prefix, actorId }
  })
}

/** A new secret for the same actor, scopes and program; the old one works on for the overlap, then no more. Null if there is no such valid key. */
export async function rotateApiKey({ database, keys, clock }: Identities, request: { prefix: string; overlapSeconds: number; actorId: bigint }): Promise<{ token: string; prefix: string } | null> {
  return database.inTransaction(async (transaction) => {
    const now = clock.now()
    const old = await transaction.apiKey.findUnique({ where: { prefix: request.prefix } })
    if (old === null || !isValid(old, now)) return null
    const overlapEnds = new Date(now.getTime() + request.overlapSeconds * 1000)
    const oldEnds = old.expiresAt !== null && old.expiresAt < overlapEnds ? old.expiresAt : overlapEnds
    const closed = await transaction.apiKey.updateMany({ where: { id: old.id, revokedAt: null, expiresAt: old.expiresAt }, data: { expiresAt: oldEnds } })
    if (closed.count === 0) return null
    const { actorId, scopes, programId, expiresAt } = old
    const token = await insertKey(transaction, clock, { actorId, scopes, programId, expiresAt, createdBy: request.actorId })
    await appendAct(transaction, keys, clock, {
      actorId: request.actorId, kind: 'api_key_rotated', objectKind: 'api_key', objectId: old.prefix,
      before: { expiresAt }, after: { expiresAt: oldEnds, successor: token.prefix },
    })
    return { token: token.token, prefix: token.prefix }
  })
}

/** Whether a key was revoked now; false if there is none or it was revoked before. */
export async function revokeApiKey({ database, keys, clock }: Identities, request: { prefix: string; actorId: bigint }): Promise<boolean> {
  return database.inTransaction(async (transaction) => {
    const revokedAt = clock.now()
    const revoked = await transaction.apiKey.updateMany({ where: { prefix: request.prefix, revokedAt: null }, data: { revokedAt } })
    if (revoked.count === 0) return false
    await appendAct(transaction, keys, clock, { actorId: request.actorId, kind: 'api_key_revoked', objectKind: 'api_key', objectId: request.prefix, after: { revokedAt } })
    return true
  })
}

export async function listApiKeys(database: Database): Promise<ApiKeySummary[]> {
  const rows = await database.prisma.apiKey.findMany({ orderBy: { id: 'asc' }, include: { program: { select: { key: true } } } })
  const actors = await database.prisma.actor.findMany({ where: { id: { in: rows.map(({ actorId }) => actorId) } } })
  const actorOf = new Map(actors.map((actor) => [actor.id, actor]))
  return rows.map(({ prefix, actorId, scopes, program, createdAt, expiresAt, revokedAt }) => ({
    prefix, label: actorOf.get(actorId)?.name ?? '', kind: actorOf.get(actorId)?.kind ?? '', scopes, programKey: program?.key ?? null, createdAt, expiresAt, revokedAt,
  }))
}

/** On a database without any key, makes one with every scope and gives its token to be shown once; null on every later start. */
export async function ensureFirstKey(identities: Identities): Promise<string | null> {
  const { database } = identities
  if ((await database.prisma.apiKey.count()) > 0) return null
  return database.inTransaction(async (transaction) => {
    await transaction.$executeRaw`select pg_advisory_xact_lock(${FIRST_KEY_LOCK}::bigint)`
    if ((await database.prisma.apiKey.count()) > 0) return null
    const created = await createApiKey(identities, { label: 'administrator', kind: 'person', scopes: ALL_SCOPES, createdBy: SYSTEM_ACTOR_ID })
    return created.ok ? created.token : null
  })
}

export function isValid(key: { readonly expiresAt: Date | null; readonly revokedAt: Date | null }, now: Date): boolean {
  return key.revokedAt === null && (key.expiresAt === null || now < key.expiresAt)
}

interface KeyRow {
  readonly actorId: bigint
  readonly scopes: readonly string[]
  readonly programId: bigint | null
  readonly expiresAt: Date | null
  readonly createdBy: bigint
}

async function insertKey(transaction: Transaction, clock: Clock, row: KeyRow) {
  const token = makeToken()
  await transaction.apiKey.create({ data: { ...row, scopes: [...row.scopes], prefix: token.prefix, digest: token.digest, createdAt: clock.now() } })
  return token
}

async function programIdOf(transaction: Transaction, programKey: string | undefined): Promise<bigint | null | undefined> {
  if (programKey === undefined) return null
  return (await transaction.program.findUnique({ where: { key: programKey }, select: { id: true } }))?.id
}
