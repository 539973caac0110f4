// The one door for requests to addresses that somebody else chose: webhooks to hosts.
// Promises: a name is resolved once and the connection goes to that very address; private, reserved and loopback addresses and plain
// HTTP are refused unless configured; no redirect is followed, no answer's body is read, nothing takes longer than its time.

import { lookup } from 'node:dns/promises'
import { type ClientRequestArgs, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import ipaddr from 'ipaddr.js'

export type OutgoingFailure = 'address_malformed' | 'not_https' | 'credentials_in_address' | 'address_refused' | 'not_resolved' | 'timed_out' | 'not_connected' | 'wrong_certificate'

export type OutgoingResult = { readonly ok: true; readonly status: number } | { readonly ok: false; readonly failure: OutgoingFailure }

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

export interface OutgoingOptions {
  /** Ranges such as `10.1.0.0/16` that may be reached although they are not public; plain HTTP is allowed to these alone. */
  readonly allowedRanges?: readonly string[]
  /** For the whole request; default 10 seconds. */
  readonly timeoutMilliseconds?: number
  /** Every address of a host name. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>
}

export interface Outgoing {
  post(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<OutgoingResult>
  /** What is wrong with an address in itself, before its name is resolved; null: nothing. */
  whyRefused(address: string): OutgoingFailure | null
}

const ADDRESS_MAX = 2000

/** Throws when a range is malformed. */
export function createOutgoing(options: OutgoingOptions = {}): Outgoing {
  const { timeoutMilliseconds = 10_000, resolve = resolveAll } = options
  const allowed = (options.allowedRanges ?? []).map((range) => ipaddr.parseCIDR(range))
  const door: Door = { allowed, resolve, timeoutMilliseconds }
  return {
    whyRefused: (address) => {
      const target = targetOf(door, address)
      return typeof target === 'string' ? target : null
    },
    post: async (address, headers, body) => {
      const target = targetOf(door, address)
      if (typeof target === 'string') return { ok: false, failure: target }
      const stop = new AbortController()
      const late = delay(timeoutMilliseconds, { ok: false, failure: 'timed_out' } as const, { signal: stop.signal, ref: false }).catch(() => ({ ok: false, failure: 'timed_out' } as const))
      try {
        return await Promise.race([send(door, target, { headers, body }, stop.signal), late])
      } finally {
        stop.abort()
      }
    },
  }
}

interface Door {
  readonly allowed: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[]
  readonly resolve: NonNullable<OutgoingOptions['resolve']>
  readonly timeoutMilliseconds: number
}

/** A literal address is judged here, because it is never resolved. */
function targetOf(door: Door, address: string): URL | OutgoingFailure {
  if (address.length > ADDRESS_MAX || !URL.canParse(address)) return 'address_malformed'
  const url = new URL(address)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'address_malformed'
  if (url.username !== '' || url.password !== '') return 'credentials_in_address'
  const literal = hostOf(url)
  if (isIP(literal) !== 0 && !mayReach(door, literal)) return 'address_refused'
  // To configured ranges plain HTTP is allowed, so a name waits until it is resolved.
  if (url.protocol === 'http:' && door.allowed.length === 0) return 'not_https'
  if (url.protocol === 'http:' && isIP(literal) !== 0 && !isAllowed(door, literal)) return 'not_https'
  return url
}

/** Without the brackets of IPv6. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

const mayReach = (door: Door, address: string): boolean => isAllowed(door, address) || (ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast')

function isAllowed({ allowed }: Door, address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return allowed.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits))
}

async function send(door: Door, url: URL, { headers, body }: { headers: Readonly<Record<string, string>>; body: string }, signal: AbortSignal): Promise<OutgoingResult> {
  const host = hostOf(url)
  const found = isIP(host) === 0 ? await door.resolve(host).catch(() => []) : [{ address: host, family: isIP(host) }]
  const [first] = found
  if (first === undefined) return { ok: false, failure: 'not_resolved' }
  // One forbidden address among several is enough: a second look-up could have chosen it.
  if (!found.every(({ address }) => mayReach(door, address))) return { ok: false, failure: 'address_refused' }
  if (url.protocol === 'http:' && !found.every(({ address }) => isAllowed(door, address))) return { ok: false, failure: 'not_https' }
  const pinned: NonNullable<ClientRequestArgs['lookup']> = (_name, options, callback) => {
    if (options.all === true) callback(null, [{ address: first.address, family: first.family }])
    else callback(null, first.address, first.family)
  }
  return new Promise((resolve) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = request(url, {
      method: 'POST', agent: false, lookup: pinned, signal,
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    })
    outgoing.on('response', (response) => {
      resolve({ ok: true, status: response.statusCode ?? 0 })
      response.destroy()
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve({ ok: false, failure: failureOf(error) }))
    outgoing.end(body)
  })
}

function failureOf({ code = '' }: NodeJS.ErrnoException): OutgoingFailure {
  return /CERT|SSL|TLS|ALTNAME/.test(code) ? 'wrong_certificate' : 'not_connected'
}

async function resolveAll(host: string): Promise<readonly ResolvedAddress[]> {
  return lookup(host, { all: true, verbatim: true })
}
