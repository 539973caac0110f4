// One identifier of one account, recorded as if an event had brought it: normalised, hashed at the door, raw value dropped.

import { type IdentifierRefusal, normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { openBatch } from './batches.ts'
import { IdentifierDoor, recordObservations } from './identifier-door.ts'
import { inBulkTransaction } from './snapshot.ts'

export interface OneObservation {
  readonly accountId: bigint
  /** Such as `payout:bank`. */
  readonly kind: string
  readonly value: string
  /** What may be shown of it to an analyst: never the whole value. */
  readonly shownAs: string
  /** One word, e.g. `payout`. */
  readonly context: string
  /** Name of the system that reports it. */
  readonly source: string
  readonly actorId: bigint
  readonly at: Date
}

/** In a transaction of its own, before whatever it came with; null when recorded, else why it must not be kept. Repeating changes nothing. */
export async function recordObservation(database: Database, keys: KeyRing, observed: OneObservation): Promise<IdentifierRefusal | null> {
  const { accountId, kind, value, shownAs, context, source, actorId, at } = observed
  const normalised = normaliseIdentifier({ kind, value, context })
  if (!normalised.ok) return normalised.reason
  await inBulkTransaction(database, async (client) => {
    const batch = await openBatch(client, { source, actorId, kind: 'api', recordedAt: at })
    await recordObservations(client, new IdentifierDoor(keys), batch, normalised.identifiers.map((identifier) => ({
      accountId: Number(accountId), identifier, shownAs, at: at.getTime() / 1000, context,
    })))
  })
  return null
}
