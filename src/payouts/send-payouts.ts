// Calls of the processor for payouts that were released: each call is written before it is made, and whoever finds one without an end
// asks for its effect and repeats it under the same key. Promises: a process killed at any point, a lost answer or two senders at once pay nobody twice;
// what a processor refuses for good gives the money back to the member, after a reversal where it had already left us.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { type Working, working } from './desk.ts'
import { openStripeAccount } from './destinations.ts'
import { changePayout, lockPayouts, type PayoutRow } from './payout-row.ts'
import type { Processor, ProcessorAnswer, ProcessorOrder, ProcessorStep } from './processor.ts'
import { placeOf, stateAfter } from './states.ts'
import { takeStep } from './take-step.ts'

export interface Sender {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  readonly processor: Processor
}

/** What came of one round. */
export interface SendReport {
  readonly done: number
  readonly refused: number
  /** Nobody knows yet: the next round asks. */
  readonly unclear: number
}

/** Minutes before another attempt after a refusal that may pass. */
const RETRY_MINUTES = 15
/** Hours after which a processor has forgotten a key, and knows for certain what took effect. */
const KEY_LIVES_HOURS = 23
const ROUND_MAX = 200

/** One round over everything that has a call to be made; safe to repeat and to run twice at once. */
export async function sendPayouts(sender: Sender): Promise<SendReport> {
  const { database, clock, processor } = sender
  const report = { done: 0, refused: 0, unclear: 0 }
  const due = await database.inTransaction((transaction) => transaction.$queryRaw<{ id: bigint }[]>`
    select p.id from payout p where p.method = ${processor.method} and (
      (p.state = 'in_transit' and not exists (select 1 from payout_call c where c.payout_id = p.id and c.step = 'payout' and c.outcome = 'done'))
      or exists (select 1 from payout_call c where c.payout_id = p.id and c.step = 'reversal'
        and not exists (select 1 from payout_call d where d.payout_id = p.id and d.step = 'reversal' and d.outcome = 'done')))
      and not exists (select 1 from payout_call c where c.payout_id = p.id and c.outcome = 'refused' and c.ended_at > ${new Date(clock.now().getTime() - RETRY_MINUTES * 60_000)}::timestamptz
        and not exists (select 1 from payout_call o where o.payout_id = p.id and o.outcome is null))
      order by p.id limit ${ROUND_MAX}`)
  for (const { id } of due) {
    // The steps of one payout follow each other at once, as long as each is done.
    for (let step = 0; step < 3; step++) {
      const outcome = await sendStep(sender, id)
      if (outcome === null) break
      report[outcome]++
      if (outcome !== 'done') break
    }
  }
  return report
}

interface Intended {
  readonly step: ProcessorStep
  readonly attempt: number
  readonly intendedAt: Date
  /** It was intended before: perhaps it took effect. */
  readonly isRepeated: boolean
  readonly order: ProcessorOrder
}

async function sendStep(sender: Sender, payoutId: bigint): Promise<keyof SendReport | null> {
  const { processor, clock } = sender
  const intended = await working(sender, (work) => intend(work, payoutId))
  if (intended === null) return null
  const { step, order } = intended
  let answer: ProcessorAnswer | null = null
  if (intended.isRepeated) {
    const finding = await processor.find(step, order)
    if (finding.kind === 'unclear') return 'unclear'
    if (finding.kind === 'found') answer = { kind: 'done', reference: finding.reference }
    else if (clock.now().getTime() - intended.intendedAt.getTime() > KEY_LIVES_HOURS * 3_600_000) answer = { kind: 'refused', failure: 'never_arrived', isFinal: false }
  }
  const given = answer ?? await processor.call(step, order)
  await working(sender, (work) => note(work, payoutId, intended, given))
  return given.kind === 'done' ? 'done' : given.kind
}

