// Honest invitations: each stratum is one way in which two different people come to share something.
// Every referral made here joins two people, and most of what a plain rule looks at is shared by some of them.
import { daySeconds, type Account, type AccountPlanner } from './accounts.ts'
import { makeTwin, noDisguise } from './devices.ts'
import type { ParameterName } from './parameters.ts'
import type { Person, PersonWishes } from './people.ts'
import type { Place } from './places.ts'
import { apportion, type Random } from './random.ts'

export const honestStrata = [
  'friend', 'household', 'campus', 'office', 'cafe', 'influencer', 'reseller', 'secondHand', 'kiosk',
  'corporateCard', 'collision', 'carrier', 'vpn', 'launch',
] as const satisfies readonly ParameterName[]
export type HonestStratum = (typeof honestStrata)[number]

/** The word that the label file uses for a stratum. */
export const stratumLabels: { readonly [stratum in HonestStratum]: string } = {
  friend: 'friend', household: 'household', campus: 'campus', office: 'office', cafe: 'cafe',
  influencer: 'influencer', reseller: 'reseller', secondHand: 'second_hand_device', kiosk: 'kiosk',
  corporateCard: 'corporate_card', collision: 'fingerprint_collision', carrier: 'carrier_nat',
  vpn: 'vpn', launch: 'launch',
}

/** Strata in which one inviter brings a crowd. */
const crowdSizes: { readonly [stratum in HonestStratum]?: readonly [median: number, sigma: number] } = {
  influencer: [45, 1], reseller: [9, 0.8], kiosk: [10, 0.7], launch: [7, 0.7],
}

/** Invites honestly until `count` invitees exist; returns them. */
export function inviteHonestly(planner: AccountPlanner, pool: Account[], count: number): Account[] {
  const random = planner.random
  const quotas = apportion(honestStrata.map((stratum) => planner.parameters[stratum]), count)
  const invitees: Account[] = []
  honestStrata.forEach((stratum, index) => {
    let left = quotas[index] ?? 0
    while (left > 0) {
      const size = Math.min(left, crowdSize(stratum, left, random))
      const made = inviteCrowd(planner, pool, stratum, size)
      invitees.push(...made)
      pool.push(...made)
      left -= made.length
    }
  })
  return invitees
}

function crowdSize(stratum: HonestStratum, left: number, random: Random): number {
  const size = crowdSizes[stratum]
  if (size === undefined) return 1 + (random.chance(0.3) ? Math.floor(random.pareto(1.4)) : 0)
  return Math.max(2, Math.round(Math.min(left * 0.8, random.logNormal(size[0], size[1]))))
}

function inviteCrowd(
  planner: AccountPlanner, pool: readonly Account[], stratum: HonestStratum, size: number,
): Account[] {
  const inviter = pickInviter(planner, pool, stratum)
  const scene = makeScene(planner, inviter, stratum)
  return Array.from({ length: size }, () => invite(planner, inviter, stratum, scene))
}

/** Somebody of the right kind who signed up early enough to invite. */
function pickInviter(planner: AccountPlanner, pool: readonly Account[], stratum: HonestStratum): Account {
  let best = planner.random.pick(pool)
  for (let attempt = 0; attempt < 40; attempt++) {
    const candidate = planner.random.pick(pool)
    const fits =
      stratum === 'campus' || stratum === 'launch' ? candidate.person.work?.kind === 'campus'
      : stratum === 'office' || stratum === 'corporateCard' ? candidate.person.work?.kind === 'office'
      : stratum === 'vpn' ? candidate.person.vpn !== undefined
      : true
    const isZealous = planner.random.chance(candidate.zeal) || attempt > 30
    if (fits && isZealous && candidate.createdAt < planner.endsAt - 20 * daySeconds) return candidate
    if (candidate.createdAt < best.createdAt) best = candidate
  }
  return best
}

/** What the invitees of one crowd have in common: the moments of posts or stalls, a shared card. */
interface Scene {
  readonly moments: readonly number[]
  readonly place: Place | undefined
  readonly cardShare: number
  readonly device: Account['devices'][number] | undefined
}

