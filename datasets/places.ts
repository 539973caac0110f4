// Where people are online: homes, carriers, campuses, offices, cafes, VPN and relay exits, rented proxies, servers.
// A place promises an address for a device at a time; addresses are drawn from public space and mean nobody.
import type { Parameters } from './parameters.ts'
import { mix, type Random } from './random.ts'

export type PlaceKind =
  'home' | 'carrier' | 'campus' | 'office' | 'cafe' | 'vpn' | 'relay' | 'proxy' | 'server'

export interface Place {
  readonly kind: PlaceKind
  readonly seed: number
  /** First IPv4 address and number of addresses that this place draws from. */
  readonly base: number
  readonly size: number
  /** How long one address stays with one device (carrier, exits) or with the whole place (homes). */
  readonly leaseSeconds: number
  /** First 56 bits of its IPv6 prefix in hexadecimal; empty: IPv4 only. */
  readonly prefix: string
}

export interface City {
  readonly lines: readonly { readonly base: number; readonly size: number; readonly prefix: string }[]
  readonly campuses: readonly Place[]
  readonly offices: readonly Place[]
  readonly cafes: readonly Place[]
}

export interface Geography {
  readonly cities: readonly City[]
  readonly carriers: readonly Place[]
  readonly exits: readonly Place[]
  readonly relays: readonly Place[]
}

const smallOctets = [31, 37, 46, 62, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92]
const largeOctets = [93, 94, 95, 109, 151, 176, 178, 188, 193, 194, 195, 212, 213, 217]
const smallSize = 4096
const largeSize = 65_536

/** Hands out networks of public IPv4 space, each once, and IPv6 prefixes. */
export class AddressSpace {
  private readonly start: number
  private readonly step: number
  private smallUsed = 0
  private largeUsed = 0

  constructor(random: Random) {
    this.start = random.below(1 << 20)
    // Why this step: it is prime and divides neither count, so every network is visited before one comes again.
    this.step = 1_000_003
  }

  block(size: number): number {
    if (size > largeSize) throw new Error(`${size} addresses do not fit into one network`)
    const isSmall = size <= smallSize
    const octets = isSmall ? smallOctets : largeOctets
    const blocks = 0x1000000 / (isSmall ? smallSize : largeSize)
    const used = isSmall ? this.smallUsed++ : this.largeUsed++
    const index = (this.start + this.step * used) % (octets.length * blocks)
    const octet = octets[Math.floor(index / blocks)] ?? 31
    return octet * 0x1000000 + (index % blocks) * (isSmall ? smallSize : largeSize)
  }

  prefix(random: Random): string {
    return `2a0${random.below(16).toString(16)}${random.hex(6)}`
  }
}

export function makeGeography(accounts: number, parameters: Parameters, random: Random): Geography {
  const space = new AddressSpace(random)
  const cityCount = Math.max(2, Math.round(accounts / parameters.accountsPerCity))
  const perCity = accounts / cityCount
  const carrierUsers = accounts * 0.7
  const carriers = Array.from({ length: 3 }, () => place('carrier', random, {
    base: space.block(4096),
    // Why four: an account that roams shows about four addresses of its carrier over the years.
    size: Math.min(4096, Math.max(2, Math.round((4 * carrierUsers) / 3 / parameters.accountsPerCarrierAddress))),
    leaseSeconds: random.betweenLog(1200, 20_000),
    prefix: random.chance(parameters.ipv6Share) ? space.prefix(random) : '',
  }))
  const exits = Array.from({ length: 6 }, () => place('vpn', random, {
    base: space.block(4096), size: 2 + random.below(40), leaseSeconds: 40_000, prefix: '',
  }))
  const relays = Array.from({ length: 2 }, () => place('relay', random, {
    base: space.block(4096), size: Math.max(8, Math.round(accounts / 60)), leaseSeconds: 7200, prefix: '',
  }))
  const cities = Array.from({ length: cityCount }, () => makeCity(perCity, parameters, space, random))
  return { cities, carriers, exits, relays }
}

function makeCity(people: number, parameters: Parameters, space: AddressSpace, random: Random): City {
  const lineSize = Math.min(60_000, Math.ceil((people / 3) * parameters.homePoolFactor) + 8)
  const shared = (kind: PlaceKind, count: number, addresses: number): Place[] =>
    Array.from({ length: count }, () => place(kind, random, {
      base: space.block(smallSize) + random.below(3800),
      size: 1 + random.below(addresses),
      leaseSeconds: 86_400,
      prefix: '',
    }))
  return {
    lines: Array.from({ length: 3 }, () => ({
      base: space.block(lineSize),
      size: lineSize,
      prefix: random.chance(parameters.ipv6Share * 1.5) ? space.prefix(random) : '',
    })),
    campuses: shared('campus', 1, 8),
    offices: shared('office', Math.max(2, Math.round(people / 14)), 2),
    cafes: shared('cafe', Math.max(2, Math.round(people / 60)), 1),
  }
}

function place(
  kind: PlaceKind, random: Random, rest: Omit<Place, 'kind' | 'seed'>,
): Place {
  return { kind, seed: random.bits(), ...rest }
}

export function makeHome(city: City, leaseDays: number, random: Random): Place {
  const line = random.pick(city.lines)
  return place('home', random, {
    base: line.base,
    size: line.size,
    leaseSeconds: Math.max(0.3, random.logNormal(leaseDays, 0.8)) * 86_400,
    prefix: line.prefix === '' ? '' : line.prefix + random.hex(4),
  })
}

/** A rented residential proxy: each use leaves from a stranger's line. */
export function makeProxy(geography: Geography, random: Random): Place {
  const line = random.pick(random.pick(geography.cities).lines)
  return place('proxy', random, { base: line.base, size: line.size, leaseSeconds: 7200, prefix: '' })
}

/** A server of one's own, or (with `shared`) the outgoing address of a hosting platform. */
export function makeServer(geography: Geography, shared: boolean, random: Random): Place {
  const exit = random.pick(geography.exits)
  return place('server', random, {
    base: exit.base + 256 + (shared ? random.below(4) : 16 + random.below(3000)),
    size: 1, leaseSeconds: 86_400, prefix: '',
  })
}

/** The address that `device` shows at a place at a time. */
export function addressAt(place: Place, deviceSeed: number, at: number, random: Random): string {
  if (place.prefix !== '' && random.chance(0.6)) return sixAt(place, deviceSeed, at)
  const ofPlace = place.kind === 'home'
  const holder = ofPlace ? place.seed : mix(place.seed, deviceSeed)
  const lease = Math.floor((at + (holder % place.leaseSeconds)) / place.leaseSeconds)
  return dotted(place.base + (mix(holder, lease) % place.size))
}

function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** A home keeps its /56; a carrier gives every attachment a /64 of its own; the host part changes daily. */
function sixAt(place: Place, deviceSeed: number, at: number): string {
  const subnet = place.kind === 'home'
    ? `${place.prefix.slice(0, 14)}00`
    : place.prefix.slice(0, 8) + mix(mix(place.seed, deviceSeed), Math.floor(at / 40_000)).toString(16).padStart(8, '0')
  const day = Math.floor(at / 86_400)
  const host = mix(deviceSeed, day).toString(16).padStart(8, '0') + mix(day, deviceSeed).toString(16).padStart(8, '0')
  return (subnet + host).match(/.{4}/g)?.map((group) => group.replace(/^0{1,3}/, '')).join(':') ?? ''
}
