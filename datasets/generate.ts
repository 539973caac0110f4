// Makes a synthetic world: people who invite friends, and operators who invite themselves, as rows of an export folder.
// It promises the same rows for the same world, seed, number of accounts and variation, and uses no clock.
import { AccountPlanner, daySeconds, type Account } from './accounts.ts'
import { writeLives } from './activity.ts'
import { writeMoney } from './money.ts'
import { plantOperators } from './operators.ts'
import { varySettings, type WorldSettings } from './parameters.ts'
import { People, type Person } from './people.ts'
import { makeGeography } from './places.ts'
import { Random } from './random.ts'
import { inviteHonestly } from './strata.ts'
import type { World } from './world.ts'
import { campus } from './worlds/campus.ts'
import { desktop } from './worlds/desktop.ts'
import { mobile } from './worlds/mobile.ts'

/** The settings of the worlds as their cards say, by name. */
export const worlds: { readonly [name: string]: WorldSettings } = { mobile, desktop, campus }

export const worldNames: readonly string[] = Object.keys(worlds)

export interface GenerateRequest {
  readonly world: string
  readonly seed: number
  /** How many accounts the world has; at least 60. */
  readonly accounts: number
  /** With a number, every parameter of the world is drawn anew with it; without, the world is as its card says. */
  readonly variation?: number | undefined
}

/** A whole world in memory. Throws on an unknown world name or fewer than 60 accounts. */
export function generateWorld(request: GenerateRequest): World {
  const base = worlds[request.world]
  if (base === undefined) throw new Error(`no world named ${request.world}; there are ${worldNames.join(', ')}`)
  const settings = request.variation === undefined ? base : varySettings(base, streamOf(request).fork('settings'))
  return generateFromSettings(settings, request)
}

function streamOf(request: GenerateRequest): Random {
  return new Random(`${request.world}/${request.seed}/${request.variation ?? 'base'}`)
}

/** A world with settings of one's own, as a relative of the named one. */
export function generateFromSettings(settings: WorldSettings, request: GenerateRequest): World {
  if (!Number.isInteger(request.accounts) || request.accounts < 60) throw new Error('a world needs 60 accounts or more')
  const random = streamOf(request)
  const planner = makePlanner(settings, request.accounts, random)
  const accounts = populate(planner, request.accounts)
  const { observations, transactions } = writeLives(planner, accounts, random.fork('lives'))
  transactions.sort((one, other) => one.occurred_at - other.occurred_at || compare(one.transaction_id, other.transaction_id))
  observations.sort((one, other) => one.observed_at - other.observed_at || compare(one.value, other.value))
  return assemble(planner, accounts, { request, random, observations, transactions })
}

function makePlanner(settings: WorldSettings, accounts: number, random: Random): AccountPlanner {
  const geography = makeGeography(accounts, settings.parameters, random.fork('geography'))
  const people = new People(settings, geography, random.fork('people'))
  return new AccountPlanner(settings, people, random.fork('accounts'))
}

/** All accounts in order of creation: people who came by themselves, operators' alts, honest invitees. */
function populate(planner: AccountPlanner, count: number): Account[] {
  const { parameters } = planner
  const referrals = Math.round(count * parameters.referredShare)
  const selfInvites = Math.max(2, Math.round(referrals * parameters.prevalence))
  const throwAways = parameters.hubPusher > 0 ? Math.ceil(count / 20_000) * Math.min(92, Math.floor(count / 60)) : 0
  const organic = arriveAlone(planner, count - referrals - throwAways)
  const planted = plantOperators(planner, organic, selfInvites, throwAways)
  const pool = [...organic, ...planted.inviting]
  const invited = inviteHonestly(planner, pool, count - organic.length - planted.accounts.length)
  const all = [...organic, ...planted.accounts, ...invited]
  return all.sort((one, other) => one.createdAt - other.createdAt || compare(one.id, other.id))
}

