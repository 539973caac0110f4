// Actors: everybody and everything that writes is named before it writes.

import type { Clock } from '../base/clock.ts'
import type { Transaction } from '../base/database.ts'

export type ActorKind = 'person' | 'key' | 'job' | 'system'

/** The actor of that kind and name, made if it is not known yet. */
export async function ensureActor(transaction: Transaction, clock: Clock, kind: ActorKind, name: string): Promise<bigint> {
  await transaction.actor.createMany({ data: [{ kind, name, createdAt: clock.now() }], skipDuplicates: true })
  const actor = await transaction.actor.findUniqueOrThrow({ where: { kind_name: { kind, name } }, select: { id: true } })
  return actor.id
}
