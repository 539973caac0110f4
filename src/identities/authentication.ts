// Who is calling: a token becomes an identity. Keys are remembered for a few seconds, so that the hot route asks no database.
// Promises: a revoked key stops working within the stated seconds in every process, at once in the one that revoked it.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { ActorKind } from './actors.ts'
import { isValid } from './api-keys.ts'
import { isSameDigest, readToken } from './api-token.ts'
import { isScope, type Scope } from './scopes.ts'

export interface Identity {
  readonly actorId: bigint
  readonly actorKind: ActorKind
  readonly prefix: string
  readonly scopes: ReadonlySet<Scope>
  /** Null: every program. */
  readonly programId: bigint | null
}

export interface Authentication {
  /** The caller behind a token, or undefined: unknown, wrong, expired and revoked are not told apart. */
  authenticate(token: string): Promise<Identity | undefined>
  /** The same without waiting: only for keys that were seen in the last seconds. */
  authenticateRemembered(token: string): Identity | undefined
  /** Forgets what is remembered of a key, e.g. after revoking it. */
  forget(prefix: string): void
}

export const REMEMBERED_SECONDS = 5
const REMEMBERED_MAX = 10_000

interface Remembered {
  readonly identity: Identity
  readonly digest: Uint8Array
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly until: number
}

export function createAuthentication({ database, clock }: { database: Database; clock: Clock }): Authentication {
  const remembered = new Map<string, Remembered>()

  async function load(prefix: string): Promise<Remembered | undefined> {
    const row = await database.prisma.apiKey.findUnique({ where: { prefix } })
    if (row === null) return undefined
    const actor = await database.prisma.actor.findUniqueOrThrow({ where: { id: row.actorId }, select: { kind: true } })
    const known: Remembered = {
      identity: {
        actorId: row.actorId, actorKind: actor.kind as ActorKind, prefix, scopes: new Set(row.scopes.filter(isScope)), programId: row.programId,
      },
      digest: row.digest, expiresAt: row.expiresAt, revokedAt: row.revokedAt, until: clock.now().getTime() + REMEMBERED_SECONDS * 1000,
    }
    if (remembered.size >= REMEMBERED_MAX) remembered.clear()
    remembered.set(prefix, known)
    return known
  }

  function fresh(prefix: string): Remembered | undefined {
    const known = remembered.get(prefix)
    return known !== undefined && clock.now().getTime() < known.until ? known : undefined
  }

  function judge(known: Remembered | undefined, digest: Uint8Array): Identity | undefined {
    if (known === undefined || !isSameDigest(known.digest, digest) || !isValid(known, clock.now())) return undefined
    return known.identity
  }

  return {
    async authenticate(token) {
      const parts = readToken(token)
      if (parts === undefined) return undefined
      return judge(fresh(parts.prefix) ?? (await load(parts.prefix)), parts.digest)
    },
    authenticateRemembered(token) {
      const parts = readToken(token)
      return parts === undefined ? undefined : judge(fresh(parts.prefix), parts.digest)
    },
    forget: (prefix) => void remembered.delete(prefix),
  }
}
