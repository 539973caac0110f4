// One step further: what else the accounts on an identifier are on. No labels enter, so nothing here needs cross-fitting.
import { fixed, quantile } from './exact.ts'
import { kindTraits } from './kinds.ts'
import type { Postings } from './postings.ts'
import type { IdentifierFeatures, StrengthFeature } from './coherence.ts'
import { priorModel } from '../model/priors.ts'
import { scorecardBits } from '../model/scorecard.ts'
import type { Population } from '../population.ts'

/** Features that look one step further: what else the accounts on the identifier are on, by the model set by hand. */
export const onwardFeatures: readonly StrengthFeature[] = [
  { name: 'onward_strength_mean', monotone: 1 },
  { name: 'onward_strength_half_share', monotone: 1 },
  { name: 'onward_strength_lowest_quarter', monotone: 1 },
  { name: 'onward_links_mean', monotone: 0 },
]

/**
 * How strong the other identifiers of the accounts on each identifier are, by the prior card on local features: a farm's
 * common address is told from a shop's by what else its users share.
 */
export function onwardColumns(population: Population, postings: Postings, local: IdentifierFeatures): Float32Array[] {
  const prior = scorecardBits(priorModel.strength.card, local.matrix).map((bits) => fixed(1 / (1 + 2 ** -bits)))
  const kinds = population.identifiers.kinds.map((kind) => kindTraits(kind).links)
  const linkStrength = (identifier: number) => {
    const row = local.row[identifier]!
    return row >= 0 && kinds[population.identifiers.kind[identifier]!]! ? prior[row]! : 0
  }
  const best = new Float64Array(postings.accounts)
  const second = new Float64Array(postings.accounts)
  const count = new Float64Array(postings.accounts)
  for (let account = 0; account < postings.accounts; account++) {
    for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
      const value = linkStrength(postings.identifierOf[pair]!)
      if (value > best[account]!) {
        second[account] = best[account]!
        best[account] = value
      } else if (value > second[account]!) second[account] = value
      if (value >= 0.25) count[account]!++
    }
  }
  const columns = onwardFeatures.map(() => new Float32Array(local.matrix.rows))
  const [mean, half, lowest, links] = columns as [Float32Array, Float32Array, Float32Array, Float32Array]
  local.identifier.forEach((identifier, row) => {
    const own = linkStrength(identifier)
    const from = postings.identifierStart[identifier]!
    const accounts = postings.accountOf.subarray(from, postings.identifierStart[identifier + 1])
    const others = Float64Array.from(accounts, (account) => (best[account] === own ? second[account]! : best[account]!)).sort()
    let sum = 0
    let linkSum = 0
    let strong = 0
    for (const value of others) {
      sum += value
      if (value >= 0.5) strong++
    }
    for (const account of accounts) linkSum += count[account]! - (own >= 0.25 ? 1 : 0)
    mean[row] = sum / others.length
    half[row] = strong / others.length
    lowest[row] = quantile(others, 0.25)
    links[row] = linkSum / others.length
  })
  return columns
}