/** The next call of a payout, written down; null when there is none. */
async function intend(work: Working, payoutId: bigint): Promise<Intended | null> {
  const { transaction, keys, now } = work
  const [payout] = await lockPayouts(transaction, [payoutId])
  if (payout === undefined) return null
  const calls = await transaction.payoutCall.findMany({ where: { payoutId }, orderBy: [{ step: 'asc' }, { attempt: 'asc' }] })
  const step = nextStep(payout, calls)
  const account = step === null ? null : await openStripeAccount(transaction, keys, payout.destinationId)
  if (step === null || account === null) return null
  const open = calls.find((call) => call.step === step && call.outcome === null)
  const attempt = open?.attempt ?? calls.filter((call) => call.step === step).length + 1
  if (open === undefined) await transaction.payoutCall.create({ data: { payoutId, step, attempt, intendedAt: now } })
  const group = groupOf(payout)
  const idempotencyKey = digestOf('payout call', payout.naturalKey, step, String(attempt)).toString('hex')
  const transferReference = calls.find((call) => call.step === 'transfer' && call.outcome === 'done')?.reference ?? null
  return {
    step, attempt, intendedAt: open?.intendedAt ?? now, isRepeated: open !== undefined,
    order: { idempotencyKey, group, account, amountMicros: payout.gross - payout.withheld - payout.fee, asset: payout.asset, transferReference },
  }
}

interface Call {
  readonly step: string
  readonly outcome: string | null
  readonly reference: string | null
}

function nextStep(payout: PayoutRow, calls: readonly Call[]): ProcessorStep | null {
  const isDone = (step: ProcessorStep): boolean => calls.some((call) => call.step === step && call.outcome === 'done')
  // Once a reversal is intended nothing else is called any more; where the transfer's answer was lost, it is asked for first.
  if (calls.some((call) => call.step === 'reversal')) return isDone('reversal') ? null : isDone('transfer') ? 'reversal' : 'transfer'
  if (payout.state !== 'in_transit') return null
  if (!isDone('transfer')) return 'transfer'
  return isDone('payout') ? null : 'payout'
}

/** The name of a payout at the processor. */
export function groupOf({ naturalKey }: Pick<PayoutRow, 'naturalKey'>): string {
  return `payout_${Buffer.from(naturalKey).toString('hex').slice(0, 40)}`
}

/** What a call came to; what another sender noted meanwhile stays. */
async function note(work: Working, payoutId: bigint, { step, attempt }: Intended, answer: ProcessorAnswer): Promise<void> {
  const { transaction, now } = work
  const [payout] = await lockPayouts(transaction, [payoutId])
  if (payout === undefined || answer.kind === 'unclear') return
  const { count } = await transaction.payoutCall.updateMany({
    where: { payoutId, step, attempt, outcome: null },
    data: { outcome: answer.kind, endedAt: now, ...(answer.kind === 'done' ? { reference: answer.reference } : { failure: answer.failure }) },
  })
  if (count === 0) return
  if (answer.kind === 'done') {
    if (step === 'reversal') await cameBack(work, payout)
    return
  }
  if (payout.state === 'in_transit') await refused(work, payout, step, answer)
}

async function refused(work: Working, payout: PayoutRow, step: ProcessorStep, { failure, isFinal }: { failure: string; isFinal: boolean }): Promise<void> {
  if (isFinal && step === 'transfer') await takeStep(work, payout, { step: 'fail', reason: failure })
  else if (isFinal && step === 'payout') await intendReversal(work, payout, failure)
  // What may pass, and a reversal that is refused, is shown and tried again.
  else await changePayout(work.transaction, payout, { reason: failure })
}

/** The money lies with the payee's account at the processor and is to come back; done by the next round. */
export async function intendReversal({ transaction, now }: Working, payout: PayoutRow, reason: string | null): Promise<void> {
  await transaction.payoutCall.createMany({ data: [{ payoutId: payout.id, step: 'reversal', attempt: 1, intendedAt: now }], skipDuplicates: true })
  await changePayout(transaction, payout, { reason: reason ?? 'failed_at_processor' })
}

/** The transfer was reversed: the money is ours again, and the member's. */
export async function cameBack(work: Working, payout: PayoutRow): Promise<void> {
  if (placeOf(payout.state) === 'member' || stateAfter(payout.state, 'fail') === null) return
  await takeStep(work, payout, { step: 'fail', reason: payout.reason ?? 'failed_at_processor' })
}
