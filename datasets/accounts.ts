// The plan of one account before any row exists: whose it is, on which devices and places, with which money and rhythm.
// Honest accounts are planned here; the strata of invitations and the operators change these plans, never the rows.
import { makeDevice, noDisguise, type Device, type Disguise } from './devices.ts'
import type { Parameters, WorldSettings } from './parameters.ts'
import type { Habits, Instrument, People, Person } from './people.ts'
import type { Place } from './places.ts'
import type { Random } from './random.ts'

export interface DeviceUse {
  readonly device: Device
  readonly weight: number
  /** In use between these two times, seconds since the epoch. */
  readonly from: number
  readonly until: number
  readonly disguise: Disguise
}

export interface PlaceUse {
  readonly place: Place
  readonly weight: number
}

export interface Visit {
  readonly at: number
  readonly use: DeviceUse
  readonly place: Place
}

export interface Lifecycle {
  readonly habits: Habits
  sessions: number
  /** Life from sign-up to the last session, in days. */
  lifeDays: number
  recharges: number
  firstRechargeDays: number
  /** Chance that a recharge is the least that qualifies. */
  minimalShare: number
  /** Share of what was recharged that is used up. */
  usedShare: number
  /** No session between sign-up day and this many days later. */
  dormantDays: number
}

export interface Invitation {
  readonly inviter: Account
  readonly at: number
  readonly stratum: string
  readonly isSelfInvite: boolean
  readonly channel: 'link' | 'code' | 'claim'
  readonly clickedAt: number
}

export interface Account {
  readonly id: string
  readonly person: Person
  readonly createdAt: number
  readonly devices: DeviceUse[]
  readonly places: PlaceUse[]
  readonly instruments: Instrument[]
  payout: string
  /** Where its programs call the product's API from. */
  server: Place | undefined
  email: string
  phone: string
  signupUse: DeviceUse | undefined
  signupPlace: Place | undefined
  readonly visits: Visit[]
  /** How gladly its owner invites others, from 0 to 1. */
  readonly zeal: number
  readonly life: Lifecycle
  invitation: Invitation | undefined
  /** Sessions fall on the sessions of this account in that share of cases: one person switching between accounts. */
  follows: { readonly account: Account; readonly share: number } | undefined
  /** Filled while its sessions are written, for accounts that follow this one. */
  readonly sessionTimes: number[]
  /** Number of the operator that holds it beside others; -1: honest; -2: left without a label. */
  operator: number
  skill: string
}

export const daySeconds = 86_400

export class AccountPlanner {
  readonly endsAt: number
  readonly settings: WorldSettings
  readonly parameters: Parameters
  readonly people: People
  readonly random: Random

  constructor(settings: WorldSettings, people: People, random: Random) {
    this.settings = settings
    this.parameters = settings.parameters
    this.people = people
    this.random = random
    this.endsAt = settings.startsAt + Math.floor(settings.parameters.days) * daySeconds
  }

  /** An account of an honest person, used the way that person lives. */
  account(person: Person, createdAt: number, habits: Habits = person.habits): Account {
    return {
      id: `a${this.random.hex(11)}`,
      person,
      createdAt,
      devices: this.deviceUses(person),
      places: this.placeUses(person),
      instruments: [...person.instruments],
      payout: person.payout,
      server: person.server,
      email: this.email(person),
      phone: `${this.settings.phonePrefix}${6 + this.random.below(4)}${this.random.digits(9)}`,
      signupUse: undefined,
      signupPlace: undefined,
      visits: [],
      zeal: Math.min(1, 0.05 * this.random.pareto(this.parameters.zealTail)),
      life: this.life(habits),
      invitation: undefined,
      follows: undefined,
      sessionTimes: [],
      operator: -1,
      skill: 'honest',
    }
  }

  use(device: Device, weight: number, disguise: Disguise = noDisguise): DeviceUse {
    return { device, weight, from: 0, until: Number.MAX_SAFE_INTEGER, disguise }
  }

  /** A moment on the day of `at` at an hour that fits the habits, not before `at` and not after the end. */
  momentLike(habits: Habits, at: number): number {
    const zone = this.settings.zoneMinutes * 60
    const midnight = Math.floor((at + zone) / daySeconds) * daySeconds - zone
    const hour = habits.hourPeak + habits.hourSpread * this.random.normal()
    const moment = midnight + ((hour + 48) % 24) * 3600
    return Math.floor(Math.min(this.endsAt - 1, Math.max(moment, at)))
  }

