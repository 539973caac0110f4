// Versioned lists of address ranges (hosting, VPN, relay, Tor), parsed once and asked by binary search.
// A list is optional everywhere: without one, no address carries its flag.
import ipaddr from 'ipaddr.js'
import { IdentifierFlag } from '../population.ts'

export type AddressListPurpose = 'hosting' | 'vpn' | 'relay' | 'tor'

/** Sorted, merged, inclusive ranges. IPv6 is kept to the /64: that is the finest that is compared anywhere. */
export interface AddressList {
  readonly purpose: AddressListPurpose
  readonly version: string
  readonly ranges: number
  readonly first4: Uint32Array
  readonly last4: Uint32Array
  readonly first6: BigUint64Array
  readonly last6: BigUint64Array
}

export type AddressLists = readonly AddressList[]

export interface AddressListRefusal {
  readonly line: number
  readonly text: string
}

/**
 * Parses one address or CIDR range per line; `#` and `;` start comments, and for lines with commas the first field counts.
 * Lines that are neither are returned, never dropped in silence.
 */
export function parseAddressList(
  purpose: AddressListPurpose,
  version: string,
  text: string,
): { list: AddressList; refused: AddressListRefusal[] } {
  const refusedLines: AddressListRefusal[] = []
  const ranges4: [number, number][] = []
  const ranges6: [bigint, bigint][] = []
  text.split(/\r?\n/).forEach((line, index) => {
    const entry = line.replace(/[#;].*$/, '').split(',')[0]?.trim() ?? ''
    if (entry === '') return
    const range = parseRange(entry)
    if (range === null) refusedLines.push({ line: index + 1, text: entry.slice(0, 100) })
    else if (range.family === 4) ranges4.push([range.first, range.last])
    else ranges6.push([range.first, range.last])
  })
  const merged4 = merge(ranges4, (last) => last + 1)
  const merged6 = merge(ranges6, (last) => last + 1n)
  const list: AddressList = {
    purpose,
    version,
    ranges: merged4.length + merged6.length,
    first4: Uint32Array.from(merged4, ([first]) => first),
    last4: Uint32Array.from(merged4, ([, last]) => last),
    first6: BigUint64Array.from(merged6, ([first]) => first),
    last6: BigUint64Array.from(merged6, ([, last]) => last),
  }
  return { list, refused: refusedLines }
}

/** Sum of the `IdentifierFlag` bits of all lists that hold the address. */
export function listFlags(lists: AddressLists, bytes: readonly number[]): number {
  let flags = 0
  if (lists.length === 0) return flags
  if (bytes.length === 4) {
    const address = number4(bytes)
    for (const list of lists) if (holds(list.first4, list.last4, address)) flags |= IdentifierFlag[list.purpose]
  } else {
    const network = number6(bytes)
    for (const list of lists) if (holds(list.first6, list.last6, network)) flags |= IdentifierFlag[list.purpose]
  }
  return flags
}

type Range =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint }

function parseRange(entry: string): Range | null {
  const [address = '', prefixText, rest] = entry.split('/')
  if (rest !== undefined) return null
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const prefix = prefixText === undefined ? 32 : parsePrefix(prefixText, 32)
    if (prefix === null) return null
    const size = 2 ** (32 - prefix)
    const first = Math.floor(number4(ipaddr.IPv4.parse(address).toByteArray()) / size) * size
    return { family: 4, first, last: first + size - 1 }
  }
  if (!ipaddr.IPv6.isValid(address)) return null
  const prefix = prefixText === undefined ? 128 : parsePrefix(prefixText, 128)
  if (prefix === null) return null
  const size = 1n << BigInt(64 - Math.min(64, prefix))
  const first = (number6(ipaddr.IPv6.parse(address).toByteArray()) / size) * size
  return { family: 6, first, last: first + size - 1n }
}

function parsePrefix(text: string, longest: number): number | null {
  if (!/^\d{1,3}$/.test(text)) return null
  const prefix = Number(text)
  return prefix <= longest ? prefix : null
}

function merge<Value extends number | bigint>(ranges: [Value, Value][], next: (last: Value) => Value): [Value, Value][] {
  ranges.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
  const merged: [Value, Value][] = []
  for (const [first, last] of ranges) {
    const previous = merged.at(-1)
    if (previous === undefined || first > next(previous[1])) merged.push([first, last])
    else if (last > previous[1]) previous[1] = last
  }
  return merged
}

interface Sorted<Value> {
  readonly length: number
  readonly [index: number]: Value
}

function holds<Value extends number | bigint>(firsts: Sorted<Value>, lasts: Sorted<Value>, value: Value): boolean {
  let low = 0
  let high = firsts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((firsts[middle] as Value) <= value) low = middle + 1
    else high = middle
  }
  return low > 0 && value <= (lasts[low - 1] as Value)
}

function number4(bytes: readonly number[]): number {
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}

/** The first 64 bits of an IPv6 address. */
function number6(bytes: readonly number[]): bigint {
  let value = 0n
  for (const byte of bytes.slice(0, 8)) value = value * 256n + BigInt(byte)
  return value
}
