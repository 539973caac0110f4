// Imported history and the books: it earns nothing by itself, earns once where the import is told so, and later refunds meet it rightly.

import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { postTransfer } from '../../src/ledger/index.ts'
import { eventKey } from '../../src/population/index.ts'
import { apiyi, recordEvent } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from './programme.ts'

const given = await useDatabase()
const { database, clock, keys, owner } = given
const { account, balances, codeOf, programId, read, record, recorder, refund, signUp } = await makeProgramme(given, apiyi)
const { id: sourceId } = await database.prisma.source.create({ data: { name: 'history' } })
const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'import', recordedAt: clock.now() } })

afterEach(async () => {
  await expectBooksToBalance(owner)
})

let count = 0
async function imported(amount: string): Promise<{ inviter: bigint; invitee: bigint; eventId: string; id: bigint }> {
  const [inviter, invitee] = [await account(`h-${++count}`), await account(`h-${++count}`)]
  await signUp(invitee, inviter, new Date('2026-05-01T00:00:00Z'))
  const eventId = `old-${count}`
  const at = new Date('2026-05-20T00:00:00Z')
  const { id } = await database.prisma.event.create({
    data: {
      naturalKey: new Uint8Array(eventKey(keys, 'host', eventId)), contentDigest: new Uint8Array(1), type: 'recharge', accountId: invitee, amount: units(amount), asset: 'USD',
      occurredAt: at, recordedAt: clock.now(), effectiveAt: at, batchId,
    },
    select: { id: true },
  })
  return { inviter, invitee, eventId, id }
}

test('a refund of an imported payment does not make that payment earn', async () => {
  const { inviter, invitee, eventId } = await imported('100')
  expect(await refund(randomUUID(), eventId, invitee, '40')).toMatchObject({ ok: true, isWaiting: false })
  expect(await balances(inviter)).toEqual({})
})

test('an imported payment does not earn when a later sign-up binds its account', async () => {
  const [inviter, invitee] = [await account('bound'), await account('late')]
  const at = new Date('2026-05-21T00:00:00Z')
  await database.prisma.event.create({
    data: { naturalKey: new Uint8Array(3), contentDigest: new Uint8Array(1), type: 'recharge', accountId: invitee, amount: 1_000_000n, asset: 'USD', occurredAt: at, recordedAt: at, effectiveAt: at, batchId },
  })
  await record({ type: 'signup', accountId: invitee, occurredAt: new Date('2026-05-20T00:00:00Z'), invitation: { code: await codeOf(inviter) } })
  expect(await balances(inviter)).toEqual({})
})

test('an import that is told to accrue tells its events like any others: they earn once however often it is repeated', async () => {
  const [inviter, invitee] = [await account('told-1'), await account('told-2')]
  await signUp(invitee, inviter, new Date('2026-05-01T00:00:00Z'))
  const fact = { source: 'host', eventId: 'told', type: 'recharge' as const, accountId: invitee, amount: units('100'), asset: 'USD', occurredAt: new Date('2026-05-20T00:00:00Z') }
  expect(await recordEvent(recorder, batchId, fact)).toMatchObject({ ok: true, isNew: true, rebates: [{ amount: units('5') }] })
  expect(await recordEvent(recorder, batchId, fact)).toMatchObject({ ok: true, isNew: false, rebates: [{ amount: units('5') }] })
  await refund(randomUUID(), 'told', invitee, '40')
  expect(await balances(inviter)).toEqual({ 'reward_available USD': units('3') })
})

test('a refund after the start reverses an opening rebate at its own rate, and what was refunded before the start stays as it was', async () => {
  const { inviter, invitee, eventId, id } = await imported('100')
  const version = await database.prisma.programVersion.findFirstOrThrow({ where: { programId } })
  const rebate = await database.prisma.rebate.create({
    data: {
      naturalKey: new Uint8Array([9]), kind: 'opening', programId, programVersionId: version.id, eventId: id, accountId: inviter, base: 0n, ratePpm: 0, amount: units('8'), asset: 'USD',
      occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now(), maturesAt: clock.now(), actorId: 1n,
    },
  })
  await read((transaction) => postTransfer(transaction, {
    naturalKey: Buffer.from('opening'), kind: 'opening', programId, occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now(), actorId: 1n,
    entries: [
      { accountId: inviter, kind: 'reward_available', asset: 'USD', rebateId: rebate.id, amount: units('8') },
      { accountId: null, kind: 'opening_balance', asset: 'USD', rebateId: rebate.id, amount: -units('8') },
    ],
  }))
  const at = new Date('2026-05-22T00:00:00Z')
  await database.prisma.event.create({
    data: {
      naturalKey: new Uint8Array(5), contentDigest: new Uint8Array(1), type: 'refund', accountId: invitee, originalKey: new Uint8Array(eventKey(keys, 'host', eventId)),
      amount: units('50'), asset: 'USD', occurredAt: at, recordedAt: at, effectiveAt: at, batchId,
    },
  })
  await refund(randomUUID(), eventId, invitee, '25')
  expect(await balances(inviter)).toEqual({ 'reward_available USD': units('6') })
})
