// People and what belongs to them: household, places, devices, instruments, names to write to, habits.
// Everything that two accounts may come to share is an object held here, so that sharing is always by structure.
import { makeDevice, type Device } from './devices.ts'
import type { Parameters, WorldSettings } from './parameters.ts'
import { makeHome, makeServer, type City, type Geography, type Place } from './places.ts'
import type { Random } from './random.ts'

export interface Instrument {
  readonly kind: 'card' | 'bank' | 'wallet'
  /** The processor's fingerprint of the full number. */
  readonly fingerprint: string
  /** Issuer digits, last four and expiry: many strangers share it. */
  readonly mask: string
}

export interface Household {
  readonly city: City
  readonly home: Place
  readonly surname: string
  readonly devices: Device[]
  readonly instruments: Instrument[]
  readonly payout: string
}

/** How one person uses the product; accounts of one person have it in common unless something hides it. */
export interface Habits {
  readonly hourPeak: number
  readonly hourSpread: number
  readonly amountScale: number
  readonly menuShare: number
  readonly items: readonly number[]
  readonly cadenceDays: number
  readonly activity: number
  readonly promo: boolean
}

export interface Person {
  readonly household: Household
  readonly work: Place | undefined
  readonly carrier: Place
  readonly cafe: Place
  readonly vpn: Place | undefined
  readonly relay: Place | undefined
  readonly server: Place | undefined
  readonly devices: Device[]
  readonly instruments: Instrument[]
  readonly payout: string
  readonly handle: string
  readonly mailDomain: string
  readonly habits: Habits
  readonly organisation: string
}

/** What the maker of a person may fix; all else is drawn. */
export interface PersonWishes {
  readonly household?: Household
  readonly city?: City
  readonly work?: Place
  readonly cafe?: Place
  readonly carrier?: Place
  readonly vpn?: Place
}

const mailDomains = ['gmail.com', 'outlook.com', 'yahoo.com', 'icloud.com', 'proton.me', 'mail.example']
const mailShares = [0.62, 0.13, 0.1, 0.08, 0.03, 0.04]
export const itemCount = 40
export const topUps = [0.4, 0.8, 1, 1.6, 2, 4, 8]

export class People {
  readonly geography: Geography
  private readonly settings: WorldSettings
  private readonly parameters: Parameters
  private readonly random: Random
  private readonly issuers: string[]
  private readonly borrowable: Instrument[] = []

  constructor(settings: WorldSettings, geography: Geography, random: Random) {
    this.settings = settings
    this.parameters = settings.parameters
    this.geography = geography
    this.random = random
    this.issuers = Array.from({ length: 40 }, () => `4${random.digits(5)}`)
  }

  household(city?: City): Household {
    const random = this.random
    const where = city ?? random.pick(this.geography.cities)
    const household: Household = {
      city: where,
      home: makeHome(where, this.parameters.leaseDays, random),
      surname: word(random, 2 + random.below(2)),
      devices: [],
      instruments: [],
      payout: this.payout(),
    }
    household.devices.push(makeDevice(this.parameters, random, random.chance(0.4)))
    household.instruments.push(this.instrument())
    return household
  }

  person(wishes: PersonWishes = {}): Person {
    const { random, parameters } = this
    const household = wishes.household ?? this.household(wishes.city)
    const work = wishes.work ?? this.workplace(household.city)
    const instruments = [this.instrument()]
    while (random.chance(0.24)) instruments.push(this.instrument())
    const shared = random.chance(parameters.householdCardShare * 0.5)
    if (shared) instruments.unshift(...household.instruments)
    return {
      household,
      work,
      carrier: wishes.carrier ?? random.pick(this.geography.carriers),
      cafe: wishes.cafe ?? random.pick(household.city.cafes),
      vpn: wishes.vpn ?? (random.chance(parameters.vpnShare) ? random.pick(this.geography.exits) : undefined),
      relay: random.chance(parameters.relayShare) ? random.pick(this.geography.relays) : undefined,
      server: random.chance(parameters.apiShare)
        ? makeServer(this.geography, random.chance(0.3), random) : undefined,
      devices: this.devices(),
      instruments,
      payout: random.chance(0.06) ? household.payout : this.payout(),
      handle: word(random, 2) + random.pick(['', '', '.', '_']) + (random.chance(0.5) ? household.surname : word(random, 1)),
      mailDomain: mailDomains[random.weighted(mailShares)] ?? 'gmail.com',
      habits: this.habits(),
      organisation: work?.kind === 'office' && random.chance(0.4) ? `org-${work.seed.toString(36)}` : '',
    }
  }

  device(): Device {
    return makeDevice(this.parameters, this.random, this.random.chance(this.parameters.phoneShare))
  }

  private devices(): Device[] {
    const devices = [this.device()]
    while (devices.length < 4 && this.random.chance(this.parameters.secondDeviceShare)) devices.push(this.device())
    return devices
  }

  /** Bank instruments with two, three and four users are lent by strangers, as in public marketplace tables. */
  instrument(): Instrument {
    const random = this.random
    if (this.borrowable.length > 0 && random.chance(0.025 * this.parameters.borrowedCardScale)) {
      return random.pick(this.borrowable)
    }
    const kind = random.chance(0.7) ? 'card' : random.chance(0.6) ? 'bank' : 'wallet'
    const instrument = this.freshInstrument(kind, random.ranked(this.issuers.length))
    if (random.chance(0.3)) this.borrowable.push(instrument)
    return instrument
  }

  /** A new card of the given issuer: issuers of virtual cards give many to one person. */
  freshInstrument(kind: Instrument['kind'], issuer: number): Instrument {
    const random = this.random
    const expiry = `${String(1 + random.below(12)).padStart(2, '0')}/${26 + random.below(5)}`
    return {
      kind,
      fingerprint: `${kind === 'card' ? 'pm' : kind === 'bank' ? 'ba' : 'wa'}_${random.hex(20)}`,
      mask: `${this.issuers[issuer] ?? '400000'}******${random.digits(4)} ${expiry}`,
    }
  }

  payout(): string {
    return `${this.random.pick(['ba', 'wl'])}_${this.random.hex(18)}`
  }

  habits(): Habits {
    const { random, parameters, settings } = this
    return {
      hourPeak: (random.weighted([0.25, 0.15, 0.45, 0.15]) * 5 + 9 + random.between(-2, 2)) % 24,
      hourSpread: random.between(1.2, 4),
      amountScale: settings.usualAmount * random.logNormal(1, parameters.amountSigma),
      menuShare: random.between(0.4, 1),
      items: Array.from({ length: 1 + random.below(5) }, () => random.ranked(itemCount)),
      cadenceDays: random.logNormal(18, 0.8),
      activity: random.logNormal(1, 0.7),
      promo: random.chance(parameters.promoShare),
    }
  }

  private workplace(city: City): Place | undefined {
    const random = this.random
    if (random.chance(this.parameters.campusShare)) return random.pick(city.campuses)
    return random.chance(0.5) ? city.offices[random.ranked(city.offices.length)] : undefined
  }
}

const onsets = ['b', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'ch', 'sh', 'tr', 'st']
const vowels = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea']

/** A pronounceable word that is nobody's name. */
export function word(random: Random, syllables: number): string {
  let text = ''
  for (let index = 0; index < syllables; index++) text += random.pick(onsets) + random.pick(vowels)
  return random.chance(0.4) ? text + random.pick(onsets) : text
}
