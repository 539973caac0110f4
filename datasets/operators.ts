// Operators: people who hold several accounts and invite themselves, by skill, ring size and topology.
// Each ring is planned with a budget for fresh identifiers; what it cannot afford it shares.
import { daySeconds, type Account, type AccountPlanner, type Lifecycle } from './accounts.ts'
import { makeAlt, makeKit, type Operator } from './alts.ts'
import { apportion } from './random.ts'
import { poisonerProfile, profilesOf, skillLabels, skillNames, type Skill } from './skills.ts'
import { attach } from './strata.ts'

export interface Planted {
  readonly accounts: Account[]
  /** Accounts that may go on inviting honest people: camouflage. */
  readonly inviting: Account[]
  /** Accounts without a referral that hub-pushers may still make. */
  throwAwaysLeft: number
}

/** Plants rings over `organic` accounts until `count` self-invitations exist. */
export function plantOperators(
  planner: AccountPlanner, organic: readonly Account[], count: number, throwAways: number,
): Planted {
  const { parameters, random } = planner
  const planted: Planted = { accounts: [], inviting: [], throwAwaysLeft: throwAways }
  const quotas = apportion(skillNames.map((skill) => parameters[skill]), count)
  const free = random.shuffle(organic.filter((account) => account.createdAt < planner.endsAt - 60 * daySeconds))
  let number = 0
  skillNames.forEach((skill, index) => {
    let left = quotas[index] ?? 0
    while (left > 0) {
      const main = free.pop()
      if (main === undefined) return
      left -= plantRing(planner, { number: number++, skill, main, free, limit: left, count }, planted)
    }
  })
  plantPoisoners(planner, organic, Math.round(Math.max(0, parameters.framedShare) * count), number, planted)
  return planted
}

interface Ring {
  readonly number: number
  readonly skill: Skill
  readonly main: Account
  readonly free: Account[]
  readonly limit: number
  readonly count: number
}

function plantRing(planner: AccountPlanner, ring: Ring, planted: Planted): number {
  const { random } = planner
  const size = ringSize(planner, ring)
  const operator = startOperator(planner, ring, size)
  const referrers = referrersOf(planner, ring, operator, size)
  const times = signupTimes(planner, ring, size)
  const topology = ring.skill === 'farm' || ring.skill === 'laundering' || ring.skill === 'creditBot' ? 'star'
    : (['star', 'chain', 'tree', 'ring', 'pair'] as const)[random.weighted([0.55, 0.13, 0.17, 0.08, 0.07])] ?? 'star'
  const alts: Account[] = []
  for (const at of times) {
    const last = alts[alts.length - 1]
    const inviter = topology === 'star' || last === undefined ? random.pick(referrers)
      : topology === 'tree' ? random.pick([ring.main, ...alts]) : last
    const alt = makeAlt(planner, operator, Math.max(at, inviter.createdAt + 600))
    shapeLife(planner, ring, alt)
    attach(planner, alt, inviter, { stratum: skillLabels[ring.skill], isSelfInvite: true })
    alts.push(alt)
  }
  const last = alts[alts.length - 1]
  let made = alts.length
  if (last !== undefined && (topology === 'ring' || topology === 'pair') && ring.main.invitation === undefined) {
    closeCircle(planner, ring, last)
    made++
  }
  if (random.chance(planner.parameters.usageMovedShare)) moveUsage(ring.main, alts)
  planted.accounts.push(...alts)
  if (ring.skill === 'camouflage') planted.inviting.push(...alts)
  if (ring.skill === 'hubPusher') {
    const pushed = throwAways(planner, operator, Math.min(planted.throwAwaysLeft, 62 + random.below(40)))
    planted.throwAwaysLeft -= pushed.length
    planted.accounts.push(...pushed)
  }
  return made
}

function startOperator(planner: AccountPlanner, ring: Ring, size: number): Operator {
  const { random } = planner
  const { main, skill, number } = ring
  // Why: a farm works for others, and what its operator holds besides is not seen with it; that account stays unlabelled.
  main.operator = skill === 'farm' ? -2 : number
  main.skill = skillLabels[skill]
  // Why: people who know the product well enough to game it have used it themselves, mostly.
  main.life.recharges = Math.max(main.life.recharges, random.chance(planner.parameters.activeMainShare) ? 1 + random.below(3) : 0)
  main.life.firstRechargeDays = Math.min(main.life.firstRechargeDays, random.between(1, 25))
  main.life.sessions = Math.max(main.life.sessions, 4 + random.below(10))
  main.life.lifeDays = Math.max(main.life.lifeDays, random.logNormal(60, 0.8))
  return makeKit(planner, { number, main, size, label: skillLabels[skill], profile: random.pick(profilesOf[skill]) })
}