function makeScene(planner: AccountPlanner, inviter: Account, stratum: HonestStratum): Scene {
  const { random } = planner
  const count = stratum === 'influencer' ? 1 + random.below(4) : stratum === 'reseller' ? 3 + random.below(6) : 1 + random.below(3)
  const moments = Array.from({ length: count }, () => planner.later(inviter.createdAt, 30))
  const counter = stratum === 'kiosk' || stratum === 'reseller'
  const device = counter ? planner.use(planner.people.device(), 1) : undefined
  if (device !== undefined) inviter.devices.push({ ...device, weight: random.between(0.3, 2) })
  return {
    moments,
    place: counter ? random.pick([inviter.person.household.home, inviter.person.work ?? inviter.person.cafe, inviter.person.cafe]) : undefined,
    cardShare: stratum === 'reseller' ? (random.chance(0.4) ? random.between(0.1, 0.7) : 0) : 0,
    device,
  }
}

function invite(planner: AccountPlanner, inviter: Account, stratum: HonestStratum, scene: Scene): Account {
  const person = planner.people.person(wishesFor(planner, inviter.person, stratum))
  const at = arrival(planner, inviter, stratum, scene, person)
  const invitee = planner.account(person, at)
  shareBenignly(planner, inviter, invitee, stratum, scene)
  attach(planner, invitee, inviter, { stratum: stratumLabels[stratum], isSelfInvite: false })
  return invitee
}

function wishesFor(planner: AccountPlanner, inviter: Person, stratum: HonestStratum): PersonWishes {
  const { city } = inviter.household
  const work = inviter.work === undefined ? {} : { work: inviter.work }
  switch (stratum) {
    case 'household': return {
      household: inviter.household,
      ...(planner.random.chance(0.3) ? work : {}),
      ...(planner.random.chance(0.4) ? { carrier: inviter.carrier } : {}),
    }
    case 'campus': case 'launch': return { city, ...work }
    case 'office': case 'corporateCard': return { city, ...work }
    case 'cafe': return { city, cafe: inviter.cafe }
    case 'carrier': return { city, carrier: inviter.carrier }
    case 'vpn': return inviter.vpn === undefined ? {} : { vpn: inviter.vpn }
    case 'influencer': return {}
    default: return planner.random.chance(0.6) ? { city } : {}
  }
}

function arrival(
  planner: AccountPlanner, inviter: Account, stratum: HonestStratum, scene: Scene, person: Person,
): number {
  const { random } = planner
  const afterPost = (): number => {
    const moment = random.pick(scene.moments)
    return Math.min(planner.endsAt - 600, Math.floor(moment + random.exponential(stratum === 'influencer' ? 2.5 : 0.25) * daySeconds))
  }
  switch (stratum) {
    case 'influencer': case 'launch': case 'kiosk': return random.chance(0.75) ? afterPost() : planner.later(inviter.createdAt, 40)
    case 'reseller': return random.chance(0.4) ? afterPost() : planner.momentLike(inviter.person.habits, planner.later(inviter.createdAt, 50))
    case 'household': return planner.momentLike(person.habits, planner.later(inviter.createdAt, 12, 1.6))
    case 'campus': return planner.momentLike(person.habits, planner.later(inviter.createdAt, 9, 1.4))
    default: return planner.momentLike(person.habits, planner.later(inviter.createdAt, 25))
  }
}

