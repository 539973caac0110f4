// The identifier key gets a second and a third generation while values keep coming in. What is held against the promise is the
// stored rows themselves: the hash that the door gives for a value must be the hash of the one row of that value.

import { describe, expect, test } from 'vitest'
import type { KeyRing } from '../../src/base/keys.ts'
import { normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import {
  IdentifierDoor, findAccounts, inBulkTransaction, openBatch, recordAccounts, recordObservations, rotateIdentifierKey, withPopulationLock,
} from '../../src/population/index.ts'
import { useDatabase } from '../database.ts'

const { database, clock, keys } = await useDatabase()

const generations = (count: number): KeyRing => ({
  ...keys,
  identifiers: [...keys.identifiers, ...['e', 'f'].map((letter, place) => ({ id: place + 2, secret: Buffer.from(letter.repeat(64), 'hex') }))].slice(0, count),
})

async function observe(ring: KeyRing, accounts: readonly string[], values: readonly string[]): Promise<void> {
  await inBulkTransaction(database, async (client) => {
    const batch = await openBatch(client, { source: 'test', actorId: 1n, kind: 'generated', recordedAt: clock.now() })
    await recordAccounts(client, ring, batch, accounts.map((externalId) => ({ externalId, createdAt: 1, status: null, organisationId: null, country: null })))
    const ids = await findAccounts(client, accounts)
    const observed = accounts.flatMap((account) => values.flatMap((value) => {
      const result = normaliseIdentifier({ kind: 'device:install', value })
      if (!result.ok) throw new Error(result.reason)
      return result.identifiers.map((identifier) => ({ accountId: ids.get(account) ?? 0, identifier, shownAs: null, at: 1, context: 'login' }))
    }))
    await recordObservations(client, new IdentifierDoor(ring), batch, observed)
  })
}

async function accountsOn(ring: KeyRing, value: string): Promise<string[]> {
  const { hash } = new IdentifierDoor(ring).hash('device:install', value)
  const rows = await database.prisma.$queryRaw<{ external_id: string }[]>`
    SELECT k.external_id FROM identifier i JOIN observation o ON o.identifier_id = i.id JOIN account_identity k ON k.account_id = o.account_id
      WHERE i.kind = 'device:install' AND i.hash = ${new Uint8Array(hash)} ORDER BY 1`
  return rows.map((row) => row.external_id)
}

const values = Array.from({ length: 50 }, (_, place) => `install-${place}-abcdefgh`)

describe('rotating the identifier key', () => {
  test('lets look-ups meet the stored rows before and after, and a value that comes again finds its row', async () => {
    await observe(generations(1), ['a', 'b'], values)
    expect(await accountsOn(generations(1), values[7] ?? '')).toEqual(['a', 'b'])
    expect(await rotateIdentifierKey(database, generations(2), { batchRows: 7 })).toEqual({ ok: true, rotated: 50, joined: 0 })
    expect(await accountsOn(generations(1), values[7] ?? '')).toEqual([])
    expect(await accountsOn(generations(2), values[7] ?? '')).toEqual(['a', 'b'])
    await observe(generations(2), ['c'], values)
    expect(await database.prisma.identifier.count()).toBe(50)
    expect(await accountsOn(generations(2), values[7] ?? '')).toEqual(['a', 'b', 'c'])
  })

  test('goes on where it was killed, and joins values that came in again under the new key meanwhile', async () => {
    const ring = generations(3)
    const killed = rotateIdentifierKey(database, ring, { batchRows: 10, onProgress: () => { throw new Error('killed') } })
    await expect(killed).rejects.toThrow('killed')
    expect(await database.prisma.identifier.count({ where: { keyId: 2 } })).toBe(40)
    await observe(ring, ['c', 'd'], values)
    expect(await database.prisma.identifier.count()).toBe(90)
    expect(await rotateIdentifierKey(database, ring, { batchRows: 10 })).toEqual({ ok: true, rotated: 40, joined: 40 })
    expect(await database.prisma.identifier.count()).toBe(50)
    expect(await database.prisma.identifier.count({ where: { keyId: { not: 3 } } })).toBe(0)
    for (const value of values) expect(await accountsOn(ring, value)).toEqual(['a', 'b', 'c', 'd'])
    expect(await rotateIdentifierKey(database, ring)).toEqual({ ok: true, rotated: 0, joined: 0 })
  })

  test('is refused while a scan reads the population', async () => {
    const result = await withPopulationLock(database, () => rotateIdentifierKey(database, generations(3)))
    expect(result?.value).toEqual({ ok: false, reason: 'population_in_use' })
  })
})
