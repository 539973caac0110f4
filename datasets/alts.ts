// One alt of an operator: what it takes from the main account, from the operator's kit, or has fresh.
// Skill sets the chances, the budget cuts fresh identifiers, and slips undo some of the care.
import type { Account, AccountPlanner, DeviceUse, PlaceUse } from './accounts.ts'
import { noDisguise, type Disguise } from './devices.ts'
import { word, type Instrument } from './people.ts'
import { makeProxy, makeServer, type Place } from './places.ts'
import type { Profile, Sharing } from './skills.ts'
import { visit } from './strata.ts'

export interface Operator {
  readonly number: number
  readonly label: string
  readonly main: Account
  readonly profile: Profile
  /** What the alts share among themselves and not with the main account. */
  readonly devices: DeviceUse[]
  readonly places: Place[]
  readonly instruments: Instrument[]
  readonly payout: string
  readonly server: Place
  readonly handle: string
  readonly mailDomain: string
  readonly issuer: number
  /** Fresh identifiers that it can still pay for. */
  budget: number
  alts: number
}

export function makeKit(
  planner: AccountPlanner, of: Pick<Operator, 'number' | 'label' | 'main' | 'profile'>,
): Operator {
  const { random, people } = planner
  const { geography } = people
  return {
    ...of,
    devices: Array.from({ length: 1 + random.below(3) }, () => planner.use(people.device(), 1)),
    places: [random.pick(geography.exits), random.pick(geography.exits), makeProxy(geography, random)],
    instruments: Array.from({ length: 1 + random.below(2) }, () => people.instrument()),
    payout: people.payout(),
    server: makeServer(geography, random.chance(0.2), random),
    handle: word(random, 2) + word(random, 1),
    mailDomain: random.chance(0.2) ? `${word(random, 2)}.example` : 'gmail.com',
    issuer: random.below(40),
    budget: 0,
    alts: 0,
  }
}

export function makeAlt(planner: AccountPlanner, operator: Operator, at: number): Account {
  const { random, people } = planner
  const { main, profile } = operator
  operator.budget += random.exponential(planner.parameters.identifierBudget)
  const ownLife = random.chance(profile.ownLife)
  const own = people.person(random.chance(0.7) ? { city: main.person.household.city } : {})
  const habits = ownLife || random.chance(0.25) ? own.habits : {
    ...main.life.habits,
    amountScale: main.life.habits.amountScale * random.logNormal(1, 0.45),
    items: random.chance(0.7) ? main.life.habits.items : own.habits.items,
  }
  const alt = planner.account(own, at, habits)
  const isExpert = profile.proxy > 0.5 && profile.device.kit === 0
  const pay = (cost: number): boolean => isExpert || spend(operator, cost)
  takeDevices(planner, operator, alt, ownLife, pay)
  takePlaces(planner, operator, alt, ownLife)
  takeInstruments(planner, operator, alt, pay)
  const payout = source(planner, profile.payout)
  alt.payout = payout === 'main' ? main.payout : payout === 'kit' ? operator.payout : alt.payout
  const server = source(planner, profile.server)
  if (main.server !== undefined && server !== 'fresh') alt.server = server === 'main' ? main.server : operator.server
  if (random.chance(profile.pattern)) alt.email = `${operator.handle}${random.chance(0.7) ? String(operator.alts + 1) : random.digits(2)}@${operator.mailDomain}`
  if (random.chance(profile.follows)) {
    alt.follows = { account: main, share: random.between(0.15, 0.7) }
  }
  if (profile.slips && random.chance(planner.parameters.slipShare)) slip(planner, operator, alt)
  alt.operator = operator.number
  alt.skill = operator.label
  operator.alts++
  return alt
}

function spend(operator: Operator, cost: number): boolean {
  if (operator.budget < cost) return false
  operator.budget -= cost
  return true
}

function source(planner: AccountPlanner, sharing: Sharing): 'main' | 'kit' | 'fresh' {
  const { random, parameters } = planner
  const draw = random.float()
  if (draw < sharing.main * parameters.sharing) return 'main'
  return draw < (sharing.main + sharing.kit) * parameters.sharing ? 'kit' : 'fresh'
}

function takeDevices(
  planner: AccountPlanner, operator: Operator, alt: Account, ownLife: boolean, pay: (cost: number) => boolean,
): void {
  const { random } = planner
  const drawn = source(planner, operator.profile.device)
  const from = drawn === 'fresh' && !pay(1) ? 'kit' : drawn
  if (from === 'fresh') {
    alt.devices.length = 1
    return
  }
  const pool = from === 'main' ? operator.main.devices : operator.devices
  const use = { ...random.pick(pool), weight: 1, disguise: disguise(planner, operator.profile) }
  const living = { ...use, from: 0, until: Number.MAX_SAFE_INTEGER }
  const kept = ownLife ? alt.devices.map((other) => ({ ...other, weight: other.weight * random.between(0.25, 1) })) : []
  alt.devices.length = 0
  alt.devices.push(from === 'main' ? living : use, ...kept)
}

function disguise(planner: AccountPlanner, profile: Profile): Disguise {
  const { random } = planner
  if (!random.chance(profile.cookieReset)) return noDisguise
  return {
    cookie: random.bits(),
    install: random.chance(profile.installReset) ? random.bits() : 0,
    fingerprint: random.chance(profile.fingerprintSpoof) ? random.bits() : 0,
  }
}

function takePlaces(planner: AccountPlanner, operator: Operator, alt: Account, ownLife: boolean): void {
  const { random, parameters } = planner
  const { profile, main } = operator
  const person = main.person
  const uses: PlaceUse[] = []
  const add = (chance: number, place: Place | undefined, weight: number): void => {
    if (place !== undefined && random.chance(chance)) uses.push({ place, weight: weight * random.logNormal(1, 0.6) })
  }
  add(profile.home * parameters.sharing, person.household.home, parameters.homeWeight)
  add(profile.home * 0.5, person.work, parameters.workWeight)
  add(profile.carrier, person.carrier, parameters.mobileWeight)
  add(profile.vpn, random.pick(operator.places.slice(0, 2)), 2)
  add(profile.proxy, makeProxy(planner.people.geography, random), 2)
  const kept = ownLife || uses.length === 0 ? alt.places.map((use) => ({ ...use, weight: use.weight * random.between(0.3, 1) })) : []
  alt.places.length = 0
  alt.places.push(...uses, ...kept)
}

function takeInstruments(
  planner: AccountPlanner, operator: Operator, alt: Account, pay: (cost: number) => boolean,
): void {
  const { random, people, parameters } = planner
  const drawn = source(planner, operator.profile.instrument)
  const from = drawn === 'fresh' && !pay(0.4) ? 'kit' : drawn
  if (from === 'fresh') {
    // Why virtual cards: they are the cheapest fresh instrument, and honest people use them too.
    if (random.chance(parameters.virtualCardShare)) alt.instruments.splice(0, alt.instruments.length, people.freshInstrument('card', operator.issuer))
    return
  }
  const shared = random.pick(from === 'main' ? operator.main.instruments : operator.instruments)
  const keep = random.chance(0.3)
  if (!keep) alt.instruments.length = 0
  alt.instruments.unshift(shared)
}

/** One careless sign-in: from home, or on the main account's device. */
function slip(planner: AccountPlanner, operator: Operator, alt: Account): void {
  const { random } = planner
  if (random.chance(0.5)) {
    visit(planner, alt, operator.main.person.household.home)
  } else {
    alt.visits.push({
      at: planner.later(alt.createdAt, 10),
      use: random.pick(operator.main.devices),
      place: random.pick(alt.places).place,
    })
  }
}
