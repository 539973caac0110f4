// Goal: under contention nobody overdraws, nothing is posted twice and nothing deadlocks.
// Method: 16 clients on 10 hot members; first the posting function alone, then the programme with everything it does.
// Mutants seen to die here: the sorted lock of lock_members left out; the floor constraint dropped; the member lock of a transfer left out.

import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/base/database.ts'
import { postTransfer, PostingRefused, rechargeEntries } from '../../src/ledger/index.ts'
import { apiyi, recordEvent, transferReward } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const IS_LONG = process.env['RINGFENCE_LONG'] === '1'
const CLIENTS = 16
const MEMBERS = 10
const given = await useDatabase()
const { clock, owner } = given
const programme = await makeProgramme(given, apiyi)
const wide = openDatabase(given.url, { connections: CLIENTS })
afterAll(() => wide.close())

const members: bigint[] = []
for (let index = 0; index < MEMBERS; index++) members.push(await programme.account(`hot-${index}`))
const memberAt = (index: number): bigint => members[index % MEMBERS] ?? 0n
const now = clock.now()
const posting = { occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n }

/** Every attempt counts: a transaction that was repeated after a deadlock makes more attempts than were begun. */
let begun = 0
let attempts = 0
const counting = {
  ...wide,
  inTransaction: <T>(work: Parameters<typeof wide.inTransaction<T>>[0]) => (begun++, wide.inTransaction<T>((transaction) => (attempts++, work(transaction)))),
  inSession: <T>(work: Parameters<typeof wide.inSession<T>>[0]) => (begun++, wide.inSession<T>((session) => (attempts++, work(session)))),
}

test('of sixteen that withdraw the whole balance at once, one succeeds, in every round', async () => {
  for (let round = 0; round < (IS_LONG ? 300 : 6); round++) {
    const account = memberAt(round)
    await wide.inTransaction((transaction) => postTransfer(transaction, { ...posting, naturalKey: Buffer.from(`in ${round}`), kind: 'recharge', entries: rechargeEntries(account, 'USD', 100n) }))
    const outcomes = await Promise.allSettled(Array.from({ length: CLIENTS }, (_, client) => counting.inTransaction((transaction) =>
      postTransfer(transaction, { ...posting, naturalKey: Buffer.from(`out ${round} ${client}`), kind: 'refund', entries: rechargeEntries(account, 'USD', 100n).map((entry) => ({ ...entry, amount: -entry.amount })) }))))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    expect(refused.every((reason) => reason instanceof PostingRefused && reason.reason === 'floor')).toBe(true)
  }
  await expectBooksToBalance(owner)
})

test('transfers between many members, in every direction at once, never deadlock', async () => {
  for (const [index, account] of members.entries()) {
    await wide.inTransaction((transaction) => postTransfer(transaction, { ...posting, naturalKey: Buffer.from(`base ${index}`), kind: 'recharge', entries: rechargeEntries(account, 'USD', 10_000n) }))
  }
  attempts = 0
  const rounds = IS_LONG ? 300 : 12
  const moves = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let round = 0; round < rounds; round++) {
      const [from, to] = [memberAt(client * 7 + round * 3), memberAt(client * 3 + round * 7 + 1)]
      if (from === to) continue
      const entries = [{ accountId: from, kind: 'main_paid' as const, asset: 'USD', rebateId: null, amount: -1n }, { accountId: to, kind: 'main_paid' as const, asset: 'USD', rebateId: null, amount: 1n }]
      await counting.inTransaction((transaction) => postTransfer(transaction, { ...posting, naturalKey: Buffer.from(`move ${client} ${round}`), kind: 'spend', entries }))
    }
    return rounds
  })
  await Promise.all(moves)
  const calls = (await owner.pool.query(`select count(*)::int as count from transfer where kind = 'spend'`)).rows[0].count
  expect(attempts).toBe(calls)
  await expectBooksToBalance(owner)
})

test('recharges, refunds, spending and transfers of members who invited each other in a row never deadlock, overdraw or earn twice', async () => {
  for (const [index, account] of members.entries()) if (index > 0) await programme.signUp(account, memberAt(index - 1))
  const recorder = { ...programme.recorder, database: counting }
  const { id: sourceId } = await wide.prisma.source.create({ data: { name: 'busy' } })
  const { id: batchId } = await wide.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: now } })
  attempts = 0
  begun = 0
  const rounds = IS_LONG ? 300 : 3
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    for (let round = 0; round < rounds; round++) {
      const accountId = memberAt(client + round)
      // Two clients tell the same event, so that half of all reports are repetitions.
      const eventId = `${client >> 1}-${round}`
      const told = { source: 'busy', occurredAt: now, accountId: memberAt((client >> 1) + round), asset: 'USD' }
      await recordEvent(recorder, batchId, { ...told, type: 'recharge', eventId: `r-${eventId}`, amount: units('100') })
      await recordEvent(recorder, batchId, { ...told, type: 'spend', eventId: `s-${eventId}`, amount: units('3') })
      await recordEvent(recorder, batchId, { ...told, type: 'refund', eventId: `b-${eventId}`, originalEventId: `r-${eventId}`, amount: units('50') })
      await transferReward(recorder, { programId: programme.programId, accountId, asset: 'USD', amount: units('1'), key: `${client}-${round}` })
    }
  }))
  expect(begun).toBeGreaterThan(0)
  expect(attempts).toBe(begun)
  const { rows } = await owner.pool.query(`select count(*)::int as rebates from rebate where kind = 'rebate'`)
  const paying = Array.from({ length: (CLIENTS / 2) * rounds }, (_, place) => (Math.floor(place / rounds) + (place % rounds)) % MEMBERS).filter((index) => index > 0)
  expect(rows[0].rebates).toBe(paying.length)
  await expectBooksToBalance(owner)
})
