// The manual bank transfer: batches made by one person and released by another, their file, and the bank's confirmations line by line.
// Method: real database, the money oracle after every test; files are compared byte for byte.

import { parse } from 'csv-parse/sync'
import { afterEach, describe, expect, test } from 'vitest'
import { addDestination, exportBatchFile, exportYear, makeBatch, type PayoutRow, recordPayee, referenceOf, releaseBatch, takeConfirmation } from '../../src/payouts/index.ts'
import { payoutIdOf } from '../../src/payouts/reference.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { type CashMember, cashProgram, makeCashProgramme, toBank } from './payout-programme.ts'

const test_ = await useDatabase()
const { database, owner, clock } = test_
const programme = await makeCashProgramme(test_, cashProgram({ movement: { rewardTransfer: 'none', payout: { methods: ['bank'], approvalAbove: '100000' } } }))
const { programId, member, earn, ask, balances, desks } = programme
afterEach(() => expectBooksToBalance(owner))
let names = 0
const next = (): string => `payee-${++names}`

async function approved(payee: CashMember, amount: string): Promise<PayoutRow> {
  await earn(payee, amount)
  const asked = await ask(payee, amount)
  if (!asked.ok) throw new Error(asked.reason)
  return asked.payout
}

async function sent(payee: CashMember, amount: string): Promise<PayoutRow> {
  const payout = await approved(payee, amount)
  const made = await makeBatch(desks.ada, { programId, method: 'bank' })
  if (!made.ok) throw new Error(made.reason)
  const released = await releaseBatch(desks.bob, made.batch.id)
  if (!released.ok) throw new Error(released.reason)
  return payout
}

const HEADER = 'reference,status,amount,fee,date\n'
/** A calendar day, so many days from now. */
const day = (days = 0): string => new Date(clock.now().getTime() + days * 86_400_000).toISOString().slice(0, 10)
const line = (payout: { id: bigint }, status: string, amount: string, fee = '0', date = day()): string => `${referenceOf(payout.id)},${status},${amount},${fee},${date}\n`
const confirm = async (...lines: string[]) => {
  const answer = await takeConfirmation(desks.ada, programId, HEADER + lines.join(''))
  return answer.ok ? answer.results.map(({ outcome }) => outcome) : answer.reason
}
const stateOf = async ({ id }: { id: bigint }) => (await database.prisma.payout.findUniqueOrThrow({ where: { id } })).state
const platform = async () => Object.fromEntries((await owner.pool.query<{ kind: string; total: string }>(
  `select kind, sum(balance) as total from book_account where account_id is null and kind in ('cash_clearing', 'withholding_payable', 'payout_fees') group by 1`)).rows.map(({ kind, total }) => [kind, BigInt(total)]))
/** What the accounts of the platform gained while the work ran; recharges also pass through cash_clearing. */
async function gained(work: () => Promise<unknown>): Promise<Record<string, bigint>> {
  const before = await platform()
  await work()
  const after = await platform()
  return Object.fromEntries(Object.entries(after).map(([kind, total]) => [kind, total - (before[kind] ?? 0n)]).filter(([, change]) => change !== 0n))
}

