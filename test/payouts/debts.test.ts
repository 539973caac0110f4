// Debts that are given up: after a year or below a floor, by two persons; what restores them; and that verify finds what is wrong with payouts.

import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { debtCausesOf, verifyBooks } from '../../src/ledger/index.ts'
import { approveWriteOff, makeBatch, proposeWriteOff, readDebts, referenceOf, releaseBatch, restoreWriteOff, takeConfirmation } from '../../src/payouts/index.ts'
import { applyEnforcement, entriesOf, inverseEntries, lockMembers, postTransfer } from '../../src/ledger/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { type CashMember, makeCashProgramme, toBank } from './payout-programme.ts'

const test_ = await useDatabase()
const { database, owner, clock, keys } = test_
const programme = await makeCashProgramme(test_)
const { programId, member, earn, ask, balances, desks, read } = programme
afterEach(() => expectBooksToBalance(owner))
let names = 0

/** A member who was paid out and owes it, because the payment was given back. */
async function debtor(amount: string): Promise<CashMember & { rebateId: bigint; payoutId: bigint }> {
  const payee = await member(`debtor-${++names}`, toBank())
  const eventId = await earn(payee, amount)
  const asked = await ask(payee, amount)
  const made = await makeBatch(desks.ada, { programId, method: 'bank' })
  if (!asked.ok || !made.ok) throw new Error('refused')
  await releaseBatch(desks.bob, made.batch.id)
  await takeConfirmation(desks.ada, programId, `reference,status,amount,fee,date\n${referenceOf(asked.payout.id)},paid,${amount},0,${clock.now().toISOString().slice(0, 10)}\n`)
  await programme.record({ type: 'chargeback', eventId: `${eventId}-back`, accountId: payee.inviteeId, originalEventId: eventId })
  const { id: rebateId } = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: payee.accountId } })
  return { ...payee, rebateId, payoutId: asked.payout.id }
}

describe('a debt', () => {
  test('is shown with what made it', async () => {
    const { accountId, rebateId } = await debtor('40')
    expect(await read((transaction) => readDebts(transaction, { programId, accountId }))).toMatchObject([{ rebateId, amount: units('40'), cause: 'reversal', since: clock.now() }])
    expect(await read((transaction) => debtCausesOf(transaction, accountId))).toMatchObject([{ rebateId, amount: units('40'), causes: [{ kind: 'reversal' }] }])
  })

  test('is given up after twelve months by two persons, and never by a machine or one alone', async () => {
    const { accountId, rebateId } = await debtor('40')
    const floor = units('5')
    clock.advance(364 * 86_400)
    expect(await proposeWriteOff(desks.ada, { rebateId, floor })).toEqual({ ok: false, reason: 'neither_old_nor_small' })
    clock.advance(86_400)
    expect(await proposeWriteOff(desks.host, { rebateId, floor })).toEqual({ ok: false, reason: 'needs_a_person' })
    const proposed = await proposeWriteOff(desks.ada, { rebateId, floor })
    if (!proposed.ok) throw new Error(proposed.reason)
    expect(proposed.writeOff).toMatchObject({ reason: 'old', state: 'proposed', amount: units('40') })
    expect(await proposeWriteOff(desks.bob, { rebateId, floor })).toEqual({ ok: false, reason: 'already_proposed' })
    const { id } = proposed.writeOff
    expect(await approveWriteOff(desks.ada, id)).toEqual({ ok: false, reason: 'same_person' })
    await expect(owner.prisma.writeOff.update({ where: { id }, data: { approvedBy: desks.ada.actorId, approvedAt: clock.now(), transferId: 1n } })).rejects.toThrow()
    await expect(owner.prisma.writeOff.update({ where: { id }, data: { approvedBy: desks.host.actorId, approvedAt: clock.now(), transferId: 1n } })).rejects.toThrow(/needs a person/)
    expect(await approveWriteOff(desks.bob, id)).toMatchObject({ ok: true, writeOff: { state: 'written_off' } })
    expect(await approveWriteOff(desks.bob, id)).toEqual({ ok: false, reason: 'not_waiting' })
    expect(await balances(accountId)).toEqual({})
    expect(await proposeWriteOff(desks.ada, { rebateId, floor })).toEqual({ ok: false, reason: 'no_debt' })
  })

  test('below the floor is given up at once; what was repaid meanwhile is not given up', async () => {
    const payee = await debtor('4')
    const proposed = await proposeWriteOff(desks.ada, { rebateId: payee.rebateId, floor: units('5') })
    if (!proposed.ok) throw new Error(proposed.reason)
    await earn(payee, '1')
    expect(await balances(payee.accountId)).toEqual({ 'debt USD': -units('3') })
    expect(await approveWriteOff(desks.bob, proposed.writeOff.id)).toEqual({ ok: false, reason: 'no_debt' })
  })

  test('that was given up is restored, so that what made it can be taken back exactly', async () => {
    const payee = await member(`debtor-${++names}`, toBank())
    await earn(payee, '4')
    await ask(payee, '4')
    const { id: rebateId } = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: payee.accountId } })
    const reclaimed = await read((transaction) => applyEnforcement(transaction, { kind: 'reclaim', rebateIds: [rebateId] }, { naturalKey: Buffer.from(`reclaim ${rebateId}`), actorId: 1n, at: clock.now() }))
    const proposed = await proposeWriteOff(desks.ada, { rebateId, floor: units('5') })
    if (!proposed.ok) throw new Error(proposed.reason)
    await approveWriteOff(desks.bob, proposed.writeOff.id)
    const undo = () => read(async (transaction) => {
      await lockMembers(transaction, [payee.accountId])
      const entries = inverseEntries(await entriesOf(transaction, reclaimed.posted?.transferId ?? 0n))
      await postTransfer(transaction, { naturalKey: Buffer.from(`undo ${rebateId}`), kind: 'undo', occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now(), actorId: 1n, entries })
    })
    await expect(undo()).rejects.toThrow()
    expect(await restoreWriteOff(desks.ada, proposed.writeOff.id)).toMatchObject({ ok: true, writeOff: { state: 'restored' } })
    expect(await restoreWriteOff(desks.ada, proposed.writeOff.id)).toEqual({ ok: false, reason: 'not_written_off' })
    expect(await balances(payee.accountId)).toMatchObject({ 'debt USD': -units('4') })
    await undo()
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('4') })
  })
})