/** Accounts without an inviter: alone, with others of their household, or among the crowd of a launch day. */
function arriveAlone(planner: AccountPlanner, count: number): Account[] {
  const { random, parameters, settings } = planner
  const launches = Array.from({ length: 3 }, () => random.between(0.02, 0.8))
  const accounts: Account[] = []
  let earlier: Person | undefined
  while (accounts.length < count) {
    const household = earlier !== undefined && random.chance(0.12) ? { household: earlier.household } : {}
    const person = planner.people.person(household)
    const share = random.chance(parameters.launchShare)
      ? random.pick(launches) + random.exponential(0.004)
      : Math.pow(random.float(), 0.75) * 0.97
    const day = settings.startsAt + Math.min(0.98, share) * parameters.days * daySeconds
    accounts.push(planner.account(person, planner.momentLike(person.habits, day)))
    earlier = person
  }
  return accounts
}

function assemble(
  planner: AccountPlanner, accounts: readonly Account[],
  made: Pick<World, 'observations' | 'transactions'> & { request: GenerateRequest; random: Random },
): World {
  const { settings, parameters } = planner
  const { request, observations, transactions } = made
  const random = made.random.fork('books')
  const { rebates, payouts } = writeMoney(planner, accounts, transactions, random)
  const codes = new Map(accounts.map((account) => [account, random.hex(7)]))
  const invited = accounts.filter((account) => account.invitation !== undefined)
  invited.sort((one, other) => (one.invitation?.at ?? 0) - (other.invitation?.at ?? 0) || compare(one.id, other.id))
  payouts.sort((one, other) => one.occurred_at - other.occurred_at || compare(one.payout_id, other.payout_id))
  return {
    name: settings.name,
    seed: request.seed,
    variation: request.variation,
    zoneMinutes: settings.zoneMinutes,
    absentColumns: absentColumns(parameters),
    accounts: accounts.map((account) => ({
      account_id: account.id, created_at: account.createdAt, email: account.email, phone: account.phone,
      status: random.chance(0.012) ? 'closed' : 'active', invite_code: codes.get(account) ?? '',
      org_id: account.person.organisation, country: settings.country,
    })),
    referrals: invited.map((account) => ({
      inviter_id: account.invitation?.inviter.id ?? '', invitee_id: account.id,
      created_at: account.invitation?.at ?? 0, channel: account.invitation?.channel ?? '',
    })),
    observations,
    transactions,
    rebates,
    clicks: parameters.hasClicks === 1 ? writeClicks(planner, invited, codes, random) : [],
    payouts,
    labels: accounts.filter((account) => account.operator !== -2).map((account) => ({
      account_id: account.id, is_abuser: account.operator >= 0 ? 1 : 0,
      cluster: account.operator >= 0 ? `operator-${account.operator}` : '', source: account.skill,
    })),
    referral_labels: invited.map((account) => ({
      inviter_id: account.invitation?.inviter.id ?? '', invitee_id: account.id,
      is_self_invite: account.invitation?.isSelfInvite === true ? 1 : 0, stratum: account.invitation?.stratum ?? '',
    })),
  }
}

function writeClicks(
  planner: AccountPlanner, invited: readonly Account[], codes: ReadonlyMap<Account, string>, random: Random,
): World['clicks'] {
  const clicks: World['clicks'] = []
  for (const account of invited) {
    const { invitation } = account
    if (invitation === undefined || Number.isNaN(invitation.clickedAt)) continue
    const invite_code = codes.get(invitation.inviter) ?? ''
    clicks.push({ click_id: `k${random.hex(12)}`, invite_code, clicked_at: invitation.clickedAt, account_id: account.id })
    while (random.chance(0.45)) {
      clicks.push({ click_id: `k${random.hex(12)}`, invite_code, clicked_at: planner.later(invitation.inviter.createdAt, 30), account_id: '' })
    }
  }
  return clicks.sort((one, other) => one.clicked_at - other.clicked_at || compare(one.click_id, other.click_id))
}

function absentColumns(parameters: WorldSettings['parameters']): World['absentColumns'] {
  const when = (present: number, ...names: string[]): string[] => (present === 1 ? [] : names)
  return {
    accounts: [...when(parameters.hasEmail, 'email'), ...when(parameters.hasPhone, 'phone'), ...when(parameters.hasOrganisation, 'org_id')],
    observations: [...when(parameters.hasObservedAt, 'observed_at'), ...when(parameters.hasContext, 'context'), ...when(parameters.hasUserAgent, 'user_agent')],
    transactions: when(parameters.hasPaymentColumn, 'payment_instrument'),
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
