// The audit chain. Method: acts are appended as the product does, then rows are corrupted with the owner's rights and without the
// triggers, and verification has to name the first wrong row; every corruption is rolled back afterwards.

import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ActHead, appendAct, exportHead, type NewAct, verifyActs } from '../../src/acts/index.ts'
import type { Database, Transaction } from '../../src/base/database.ts'
import { useDatabase } from '../database.ts'

const { database, owner, clock, keys } = await useDatabase()
const ACTS = 40

async function append(act: Partial<NewAct> = {}, from: Database = database) {
  return from.inTransaction((transaction) => appendAct(transaction, keys, clock, { actorId: 1n, kind: 'thing_changed', objectKind: 'thing', objectId: 7n, ...act }))
}

/** Runs the corruption in a transaction that is never committed, and gives what verification says meanwhile. */
async function verdictAfter(corrupt: (transaction: Transaction) => Promise<unknown>, anchors: readonly ActHead[] = []) {
  const rollback = new Error('rolled back on purpose')
  let verdict: Awaited<ReturnType<typeof verifyActs>> | undefined
  await owner.inTransaction(async (transaction) => {
    await transaction.$executeRaw`set local session_replication_role = replica`
    await corrupt(transaction)
    verdict = await verifyActs({ prisma: transaction }, keys, anchors)
    throw rollback
  }).catch((error: unknown) => {
    if (error !== rollback) throw error
  })
  return verdict
}

beforeAll(async () => {
  for (let place = 0; place < ACTS; place++) {
    clock.advance(1)
    const act: Partial<NewAct> = [
      {}, { before: { amount: 12n, at: clock.now() }, after: { amount: 13n } }, { body: { note: 'ünï "quoted"', ratio: 0.1 + 0.2, list: [1, null, 'x'] } }, { reason: 'farm' },
    ][place % 4] ?? {}
    await append({ ...act, objectId: BigInt(place) })
  }
})