describe('verify', () => {
  const rules = ['payouts_in_transit', 'payouts_paid', 'payout_transfers', 'payout_steps', 'write_offs']
  const faults = async () => (await verifyBooks(database, keys)).faults.filter(({ rule }) => rules.includes(rule)).map(({ rule, place }) => `${rule} ${place}`)
  let paid: Awaited<ReturnType<typeof debtor>>
  let open: bigint
  beforeAll(async () => {
    paid = await debtor('3')
    const payee = await member(`debtor-${++names}`, toBank())
    await earn(payee, '2000')
    const asked = await ask(payee, '2000')
    if (!asked.ok) throw new Error(asked.reason)
    open = asked.payout.id
    const proposed = await proposeWriteOff(desks.ada, { rebateId: paid.rebateId, floor: units('5') })
    if (!proposed.ok) throw new Error(proposed.reason)
    await approveWriteOff(desks.bob, proposed.writeOff.id)
  })

  test('finds nothing wrong with payouts as they were made', async () => {
    expect((await verifyBooks(database, keys)).faults.filter(({ rule }) => rules.includes(rule) || rule === 'debts')).toEqual([])
  })

  /** Runs the statements as a hostile owner would, looks, and rolls back. */
  async function corrupted(...statements: readonly string[]): Promise<string[]> {
    const client = await owner.pool.connect()
    try {
      await client.query('begin')
      await client.query('set local session_replication_role = replica')
      for (const statement of statements) await client.query(statement)
      await client.query('commit')
      return await faults()
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  test('finds a payout said to be over, paid to another amount, without its step, approved by no person, and a debt given up by hand', async () => {
    const cases: readonly (readonly [change: string, back: string, found: () => string])[] = [
      [`update payout set state = 'cancelled', ended_at = now() where id = ${open}`, `update payout set state = 'requested', ended_at = null where id = ${open}`, () => `payouts_in_transit payout ${open}`],
      [`update payout set fee = 1 where id = ${paid.payoutId}`, `update payout set fee = 0 where id = ${paid.payoutId}`, () => `payouts_paid payout ${paid.payoutId}`],
      [`update payout_event set transfer_id = null, is_applied = false where payout_id = ${paid.payoutId} and kind = 'paid'`,
        `update payout_event v set is_applied = true, transfer_id = (select t.id from transfer t where t.kind = 'payout_paid' and not exists (select 1 from payout_event o where o.transfer_id = t.id)) where payout_id = ${paid.payoutId} and kind = 'paid'`,
        () => `payout_steps payout ${paid.payoutId}`],
      [`update payout set approved_by = 1 where id = ${paid.payoutId}`, `update payout set approved_by = null where id = ${paid.payoutId}`, () => `payout_steps payout ${paid.payoutId}`],
      [`update write_off set amount = amount + 1 where rebate_id = ${paid.rebateId}`, `update write_off set amount = amount - 1 where rebate_id = ${paid.rebateId}`, () => `write_offs write_off ${String(writeOffId)}`],
    ]
    const { id: writeOffId } = await database.prisma.writeOff.findFirstOrThrow({ where: { rebateId: paid.rebateId } })
    for (const [change, back, found] of cases) {
      expect(await corrupted(change), change).toContain(found())
      expect(await corrupted(back), back).toEqual([])
    }
  })
})
