// Requests of payouts: who may ask, for how much, what waits for a person, and what comes back when one is cancelled.
// Method: each rule on a real database with the money oracle after every test.

import { afterEach, describe, expect, test } from 'vitest'
import { applyEnforcement, openHoldsOf } from '../../src/ledger/index.ts'
import { addDestination, approveDestination, approvePayout, cancelPayout, destinationsOf, makeBatch, recordPayee, requestPayout, resolveHeldPayouts } from '../../src/payouts/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, units } from '../programs/programme.ts'
import { cashProgram, IBANS, makeCashProgramme, toBank } from './payout-programme.ts'

const test_ = await useDatabase()
const { database, owner, clock, keys } = test_
const programme = await makeCashProgramme(test_)
const { member, earn, ask, balances, desks } = programme
afterEach(() => expectBooksToBalance(owner))
let names = 0
const next = (): string => `member-${++names}`

describe('a request', () => {
  test('takes the oldest rebates first into transit and names them', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    clock.advance(60)
    await earn(payee, '10')
    const answer = await ask(payee, '15')
    expect(answer).toMatchObject({ ok: true, isNew: true, payout: { state: 'approved', gross: units('15'), approvedBy: null } })
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('15'), 'reward_available USD': units('5') })
    const positions = await owner.pool.query<{ amount: string }>(
      `select p.amount from position p join book_account b on b.id = p.book_account_id where b.account_id = $1 and b.kind = 'payout_in_transit' order by p.rebate_id`, [payee.accountId])
    expect(positions.rows.map(({ amount }) => BigInt(amount))).toEqual([units('10'), units('5')])
  })

  test('of the same key is the same payout, and of another content is refused', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '30')
    const first = await ask(payee, '10', { key: 'once' })
    const second = await ask(payee, '10', { key: 'once' })
    if (!first.ok || !second.ok) throw new Error('refused')
    expect([second.payout.id, second.isNew]).toEqual([first.payout.id, false])
    expect(await ask(payee, '11', { key: 'once' })).toEqual({ ok: false, reason: 'key_reused' })
    expect(await balances(payee.accountId)).toMatchObject({ 'payout_in_transit USD': units('10') })
  })

  test('for everything takes whole cents and leaves the rest available', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '12.345678')
    expect(await ask(payee, '12.345')).toEqual({ ok: false, reason: 'sub_unit' })
    expect(await ask(payee, 'all')).toMatchObject({ ok: true, payout: { gross: units('12.34') } })
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('12.34'), 'reward_available USD': units('0.005678') })
  })

  test('needs a complete tax profile, a passed check and enabled payouts', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    const say = (facts: object) => recordPayee(desks.host, { accountId: payee.accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 0, source: 'host', ...facts })
    await say({ taxProfile: 'missing' })
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'tax_profile_missing' })
    await say({ payeeCheck: 'failed' })
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'payee_check_missing' })
    await say({ payoutsEnabled: false })
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'payouts_disabled' })
    await say({})
    expect(await ask(payee, '10')).toMatchObject({ ok: true })
  })

  test('of more than there is, or of nothing, is refused', async () => {
    const payee = await member(next(), toBank())
    expect(await ask(payee, '1')).toEqual({ ok: false, reason: 'nothing_available' })
    await earn(payee, '10')
    expect(await ask(payee, '10.01')).toEqual({ ok: false, reason: 'insufficient' })
    expect(await ask(payee, '0')).toEqual({ ok: false, reason: 'nothing_available' })
  })

  test('records the share that is to be withheld, in whole cents', async () => {
    const payee = await member(next(), toBank())
    await recordPayee(desks.host, { accountId: payee.accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 240_000, source: 'host' })
    await earn(payee, '10.10')
    expect(await ask(payee, 'all')).toMatchObject({ ok: true, payout: { gross: units('10.1'), withheld: units('2.42') } })
  })

  test('is refused while the member is restricted from payouts or an account hold is open', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    const hold = await database.prisma.hold.create({ data: { subjectKind: 'account', accountId: payee.accountId, ownerId: 1n, reason: 'review', placedAt: clock.now(), dueAt: new Date('2027-01-01T00:00:00Z'), onSilence: 'escalate' } })
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'on_hold' })
    await database.prisma.hold.update({ where: { id: hold.id }, data: { endedAt: clock.now(), endedAs: 'released', endedActorId: 1n } })
    const first = await ask(payee, '4')
    if (!first.ok) throw new Error(first.reason)
    for (const kind of ['no_payout', 'host_review']) {
      const client = await owner.pool.connect()
      await client.query('begin')
      await client.query('set local session_replication_role = replica')
      await client.query(`insert into account_restriction (account_id, kind, starts_at, ends_at, decision_id) values ($1, $2, $3, $4, 1)`, [payee.accountId, kind, clock.now(), new Date(clock.now().getTime() + 60_000)])
      await client.query('commit')
      client.release()
      expect(await ask(payee, '2')).toEqual({ ok: false, reason: 'restricted' })
      if (kind === 'no_payout') expect(await makeBatch(desks.ada, { programId: programme.programId, method: 'bank' })).toMatchObject({ leftOut: [{ payoutId: first.payout.id, reason: 'restricted' }] })
      clock.advance(61)
    }
    expect(await ask(payee, '2')).toMatchObject({ ok: true })
  })

  test('of eight callers at once for everything there is gives it to one of them', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(payee, '10')))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    expect(new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.reason])))).toEqual(new Set(['nothing_available']))
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('10') })
  })

  test('of eight callers at once under one key is one payout', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(payee, '1', { key: 'same' })))
    expect(new Set(answers.map((answer) => (answer.ok ? answer.payout.id : 0n))).size).toBe(1)
    expect(await balances(payee.accountId)).toMatchObject({ 'payout_in_transit USD': units('1') })
  })
})