/** Heavy-tailed from 1 to 500 alts, and never more than a third of all that the world has room for. */
function ringSize(planner: AccountPlanner, ring: Ring): number {
  const { random, parameters } = planner
  const least = ring.skill === 'farm' ? 6 : ring.skill === 'creditBot' ? 5 : ring.skill === 'hubPusher' ? 3 : 1
  const drawn = Math.floor(least * random.pareto(parameters.ringTail))
  return Math.max(1, Math.min(drawn, ring.limit, 500, Math.max(least, 3, Math.floor(ring.count / 12))))
}

/** Whose links the alts come through: the main account, the customers of a farm, or a real intermediary. */
function referrersOf(planner: AccountPlanner, ring: Ring, operator: Operator, size: number): Account[] {
  const { random } = planner
  if (ring.skill === 'farm') {
    const customers = ring.free.splice(-Math.max(2, Math.ceil(size / random.between(2, 7))))
    for (const customer of customers) {
      customer.operator = -2
      if (random.chance(0.6)) serveFrom(planner, operator, customer)
    }
    return customers.length > 0 ? customers : [ring.main]
  }
  if (ring.skill === 'laundering') {
    const between = ring.free.pop()
    if (between === undefined) return [ring.main]
    between.operator = -2
    if (random.chance(0.7)) serveFrom(planner, operator, between)
    if (random.chance(0.5)) between.payout = ring.main.payout
    return [between]
  }
  return [ring.main]
}

/** The operator signs in to somebody else's account from the kit. */
function serveFrom(planner: AccountPlanner, operator: Operator, account: Account): void {
  for (let index = 1 + planner.random.below(3); index > 0; index--) {
    account.visits.push({
      at: planner.later(account.createdAt, 40),
      use: planner.random.pick(operator.devices),
      place: planner.random.pick(operator.places),
    })
  }
}

function signupTimes(planner: AccountPlanner, ring: Ring, size: number): number[] {
  const { random, parameters } = planner
  const hasty = ring.skill === 'creditBot' || random.chance(parameters.burstShare)
  const gapDays = hasty ? random.betweenLog(0.01, 0.6) : random.betweenLog(1, 25)
  // Why: a sleeper who comes at the end of the data cannot be told from an account that does nothing.
  const waits = ring.skill === 'sleeper' ? planner.settings.holdDays + 60 : 4
  const latest = planner.endsAt - waits * daySeconds
  const times: number[] = []
  let at = planner.later(ring.main.createdAt, 25)
  for (let index = 0; index < size; index++) {
    const moment = hasty ? at : planner.momentLike(ring.main.life.habits, at)
    times.push(Math.floor(Math.min(moment, latest - random.below(20 * daySeconds))))
    at += random.exponential(gapDays) * daySeconds
  }
  return times.map((time) => Math.max(time, ring.main.createdAt + 900 + random.below(daySeconds))).sort((a, b) => a - b)
}

function shapeLife(planner: AccountPlanner, ring: Ring, alt: Account): void {
  const { random, parameters } = planner
  const life = alt.life
  if (ring.skill === 'creditBot') {
    Object.assign(life, { sessions: 1 + random.below(3), lifeDays: random.exponential(0.6), recharges: random.chance(0.25) ? 1 : 0 })
    return
  }
  if (!random.chance(parameters.resemblance)) minimise(planner, life)
  // Why: without a recharge there is no rebate, and nobody takes the trouble for nothing.
  if (random.chance(0.97)) life.recharges = Math.max(1, life.recharges)
  life.sessions = Math.max(life.sessions, 2 + random.below(3))
  if (ring.skill === 'sleeper') {
    life.firstRechargeDays = planner.settings.holdDays + random.betweenLog(8, 110)
    life.dormantDays = random.chance(0.6) ? life.firstRechargeDays * random.between(0.5, 0.95) : 0
  }
  const daysLeft = (planner.endsAt - alt.createdAt) / daySeconds
  if (life.firstRechargeDays > daysLeft * 0.9) life.firstRechargeDays = daysLeft * random.between(0.05, 0.9)
}

