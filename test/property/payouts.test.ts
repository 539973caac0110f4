// Random lives of payouts: requests, approvals, batches, bank lines, processor calls with faults, signed events, refunds and cancellations, in any
// order and any number. After each life the books balance and verify; nobody got more than was earned; nobody was paid twice; and once everything
// has ended nothing is in transit.

import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { verifyBooks } from '../../src/ledger/index.ts'
import { approvePayout, cancelPayout, makeBatch, type PayoutRow, referenceOf, releaseBatch, sendPayouts, takeConfirmation, takeProcessorEvent } from '../../src/payouts/index.ts'
import { groupOf } from '../../src/payouts/send-payouts.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { type CashMember, cashProgram, makeCashProgramme, toBank } from '../payouts/payout-programme.ts'
import { type Fault, startStripeServer } from '../payouts/stripe-server.ts'
import { formatAmount } from '../../src/base/money.ts'

const IS_LONG = process.env['RINGFENCE_LONG'] === '1'
const test_ = await useDatabase()
const { database, owner, clock, keys } = test_
const stripe = await startStripeServer()
afterAll(() => stripe.stop())

type Programme = Awaited<ReturnType<typeof makeCashProgramme>>
interface Life {
  readonly programme: Programme
  readonly members: readonly (CashMember & { readonly account: string; readonly events: string[] })[]
  readonly payouts: PayoutRow[]
  days: number
}
interface Step {
  readonly kind: 'earn' | 'refund' | 'ask' | 'approve' | 'cancel' | 'send' | 'bank' | 'call' | 'event' | 'wait'
  readonly who: number
  readonly which: number
  readonly cents: number
  readonly word: number
  readonly fault: Fault | null
  readonly age: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('earn', 'refund', 'ask', 'ask', 'ask', 'approve', 'cancel', 'send', 'send', 'send', 'bank', 'bank', 'bank', 'call', 'call', 'call', 'event', 'event', 'event', 'wait'),
  who: fc.nat(1), which: fc.nat(20), cents: fc.integer({ min: 1, max: 2_000 }), word: fc.nat(2), age: fc.nat(2),
  fault: fc.constantFrom(null, null, null, 'silent', 'server_error', 'server_error_before', 'rate_limit', 'account_invalid', 'balance_insufficient', 'card_declined'),
})

let lives = 0
async function begin(): Promise<Life> {
  const programme = await makeCashProgramme(test_, cashProgram({ movement: { rewardTransfer: 'none', payout: { methods: ['bank', 'stripe'], approvalAbove: '60' } } }))
  const members = []
  for (let place = 0; place < 2; place++) {
    const account = `acct_life${String(++lives).padStart(6, '0')}`
    const member = await programme.member(`life-${lives}`, place === 0 ? toBank() : { method: 'stripe', stripeAccount: account })
    await tell(programme, 'account.updated', { id: account, object: 'account', payouts_enabled: true })
    members.push({ ...member, account, events: [await programme.earn(member, '25.000003'), await programme.earn(member, '25.333333')] })
  }
  return { programme, members, payouts: [], days: 0 }
}

const tell = (programme: Programme, type: string, object: object, at = clock.now(), id?: string) =>
  takeProcessorEvent(programme.desks.host, stripe.processor(), delivered(type, object, at, id))

/** The event may be old, its delivery is of now: Stripe signs each delivery with its own time. */
function delivered(type: string, object: object, at: Date, id?: string): { text: string; signature: string } {
  const { text } = stripe.event(type, { failure_code: null, ...object }, at, id === undefined ? {} : { id })
  return { text, signature: stripe.sign(text, clock.now()) }
}

async function live(life: Life, { kind, who, which, cents, word, fault, age }: Step): Promise<void> {
  const { programme, members, payouts } = life
  const member = members[who]
  // A word of the bank or of Stripe is about a payout that it can be about.
  const pool = kind === 'bank' ? payouts.filter(({ method }) => method === 'bank') : kind === 'event' ? payouts.filter((each) => madeFor(each).some(({ object }) => object === 'payout')) : payouts
  const payout = pool[which % Math.max(1, pool.length)]
  if (member === undefined) return
  const { desks, programId } = programme
  clock.advance(61)
  switch (kind) {
    case 'earn':
      return void member.events.push(await programme.earn(member, formatAmount(BigInt(cents) * 10_000n + 3n)))
    case 'refund': {
      const event = member.events[which % Math.max(1, member.events.length)]
      if (event !== undefined) await programme.record({ type: 'refund', accountId: member.inviteeId, originalEventId: event, amount: BigInt(cents) * 7_001n, asset: 'USD' })
      return
    }
    case 'ask': {
      const answer = await programme.ask(member, which % 3 === 0 ? 'all' : formatAmount(BigInt(cents) * 10_000n), { method: who === 0 ? 'bank' : 'stripe' })
      if (answer.ok) payouts.push(answer.payout)
      return
    }
    case 'approve':
      return void (payout !== undefined && await approvePayout(desks.ada, payout.id))
    case 'cancel':
      return void (payout !== undefined && await cancelPayout(desks.host, payout.id))
    case 'send':
      return sendBatches(life)
    case 'call':
      stripe.faults.push(...Array.from({ length: word }, () => null), fault)
      await sendPayouts({ database, keys, clock, actorId: 1n, processor: stripe.processor({ timeoutMilliseconds: 40 }) })
      stripe.faults.length = 0
      return
    case 'bank': {
      if (payout === undefined) return
      const date = new Date(clock.now().getTime() - age * 86_400_000).toISOString().slice(0, 10)
      const fee = BigInt(word) * 10_000n
      const amount = payout.gross - payout.withheld - (word === 2 ? 0n : fee)
      const file = `reference,status,amount,fee,date\n${referenceOf(payout.id)},${word === 2 ? 'returned' : 'paid'},${formatAmount(amount < 0n ? 0n : amount)},${formatAmount(word === 2 ? 0n : fee)},${date}\n`
      await takeConfirmation(desks.bob, programId, file)
      await takeConfirmation(desks.bob, programId, file)
      return
    }
    case 'event': {
      const made = payout === undefined ? [] : madeFor(payout)
      const at = new Date(clock.now().getTime() - age * 3_600_000)
      const [transfer, sent] = [made.find(({ object }) => object === 'transfer'), made.find(({ object }) => object === 'payout')]
      if (word === 2 && transfer !== undefined && made.some(({ object }) => object === 'transfer_reversal')) await tell(programme, 'transfer.reversed', { ...transfer, reversed: true, reversals: { data: [] } }, at)
      else if (word < 2 && sent !== undefined) for (let time = 0; time < 2; time++) await tell(programme, word === 0 ? 'payout.paid' : 'payout.failed', sent, at, `evt_${sent.id}_${word}_${age}_${which}`)
      return
    }
    case 'wait': {
      clock.advance(86_400)
      life.days++
    }
  }
}