  /** Between an earlier time and the end, soon rather than late. */
  later(after: number, medianDays: number, sigma = 1.3): number {
    const delay = this.random.logNormal(medianDays, sigma) * daySeconds
    const latest = Math.max(after + 600, this.endsAt - 3600)
    return Math.floor(after + delay < latest ? after + delay : this.random.between(after, latest))
  }

  private deviceUses(person: Person): DeviceUse[] {
    const uses: DeviceUse[] = []
    let weight = 1
    for (const device of person.devices) {
      uses.push(this.use(device, weight))
      weight *= this.random.between(0.2, 0.8)
    }
    if (this.random.chance(this.parameters.householdDeviceShare * 0.4)) {
      uses.push(this.use(this.random.pick(person.household.devices), this.random.between(0.1, 0.8)))
    }
    if (this.random.chance(0.25)) this.replaceDevice(uses)
    return uses
  }

  /** A new phone or computer takes the place of the first one on some day. */
  private replaceDevice(uses: DeviceUse[]): void {
    const first = uses[0]
    if (first === undefined) return
    const { startsAt } = this.settings
    const day = startsAt + this.random.between(0.2, 0.95) * (this.endsAt - startsAt)
    const next = makeDevice(this.parameters, this.random, first.device.isPhone)
    uses[0] = { ...first, until: day }
    uses.push({ ...first, device: next, from: day })
  }

  private placeUses(person: Person): PlaceUse[] {
    const { parameters, random } = this
    const jitter = (): number => random.logNormal(1, 0.6)
    const uses: PlaceUse[] = [
      { place: person.household.home, weight: parameters.homeWeight * jitter() },
      { place: person.carrier, weight: parameters.mobileWeight * jitter() },
      { place: person.cafe, weight: parameters.cafeWeight * jitter() * (random.chance(0.4) ? 1 : 0.05) },
    ]
    if (person.work !== undefined) uses.push({ place: person.work, weight: parameters.workWeight * jitter() })
    if (person.vpn !== undefined) uses.push({ place: person.vpn, weight: random.betweenLog(0.2, 4) })
    if (person.relay !== undefined) uses.push({ place: person.relay, weight: random.betweenLog(0.2, 3) })
    return uses
  }

  private life(habits: Habits): Lifecycle {
    const { parameters, random } = this
    const engaged = random.chance(parameters.engagedShare)
    const sessions = engaged
      ? 2 + random.logNormal(parameters.sessionsMedian, 0.8) * habits.activity
      : 1 + random.exponential(1.2)
    const recharges = engaged
      ? random.logNormal(parameters.rechargesMedian, 0.8) + 0.4
      : (random.chance(habits.promo ? 0.55 : 0.2) ? 1 : 0)
    return {
      habits,
      sessions: Math.min(60, Math.round(sessions)),
      lifeDays: engaged ? random.logNormal(120, 1) : random.exponential(6),
      recharges: Math.min(25, Math.round(recharges)),
      firstRechargeDays: this.firstRechargeDays(habits.promo),
      minimalShare: habits.promo ? random.between(0.3, 1) : random.between(0, 0.25),
      usedShare: random.between(0.4, 1),
      dormantDays: random.chance(0.12) ? random.exponential(30) : 0,
    }
  }

  firstRechargeDays(soon: boolean): number {
    const kind = this.random.weighted(soon ? [0.6, 0.25, 0.15] : [0.3, 0.35, 0.35])
    if (kind === 0) return this.random.logNormal(0.012, 1)
    return kind === 1 ? this.random.between(0.1, 3) : this.random.logNormal(14, 1)
  }

  email(person: Person): string {
    const { random } = this
    const tail = random.weighted([0.4, 0.35, 0.25])
    const number = tail === 0 ? '' : tail === 1 ? random.digits(2) : String(1970 + random.below(38))
    const tag = random.chance(0.02) ? `+${random.pick(['shop', 'app', 'promo', 'news'])}` : ''
    return `${person.handle}${number}${tag}@${person.mailDomain}`
  }
}
