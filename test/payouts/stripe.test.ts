// Payouts through Stripe Connect: calls written before they are made, faults at every place, signed events in any order and number.
// Method: Stripe's own library speaks to a server on the loopback that behaves like its API; the money oracle after every test.

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addDestination, makeBatch, type PayoutRow, releaseBatch, sendPayouts, STRIPE_API_VERSION, takeProcessorEvent } from '../../src/payouts/index.ts'
import { minorUnit, toMinor } from '../../src/payouts/minor-units.ts'
import { groupOf } from '../../src/payouts/send-payouts.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { units } from '../programs/programme.ts'
import { type CashMember, makeCashProgramme } from './payout-programme.ts'
import { startStripeServer } from './stripe-server.ts'

const test_ = await useDatabase()
const { database, owner, clock, keys } = test_
const programme = await makeCashProgramme(test_)
const { programId, member, earn, ask, balances, desks } = programme
const stripe = await startStripeServer()
afterAll(() => stripe.stop())
beforeEach(() => {
  stripe.faults.length = 0
})
afterEach(() => expectBooksToBalance(owner))

let names = 0
interface Payee extends CashMember {
  readonly account: string
}

async function payee(isEnabled = true): Promise<Payee> {
  const account = `acct_0000000${String(++names).padStart(4, '0')}`
  const made = await member(`stripe-${names}`, { method: 'stripe', stripeAccount: account })
  if (isEnabled) await tell('account.updated', { id: account, object: 'account', payouts_enabled: true })
  return { ...made, account }
}

async function released(who: Payee, amount: string): Promise<PayoutRow> {
  await earn(who, amount)
  const asked = await ask(who, amount, { method: 'stripe' })
  if (!asked.ok) throw new Error(asked.reason)
  const made = await makeBatch(desks.ada, { programId, method: 'stripe' })
  if (!made.ok) throw new Error(made.reason)
  await releaseBatch(desks.bob, made.batch.id)
  return asked.payout
}

const send = (options: Parameters<typeof stripe.processor>[0] = {}) => sendPayouts({ database, keys, clock, actorId: 1n, processor: stripe.processor(options) })

async function tell(type: string, object: object, options: { at?: Date; id?: string; secret?: string } = {}) {
  const answer = await takeProcessorEvent(desks.host, stripe.processor(), stripe.event(type, object, options.at ?? clock.now(), options))
  return answer.ok ? answer.outcome : answer.reason
}

const madeFor = (payout: PayoutRow) => stripe.made.filter(({ metadata }) => metadata['ringfence_payout'] === groupOf(payout))
const kindsOf = (payout: PayoutRow) => madeFor(payout).map(({ object }) => object)
const stateOf = async ({ id }: PayoutRow) => (await database.prisma.payout.findUniqueOrThrow({ where: { id } })).state
const payoutObject = (payout: PayoutRow, more: object = {}) => {
  const [made] = madeFor(payout).filter(({ object }) => object === 'payout')
  return { ...made, failure_code: null, ...more }
}