const madeFor = (payout: PayoutRow) => stripe.made.filter(({ metadata }) => metadata['ringfence_payout'] === groupOf(payout))

async function sendBatches({ programme: { desks, programId } }: Life): Promise<void> {
  for (const method of ['bank', 'stripe'] as const) {
    const made = await makeBatch(desks.ada, { programId, method })
    if (made.ok) await releaseBatch(desks.bob, made.batch.id)
  }
}

/** Everything that is open ends: what waits is cancelled, what was sent is paid. */
async function end(life: Life): Promise<void> {
  const { programme, payouts } = life
  await sendBatches(life)
  for (const { id } of payouts) await cancelPayout(programme.desks.host, id)
  for (let round = 0; round < 4; round++) {
    clock.advance(25 * 3600)
    await sendPayouts({ database, keys, clock, actorId: 1n, processor: stripe.processor() })
  }
  const date = clock.now().toISOString().slice(0, 10)
  for (const payout of payouts) {
    if (payout.method === 'bank') await takeConfirmation(programme.desks.bob, programme.programId, `reference,status,amount,fee,date\n${referenceOf(payout.id)},paid,${formatAmount(payout.gross)},0,${date}\n`)
    const sent = madeFor(payout).find(({ object }) => object === 'payout')
    const { state } = await database.prisma.payout.findUniqueOrThrow({ where: { id: payout.id } })
    if (sent !== undefined && state === 'in_transit') await tell(programme, 'payout.paid', sent)
  }
}

async function judge({ members, payouts }: Life): Promise<void> {
  await expectBooksToBalance(owner)
  const ids = members.map(({ accountId }) => accountId)
  const { rows: transit } = await owner.pool.query(`select 1 from book_account where account_id = any ($1) and kind = 'payout_in_transit' and balance <> 0`, [ids])
  expect(transit, 'in transit').toEqual([])
  for (const payout of payouts) {
    const { state } = await database.prisma.payout.findUniqueOrThrow({ where: { id: payout.id } })
    expect(['paid', 'failed', 'returned', 'cancelled']).toContain(state)
    const made = madeFor(payout).map(({ object }) => object)
    const count = (object: string) => made.filter((each) => each === object).length
    // Stripe's own record: one transfer and one payout at most, and none of them stands where our books say it failed.
    expect([count('transfer') <= 1, count('payout') <= 1, count('transfer_reversal') <= 1], JSON.stringify(made)).toEqual([true, true, true])
    if (payout.method === 'stripe' && state === 'failed') expect(count('transfer')).toBe(count('transfer_reversal'))
    if (payout.method === 'stripe' && state === 'paid') expect([count('transfer'), count('payout'), count('transfer_reversal')]).toEqual([1, 1, 0])
  }
  // What left for members is what the payouts that are paid say, and no more than they earned and still owe.
  const { rows: [sums] } = await owner.pool.query<{ out: string; paid: string; earned: string; owed: string }>(
    `select coalesce((select sum(e.amount) from entry e join book_account b on b.id = e.book_account_id join transfer t on t.id = e.transfer_id join rebate r on r.id = e.rebate_id
              where t.kind like 'payout%' and b.account_id is null and r.account_id = any ($1)), 0) as out,
            coalesce((select sum(gross) from payout where account_id = any ($1) and state = 'paid'), 0) as paid,
            coalesce((select sum(amount) from rebate where account_id = any ($1)), 0) as earned,
            coalesce((select -sum(balance) from book_account where account_id = any ($1) and kind = 'debt'), 0) as owed`, [ids])
  expect(BigInt(sums?.out ?? 0)).toBe(BigInt(sums?.paid ?? 0))
  expect(BigInt(sums?.paid ?? 0)).toBeLessThanOrEqual(BigInt(sums?.earned ?? 0) + BigInt(sums?.owed ?? 0))
}

// A mutant seen to die here: a call that is repeated under a new key without asking first. Late words that count die in test/payouts.
test('whatever happens to payouts, in any order and number, the books balance, nobody is paid twice and nothing stays in transit', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: IS_LONG ? 60 : 40, size: 'max' }), async (steps) => {
    const life = await begin()
    for (const each of steps) await live(life, each)
    await end(life)
    await judge(life)
  }), { numRuns: IS_LONG ? 60 : 8, seed: 20_261_121, interruptAfterTimeLimit: IS_LONG ? 400_000 : 45_000 })
  const { faults } = await verifyBooks(database, keys)
  expect(faults).toEqual([])
}, IS_LONG ? 900_000 : 90_000)