describe('minimum and limits', () => {
  test('a minimum on the request counts the request, inclusive', async () => {
    const own = await makeCashProgramme(test_, cashProgram({ movement: { rewardTransfer: 'none', payout: { methods: ['bank'], minimum: { amount: '25', on: 'request' } } } }))
    const payee = await own.member(next(), toBank())
    await own.earn(payee, '60')
    expect(await own.ask(payee, '24.99')).toEqual({ ok: false, reason: 'below_minimum' })
    expect(await own.ask(payee, '25')).toMatchObject({ ok: true })
  })

  test('a minimum on the balance counts what the member has, inclusive', async () => {
    const own = await makeCashProgramme(test_, cashProgram({ movement: { rewardTransfer: 'none', payout: { methods: ['bank'], minimum: { amount: '20', on: 'balance' } } } }))
    const payee = await own.member(next(), toBank())
    await own.earn(payee, '19.99')
    expect(await own.ask(payee, '5')).toEqual({ ok: false, reason: 'below_minimum' })
    await own.earn(payee, '0.01')
    expect(await own.ask(payee, '5')).toMatchObject({ ok: true })
  })

  test('daily and monthly limits are cumulative, for a member and for a destination that two members share', async () => {
    const payout = { methods: ['bank' as const], dailyLimit: '100', monthlyLimit: '150', approvalAbove: '1000' }
    const own = await makeCashProgramme(test_, cashProgram({ movement: { rewardTransfer: 'none', payout } }))
    const [one, other] = [await own.member(next(), toBank(IBANS[2])), await own.member(next(), toBank(IBANS[2]))]
    await own.earn(one, '500')
    await own.earn(other, '500')
    expect(await own.ask(one, '60')).toMatchObject({ ok: true })
    expect(await own.ask(one, '40.01')).toEqual({ ok: false, reason: 'over_daily_limit' })
    expect(await own.ask(other, '40.01')).toEqual({ ok: false, reason: 'over_daily_limit' })
    expect(await own.ask(other, '40')).toMatchObject({ ok: true })
    clock.advance(86_400)
    expect(await own.ask(one, '51')).toEqual({ ok: false, reason: 'over_monthly_limit' })
    expect(await own.ask(one, '50')).toMatchObject({ ok: true })
  })

  test('only cash is paid out: what was earned on a wallet track stays a wallet accrual', async () => {
    const own = await makeCashProgramme(test_, cashProgram({
      movement: { rewardTransfer: 'manual', payout: null },
      tracks: [{ key: 'partner', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['bank'], approvalAbove: '1000' } } }],
    }))
    const payee = await own.member(next(), toBank())
    await own.earn(payee, '40')
    expect(await own.ask(payee, '10')).toEqual({ ok: false, reason: 'not_offered' })
    await database.prisma.trackChange.create({ data: { programId: own.programId, accountId: payee.accountId, track: 'partner', effectiveFrom: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    expect(await own.ask(payee, '10')).toEqual({ ok: false, reason: 'nothing_available' })
    clock.advance(60)
    await own.earn(payee, '15')
    expect(await own.ask(payee, '15.01')).toEqual({ ok: false, reason: 'insufficient' })
    expect(await own.ask(payee, '5')).toMatchObject({ ok: true })
    // Down again: the cash that is left stays cash, the wallet stays a wallet.
    await database.prisma.trackChange.create({ data: { programId: own.programId, accountId: payee.accountId, track: 'default', effectiveFrom: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    expect(await own.ask(payee, 'all')).toMatchObject({ ok: true, payout: { gross: units('10') } })
    expect(await own.balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('15'), 'reward_available USD': units('40') })
  })
})

describe('approval', () => {
  test('above the limit counted over 30 days another person than the requester approves', async () => {
    const payee = await member(next(), toBank(IBANS[3]))
    await earn(payee, '2000')
    expect(await ask(payee, '1000')).toMatchObject({ ok: true, payout: { state: 'approved' } })
    const second = await ask(payee, '0.01', { desk: desks.ada })
    if (!second.ok) throw new Error(second.reason)
    expect(second.payout).toMatchObject({ state: 'requested', needsApproval: true })
    expect(await approvePayout(desks.host, second.payout.id)).toEqual({ ok: false, reason: 'needs_a_person' })
    expect(await approvePayout(desks.ada, second.payout.id)).toEqual({ ok: false, reason: 'same_person' })
    expect(await approvePayout(desks.bob, second.payout.id)).toMatchObject({ ok: true, payout: { state: 'approved', approvedBy: desks.bob.actorId } })
    expect(await approvePayout(desks.bob, second.payout.id)).toEqual({ ok: false, reason: 'not_waiting' })
    clock.advance(31 * 86_400)
    expect(await ask(payee, '5')).toMatchObject({ ok: true, payout: { state: 'approved' } })
  })

  test('the database itself refuses the requester, a machine, and a step outside the table', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '1500')
    const asked = await ask(payee, '1500', { desk: desks.ada })
    if (!asked.ok) throw new Error(asked.reason)
    const { id, version } = asked.payout
    const data = { state: 'approved', approvedAt: clock.now(), version: version + 1 }
    await expect(database.prisma.payout.update({ where: { id }, data })).rejects.toThrow()
    await expect(database.prisma.payout.update({ where: { id }, data: { ...data, approvedBy: desks.ada.actorId } })).rejects.toThrow()
    await expect(database.prisma.payout.update({ where: { id }, data: { ...data, approvedBy: desks.host.actorId } })).rejects.toThrow(/needs a person/)
    await expect(database.prisma.payout.update({ where: { id }, data: { state: 'paid', version: version + 1 } })).rejects.toThrow(/cannot go from requested to paid/)
    await expect(database.prisma.payout.update({ where: { id }, data: { state: 'cancelled', endedAt: clock.now(), version } })).rejects.toThrow(/changed meanwhile/)
    await expect(owner.prisma.payout.update({ where: { id }, data: { gross: 1n, version: version + 1 } })).rejects.toThrow(/does not change/)
  })

  test('a cancelled payout gives the money back, once', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '10')
    const asked = await ask(payee, '10')
    if (!asked.ok) throw new Error(asked.reason)
    expect(await cancelPayout(desks.host, asked.payout.id)).toMatchObject({ ok: true, payout: { state: 'cancelled' } })
    expect(await cancelPayout(desks.host, asked.payout.id)).toEqual({ ok: false, reason: 'not_waiting' })
    expect(await balances(payee.accountId)).toEqual({ 'reward_available USD': units('10') })
  })

  test('what the check holds or denies waits with its reason under a hold of its own, and a person ends it', async () => {
    for (const decision of ['hold', 'deny'] as const) {
      const payee = await member(next(), toBank())
      await earn(payee, '20')
      programme.setCheck(async () => answerOf(decision))
      const asked = await ask(payee, '10')
      programme.setCheck(async () => answerOf('allow'))
      if (!asked.ok) throw new Error(asked.reason)
      expect(asked.payout).toMatchObject({ state: 'requested', needsApproval: false, reason: decision === 'hold' ? 'held_by_check' : 'denied_by_check' })
      const hold = await database.prisma.hold.findUniqueOrThrow({ where: { id: asked.payout.holdId ?? 0n } })
      expect(hold).toMatchObject({ subjectKind: 'payout', accountId: payee.accountId, endedAt: null })
      expect(await ask(payee, '5')).toEqual({ ok: false, reason: 'on_hold' })
      await expect(database.prisma.payout.update({ where: { id: asked.payout.id }, data: { state: 'approved', approvedAt: clock.now(), version: asked.payout.version + 1 } })).rejects.toThrow(/is held/)
      expect(await approvePayout(desks.ada, asked.payout.id)).toMatchObject({ ok: true, payout: { state: 'approved', reason: null } })
      expect(await database.prisma.hold.findUniqueOrThrow({ where: { id: hold.id } })).toMatchObject({ endedAs: 'released', endedActorId: desks.ada.actorId })
      expect(await ask(payee, '5')).toMatchObject({ ok: true })
    }
  })

  test('a hold of a check that could not answer ends when it can', async () => {
    const payee = await member(next(), toBank())
    await earn(payee, '20')
    const degraded = answerOf('hold', true)
    programme.setCheck(async () => degraded)
    const asked = await ask(payee, '10')
    programme.setCheck(async () => answerOf('allow'))
    if (!asked.ok || !degraded.ok) throw new Error('refused')
    expect(await resolveHeldPayouts(desks.host, { previousId: degraded.answer.check_id, isAllowed: false })).toBe(1)
    expect(await database.prisma.payout.findUniqueOrThrow({ where: { id: asked.payout.id } })).toMatchObject({ state: 'requested' })
    expect(await resolveHeldPayouts(desks.host, { previousId: degraded.answer.check_id, isAllowed: true })).toBe(1)
    expect(await database.prisma.payout.findUniqueOrThrow({ where: { id: asked.payout.id } })).toMatchObject({ state: 'approved', approvedBy: null, reason: null })
  })

  test('a rebate that was taken back or frozen meanwhile keeps its payout from being approved; what comes back repays the debt or stays held', async () => {
    const payee = await member(next(), toBank())
    const eventId = await earn(payee, '600')
    await earn(payee, '600')
    const asked = await ask(payee, '1200')
    if (!asked.ok) throw new Error(asked.reason)
    await programme.refund(`${eventId}-back`, eventId, payee.inviteeId)
    expect(await balances(payee.accountId)).toEqual({ 'payout_in_transit USD': units('1200'), 'debt USD': -units('600') })
    expect(await approvePayout(desks.bob, asked.payout.id)).toEqual({ ok: false, reason: 'taken_back' })
    const { id: frozen } = await database.prisma.rebate.findFirstOrThrow({ where: { accountId: payee.accountId }, orderBy: { id: 'desc' } })
    await programme.read((transaction) => applyEnforcement(transaction, { kind: 'freeze', rebateIds: [frozen] }, {
      naturalKey: Buffer.from(`freeze ${frozen}`), actorId: 1n, at: clock.now(), hold: { reason: 'freeze', ownerId: 1n, dueAt: new Date('2027-01-01T00:00:00Z'), onSilence: 'escalate' },
    }))
    expect(await programme.read((transaction) => openHoldsOf(transaction, [frozen]))).toHaveLength(1)
    expect(await cancelPayout(desks.host, asked.payout.id)).toMatchObject({ ok: true })
    expect(await balances(payee.accountId)).toEqual({ 'reward_held USD': units('600') })
  })
})