describe('sending', () => {
  test('moves whole cents to the connected account and on to the bank, each once, under a pinned version', async () => {
    const who = await payee()
    const payout = await released(who, '25.10')
    expect(madeFor(payout)).toEqual([])
    expect(await stateOf(payout)).toBe('in_transit')
    expect(await send()).toEqual({ done: 2, refused: 0, unclear: 0 })
    expect(madeFor(payout)).toMatchObject([{ object: 'transfer', amount: 2510, currency: 'usd', account: who.account }, { object: 'payout', amount: 2510, currency: 'usd', account: who.account }])
    expect(await send()).toEqual({ done: 0, refused: 0, unclear: 0 })
    expect(new Set(stripe.seen.map(({ version }) => version))).toEqual(new Set([STRIPE_API_VERSION]))
    expect(await tell('payout.paid', payoutObject(payout))).toBe('applied')
    expect(await stateOf(payout)).toBe('paid')
    expect(await balances(who.accountId)).toEqual({})
  })

  test('waits until the processor has enabled payouts', async () => {
    const who = await payee(false)
    await earn(who, '10')
    expect(await ask(who, '10', { method: 'stripe' })).toEqual({ ok: false, reason: 'processor_disabled' })
    expect(await tell('account.updated', { id: who.account, object: 'account', payouts_enabled: true })).toBe('applied')
    // An older word that comes late does not count.
    expect(await tell('account.updated', { id: who.account, object: 'account', payouts_enabled: false }, { at: new Date(clock.now().getTime() - 60_000) })).toBe('applied')
    expect(await ask(who, '10', { method: 'stripe' })).toMatchObject({ ok: true })
    expect(await tell('account.updated', { id: 'acct_of_somebody', object: 'account', payouts_enabled: true })).toBe('unknown')
  })

  for (const fault of ['cut', 'silent', 'server_error'] as const) {
    for (const place of [0, 1]) {
      test(`after the effect the answer of call ${place + 1} is lost (${fault}): nobody is paid twice`, async () => {
        const payout = await released(await payee(), '10')
        stripe.faults.push(...Array.from({ length: place }, () => null), ...(fault === 'cut' ? [fault, fault] : [fault]))
        expect(await send({ timeoutMilliseconds: 80 })).toMatchObject({ unclear: 1 })
        expect(await send()).toMatchObject({ unclear: 0, refused: 0 })
        expect(kindsOf(payout)).toEqual(['transfer', 'payout'])
        expect(await database.prisma.payoutCall.findMany({ where: { payoutId: payout.id }, select: { outcome: true, attempt: true } })).toEqual([{ outcome: 'done', attempt: 1 }, { outcome: 'done', attempt: 1 }])
      })
    }
  }

  test('a connection cut before the effect, too many requests and an error of the server are repeated under the same key', async () => {
    const payout = await released(await payee(), '10')
    const before = stripe.seen.length
    stripe.faults.push('cut_before', 'cut_before', 'rate_limit', 'server_error_before')
    for (let round = 0; round < 3; round++) expect(await send()).toEqual({ done: 0, refused: 0, unclear: 1 })
    expect(await send()).toEqual({ done: 2, refused: 0, unclear: 0 })
    const creations = stripe.seen.slice(before).filter(({ path }) => path === 'POST /v1/transfers')
    expect(creations).toHaveLength(5)
    expect(new Set(creations.map(({ key }) => key)).size).toBe(1)
    expect(kindsOf(payout)).toEqual(['transfer', 'payout'])
  })

  // The library always repeats a connection that was closed once; so a lost answer is two in a row above.
  test('the library itself repeats what was cut, under the same key', async () => {
    const payout = await released(await payee(), '10')
    stripe.faults.push('cut')
    expect(await send({ retries: 1 })).toEqual({ done: 2, refused: 0, unclear: 0 })
    expect(kindsOf(payout)).toEqual(['transfer', 'payout'])
  })

  test('a process killed between the call and its record pays nobody twice, even when Stripe has forgotten the key', async () => {
    const payout = await released(await payee(), '10')
    const processor = stripe.processor()
    // What a killed process leaves: the call was written and made, its answer never noted.
    const killed = { ...processor, call: async (...call: Parameters<typeof processor.call>) => {
      await processor.call(...call)
      throw new Error('killed')
    } }
    await expect(sendPayouts({ database, keys, clock, actorId: 1n, processor: killed })).rejects.toThrow('killed')
    expect(kindsOf(payout)).toEqual(['transfer'])
    clock.advance(48 * 3600)
    await send()
    expect(kindsOf(payout)).toEqual(['transfer', 'payout'])
  })

  test('a call that never arrived is made anew under another key once the first is forgotten', async () => {
    const payout = await released(await payee(), '10')
    stripe.faults.push('cut_before', 'cut_before')
    expect(await send()).toEqual({ done: 0, refused: 0, unclear: 1 })
    clock.advance(24 * 3600)
    expect(await send()).toEqual({ done: 0, refused: 1, unclear: 0 })
    clock.advance(3600)
    expect(await send()).toEqual({ done: 2, refused: 0, unclear: 0 })
    expect(await database.prisma.payoutCall.findMany({ where: { payoutId: payout.id, step: 'transfer' }, select: { attempt: true, outcome: true }, orderBy: { attempt: 'asc' } })).toEqual([{ attempt: 1, outcome: 'refused' }, { attempt: 2, outcome: 'done' }])
  })

  test('two senders at once pay once', async () => {
    const payouts = [await released(await payee(), '10'), await released(await payee(), '11')]
    await Promise.all([send(), send(), send()])
    await send()
    for (const payout of payouts) expect(kindsOf(payout)).toEqual(['transfer', 'payout'])
  })

  test('a transfer that is refused for good gives the money back at once', async () => {
    for (const fault of ['account_invalid', 'card_declined'] as const) {
      const who = await payee()
      const payout = await released(who, '10')
      stripe.faults.push(fault)
      expect(await send()).toEqual({ done: 0, refused: 1, unclear: 0 })
      expect(await database.prisma.payout.findUniqueOrThrow({ where: { id: payout.id } })).toMatchObject({ state: 'failed', reason: fault })
      expect(await balances(who.accountId)).toEqual({ 'reward_available USD': units('10') })
    }
  })

  test('a payout that is refused for good gives the money back after the transfer was reversed', async () => {
    const who = await payee()
    const payout = await released(who, '10')
    stripe.faults.push(null, 'account_invalid', 'cut', 'cut')
    expect(await send()).toEqual({ done: 1, refused: 1, unclear: 0 })
    expect(await balances(who.accountId)).toEqual({ 'payout_in_transit USD': units('10') })
    expect(await send()).toEqual({ done: 0, refused: 0, unclear: 1 })
    expect(await send()).toEqual({ done: 1, refused: 0, unclear: 0 })
    expect(kindsOf(payout)).toEqual(['transfer', 'transfer_reversal'])
    expect(await stateOf(payout)).toBe('failed')
    expect(await balances(who.accountId)).toEqual({ 'reward_available USD': units('10') })
  })

  test('too little money on our side, or a refused key of ours, is waited for and tried again under a new key', async () => {
    const payout = await released(await payee(), '10')
    stripe.faults.push('balance_insufficient')
    expect(await send()).toEqual({ done: 0, refused: 1, unclear: 0 })
    expect(await database.prisma.payout.findUniqueOrThrow({ where: { id: payout.id } })).toMatchObject({ state: 'in_transit', reason: 'balance_insufficient' })
    expect(await send()).toEqual({ done: 0, refused: 0, unclear: 0 })
    clock.advance(16 * 60)
    stripe.faults.push('unauthorized')
    expect(await send()).toEqual({ done: 0, refused: 1, unclear: 0 })
    clock.advance(16 * 60)
    expect(await send()).toEqual({ done: 2, refused: 0, unclear: 0 })
    const stored = JSON.stringify(await database.prisma.payoutCall.findMany({ where: { payoutId: payout.id }, select: { failure: true, reference: true } }))
    expect(stored).not.toContain('sk_test')
  })
})

