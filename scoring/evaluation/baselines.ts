// The plain rules that any detector must beat, run on the same population: same IP, same device, device or payment, any
// shared identifier, degree-capped components, rarity sum with components, and Louvain communities.
import { UndirectedGraph } from 'graphology'
import louvainModule from 'graphology-communities-louvain'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { kindTraits, type Family } from '../linking/kinds.ts'
import { accountsOn, buildPostings, type Postings } from '../linking/postings.ts'
import { UnionFind } from '../linking/union-find.ts'
import type { Population } from '../population.ts'

export interface Baseline {
  readonly name: string
  /** Higher is more suspicious; any unit. */
  readonly referral: Float64Array
  readonly account: Float64Array
}

/** All seven, in the order in which they are usually quoted. */
export function baselines(population: Population, random: RandomGenerator): Baseline[] {
  const postings = buildPostings(population)
  const graph = rarityGraph(postings, ordinaryIdentifiers(population))
  const cappedRoots = componentsOverIdentifiers(postings, ordinaryIdentifiers(population), cappedAccountsMax)
  return [
    sharedCount('same IP', population, postings, (kind) => kind === 'ip'),
    sharedCount('same device', population, postings, (_, family) => family === 'device'),
    sharedCount('device or payment', population, postings, (_, family) => family === 'device' || family === 'payment'),
    sharedCount('any shared identifier', population, postings, () => true),
    grouped('components, degree capped', population, cappedRoots),
    raritySum(population, graph),
    grouped('Louvain communities', population, communities(graph, random)),
  ]
}

/** The package declares a default export but assigns `module.exports`: at run time the module itself is the function. */
const louvain: typeof louvainModule.default = typeof louvainModule === 'function' ? louvainModule : louvainModule.default

/** Identifiers on more accounts than this are not followed by the degree-capped rule. */
const cappedAccountsMax = 10
/** Identifiers on more accounts than this are too common to weigh by rarity. */
const rarityAccountsMax = 30
/** Pairs at or above this rarity are linked. */
const rarityLinkMin = 0.5

/** Kinds that only coarsen another one (`ip:network`, `email:domain`): no rule of thumb would count them. */
const derivedKinds: readonly string[] = ['ip:network', 'email:domain', 'email:pattern']

function ordinaryIdentifiers(population: Population): Uint8Array {
  const { kind, kinds } = population.identifiers
  return Uint8Array.from(kind, (index) => (derivedKinds.includes(kinds[index]!) ? 0 : 1))
}

/** How many identifiers of some kinds the two ends of a referral share; for an account, how many it shares with anyone. */
function sharedCount(
  name: string,
  population: Population,
  postings: Postings,
  counts: (kind: string, family: Family) => boolean,
): Baseline {
  const { kind, kinds } = population.identifiers
  const wanted = kinds.map((word) => !derivedKinds.includes(word) && counts(word, kindTraits(word).family))
  const isCounted = (identifier: number): boolean => wanted[kind[identifier]!]! && accountsOn(postings, identifier) > 1
  const account = new Float64Array(postings.accounts)
  for (let index = 0; index < postings.accounts; index++) {
    for (let pair = postings.accountStart[index]!; pair < postings.accountStart[index + 1]!; pair++) {
      if (isCounted(postings.identifierOf[pair]!)) account[index]!++
    }
  }
  const referral = perReferral(population, (inviter, invitee) => {
    let shared = 0
    forEachShared(postings, inviter, invitee, (identifier) => {
      if (isCounted(identifier)) shared++
    })
    return shared
  })
  return { name, referral, account }
}

/** A referral scores 1 where both ends are in one group, else 0; an account scores how many others its group holds. */
function grouped(name: string, population: Population, groupOf: Int32Array): Baseline {
  const sizes = new Map<number, number>()
  for (const group of groupOf) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  const account = Float64Array.from(groupOf, (group) => sizes.get(group)! - 1)
  const referral = perReferral(population, (inviter, invitee) => (groupOf[inviter] === groupOf[invitee] ? 1 : 0))
  return { name, referral, account }
}

