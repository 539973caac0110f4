// Who counts as a new, separate customer: each way in which somebody does not, on real accounts, identifiers and resources.

import { describe, expect, test } from 'vitest'
import { IdentifierFlag } from '../../scoring/population.ts'
import { whoDoesNotCount } from '../../src/programs/attribution/who-counts.ts'
import { useDatabase } from '../database.ts'

const { database, clock } = await useDatabase()
const { prisma } = database
const { id: sourceId } = await prisma.source.create({ data: { name: 'who-counts' } })
const { id: batchId } = await prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
const { id: programId } = await prisma.program.create({ data: { key: 'counted', name: 'Counted', actorId: 1n, recordedAt: clock.now() } })
const SIGNED_UP = new Date('2026-06-01T00:00:00Z')

let count = 0
async function account(more: { occurredAt?: Date; parentId?: bigint; organisationHash?: Uint8Array<ArrayBuffer> } = {}): Promise<bigint> {
  const { id } = await prisma.account.create({ data: { identityDigest: new Uint8Array(1), recordedAt: clock.now(), batchId, ...more } })
  await prisma.accountIdentity.create({ data: { accountId: id, salt: new Uint8Array(1), externalId: `account-${++count}` } })
  return id
}
async function observe(kind: string, accountIds: readonly bigint[], flags = 0): Promise<void> {
  const hash = new Uint8Array(16).fill(++count)
  const { id: identifierId } = await prisma.identifier.create({ data: { kind, hash, keyId: 1, flags, recordedAt: clock.now() } })
  await prisma.observation.createMany({ data: accountIds.map((accountId) => ({ accountId, identifierId, occurredAt: SIGNED_UP, recordedAt: clock.now(), batchId })) })
}
async function judged(inviterId: bigint, inviteeId: bigint, eligibility = { newCustomer: true, separateAccount: true }, occurredAt = SIGNED_UP) {
  const relation = { programId, inviterId, inviteeId, rules: { eligibility }, signUp: { occurredAt } }
  return (await database.inTransaction((transaction) => whoDoesNotCount(transaction, [relation]))).get(relation) ?? null
}

describe('a new customer', () => {
  test('shares nothing with an earlier account', async () => {
    expect(await judged(await account(), await account())).toBeNull()
  })

  for (const kind of ['email', 'phone', 'payment:fingerprint', 'payment:bank', 'payment:wallet']) {
    test(`is nobody whose ${kind} an earlier account had, whoever that is`, async () => {
      const [inviter, earlier, invitee] = [await account(), await account(), await account()]
      await observe(kind, [earlier, invitee])
      expect(await judged(inviter, invitee)).toBe('known_customer')
      expect(await judged(inviter, earlier)).toBeNull()
    })
  }

  test('is not the inviter under another name', async () => {
    const [inviter, invitee] = [await account(), await account()]
    await observe('payment:fingerprint', [inviter, invitee])
    expect(await judged(inviter, invitee)).toBe('known_customer')
  })

  test('may share an address, a device, a masked card number or a mail domain with others', async () => {
    const [inviter, earlier, invitee] = [await account(), await account(), await account()]
    for (const kind of ['ip', 'device:install', 'payment:masked', 'email:domain']) await observe(kind, [earlier, invitee])
    await observe('payment:fingerprint', [earlier, invitee], IdentifierFlag.bare)
    expect(await judged(inviter, invitee)).toBeNull()
  })

  test('is not known by an account that came later, by the times of the platform', async () => {
    const later = await account({ occurredAt: new Date('2026-06-02T00:00:00Z') })
    const [inviter, invitee] = [await account(), await account({ occurredAt: SIGNED_UP })]
    await observe('email', [later, invitee])
    expect(await judged(inviter, invitee)).toBeNull()
    expect(await judged(inviter, later)).toBe('known_customer')
  })

  test('is known by an account that was erased, of which the hashes alone remain', async () => {
    const [inviter, erased, invitee] = [await account(), await account(), await account()]
    await observe('email', [erased, invitee])
    await prisma.accountIdentity.delete({ where: { accountId: erased } })
    expect(await judged(inviter, invitee)).toBe('known_customer')
  })

  test('is not asked for where the programme does not ask', async () => {
    const [inviter, invitee] = [await account(), await account()]
    await observe('email', [inviter, invitee])
    expect(await judged(inviter, invitee, { newCustomer: false, separateAccount: true })).toBeNull()
  })
})