describe('a batch', () => {
  test('is made by one person, released by another, and its file is the same bytes for ever', async () => {
    const payee = await member(next())
    await addDestination(desks.host, database, { accountId: payee.accountId, destination: { method: 'bank', bank: { account_holder: '=HYPERLINK("x"), "Ann"', iban: 'DE89370400440532013000' } } })
    const payout = await approved(payee, '12.5')
    expect(await makeBatch(desks.host, { programId, method: 'bank' })).toEqual({ ok: false, reason: 'needs_a_person' })
    const made = await makeBatch(desks.ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    expect(made.batch).toMatchObject({ state: 'made', totals: [{ asset: 'USD', payouts: 1, gross: units('12.5'), withheld: 0n }] })
    expect(await exportBatchFile(desks.ada, made.batch.id, 'sending')).toEqual({ ok: false, reason: 'not_released' })
    expect(await releaseBatch(desks.ada, made.batch.id)).toEqual({ ok: false, reason: 'same_person' })
    expect(await releaseBatch(desks.host, made.batch.id)).toEqual({ ok: false, reason: 'needs_a_person' })
    expect(await releaseBatch(desks.bob, made.batch.id)).toMatchObject({ ok: true, leftOut: [], batch: { state: 'released' } })
    expect(await releaseBatch(desks.bob, made.batch.id)).toEqual({ ok: false, reason: 'already_released' })
    const file = await exportBatchFile(desks.ada, made.batch.id, 'sending')
    if (!file.ok) throw new Error(file.reason)
    expect(parse(file.text, { columns: true })).toEqual([{
      reference: referenceOf(payout.id), account_holder: '\'=HYPERLINK("x"), "Ann"', iban: 'DE89370400440532013000', bic: '', account_number: '', bank_code: '', country: 'DE', currency: 'USD', amount: '12.5',
    }])
    clock.advance(86_400)
    expect(await exportBatchFile(desks.bob, made.batch.id, 'again')).toEqual(file)
    expect(await database.prisma.act.count({ where: { kind: 'payout_file_exported', objectId: made.batch.id.toString() } })).toBe(2)
    await owner.prisma.payoutDestinationBody.deleteMany({ where: { payoutDestination: { accountId: payee.accountId } } })
    expect(await exportBatchFile(desks.bob, made.batch.id, 'again')).toEqual({ ok: false, reason: 'destination_erased' })
  })

  test('cannot be released by its maker behind the code either', async () => {
    const payee = await member(next(), toBank())
    await approved(payee, '1')
    const made = await makeBatch(desks.ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    const release = (releasedBy: bigint) => database.prisma.payoutBatch.update({ where: { id: made.batch.id }, data: { state: 'released', releasedBy, releasedAt: clock.now(), fileDigest: new Uint8Array(32) } })
    await expect(release(desks.ada.actorId)).rejects.toThrow()
    await expect(release(desks.host.actorId)).rejects.toThrow(/needs a person/)
    expect(await releaseBatch(desks.bob, made.batch.id)).toMatchObject({ ok: true })
  })

  test('leaves out whom it must not pay any more, and says why', async () => {
    const [good, bad] = [await member(next(), toBank()), await member(next(), toBank())]
    const [one, other] = [await approved(good, '5'), await approved(bad, '5')]
    const made = await makeBatch(desks.ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    await recordPayee(desks.host, { accountId: bad.accountId, taxProfile: 'complete', payeeCheck: 'failed', payoutsEnabled: true, withholdingPpm: 0, source: 'host' })
    expect(await releaseBatch(desks.bob, made.batch.id)).toMatchObject({ ok: true, leftOut: [{ payoutId: other.id, reason: 'payee_check_missing' }], batch: { totals: [{ payouts: 1 }] } })
    expect([await stateOf(one), await stateOf(other)]).toEqual(['in_transit', 'approved'])
    expect(await makeBatch(desks.ada, { programId, method: 'bank' })).toEqual({ ok: false, reason: 'nothing_to_send' })
  })
})

describe('a confirmation', () => {
  test('pays: net, withheld and fee leave the member rebate by rebate, to the last micro', async () => {
    const payee = await member(next(), toBank())
    await recordPayee(desks.host, { accountId: payee.accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 333_333, source: 'host' })
    for (const part of ['0.01', '3.333333', '0.000001', '6.666666']) await earn(payee, part)
    const asked = await ask(payee, 'all')
    if (!asked.ok) throw new Error(asked.reason)
    expect(asked.payout).toMatchObject({ gross: units('10.01'), withheld: units('3.34') })
    const made = await makeBatch(desks.ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    await releaseBatch(desks.bob, made.batch.id)
    expect(await gained(async () => expect(await confirm(line(asked.payout, 'paid', '6.25', '0.42'))).toEqual(['applied']))).toEqual({
      cash_clearing: units('6.25'), withholding_payable: units('3.34'), payout_fees: units('0.42'),
    })
    expect(await balances(payee.accountId)).toEqual({})
    expect(await stateOf(asked.payout)).toBe('paid')
    const { rows } = await owner.pool.query<{ least: string }>(
      `select min(e.amount) as least from entry e join book_account b on b.id = e.book_account_id where b.kind in ('withholding_payable', 'payout_fees') and e.rebate_id in (select id from rebate where account_id = $1)`, [payee.accountId])
    expect(BigInt(rows[0]?.least ?? 0)).toBeGreaterThan(0n)
  })

  test('refuses what is not ours line by line, and applies the rest', async () => {
    const payee = await member(next(), toBank())
    const payout = await sent(payee, '10')
    const waiting = await approved(await member(next(), toBank()), '7')
    const { id } = payout
    expect(await confirm(
      line(payout, 'paid', '9.99'), line({ id: 999_999n }, 'paid', '10'), `${referenceOf(id).replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))},paid,10,0,2026-06-02\n`,
      line(waiting, 'paid', '7'), line(payout, 'paid', '10', '0', '2030-01-01'), line(payout, 'paid', '10', '0', '2026-01-01'), line(payout, 'paid', '10', '0', '2026-02-30'), line(payout, 'sent', '10'), line(payout, 'paid', '1e1'), 'x,y\n',
      line(payout, 'paid', '9.5', '0.5'),
    )).toEqual(['wrong_amount', 'unknown_reference', 'unknown_reference', 'not_sent', 'in_the_future', 'before_sent', 'date', 'status', 'amount', 'columns', 'applied'])
    expect([await stateOf(payout), await stateOf(waiting)]).toEqual(['paid', 'approved'])
    expect(await confirm('"')).toBe('not_csv')
    expect(await takeConfirmation(desks.ada, programId, 'a,b\n')).toEqual({ ok: false, reason: 'header' })
    const other = await makeCashProgramme(test_)
    expect(await takeConfirmation(other.desks.ada, other.programId, HEADER + line(payout, 'returned', '10'))).toMatchObject({ ok: true, results: [{ outcome: 'unknown_reference' }] })
  })

  test('given twice counts once', async () => {
    const payee = await member(next(), toBank())
    const payout = await sent(payee, '10')
    expect(await confirm(line(payout, 'paid', '10'), line(payout, 'paid', '10'))).toEqual(['applied', 'known'])
    expect(await gained(async () => expect(await confirm(line(payout, 'paid', '10'))).toEqual(['known']))).toEqual({})
  })

  test('of a return brings everything back, in whichever order the two lines come', async () => {
    const [one, other] = [await member(next(), toBank()), await member(next(), toBank())]
    const first = await sent(one, '10')
    const second = await sent(other, '10')
    clock.advance(2 * 86_400)
    expect(await gained(async () => {
      expect(await confirm(line(first, 'paid', '9.5', '0.5', day(-1)), line(first, 'returned', '9.5'))).toEqual(['applied', 'applied'])
      expect(await confirm(line(second, 'returned', '10'), line(second, 'paid', '9.5', '0.5', day(-1)))).toEqual(['applied', 'late'])
    })).toEqual({})
    for (const [payee, payout] of [[one, first], [other, second]] as const) {
      expect(await balances(payee.accountId)).toEqual({ 'reward_available USD': units('10') })
      expect(await stateOf(payout)).toBe('returned')
    }
  })

  test('of a payment after a return takes the money out again; what was paid out meanwhile becomes a debt', async () => {
    const payee = await member(next(), toBank())
    const payout = await sent(payee, '10')
    clock.advance(86_400)
    await confirm(line(payout, 'returned', '10', '0', day(-1)))
    const again = await ask(payee, '6')
    if (!again.ok) throw new Error(again.reason)
    expect(await confirm(line(payout, 'paid', '10'))).toEqual(['applied'])
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('6'), 'debt USD': -units('6') })
    // The member was given 6 twice, so the second payout may not go.
    expect(await makeBatch(desks.ada, { programId, method: 'bank' })).toEqual({ ok: false, reason: 'nothing_to_send' })
  })

  test('of a failure after a refund repays the debt that the refund made', async () => {
    const payee = await member(next(), toBank())
    const eventId = await earn(payee, '10')
    const asked = await ask(payee, '10')
    if (!asked.ok) throw new Error(asked.reason)
    const made = await makeBatch(desks.ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    await releaseBatch(desks.bob, made.batch.id)
    await programme.refund(`${eventId}-back`, eventId, payee.inviteeId, '40')
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('10'), 'debt USD': -units('4') })
    expect(await confirm(line(asked.payout, 'returned', '10'))).toEqual(['applied'])
    expect(await balances(payee.accountId)).toEqual({ 'reward_available USD': units('6') })
  })
})

test('the yearly export has one line per payee: gross, withheld, net and fee, less what came back', async () => {
  const own = await makeCashProgramme(test_)
  const payee = await own.member('=year', toBank())
  await recordPayee(desks.host, { accountId: payee.accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 100_000, source: 'host' })
  for (const [place, amount] of ['100', '50'].entries()) {
    await own.earn(payee, amount)
    const asked = await own.ask(payee, amount)
    const made = await makeBatch(own.desks.ada, { programId: own.programId, method: 'bank' })
    if (!asked.ok || !made.ok) throw new Error('refused')
    await releaseBatch(own.desks.bob, made.batch.id)
    const paid = place === 0 ? line(asked.payout, 'paid', '89', '1') : line(asked.payout, 'paid', '45') + line(asked.payout, 'returned', '45')
    await takeConfirmation(own.desks.ada, own.programId, HEADER + paid)
  }
  expect(await exportYear(own.desks.ada, { programId: own.programId, year: 2026, zone: 'Asia/Shanghai', reason: 'tax' })).toBe(
    `year,account,asset,payouts,gross,withheld,net,fee\n2026,'=year-${own.programId},USD,1,100,10,89,1\n`)
  expect(await exportYear(own.desks.ada, { programId: own.programId, year: 2025, zone: 'UTC', reason: 'tax' })).toBe('year,account,asset,payouts,gross,withheld,net,fee\n')
})

test('a reference names its payout and no other when a digit is mistyped', () => {
  for (const id of [1n, 12n, 97n, 98n, 1_000_000_007n]) {
    const reference = referenceOf(id)
    expect(payoutIdOf(` ${reference.toLowerCase()} `)).toBe(id)
    for (let place = 0; place < reference.length; place++) {
      for (const digit of '0123456789') {
        const typed = reference.slice(0, place) + digit + reference.slice(place + 1)
        if (typed !== reference) expect(payoutIdOf(typed), typed).toBeNull()
      }
    }
  }
})
