// The tie-out: every row of the books and of the bank's list ends in one group, and nothing is matched twice.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeBatch, referenceOf, releaseBatch, takeConfirmation } from '../../src/payouts/index.ts'
import { inSnapshot } from '../../src/population/index.ts'
import { type ExternalRow, type PaidPayout, readPaidPayouts, readStatement, tieOut } from '../../src/statements/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { type CashMember, makeCashProgramme, toBank } from '../payouts/payout-programme.ts'
import { units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const { ask, desks, earn, member, programId } = await makeCashProgramme(given)

const paid = (id: number, net: bigint, references: string[] = []): PaidPayout => ({ payoutId: BigInt(id), method: 'bank', asset: 'USD', net, fee: 0n, paidAt: new Date(0), references })
const row = (reference: string, amount: bigint, fee: bigint | null = null): ExternalRow => ({ reference, amount, fee })
const own = ({ payoutId }: PaidPayout): string[] => [`RF${payoutId}`]

test('a row is matched by reference, whatever its case and spaces', () => {
  const payout = paid(7, 25n)
  expect(tieOut([payout], [row(' rf 7 ', 25n)], own)).toEqual({ matched: [{ payout, row: row(' rf 7 ', 25n) }], different: [], missing: [], unknown: [], repeated: [] })
})

test('another amount or fee is different; a fee that the list leaves out is not compared', () => {
  const payouts = [{ ...paid(1, 25n), fee: 1n }, { ...paid(2, 25n), fee: 1n }, { ...paid(3, 25n), fee: 1n }]
  const found = tieOut(payouts, [row('RF1', 24n, 1n), row('RF2', 25n, 2n), row('RF3', 25n)], own)
  expect([found.different.map(({ row: each }) => each.reference), found.matched.length]).toEqual([['RF1', 'RF2'], 1])
})

test('what is only in the books is missing, what is only in the list unknown, a second row of a payout repeated', () => {
  const found = tieOut([paid(1, 5n, ['tr_a', 'po_a']), paid(2, 5n)], [row('tr_a', 5n), row('po_a', 5n), row('tr_a', 5n), row('zz', 9n), row('zz', 9n)], own)
  expect([found.matched.length, found.missing.map(({ payoutId }) => payoutId), found.unknown.map(({ reference }) => reference), found.repeated.map(({ reference }) => reference)]).toEqual([1, [2n], ['zz'], ['po_a', 'tr_a', 'zz']])
})

test('every row of either side is in exactly one group', () => {
  const lists = fc.tuple(fc.uniqueArray(fc.nat(12), { maxLength: 8 }), fc.array(fc.tuple(fc.nat(15), fc.bigInt(0n, 2n)), { maxLength: 20 }))
  fc.assert(fc.property(lists, ([ids, rows]) => {
    const payouts = ids.map((id) => paid(id, 1n))
    const found = tieOut(payouts, rows.map(([id, amount]) => row(`RF${id}`, amount)), own)
    expect(found.matched.length + found.different.length + found.unknown.length + found.repeated.length).toBe(rows.length)
    expect(found.matched.length + found.different.length + found.missing.length).toBe(payouts.length)
    expect(found.matched.every(({ payout, row: each }) => payout.net === each.amount)).toBe(true)
  }), { numRuns: 300, seed: 5 })
})

const day = (): string => clock.now().toISOString().slice(0, 10)
const payees = new Map<bigint, CashMember>()

/** Earned, asked for, sent and confirmed by the bank, with a fee. */
async function payOut(amount: string): Promise<bigint> {
  const payee = await member(`payee-${payees.size}`, toBank())
  await earn(payee, amount)
  const asked = await ask(payee, amount)
  if (!asked.ok) throw new Error(asked.reason)
  const made = await makeBatch(desks.ada, { programId, method: 'bank' })
  if (!made.ok) throw new Error(made.reason)
  await releaseBatch(desks.bob, made.batch.id)
  const confirmed = await takeConfirmation(desks.ada, programId, `reference,status,amount,fee,date\n${referenceOf(asked.payout.id)},paid,${amount},0,${day()}\n`)
  if (!confirmed.ok) throw new Error(confirmed.reason)
  expect(confirmed.results.map(({ outcome }) => outcome)).toEqual(['applied'])
  payees.set(asked.payout.id, payee)
  return asked.payout.id
}

test('the payouts of a period are those whose money left the books in it, and the statement of the period says as much', async () => {
  clock.set(new Date('2026-06-30T23:59:59.000Z'))
  const june = await payOut('25')
  clock.set(new Date('2026-07-01T00:00:00.000Z'))
  const july = await payOut('40')
  clock.set(new Date('2026-08-01T00:00:00.000Z'))
  for (const [payoutId, net, startsAt, endsAt] of [[june, units('25'), '2026-06-01', '2026-07-01'], [july, units('40'), '2026-07-01', '2026-08-01']] as const) {
    const period = { startsAt: new Date(startsAt), endsAt: new Date(endsAt) }
    const found = await readPaidPayouts(database.prisma, { programId, method: 'bank', asset: 'USD', period })
    expect(found).toMatchObject([{ payoutId, net, fee: 0n }])
    expect(tieOut(found, [row(referenceOf(payoutId), net)], (payout) => [referenceOf(payout.payoutId)]).matched).toHaveLength(1)
    const read = await inSnapshot(database, (client) => readStatement(client, { programId, accountId: null }, period))
    if (!read.ok) throw new Error(JSON.stringify(read.differences))
    expect(read.statement.lines.find(({ account }) => account === 'cash_clearing')?.columns).toEqual({ paid: net.toString() })
    expect(read.statement.lines.find(({ account }) => account === 'reward_available')?.columns).toEqual({ accrued: net.toString(), paid: (-net).toString() })
    expect(read.statement.between_programs).toEqual([])
  }
  await expectBooksToBalance(owner)
})