describe('events', () => {
  test('with a bad, an old or a foreign signature change nothing', async () => {
    const payout = await released(await payee(), '10')
    await send()
    const object = payoutObject(payout)
    expect(await tell('payout.paid', object, { secret: 'whsec_other' })).toBe('signature')
    expect(await tell('payout.paid', object, { at: new Date(clock.now().getTime() - 301_000) })).toBe('signature')
    const good = stripe.event('payout.paid', object, clock.now())
    for (const bad of [{ ...good, text: good.text.replace('payout.paid', 'payout.failed') }, { ...good, signature: '' }, { ...good, signature: 't=1,v1=00' }, { text: '{}', signature: 'x' }]) {
      expect(await takeProcessorEvent(desks.host, stripe.processor(), bad)).toEqual({ ok: false, reason: 'signature' })
    }
    expect(await stateOf(payout)).toBe('in_transit')
    expect(await takeProcessorEvent(desks.host, stripe.processor(), good)).toMatchObject({ ok: true, outcome: 'applied' })
    expect(await takeProcessorEvent(desks.host, stripe.processor(), good)).toMatchObject({ ok: true, outcome: 'known' })
  })

  test('of an amount that is not ours, or of nothing of ours, change nothing', async () => {
    const payout = await released(await payee(), '10')
    await send()
    expect(await tell('payout.paid', payoutObject(payout, { amount: 999 }))).toBe('amount_differs')
    expect(await tell('payout.paid', payoutObject(payout, { currency: 'eur' }))).toBe('amount_differs')
    expect(await tell('payout.paid', { id: 'po_other', amount: 1000, currency: 'usd', metadata: {}, failure_code: null })).toBe('unknown')
    expect(await tell('invoice.paid', { id: 'in_1' })).toBe('unknown')
    expect(await stateOf(payout)).toBe('in_transit')
  })

  test('of a payment whose call was never noted find it by its name', async () => {
    const payout = await released(await payee(), '10')
    stripe.faults.push(null, 'cut', 'cut')
    await send()
    expect(await tell('payout.paid', payoutObject(payout))).toBe('applied')
    await send()
    expect([await stateOf(payout), kindsOf(payout)]).toEqual(['paid', ['transfer', 'payout']])
  })

  test('of a payment after the transfer was reversed change nothing, however new they are: the money is with us', async () => {
    const payout = await released(await payee(), '10')
    await send()
    expect(await tell('payout.failed', payoutObject(payout))).toBe('applied')
    await send()
    expect(kindsOf(payout)).toEqual(['transfer', 'payout', 'transfer_reversal'])
    clock.advance(3600)
    expect(await tell('payout.paid', payoutObject(payout), { at: clock.now() })).toBe('late')
    expect(await stateOf(payout)).toBe('failed')
    await expectBooksToBalance(owner)
  })

  test('of a failure after a payment bring the money back once the transfer is reversed, whatever order they come in', async () => {
    for (const order of ['paid first', 'failed first'] as const) {
      const who = await payee()
      const payout = await released(who, '10')
      await send()
      const [paidAt, failedAt] = [clock.now(), new Date(clock.now().getTime() + 60_000)]
      clock.advance(120)
      const told = [['payout.paid', paidAt], ['payout.failed', failedAt]] as const
      for (const [type, at] of order === 'paid first' ? told : told.toReversed()) await tell(type, payoutObject(payout, { failure_code: 'account_closed' }), { at })
      expect(await balances(who.accountId)).toEqual(order === 'paid first' ? {} : { 'payout_in_transit USD': units('10') })
      expect(await send()).toEqual({ done: 1, refused: 0, unclear: 0 })
      expect(kindsOf(payout)).toEqual(['transfer', 'payout', 'transfer_reversal'])
      const [transfer] = madeFor(payout)
      expect(await tell('transfer.reversed', { ...transfer, reversed: true, reversals: { data: [{ id: 'trr_x' }] } })).toBe('applied')
      expect(await database.prisma.payout.findUniqueOrThrow({ where: { id: payout.id } })).toMatchObject({ state: 'failed', reason: 'account_closed' })
      expect(await balances(who.accountId)).toEqual({ 'reward_available USD': units('10') })
    }
  })

  test('of a transfer that somebody reversed at Stripe bring the money back', async () => {
    const who = await payee()
    const payout = await released(who, '10')
    await send()
    const [transfer] = madeFor(payout)
    expect(await tell('transfer.updated', { ...transfer, reversed: false, reversals: { data: [] } })).toBe('late')
    expect(await tell('transfer.reversed', { ...transfer, reversed: false, reversals: { data: [{ id: 'trr_part' }] } })).toBe('late')
    expect(await tell('transfer.reversed', { ...transfer, reversed: true, reversals: { data: [{ id: 'trr_hand' }] } })).toBe('applied')
    expect(await send()).toEqual({ done: 0, refused: 0, unclear: 0 })
    expect(await stateOf(payout)).toBe('failed')
    expect(await balances(who.accountId)).toEqual({ 'reward_available USD': units('10') })
  })
})

test('amounts become minor units exactly or not at all', () => {
  expect([toMinor(units('12.34'), 'USD'), toMinor(units('12'), 'JPY'), minorUnit('DAY'), minorUnit('constructor')]).toEqual([1234, 12, null, null])
  expect(() => toMinor(units('12.345'), 'USD')).toThrow('not whole')
  expect(() => toMinor(units('0.5'), 'JPY')).toThrow('not whole')
})

test('one connected account of two members is one fingerprint and one observation', async () => {
  const [one, other] = [await payee(), await member(`stripe-${++names}`)]
  await addDestination(desks.host, database, { accountId: other.accountId, destination: { method: 'stripe', stripeAccount: one.account } })
  const { rows } = await owner.pool.query<{ accounts: number }>(
    `select count(distinct o.account_id)::int as accounts from observation o join identifier i on i.id = o.identifier_id where i.kind = 'payout:wallet' and o.account_id = any ($1) group by i.id`, [[one.accountId, other.accountId]])
  expect(rows).toEqual([{ accounts: 2 }])
})
