// What accounts own on the platform (instances, projects, numbers), as keyed hashes: the same one under two accounts is not a separate customer.

import type { Transaction } from '../../base/database.ts'
import { naturalKey } from '../../base/hashing.ts'
import type { KeyRing } from '../../base/keys.ts'

/** Says nothing about the host's id. */
export function resourceHash(keys: KeyRing, resourceId: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(naturalKey(keys, 'resource', resourceId))
}

export interface AccountResources {
  readonly accountId: bigint
  readonly recordedAt: Date
  readonly resourceHashes: readonly Uint8Array[]
}

/** Adds what is new; what an account once owned stays known. */
export async function recordResources(transaction: Transaction, owned: readonly AccountResources[]): Promise<void> {
  const data = owned.flatMap(({ accountId, recordedAt, resourceHashes }) => resourceHashes.map((hash) => ({ accountId, recordedAt, resourceHash: new Uint8Array(hash) })))
  if (data.length > 0) await transaction.accountResource.createMany({ data, skipDuplicates: true })
}

/** Accounts that own it, or owned it. */
export async function ownersOfResource(transaction: Transaction, hash: Uint8Array): Promise<bigint[]> {
  const rows = await transaction.accountResource.findMany({ where: { resourceHash: new Uint8Array(hash) }, select: { accountId: true } })
  return rows.map(({ accountId }) => accountId)
}