describe('a separate account', () => {
  const own = { newCustomer: false, separateAccount: true }

  test('is neither the child nor the parent of the inviter, nor its sibling', async () => {
    const parent = await account()
    const [child, sibling] = [await account({ parentId: parent }), await account({ parentId: parent })]
    expect(await judged(parent, child, own)).toBe('same_account')
    expect(await judged(child, parent, own)).toBe('same_account')
    expect(await judged(child, sibling, own)).toBe('same_account')
    expect(await judged(await account(), child, own)).toBeNull()
  })

  test('is of another organisation than the inviter; two without one are not of the same', async () => {
    const organisationHash = new Uint8Array(32).fill(9)
    const [left, right] = [await account({ organisationHash }), await account({ organisationHash })]
    expect(await judged(left, right, own)).toBe('same_account')
    expect(await judged(left, await account({ organisationHash: new Uint8Array(32).fill(8) }), own)).toBeNull()
    expect(await judged(await account(), await account(), own)).toBeNull()
  })

  test('has no instance that the inviter has', async () => {
    const [inviter, invitee, other] = [await account(), await account(), await account()]
    const resourceHash = new Uint8Array(32).fill(5)
    await prisma.accountResource.createMany({ data: [inviter, invitee].map((accountId) => ({ accountId, resourceHash, recordedAt: clock.now() })) })
    expect(await judged(inviter, invitee, own)).toBe('same_account')
    expect(await judged(inviter, other, own)).toBeNull()
  })

  test('may be part of the inviter’s where the programme does not ask', async () => {
    const parent = await account()
    expect(await judged(parent, await account({ parentId: parent }), { newCustomer: true, separateAccount: false })).toBeNull()
  })
})

describe('excluded accounts', () => {
  test('neither invite nor are invited, while they are excluded, in one programme or in all', async () => {
    const [staff, tester, friend] = [await account(), await account(), await account()]
    const [startsAt, endsAt] = [new Date('2026-05-01T00:00:00Z'), new Date('2026-06-01T00:00:00.001Z')]
    await prisma.excludedAccount.create({ data: { programId: null, accountId: staff, reason: 'staff', startsAt, recordedAt: clock.now(), actorId: 1n } })
    await prisma.excludedAccount.create({ data: { programId, accountId: tester, reason: 'test', startsAt, endsAt, recordedAt: clock.now(), actorId: 1n } })
    const none = { newCustomer: false, separateAccount: false }
    expect(await judged(staff, friend, none)).toBe('excluded_account')
    expect(await judged(friend, staff, none)).toBe('excluded_account')
    expect(await judged(friend, tester, none)).toBe('excluded_account')
    expect(await judged(friend, tester, none, endsAt)).toBeNull()
    expect(await judged(staff, friend, none, new Date('2026-04-30T23:59:59.999Z'))).toBeNull()
  })
})

test('many relations are judged together, each under its own rules', async () => {
  const [inviter, twin, stranger] = [await account(), await account(), await account()]
  await observe('phone', [inviter, twin])
  const relation = (inviteeId: bigint, newCustomer: boolean) => ({ programId, inviterId: inviter, inviteeId, rules: { eligibility: { newCustomer, separateAccount: false } }, signUp: { occurredAt: SIGNED_UP } })
  const relations = [relation(twin, true), relation(twin, false), relation(stranger, true)]
  const answer = await database.inTransaction((transaction) => whoDoesNotCount(transaction, relations))
  expect(relations.map((each) => answer.get(each) ?? null)).toEqual(['known_customer', null, null])
})
