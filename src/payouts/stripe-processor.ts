// Stripe Connect as a processor of payouts, through Stripe's own library: a transfer to the member's connected account, a payout from there
// to the bank, and a reversal when the payout fails. Promises: the API version is pinned; every call carries its key; amounts are whole
// minor units; the secret and the payee's account never enter a message.

import { Stripe } from 'stripe'
import { toMinor } from './minor-units.ts'
import type { Processor, ProcessorAnswer, ProcessorEvent, ProcessorFinding, ProcessorOrder, ProcessorStep } from './processor.ts'

/** The version that the installed library was written for. */
export const STRIPE_API_VERSION = '2026-10-28.endive'

export interface StripeOptions {
  readonly secretKey: string
  /** Of the endpoint that receives events of connected accounts and of our own. */
  readonly webhookSecret: string
  /** Milliseconds per attempt; default 20 s. */
  readonly timeoutMilliseconds?: number
  /** Attempts of the library after the first, under the same key; default 2. */
  readonly retries?: number
  /** Where the API is, when not at Stripe. */
  readonly server?: { readonly host: string; readonly port: number; readonly protocol: 'http' | 'https' }
}

/** Seconds for which a signed event is believed: Stripe's own default against replays. */
const EVENT_SECONDS = 300

export function createStripeProcessor(options: StripeOptions): Processor {
  const client = new Stripe(options.secretKey, {
    apiVersion: STRIPE_API_VERSION, timeout: options.timeoutMilliseconds ?? 20_000, maxNetworkRetries: options.retries ?? 2, telemetry: false, ...options.server,
  })
  return {
    method: 'stripe',
    call: (step, order) => call(client, step, order),
    find: (step, order) => find(client, step, order),
    readEvent: (text, signature, receivedAt) => readEvent(client, options.webhookSecret, { text, signature, receivedAt }),
  }
}

async function call(client: Stripe, step: ProcessorStep, order: ProcessorOrder): Promise<ProcessorAnswer> {
  const { idempotencyKey, account, group, asset } = order
  const money = { amount: toMinor(order.amountMicros, asset), currency: asset.toLowerCase() }
  const metadata = { ringfence_payout: group }
  try {
    if (step === 'transfer') return done(await client.transfers.create({ ...money, destination: account, transfer_group: group, metadata }, { idempotencyKey }))
    if (step === 'payout') return done(await client.payouts.create({ ...money, metadata }, { idempotencyKey, stripeAccount: account }))
    return done(await client.transfers.createReversal(transferOf(order), { amount: money.amount, metadata }, { idempotencyKey }))
  } catch (error) {
    return answerOf(error)
  }
}

const done = ({ id }: { id: string }): ProcessorAnswer => ({ kind: 'done', reference: id })

function transferOf({ transferReference }: ProcessorOrder): string {
  if (transferReference === null) throw new Error('A reversal needs its transfer.')
  return transferReference
}

/** Codes that say "not now": money or a setting is missing, which may be there later. */
const LATER = new Set(['balance_insufficient', 'insufficient_funds', 'payouts_not_allowed', 'payout_limit_exceeded', 'testmode_charges_only'])

/** Codes of 4xx answers that say nothing about what another request under the same key does. */
const UNCLEAR = new Set(['lock_timeout', 'idempotency_key_in_use', 'rate_limit'])

/**
 * What an error means for the money. Stripe answers 4xx before anything took effect; a 409, a 429, a 5xx or no answer at all says nothing
 * certain, nor does an error about the key itself; an error of our credentials says that nothing happened and nothing about the payee.
 */
function answerOf(error: unknown): ProcessorAnswer {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  const failure = wordOf(error.code ?? error.type)
  if (error instanceof Stripe.errors.StripeIdempotencyError || UNCLEAR.has(error.code ?? '')) return { kind: 'unclear', failure }
  const status = error.statusCode ?? 0
  if (status === 400 || status === 402 || status === 404) return { kind: 'refused', failure, isFinal: !LATER.has(error.code ?? '') }
  return status === 401 || status === 403 ? { kind: 'refused', failure, isFinal: false } : { kind: 'unclear', failure }
}

/** A stable word without values. */
function wordOf(text: string): string {
  return text.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase().replaceAll(/[^a-z0-9_]/g, '_').slice(0, 60)
}

/** Newest objects that are looked through for one of ours. */
const FIND_MAX = 300

async function find(client: Stripe, step: ProcessorStep, order: ProcessorOrder): Promise<ProcessorFinding> {
  const { group, account } = order
  try {
    const listed = step === 'transfer' ? client.transfers.list({ transfer_group: group, limit: 100 })
      : step === 'payout' ? client.payouts.list({ limit: 100 }, { stripeAccount: account }) : client.transfers.listReversals(transferOf(order), { limit: 100 })
    const objects: { readonly id: string; readonly metadata: Record<string, string> | null }[] = await listed.autoPagingToArray({ limit: FIND_MAX })
    const own = objects.find(({ metadata }) => metadata?.['ringfence_payout'] === group)
    return own === undefined ? { kind: 'absent' } : { kind: 'found', reference: own.id }
  } catch (error) {
    const answer = answerOf(error)
    return { kind: 'unclear', failure: answer.kind === 'done' ? '' : answer.failure }
  }
}

function readEvent(client: Stripe, secret: string, { text, signature, receivedAt }: { text: string; signature: string; receivedAt: Date }): ProcessorEvent | null {
  let event: Stripe.Event
  try {
    event = client.webhooks.constructEvent(text, signature, secret, EVENT_SECONDS, undefined, receivedAt.getTime())
  } catch {
    return null
  }
  const head = { id: event.id, at: new Date(event.created * 1000) }
  switch (event.type) {
    case 'payout.paid':
    case 'payout.failed':
    case 'payout.canceled': {
      const { id: reference, amount, currency, metadata, failure_code: code } = event.data.object
      const word = event.type === 'payout.paid' ? 'paid' : 'failed'
      return { ...head, kind: 'payout', word, reference, group: metadata?.['ringfence_payout'] ?? null, amountMinor: amount, currency: currency.toUpperCase(), failure: code === null ? null : wordOf(code) }
    }
    case 'transfer.created':
    case 'transfer.updated':
    case 'transfer.reversed': {
      const { id: reference, metadata, reversed, reversals } = event.data.object
      return { ...head, kind: 'transfer', reference, group: metadata['ringfence_payout'] ?? null, isReversed: event.type === 'transfer.reversed' && reversed, reversalReference: reversals.data[0]?.id ?? null }
    }
    case 'account.updated':
      return { ...head, kind: 'account', account: event.data.object.id, payoutsEnabled: event.data.object.payouts_enabled }
    default:
      return { ...head, kind: 'other', type: event.type }
  }
}
