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
  /** How many alts it is going to have. */
  readonly size: number
  /** Fresh identifiers that it can still pay for. */
  budget: number
  alts: number
}

export function makeKit(
  planner: AccountPlanner, of: Pick<Operator, 'number' | 'label' | 'main' | 'profile' | 'size'>,
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
  const { random, people, parameters } = planner
  const { main, profile } = operator
  operator.budget += random.exponential(parameters.identifierBudget)
  const ownLife = random.chance(profile.ownLife)
  const own = people.person(random.chance(0.7) ? { city: main.person.household.city } : {})
  const habits = ownLife || random.chance(0.25) ? own.habits : {
    ...main.life.habits,
    amountScale: main.life.habits.amountScale * random.logNormal(1, 0.45),
    items: random.chance(0.7) ? main.life.habits.items : own.habits.items,
  }
  const alt = planner.account(own, at, habits)
  const pay = (cost: number): boolean => profile.sharesNothing || spend(operator, cost)
  const sharesDevice = takeDevices(planner, operator, alt, ownLife, pay)
  takePlaces(planner, operator, alt, ownLife)
  takeInstruments(planner, operator, alt, sharesDevice || profile.sharesNothing, pay)
  const payout = source(planner, operator, profile.payout, parameters.payoutSharing)
  alt.payout = payout === 'main' ? main.payout : payout === 'kit' ? operator.payout : alt.payout
  const server = source(planner, operator, profile.server, parameters.placeSharing)
  if (main.server !== undefined && server !== 'fresh') alt.server = server === 'main' ? main.server : operator.server
  if (random.chance(profile.pattern)) alt.email = patterned(planner, operator)
  if (random.chance(profile.pattern * 0.15)) alt.phone = main.phone
  if (random.chance(profile.follows * parameters.sittingShare)) {
    alt.follows = { account: main, share: random.between(0.15, 0.7) }
  }
  if (profile.slips && random.chance(parameters.slipShare)) slip(planner, operator, alt)
  alt.operator = operator.number
  alt.skill = operator.label
  operator.alts++
  return alt
}

/** The next address of the operator's series, or an alias of the main account's own mailbox. */
function patterned(planner: AccountPlanner, operator: Operator): string {
  const { random } = planner
  const number = random.chance(0.7) ? String(operator.alts + 1) : random.digits(2)
  const [mailbox = '', domain = ''] = operator.main.email.split('@')
  return random.chance(0.3) ? `${mailbox.split('+')[0]}+${number}@${domain}` : `${operator.handle}${number}@${operator.mailDomain}`
}

function spend(operator: Operator, cost: number): boolean {
  if (operator.budget < cost) return false
  operator.budget -= cost
  return true
}

/** Why a lone alt leans on the main account: what only the alts share costs the same and serves one. */
function source(
  planner: AccountPlanner, operator: Operator, sharing: Sharing, scale: number,
): 'main' | 'kit' | 'fresh' {
  const { random } = planner
  const draw = random.float()
  if (draw < sharing.main * scale) return 'main'
  if (draw >= (sharing.main + sharing.kit) * scale) return 'fresh'
  return operator.size === 1 && sharing.main > 0 && random.chance(0.7) ? 'main' : 'kit'
}

function takeDevices(
  planner: AccountPlanner, operator: Operator, alt: Account, ownLife: boolean, pay: (cost: number) => boolean,
): boolean {
  const drawn = source(planner, operator, operator.profile.device, planner.parameters.deviceSharing)
  const from = drawn === 'fresh' && !pay(1) ? 'kit' : drawn
  if (from === 'fresh') {
    alt.devices.length = 1
    return false
  }
  const pool = from === 'main' ? liveUses(operator.main, alt.createdAt) : operator.devices
  const use = { ...pickByWeight(planner, pool), weight: 1, disguise: disguise(planner, operator.profile) }
  const living = { ...use, from: 0, until: Number.MAX_SAFE_INTEGER }
  const kept = ownLife ? scaled(alt.devices, honestOdds(planner)) : []
  alt.devices.length = 0
  alt.devices.push(living, ...kept)
  return true
}

/** Odds of a session of its own: a fifth to a half of all sessions. */
function honestOdds(planner: AccountPlanner): number {
  const share = planner.random.between(0.2, 0.5)
  return share / (1 - share)
}

function scaled<Use extends { readonly weight: number }>(uses: readonly Use[], total: number): Use[] {
  const sum = uses.reduce((all, use) => all + use.weight, 0)
  return uses.map((use) => ({ ...use, weight: (use.weight / sum) * total }))
}

function liveUses(account: Account, at: number): readonly DeviceUse[] {
  const live = account.devices.filter((use) => use.from <= at && at < use.until)
  return live.length > 0 ? live : account.devices
}

function pickByWeight(planner: AccountPlanner, uses: readonly DeviceUse[]): DeviceUse {
  const use = uses[planner.random.weighted(uses.map((one) => one.weight))]
  if (use === undefined) throw new Error('an account without a device')
  return use
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
  add(profile.home * parameters.placeSharing, person.household.home, parameters.homeWeight)
  add(profile.home * 0.5, person.work, parameters.workWeight)
  add(profile.carrier, person.carrier, parameters.mobileWeight)
  add(profile.vpn, random.pick(operator.places.slice(0, 2)), 2)
  add(profile.proxy, makeProxy(planner.people.geography, random), 2)
  const total = uses.reduce((sum, use) => sum + use.weight, 0)
  const kept = ownLife || uses.length === 0 ? scaled(alt.places, honestOdds(planner) * Math.max(total, 1)) : []
  alt.places.length = 0
  alt.places.push(...uses, ...kept)
}

function takeInstruments(
  planner: AccountPlanner, operator: Operator, alt: Account, mayBeFresh: boolean, pay: (cost: number) => boolean,
): void {
  const { random, people, parameters } = planner
  const drawn = source(planner, operator, operator.profile.instrument, parameters.instrumentSharing)
  const canBeFresh = mayBeFresh || random.chance(0.15)
  const from = drawn !== 'fresh' || (canBeFresh && pay(0.4)) ? drawn : random.chance(0.7) ? 'main' : 'kit'
  if (from === 'fresh') {
    // Why virtual cards: they are the cheapest fresh instrument, and honest people use them too.
    if (random.chance(parameters.virtualCardShare)) alt.instruments.splice(0, alt.instruments.length, people.freshInstrument('card', operator.issuer))
    return
  }
  const wallet = from === 'main' ? operator.main.instruments : operator.instruments
  const shared = random.chance(0.85) ? wallet[0] : random.pick(wallet)
  if (shared === undefined) throw new Error('an operator without an instrument')
  const keep = random.chance(0.25)
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