/** Σ 1 / (accounts − 1) over shared identifiers; accounts by the size of their component over pairs of weight ½ and more. */
function raritySum(population: Population, graph: WeightedPairs): Baseline {
  const components = new UnionFind(population.accounts.count)
  graph.weights.forEach((weight, key) => {
    if (weight >= rarityLinkMin) components.union(Math.floor(key / graph.accounts), key % graph.accounts)
  })
  const { account } = grouped('', population, components.labels())
  const referral = perReferral(population, (inviter, invitee) => graph.weights.get(pairKey(graph.accounts, inviter, invitee)) ?? 0)
  return { name: 'rarity sum with components', referral, account }
}

interface WeightedPairs {
  readonly accounts: number
  /** By smaller index × accounts + larger index. */
  readonly weights: ReadonlyMap<number, number>
}

function rarityGraph(postings: Postings, ordinary: Uint8Array): WeightedPairs {
  const weights = new Map<number, number>()
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    const count = accountsOn(postings, identifier)
    if (ordinary[identifier] === 0 || count < 2 || count > rarityAccountsMax) continue
    const end = postings.identifierStart[identifier + 1]!
    for (let first = postings.identifierStart[identifier]!; first < end; first++) {
      for (let second = first + 1; second < end; second++) {
        const key = pairKey(postings.accounts, postings.accountOf[first]!, postings.accountOf[second]!)
        weights.set(key, (weights.get(key) ?? 0) + 1 / (count - 1))
      }
    }
  }
  return { accounts: postings.accounts, weights }
}

function pairKey(accounts: number, first: number, second: number): number {
  return Math.min(first, second) * accounts + Math.max(first, second)
}

function componentsOverIdentifiers(postings: Postings, ordinary: Uint8Array, accountsMax: number): Int32Array {
  const components = new UnionFind(postings.accounts)
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    const count = accountsOn(postings, identifier)
    if (ordinary[identifier] === 0 || count < 2 || count > accountsMax) continue
    const start = postings.identifierStart[identifier]!
    for (let other = start + 1; other < start + count; other++) {
      components.union(postings.accountOf[start]!, postings.accountOf[other]!)
    }
  }
  return components.labels()
}

/** Louvain at resolution 1 (Blondel et al. 2008); accounts without a link are communities of their own. */
function communities(graph: WeightedPairs, random: RandomGenerator): Int32Array {
  const linked = new UndirectedGraph()
  graph.weights.forEach((weight, key) => {
    const [first, second] = [Math.floor(key / graph.accounts), key % graph.accounts]
    linked.mergeNode(first)
    linked.mergeNode(second)
    linked.addEdge(first, second, { weight })
  })
  const groupOf = Int32Array.from({ length: graph.accounts }, (_, account) => -1 - account)
  if (linked.order === 0) return groupOf
  const found = louvain(linked, { getEdgeWeight: 'weight', rng: () => uniformFloat64(random) })
  for (const [account, community] of Object.entries(found)) groupOf[Number(account)] = community
  return groupOf
}

function perReferral(population: Population, scoreOf: (inviter: number, invitee: number) => number): Float64Array {
  const { inviter, invitee, count } = population.referrals
  return Float64Array.from({ length: count }, (_, referral) => scoreOf(inviter[referral]!, invitee[referral]!))
}

/** Merges the two ascending lists of identifiers. */
function forEachShared(postings: Postings, first: number, second: number, visit: (identifier: number) => void): void {
  let left = postings.accountStart[first]!
  let right = postings.accountStart[second]!
  while (left < postings.accountStart[first + 1]! && right < postings.accountStart[second + 1]!) {
    const difference = postings.identifierOf[left]! - postings.identifierOf[right]!
    if (difference === 0) visit(postings.identifierOf[left]!)
    if (difference <= 0) left++
    if (difference >= 0) right++
  }
}
