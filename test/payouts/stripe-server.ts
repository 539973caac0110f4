// A server on the loopback that behaves like the part of Stripe's API that payouts use: idempotency keys that give the first answer again,
// transfers, payouts of connected accounts, reversals, lists, and faults on demand. Keeps all that took effect, and signs events.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStripeProcessor } from '../../src/payouts/index.ts'
import { signatureOf, WEBHOOK_SECRET } from './stripe-events.ts'

const SECRET_KEY = 'sk_test_loopback'

/** cut: the effect happens, the connection ends without an answer. silent: the effect happens, no answer ever comes. cut_before: no effect, no answer. */
export type Fault = 'cut' | 'silent' | 'cut_before' | 'rate_limit' | 'server_error' | 'server_error_before' | 'card_declined' | 'account_invalid' | 'balance_insufficient' | 'unauthorized'

interface Made {
  readonly id: string
  readonly object: 'transfer' | 'payout' | 'transfer_reversal'
  readonly amount: number
  readonly currency: string
  readonly account: string
  readonly transfer_group: string | null
  readonly metadata: Record<string, string>
}

interface Answered {
  readonly parameters: string
  readonly status: number
  readonly body: unknown
}

export interface Seen {
  readonly path: string
  readonly version: string | undefined
  readonly key: string | undefined
  readonly authorization: string | undefined
}

export async function startStripeServer() {
  const made: Made[] = []
  const answers = new Map<string, Answered>()
  const seen: Seen[] = []
  const faults: (Fault | null)[] = []
  let events = 0
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = await textOf(request)
    const url = new URL(request.url ?? '', 'http://stripe')
    const key = headerOf(request, 'idempotency-key')
    seen.push({ path: `${request.method} ${url.pathname}`, version: headerOf(request, 'stripe-version'), key, authorization: headerOf(request, 'authorization') })
    const account = headerOf(request, 'stripe-account') ?? ''
    if (request.method === 'GET') return reply(response, 200, list(url, account))
    const fault = faults.shift() ?? null
    if (fault === 'cut_before') return void request.socket.destroy()
    if (fault === 'server_error_before') return reply(response, 500, { error: { type: 'api_error', message: 'Sorry.' } })
    if (fault === 'rate_limit') return reply(response, 429, { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many.' } })
    if (fault === 'unauthorized') return reply(response, 401, { error: { type: 'invalid_request_error', message: `Invalid API Key provided: ${SECRET_KEY}` } })
    const known = answers.get(key ?? '')
    if (known !== undefined && known.parameters !== `${url.pathname} ${account} ${parameters}`) return reply(response, 400, { error: { type: 'idempotency_error', message: 'Keys are for the same request.' } })
    const given = known ?? perform(url.pathname, new URLSearchParams(parameters), account, fault)
    if (key !== undefined) answers.set(key, { ...given, parameters: `${url.pathname} ${account} ${parameters}` })
    if (fault === 'cut') return void request.socket.destroy()
    if (fault === 'silent') return
    if (fault === 'server_error') return reply(response, 500, { error: { type: 'api_error', message: 'Sorry.' } })
    reply(response, given.status, given.body)
  }

  function perform(path: string, parameters: URLSearchParams, account: string, fault: Fault | null): { status: number; body: unknown } {
    if (fault === 'card_declined') return { status: 402, body: { error: { type: 'card_error', code: 'card_declined', message: 'Declined.' } } }
    if (fault === 'account_invalid') return { status: 400, body: { error: { type: 'invalid_request_error', code: 'account_invalid', message: 'No such account.' } } }
    if (fault === 'balance_insufficient') return { status: 400, body: { error: { type: 'invalid_request_error', code: 'balance_insufficient', message: 'Too little.' } } }
    const object = path === '/v1/transfers' ? 'transfer' : path === '/v1/payouts' ? 'payout' : 'transfer_reversal'
    const prefix = { transfer: 'tr', payout: 'po', transfer_reversal: 'trr' }[object]
    const metadata: Record<string, string> = {}
    for (const [name, value] of parameters) if (name.startsWith('metadata[')) metadata[name.slice(9, -1)] = value
    const one: Made = {
      id: `${prefix}_${made.length + 1}`, object, amount: Number(parameters.get('amount')), currency: parameters.get('currency') ?? 'usd',
      account: object === 'transfer' ? parameters.get('destination') ?? '' : account, transfer_group: parameters.get('transfer_group'), metadata,
    }
    made.push(one)
    return { status: 200, body: one }
  }

  function list(url: URL, account: string): unknown {
    const object = url.pathname === '/v1/transfers' ? 'transfer' : url.pathname === '/v1/payouts' ? 'payout' : 'transfer_reversal'
    const group = url.searchParams.get('transfer_group')
    const data = made.filter((each) => each.object === object && (group === null || each.transfer_group === group) && (object !== 'payout' || each.account === account))
    return { object: 'list', url: url.pathname, has_more: false, data: data.toReversed() }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    made, seen, faults, port,
    /** A new client of the library, as a started process has one. */
    processor: (options: { timeoutMilliseconds?: number; retries?: number } = {}) => createStripeProcessor({
      secretKey: SECRET_KEY, webhookSecret: WEBHOOK_SECRET, retries: 0, ...options, server: { host: '127.0.0.1', port, protocol: 'http' },
    }),
    /** The text of an event and its signature header, signed at `at`. */
    event(type: string, object: object, at: Date, options: { id?: string; secret?: string } = {}): { text: string; signature: string } {
      const created = Math.floor(at.getTime() / 1000)
      const text = JSON.stringify({ id: options.id ?? `evt_${++events}`, object: 'event', type, created, livemode: false, data: { object } })
      return { text, signature: signatureOf(text, at, options.secret) }
    },
    /** The signature of one delivery of it. */
    sign: (text: string, at: Date): string => signatureOf(text, at),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type StripeServer = Awaited<ReturnType<typeof startStripeServer>>

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