function shareBenignly(
  planner: AccountPlanner, inviter: Account, invitee: Account, stratum: HonestStratum, scene: Scene,
): void {
  const { random, parameters } = planner
  const inviterUse = random.pick(inviter.devices)
  const borrowCard = (): void => { invitee.instruments.unshift(random.pick(inviter.instruments)) }
  if (stratum === 'household') {
    if (random.chance(parameters.householdCardShare)) borrowCard()
    if (random.chance(parameters.householdDeviceShare)) {
      invitee.devices.push({ ...inviterUse, weight: random.between(0.1, 1.5) })
      if (random.chance(0.5)) invitee.signupUse = inviterUse
    }
    if (random.chance(0.35)) invitee.follows = { account: inviter, share: random.between(0.1, 0.5) }
    if (random.chance(0.12)) invitee.payout = inviter.payout
    if (random.chance(0.05)) invitee.phone = inviter.phone
  }
  if (stratum === 'corporateCard' || (stratum === 'office' && random.chance(parameters.corporateCardShare))) borrowCard()
  if (stratum === 'corporateCard' && random.chance(0.3)) invitee.follows = { account: inviter, share: 0.2 }
  if (stratum === 'secondHand') handDown(planner, inviter, invitee)
  if (stratum === 'collision') invitee.devices[0] = planner.use(makeTwin(inviterUse.device, random), 1)
  if (scene.device !== undefined && random.chance(stratum === 'kiosk' ? 0.9 : 0.7)) {
    invitee.signupUse = scene.device
    invitee.signupPlace = scene.place
    if (random.chance(0.3)) invitee.life.firstRechargeDays = random.between(0.001, 0.02)
  }
  if (random.chance(scene.cardShare)) borrowCard()
  const meets = stratum !== 'influencer' && stratum !== 'vpn'
  if (meets && random.chance(parameters.helpedSignupShare)) {
    invitee.signupUse = { ...inviterUse, disguise: random.chance(0.3) ? { ...noDisguise, cookie: random.bits() } : noDisguise }
    invitee.signupPlace = inviter.person.household.home
  }
  if (meets && random.chance(parameters.visitShare)) visit(planner, invitee, inviter.person.household.home)
  if (meets && random.chance(parameters.visitShare)) visit(planner, inviter, invitee.person.household.home, invitee.createdAt)
  if (meets && random.chance(0.008)) borrowCard()
}

/** The old phone goes to the invitee on one day: the same device, never at the same time. */
function handDown(planner: AccountPlanner, inviter: Account, invitee: Account): void {
  const index = planner.random.below(inviter.devices.length)
  const use = inviter.devices[index]
  if (use === undefined) return
  const day = invitee.createdAt - Math.floor(planner.random.between(0, 20) * daySeconds)
  inviter.devices[index] = { ...use, until: day }
  inviter.devices.push({ ...planner.use(planner.people.device(), use.weight), from: day })
  const reset = planner.random.chance(0.5)
  invitee.devices[0] = {
    ...use, from: day, until: Number.MAX_SAFE_INTEGER, weight: 1,
    disguise: reset ? { install: 0, cookie: planner.random.bits(), fingerprint: 0 } : noDisguise,
  }
}

/** Some sessions on another one's home line. */
export function visit(planner: AccountPlanner, guest: Account, home: Place, after = guest.createdAt): void {
  const times = 1 + planner.random.below(3)
  for (let index = 0; index < times; index++) {
    guest.visits.push({ at: planner.later(after, 15), use: planner.random.pick(guest.devices), place: home })
  }
}

export interface Attachment {
  readonly stratum: string
  readonly isSelfInvite: boolean
}

/** Binds an invitee to its inviter with a click and a channel; honest and planted referrals alike. */
export function attach(
  planner: AccountPlanner, invitee: Account, inviter: Account, attachment: Attachment,
): void {
  const { random } = planner
  const channel = (['link', 'code', 'claim'] as const)[random.weighted([0.72, 0.24, 0.04])] ?? 'link'
  const delay = channel === 'claim' ? random.between(600, 5 * daySeconds) : random.below(3)
  const thinking = random.chance(0.75) ? random.logNormal(170, 1.1) : random.logNormal(30_000, 1.5)
  invitee.invitation = {
    inviter,
    at: Math.min(planner.endsAt, Math.floor(invitee.createdAt + delay)),
    channel,
    clickedAt: channel === 'link' ? Math.max(inviter.createdAt, Math.floor(invitee.createdAt - thinking)) : Number.NaN,
    ...attachment,
  }
}