describe('the chain of acts', () => {
  test('verifies as it was written, and counts its acts', async () => {
    expect(await verifyActs(database, keys)).toMatchObject({ ok: true, acts: ACTS, head: { sequence: BigInt(ACTS) } })
  })

  test('an empty chain is whole and has no head', async () => {
    expect(await verdictAfter((transaction) => transaction.$executeRaw`delete from act`)).toEqual({ ok: true, acts: 0, head: null })
  })

  test('an act without an actor, or of an actor nobody knows, is refused', async () => {
    await expect(append({ actorId: 0n })).rejects.toThrow('An act needs its actor.')
    await expect(append({ actorId: 999n })).rejects.toThrow()
    expect(await verifyActs(database, keys)).toMatchObject({ ok: true, acts: ACTS })
  })

  test('a sentence is refused as a reason, because the chain is never erased', async () => {
    await expect(append({ reason: 'Mr. Smith called about his brother' })).rejects.toThrow('belong into its body')
  })

  test('the serving role and the owner can neither change nor delete an act', async () => {
    for (const role of [database, owner]) {
      await expect(role.prisma.$executeRaw`update act set kind = 'other'`).rejects.toThrow()
      await expect(role.prisma.$executeRaw`delete from act`).rejects.toThrow()
      await expect(role.prisma.$executeRaw`truncate act cascade`).rejects.toThrow()
    }
  })

  test('erasing a side row leaves the chain whole', async () => {
    const verdict = await verdictAfter((transaction) => transaction.$executeRaw`delete from act_body where sequence in (2, 3)`)
    expect(verdict).toMatchObject({ ok: true, acts: ACTS })
  })

  test('every kind of change of a row is found at that row', async () => {
    const changes: readonly ((transaction: Transaction) => Promise<unknown>)[] = [
      (tx) => tx.$executeRaw`update act set kind = 'other' where sequence = 10`,
      (tx) => tx.$executeRaw`update act set object_kind = 'other' where sequence = 10`,
      (tx) => tx.$executeRaw`update act set object_id = '999' where sequence = 10`,
      (tx) => tx.$executeRaw`update act set recorded_at = recorded_at + interval '1 ms' where sequence = 10`,
      (tx) => tx.$executeRaw`update act set reason = 'office' where sequence = 10`,
      (tx) => tx.$executeRaw`update act set before_digest = after_digest where sequence = 10`,
      (tx) => tx.$executeRaw`update act set after_digest = null where sequence = 10`,
      (tx) => tx.$executeRaw`update act set body_digest = null where sequence = 10`,
      (tx) => tx.$executeRaw`update act set previous_hash = sha256('x') where sequence = 10`,
      (tx) => tx.$executeRaw`update act set hash = sha256('x') where sequence = 10`,
      (tx) => tx.$executeRaw`with a as (insert into actor (kind, name, created_at) values ('person', 'other', now()) returning id) update act set actor_id = a.id from a where sequence = 10`,
    ]
    for (const change of changes) expect(await verdictAfter(change), change.toString()).toEqual({ ok: false, sequence: 10n, fault: 'altered' })
  })

  test('a changed side row is found, and so is one given to an act that had none', async () => {
    expect(await verdictAfter((tx) => tx.$executeRaw`update act_body set body = jsonb_set(body, '{after,amount}', '"999"') where sequence = 2`))
      .toEqual({ ok: false, sequence: 2n, fault: 'body_altered' })
    expect(await verdictAfter((tx) => tx.$executeRaw`insert into act_body values (1, '\\x00', '{}')`)).toEqual({ ok: false, sequence: 1n, fault: 'body_altered' })
  })

  test('a cut tail is found by an anchored head, and only by one', async () => {
    const head = await exportHead(database)
    const cut = (transaction: Transaction) => transaction.$executeRaw`delete from act where sequence > 35`
    expect(await verdictAfter(cut)).toMatchObject({ ok: true, acts: 35 })
    expect(await verdictAfter(cut, head === null ? [] : [head])).toEqual({ ok: false, sequence: 36n, fault: 'missing' })
  })

  test('a chain that was rebuilt with the key is found by an anchored head', async () => {
    const head = await exportHead(database)
    const rebuilt = await verdictAfter(async (transaction) => {
      await transaction.$executeRaw`delete from act_body where sequence = ${ACTS}`
      await transaction.$executeRaw`delete from act where sequence = ${ACTS}`
      await appendAct(transaction, keys, clock, { actorId: 1n, kind: 'thing_changed', objectKind: 'thing', objectId: 8n })
    }, head === null ? [] : [head])
    expect(rebuilt).toEqual({ ok: false, sequence: BigInt(ACTS), fault: 'not_the_anchored' })
  })

  test('a row signed with a key that is not at hand is named', async () => {
    const foreign = { ...keys, chain: [{ id: 2, secret: Buffer.alloc(32, 9) }] }
    expect(await verifyActs(database, foreign)).toEqual({ ok: false, sequence: 1n, fault: 'unknown_key' })
  })

  test('random tampering is found at the first row it touched', async () => {
    const random = xoroshiro128plus(20_260_601)
    const below = (limit: number) => uniformInt(random, 0, limit - 1)
    for (let round = 0; round < 60; round++) {
      const [left, right] = [1 + below(ACTS - 1), 1 + below(ACTS - 1)].sort((a, b) => a - b) as [number, number]
      const tampering = below(4)
      const verdict = await verdictAfter(async (tx) => {
        if (tampering === 0) await tx.$executeRaw`update act set object_id = object_id || 'x' where sequence = ${left}`
        if (tampering === 1) await tx.$executeRaw`delete from act where sequence between ${left} and ${right}`
        if (tampering === 2) await swap(tx, left, right === left ? left + 1 : right)
        if (tampering === 3) await insert(tx, left)
      })
      const expected = tampering === 1 ? { ok: false, sequence: BigInt(left), fault: 'missing' } : { ok: false, sequence: BigInt(left), fault: 'altered' }
      expect(verdict, `round ${round}: tampering ${tampering} at ${left}, ${right}`).toEqual(expected)
    }
  })

  test('sixteen writers at once, a third of which roll back, leave neither gap nor fork', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 48 }, (_, place) =>
      database.inTransaction(async (transaction) => {
        await appendAct(transaction, keys, clock, { actorId: 1n, kind: 'raced', objectKind: 'thing', objectId: BigInt(place) })
        if (place % 3 === 0) throw new Error('rolled back on purpose')
      })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(32)
    expect(await verifyActs(database, keys)).toMatchObject({ ok: true, acts: ACTS + 32 })
  })
})

/** Exchanges the places of two whole rows. */
async function swap(tx: Transaction, left: number, right: number): Promise<void> {
  await tx.$executeRaw`delete from act_body where sequence in (${left}, ${right})`
  await tx.$executeRaw`update act set sequence = 1000000 where sequence = ${left}`
  await tx.$executeRaw`update act set sequence = ${left} where sequence = ${right}`
  await tx.$executeRaw`update act set sequence = ${right} where sequence = 1000000`
}

/** Squeezes a copy of a row in before it, renumbering the rest. */
async function insert(tx: Transaction, place: number): Promise<void> {
  await tx.$executeRaw`delete from act_body`
  await tx.$executeRaw`update act set sequence = sequence + 1000000 where sequence >= ${place}`
  await tx.$executeRaw`insert into act select ${place}, actor_id, kind, object_kind, 'forged', before_digest, after_digest, body_digest, reason, recorded_at, key_id, previous_hash, sha256('forged')
    from act where sequence = ${1_000_000 + place}`
  await tx.$executeRaw`update act set sequence = sequence - 999999 where sequence > 1000000`
}
