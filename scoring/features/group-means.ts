// Deep features: the mean of a feature over the accounts that share identifiers with an account, weighted by strength.
// They are taken per identifier, the account itself left out, so that the cost is linear however many share one
// (after the "deep entity features" of Xu et al., USENIX Security 2021).
import { fixed } from '../linking/exact.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'

/** Features whose means over linked accounts are taken. */
const meanOf = ['strength_best', 'strength_sum', 'strength_mean', 'shared_identifiers', 'neighbours_alike_share',
  'neighbours_with_two_links', 'neighbour_arrival_gap_hours_log2', 'neighbour_volume_gap_log2', 'volume_log2', 'pair_bits_best',
  'birth_rank', 'twins_same_hour_log2', 'twins_same_day_log2', 'volume_twins_log2', 'birth_day_density_log2', 'direct_links_in', 'direct_links_out',
  'fit_both_best', 'fit_volume_outlying',
  'linked_strength_mean', 'linked_strength_sum', 'linked_twins_same_hour_log2', 'linked_volume_log2', 'linked_fit_both_best', 'linked_shared_identifiers']

export function groupMeans(input: LinkingInput, columns: readonly NamedColumn[]): NamedColumn[] {
  return columns.filter((column) => meanOf.includes(column.name)).map((column) => ({
    name: `linked_${column.name}`,
    monotone: 0,
    values: meanOverLinked(input, column.values),
  }))
}

function meanOverLinked({ postings, strength, links }: LinkingInput, values: Float32Array): Float32Array {
  const sums = new Float64Array(postings.identifiers)
  const counts = new Int32Array(postings.identifiers)
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    for (let posting = postings.identifierStart[identifier]!; posting < postings.identifierStart[identifier + 1]!; posting++) {
      const value = values[postings.accountOf[posting]!]!
      if (Number.isNaN(value)) continue
      sums[identifier]! += fixed(value)
      counts[identifier]!++
    }
  }
  return Float32Array.from({ length: postings.accounts }, (_, account) => {
    let weighted = 0
    let weights = 0
    const value = values[account]!
    const known = Number.isNaN(value) ? 0 : 1
    for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
      const identifier = postings.identifierOf[pair]!
      const others = counts[identifier]! - known
      if (links[identifier] === 0 || others < 1) continue
      const weight = fixed(strength[identifier]! + 0.01)
      weighted += fixed(weight * ((sums[identifier]! - (known === 1 ? fixed(value) : 0)) / others))
      weights += weight
    }
    return weights > 0 ? weighted / weights : Number.NaN
  })
}
