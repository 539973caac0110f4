// IP addresses: IPv4 exact with its /24, IPv6 by its /64 with its /48 (one customer usually holds a whole /64).
// An address that a customer's server calls from (`context` api) is a stronger kind of its own.
import ipaddr from 'ipaddr.js'
import { IdentifierFlag } from '../population.ts'
import { listFlags } from './address-lists.ts'
import { accepted, refused } from './shape.ts'
import type { NormalisedIdentifier, Normaliser } from './shape.ts'

export const normaliseIp: Normaliser = (identifier, lists) => {
  const address = parseAddress(identifier.value)
  if (address === null) return refused('not_an_address')
  const bytes = address.toByteArray()
  const flags = rangeFlags(address.range()) | listFlags(lists.addresses, bytes)
  const kind = identifier.fromApi || identifier.kind === 'ip:api' ? 'ip:api' : 'ip'
  const listVersion = lists.addresses.length > 0 ? { lists: lists.version } : {}
  const attributes = { ...identifier.attributes, family: bytes.length === 4 ? 'IPv4' : 'IPv6', ...listVersion }
  const named = (kindName: string, value: string): NormalisedIdentifier => ({
    kind: kindName, value, flags, model: null, attributes,
  })
  const [exact, network] = bytes.length === 4 ? names4(bytes) : names6(bytes)
  const isLocal = (flags & IdentifierFlag.privateRange) !== 0
  // A private network is the same everywhere: it says nothing at all.
  if (isLocal || identifier.kind === 'ip:network') {
    return accepted(named(isLocal ? kind : 'ip:network', isLocal ? exact : network))
  }
  return accepted(named(kind, exact), named('ip:network', network))
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Accepts `1.2.3.4`, `1.2.3.4:443`, `2001:db8::1`, `[2001:db8::1]:443`, a zone or prefix behind; nothing looser. */
function parseAddress(text: string): Address | null {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)
  let plain = bracketed?.[1] ?? text
  if (/^\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}$/.test(plain)) plain = plain.slice(0, plain.indexOf(':'))
  plain = plain.replace(/%[\w.-]{1,32}$/, '').replace(/\/\d{1,3}$/, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(plain)) return ipaddr.IPv4.parse(plain)
  if (!plain.includes(':') || !ipaddr.IPv6.isValid(plain)) return null
  const address = ipaddr.IPv6.parse(plain)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

const local = new Set(['loopback', 'linkLocal', 'private', 'uniqueLocal'])

function rangeFlags(range: string): number {
  if (range === 'unicast') return 0
  if (range === 'carrierGradeNat') return IdentifierFlag.carrierNat
  return local.has(range) ? IdentifierFlag.privateRange : IdentifierFlag.reserved
}

function names4(bytes: readonly number[]): [string, string] {
  return [bytes.join('.'), `${bytes.slice(0, 3).join('.')}.0/24`]
}

function names6(bytes: readonly number[]): [string, string] {
  const prefix = (length: number) => {
    const kept = bytes.map((byte, index) => (index * 8 < length ? byte : 0))
    return `${new ipaddr.IPv6(kept).toRFC5952String()}/${length}`
  }
  return [prefix(64), prefix(48)]
}