/** Just enough to earn the reward, then silence. */
function minimise(planner: AccountPlanner, life: Lifecycle): void {
  const { random } = planner
  Object.assign(life, {
    sessions: 2 + random.below(5),
    lifeDays: random.exponential(25),
    recharges: 1 + Math.floor(random.exponential(0.7)),
    minimalShare: random.between(0.25, 0.85),
    firstRechargeDays: planner.firstRechargeDays(true),
    usedShare: random.between(0.5, 1),
  })
}

/** The main account spends less from the day on which the first alt spends. */
function moveUsage(main: Account, alts: readonly Account[]): void {
  const first = alts[0]
  if (first === undefined) return
  const days = (first.createdAt - main.createdAt) / daySeconds
  const moved = Math.max(1, Math.round(main.life.recharges * 0.6))
  main.life.lifeDays = Math.min(main.life.lifeDays, days + 10)
  main.life.recharges = Math.max(1, main.life.recharges - moved)
  first.life.recharges += Math.min(6, moved)
}

/** The circle is closed by a late claim: the main account says that its own alt invited it. */
function closeCircle(planner: AccountPlanner, ring: Ring, last: Account): void {
  const claimedAt = Math.floor(last.createdAt + planner.random.exponential(3) * daySeconds) + 300
  ring.main.invitation = {
    inviter: last, at: Math.min(planner.endsAt, claimedAt), stratum: skillLabels[ring.skill],
    isSelfInvite: true, channel: 'claim', clickedAt: Number.NaN,
  }
}

/** Accounts without any referral that carry the ring's device, so that a limit on popular devices hides it. */
function throwAways(planner: AccountPlanner, operator: Operator, count: number): Account[] {
  const { random } = planner
  const from = Math.min(planner.later(operator.main.createdAt, 20), planner.endsAt - 20 * daySeconds)
  return Array.from({ length: count }, () => {
    const at = Math.floor(Math.min(from + random.exponential(5) * daySeconds, planner.endsAt - random.below(9 * daySeconds) - 600))
    const account = planner.account(planner.people.person(), at)
    account.signupUse = operator.main.devices[0]
    account.signupPlace = random.pick([...operator.places, random.pick(planner.people.geography.exits)])
    account.operator = operator.number
    account.skill = operator.label
    Object.assign(account.life, { sessions: random.below(2), recharges: 0, lifeDays: 1 })
    account.devices.length = 0
    account.devices.push(...operator.main.devices.slice(0, 1))
    return account
  })
}

/** Signs up through an honest inviter's link and plants that inviter's traces on the new accounts. */
function plantPoisoners(
  planner: AccountPlanner, organic: readonly Account[], count: number, firstNumber: number, planted: Planted,
): void {
  const { random } = planner
  let left = count
  for (let number = firstNumber; left > 0; number++) {
    const victim = random.pick(organic)
    const main = planner.account(planner.people.person({ city: victim.person.household.city }), victim.createdAt)
    if (victim.operator !== -1 || victim.createdAt > planner.endsAt - 60 * daySeconds) continue
    const size = Math.min(left, 2 + random.below(7))
    const operator = makeKit(planner, { number, main, size, label: 'poisoner', profile: poisonerProfile })
    const start = planner.later(victim.createdAt, 60)
    Object.assign(main, { operator: number, skill: 'poisoner' })
    planted.accounts.push(main)
    for (let index = 0; index < size; index++) {
      const at = Math.min(planner.endsAt - 3600 - random.below(5 * daySeconds), start + random.exponential(2) * daySeconds)
      const alt = makeAlt(planner, operator, Math.max(victim.createdAt + 600, Math.floor(at)))
      frame(planner, alt, victim)
      attach(planner, alt, victim, { stratum: 'framed', isSelfInvite: false })
      planted.accounts.push(alt)
    }
    left -= size
  }
}

/** Cookies and fingerprints can be forged and a neighbour can use the same line; an instrument cannot be planted. */
function frame(planner: AccountPlanner, alt: Account, victim: Account): void {
  const { random } = planner
  const use = random.pick(victim.devices)
  if (random.chance(0.7)) alt.signupUse = use
  if (random.chance(0.35)) alt.signupPlace = victim.person.household.home
  if (random.chance(0.3)) alt.visits.push({ at: planner.later(alt.createdAt, 3), use, place: random.pick(alt.places).place })
}
