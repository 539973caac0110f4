// A small world of facts by name, for tests of the detector: the same facts can be built in any order, under any names.
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { PopulationBuilder } from '../../scoring/population-builder.ts'
import type { Population, TransactionTypeName } from '../../scoring/population.ts'

export interface Facts {
  readonly accounts: { key: string; createdAt: number }[]
  readonly observations: { account: string; kind: string; value: string; at: number; contextWord: string }[]
  readonly transactions: { account: string; type: TransactionTypeName; amount: number; at: number; item: string }[]
  readonly referrals: { inviter: string; invitee: string; at: number; clickedAt: number; atStake: number }[]
}

export const start = 1_700_000_000
export const hour = 3600
export const day = 24 * hour
export const asOf = start + 200 * day

/** Honest accounts on crowded addresses, and operators who use one device and one card for several accounts. */
export function smallWorld(seed: number, people = 60, rings = 4): Facts {
  const random = xoroshiro128plus(seed)
  const pick = (below: number) => uniformInt(random, 0, below - 1)
  const facts: Facts = { accounts: [], observations: [], transactions: [], referrals: [] }
  const live = (key: string, bornAt: number, devices: readonly string[], cards: readonly string[], addresses: readonly string[]) => {
    facts.accounts.push({ key, createdAt: bornAt })
    const visits = 2 + pick(6)
    for (let visit = 0; visit < visits; visit++) {
      const at = bornAt + (visit === 0 ? 0 : pick(100 * day))
      const seen = (kind: string, values: readonly string[], contextWord: string) =>
        facts.observations.push({ account: key, kind, value: values[pick(values.length)]!, at, contextWord })
      const contextWord = visit === 0 ? 'signup' : 'login'
      seen('device:install', devices, contextWord)
      seen('ip', addresses, contextWord)
      if (visit % 2 === 1) {
        seen('payment:fingerprint', cards, 'payment')
        facts.transactions.push({ account: key, type: 'recharge', amount: [10, 20, 50][pick(3)]!, at, item: '' })
        facts.transactions.push({ account: key, type: 'spend', amount: 1 + pick(20), at: at + hour, item: `item ${pick(5)}` })
      }
    }
  }
  for (let person = 0; person < people; person++) {
    const key = `person ${person}`
    live(key, start + pick(90 * day), [`phone ${person}`], [`card ${person}`], [`cafe ${pick(3)}`, `home ${person >> 1}`])
    if (person > 10) invite(facts, `person ${pick(person)}`, key, pick(3))
  }
  for (let ring = 0; ring < rings; ring++) {
    const members = 2 + pick(5)
    for (let member = 0; member < members; member++) {
      const key = `ring ${ring} member ${member}`
      live(key, start + 95 * day + ring * day + member * hour, [`farm phone ${ring}`], [`farm card ${ring}`], [`farm ip ${ring}`, `cafe ${pick(3)}`])
      if (member > 0) invite(facts, `ring ${ring} member 0`, key, 10)
    }
  }
  return facts
}

function invite(facts: Facts, inviter: string, invitee: string, atStake: number): void {
  const at = facts.accounts.find((account) => account.key === invitee)!.createdAt
  facts.referrals.push({ inviter, invitee, at, clickedAt: at - 90, atStake })
}

export interface Built {
  readonly population: Population
  readonly account: ReadonlyMap<string, number>
  /** Number of each referral, by its position in the facts. */
  readonly referral: readonly number[]
}

export interface BuildOrder {
  /** Numbers that the order of rows follows from; none keeps it. */
  readonly shuffle?: number | undefined
  readonly rename?: ((name: string) => string) | undefined
  /** How often every observation is repeated. */
  readonly repeat?: number | undefined
  readonly asOf?: number | undefined
}

export function build(facts: Facts, order: BuildOrder = {}): Built {
  const random = xoroshiro128plus(order.shuffle ?? 0)
  const name = order.rename ?? ((text: string) => text)
  const shuffled = <Row>(rows: readonly Row[]): Row[] => {
    const copy = [...rows]
    if (order.shuffle === undefined) return copy
    for (let index = copy.length - 1; index > 0; index--) {
      const other = uniformInt(random, 0, index)
      ;[copy[index], copy[other]] = [copy[other]!, copy[index]!]
    }
    return copy
  }
  const builder = new PopulationBuilder()
  for (const { key, createdAt } of shuffled(facts.accounts)) builder.describeAccount(builder.account(name(key)), { createdAt })
  const repeated = Array.from({ length: order.repeat ?? 1 }, () => facts.observations).flat()
  for (const { account, kind, value, at, contextWord } of shuffled(repeated)) {
    const identifier = builder.identifier({ kind, value: name(value), flags: 0, model: null })
    builder.observe({ account: builder.account(name(account)), identifier, at, contextWord })
  }
  for (const { account, type, amount, at, item } of shuffled(facts.transactions)) {
    builder.transaction({ account: builder.account(name(account)), type, amount, currency: 'USD', at, item: item === '' ? '' : name(item) })
  }
  const numbered = shuffled(facts.referrals.map((referral, position) => ({ referral, position })))
  const referral: number[] = []
  for (const { referral: row, position } of numbered) {
    referral[position] = builder.referral({ ...row, inviter: builder.account(name(row.inviter)), invitee: builder.account(name(row.invitee)), channel: 'link' })
  }
  const account = new Map(facts.accounts.map(({ key }) => [key, builder.account(name(key))] as const))
  return { population: builder.build(order.asOf ?? asOf), account, referral }
}
