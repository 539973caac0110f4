// The features of the account scorecard: what links an account to others, how coherent its links are, what the accounts it
// is linked to look like, and how its group behaves. They need no referrals, and no labels.
import { fixed } from '../linking/exact.ts'
import { kindTraits } from '../linking/kinds.ts'
import type { Monotone } from '../model/scorecard.ts'
import { ObservationContext } from '../population.ts'
import type { Population } from '../population.ts'
import { componentFeatures } from './component-features.ts'
import { fitFeatures } from './fit-features.ts'
import type { AccountFacts } from './facts.ts'
import { groupMeans } from './group-means.ts'
import { neighbourFeatures } from './neighbour-features.ts'
import { populationFeatures } from './population-features.ts'
import type { Postings } from '../linking/postings.ts'

export interface NamedColumn {
  readonly name: string
  readonly monotone: Monotone
  readonly values: Float32Array
}

export interface LinkingInput {
  readonly population: Population
  readonly postings: Postings
  readonly facts: AccountFacts
  /** Probability per identifier that it belongs to one operator; 0 where it is not shared. */
  readonly strength: Float64Array
  /** Per identifier: 1 if a shared value may link accounts by itself. */
  readonly links: Uint8Array
}

/** Which identifiers link by themselves, by their kinds. */
export function linkingIdentifiers(population: Population): Uint8Array {
  const links = population.identifiers.kinds.map((kind) => (kindTraits(kind).links ? 1 : 0))
  return Uint8Array.from(population.identifiers.kind, (kind) => links[kind]!)
}

export function accountColumns(input: LinkingInput): NamedColumn[] {
  const own = linkColumns(input)
  const neighbours = neighbourFeatures(input)
  const components = componentFeatures(input)
  const first = [...own, ...neighbours, ...fitFeatures(input), ...populationFeatures(input.facts)]
  const linked = groupMeans(input, first)
  return [...first, ...components, ...linked, ...groupMeans(input, linked)]
}

/** What the account's own identifiers say, whatever their number of accounts. */
function linkColumns({ postings, facts, strength, links }: LinkingInput): NamedColumn[] {
  const count = postings.accounts
  const column = () => new Float32Array(count)
  const shared = column()
  const best = column()
  const second = column()
  const sum = column()
  const mean = column()
  const networkBest = column()
  const directIn = column()
  const directOut = column()
  const volume = column()
  const owned = ownedIdentifiers(postings)
  for (let account = 0; account < count; account++) {
    let total = 0
    for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
      const identifier = postings.identifierOf[pair]!
      const size = postings.identifierStart[identifier + 1]! - postings.identifierStart[identifier]!
      if (size < 2) continue
      const value = strength[identifier]!
      if (links[identifier] === 0) {
        if (value > networkBest[account]!) networkBest[account] = value
        continue
      }
      shared[account]!++
      total += fixed(value)
      if (value > best[account]!) {
        second[account] = best[account]!
        best[account] = value
      } else if (value > second[account]!) second[account] = value
      if ((postings.context[pair]! & ObservationContext.own) !== 0) directIn[account]! += size - 1
      else if (owned[identifier] === 1) directOut[account]!++
    }
    sum[account] = total
    mean[account] = shared[account]! > 0 ? total / shared[account]! : Number.NaN
    volume[account] = facts.logVolume[account]!
  }
  return [
    { name: 'shared_identifiers', monotone: 0, values: shared },
    { name: 'strength_best', monotone: 1, values: best },
    { name: 'strength_second', monotone: 1, values: second },
    { name: 'strength_sum', monotone: 1, values: sum },
    { name: 'strength_mean', monotone: 1, values: mean },
    { name: 'network_strength_best', monotone: 0, values: networkBest },
    { name: 'direct_links_in', monotone: 0, values: directIn },
    { name: 'direct_links_out', monotone: 0, values: directOut },
    { name: 'volume_log2', monotone: 0, values: volume },
  ]
}

/** Per identifier: 1 if it is some account's own name. */
function ownedIdentifiers({ pairs, identifiers, identifierOf, context }: Postings): Uint8Array {
  const owned = new Uint8Array(identifiers)
  for (let pair = 0; pair < pairs; pair++) {
    if ((context[pair]! & ObservationContext.own) !== 0) owned[identifierOf[pair]!] = 1
  }
  return owned
}