describe('destinations', () => {
  test('are sealed, masked, compared by their fingerprint and seen by the detector as a payout account and a bank account', async () => {
    const [one, other] = [await member(next(), toBank(IBANS[1])), await member(next(), toBank('gb82 west 1234 5698 7654 32'))]
    const rows = await owner.pool.query<{ fingerprint: Buffer; shown_as: string; sealed: Buffer }>(
      `select d.fingerprint, b.shown_as, b.sealed from payout_destination d join payout_destination_body b on b.destination_id = d.id where account_id = any ($1) order by d.id`, [[one.accountId, other.accountId]])
    expect(rows.rows.map(({ shown_as: shown }) => shown)).toEqual(['GB …5432', 'GB …5432'])
    expect(rows.rows[0]?.fingerprint).toEqual(rows.rows[1]?.fingerprint)
    expect(rows.rows[0]?.sealed.toString('latin1')).not.toContain('98765432')
    const shared = await owner.pool.query<{ kind: string; accounts: number }>(
      `select i.kind, count(distinct o.account_id)::int as accounts from observation o join identifier i on i.id = o.identifier_id where o.account_id = any ($1) group by i.id, i.kind order by 1`, [[one.accountId, other.accountId]])
    expect(shared.rows).toEqual([{ kind: 'bank', accounts: 2 }, { kind: 'payout:bank', accounts: 2 }])
  })

  test('with wrong check digits, an odd account number or a wrong routing number are refused', async () => {
    const { accountId } = await member(next())
    const give = (destination: Parameters<typeof addDestination>[2]['destination']) => addDestination(desks.host, database, { accountId, destination })
    expect(await give(toBank('DE89370400440532013001'))).toEqual({ ok: false, reason: 'iban' })
    expect(await give({ method: 'bank', bank: { account_holder: 'A B', account_number: '123456789', bank_code: '110000001', country: 'US' } })).toEqual({ ok: false, reason: 'bank_code' })
    expect(await give({ method: 'bank', bank: { account_holder: 'A B', account_number: '??', bank_code: '110000000', country: 'US' } })).toEqual({ ok: false, reason: 'account_number' })
    expect(await give({ method: 'bank', bank: { account_holder: 'A B', account_number: '000123456789', bank_code: '110000000', country: 'US' } })).toMatchObject({ ok: true, destination: { shownAs: 'US …6789' } })
    expect(await give({ method: 'stripe', stripeAccount: 'https://x' })).toEqual({ ok: false, reason: 'stripe_account' })
  })

  test('a changed one waits seven days and for another person, and the old address is told', async () => {
    const payee = await member(next(), toBank(IBANS[0]))
    await earn(payee, '30')
    await database.prisma.webhookEndpoint.create({ data: { url: 'https://host.example/hook', topics: ['payout.destination_changed'], sealedSecret: new Uint8Array(1), sealedKeyId: 1, recordedAt: clock.now(), actorId: 1n } })
    expect(await addDestination(desks.host, database, { accountId: payee.accountId, destination: toBank(IBANS[0]) })).toMatchObject({ ok: true, isNew: false })
    const changed = await addDestination(desks.ada, database, { accountId: payee.accountId, destination: toBank(IBANS[1]) })
    if (!changed.ok) throw new Error(changed.reason)
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'destination_not_approved' })
    expect(await approveDestination(desks.host, changed.destination.id)).toEqual({ ok: false, reason: 'needs_a_person' })
    expect(await approveDestination(desks.ada, changed.destination.id)).toEqual({ ok: false, reason: 'same_person' })
    expect(await approveDestination(desks.bob, changed.destination.id)).toMatchObject({ ok: true })
    clock.advance(7 * 86_400 - 1)
    expect(await ask(payee, '10')).toEqual({ ok: false, reason: 'destination_waits' })
    clock.advance(1)
    expect(await ask(payee, '10')).toMatchObject({ ok: true })
    const message = await database.prisma.outbox.findFirstOrThrow({ where: { topic: 'payout.destination_changed', objectId: changed.destination.id } })
    expect(message.body).toMatchObject({ tell: 'old_address', before: 'DE …3000', after: 'GB …5432' })
    expect(await programme.read((transaction) => destinationsOf(transaction, payee.accountId))).toMatchObject([{ shownAs: 'GB …5432', retiredAt: null }, { shownAs: 'DE …3000', retiredAt: expect.any(Date) as Date }])
  })

  test('a track by contract pays only to the destination of an approved contract', async () => {
    const payout = { methods: ['bank' as const], approvalAbove: '1000' }
    const own = await makeCashProgramme(test_, cashProgram({
      movement: { rewardTransfer: 'none', payout: null },
      tracks: [{ key: 'cash', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout } }],
    }))
    const payee = await own.member(next(), toBank())
    const contract = await database.prisma.contract.create({
      data: { programId: own.programId, accountId: payee.accountId, track: 'cash', signedAt: clock.now(), documentDigest: new Uint8Array(1), enteredBy: desks.ada.actorId, enteredAt: clock.now() },
    })
    await database.prisma.trackChange.create({ data: { programId: own.programId, accountId: payee.accountId, track: 'cash', contractId: contract.id, effectiveFrom: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    await own.earn(payee, '50')
    expect(await own.ask(payee, '10')).toEqual({ ok: false, reason: 'no_destination' })
    const added = await addDestination(own.desks.ada, database, { accountId: payee.accountId, destination: toBank(IBANS[3]), contractId: contract.id })
    if (!added.ok) throw new Error(added.reason)
    expect(await own.ask(payee, '10')).toEqual({ ok: false, reason: 'no_destination' })
    await database.prisma.contract.update({ where: { id: contract.id }, data: { approvedBy: desks.bob.actorId, approvedAt: clock.now() } })
    expect(await own.ask(payee, '10')).toEqual({ ok: false, reason: 'destination_not_approved' })
    await approveDestination(own.desks.bob, added.destination.id)
    expect(await own.ask(payee, '10')).toMatchObject({ ok: true, payout: { destinationId: added.destination.id } })
    expect(await requestPayout(own.desks.host, { programId: own.programId, accountId: payee.accountId, method: 'stripe', asset: 'USD', amount: 'all', key: 'x' })).toEqual({ ok: false, reason: 'not_offered' })
  })
})

test('every step is an act and a message', async () => {
  const { rows } = await owner.pool.query<{ state: string; acts: string }>(
    `select e.state, count(a.*) as acts from payout_event e left join act a on a.object_kind = 'payout' and a.object_id = e.payout_id::text and a.kind = 'payout_' || e.state where e.is_applied group by e.id, e.state`)
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter(({ acts }) => acts !== '1')).toEqual([])
  expect(keys.sealing).toHaveLength(1)
})
