// How well an account fits the others on its identifiers: a farm's accounts come in step and bring alike sums, a customer who
// strayed onto the same identifier does not. One sort of times and one of amounts per identifier, however many share it.
import { fixed, quantile } from '../linking/exact.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'

const hour = 3600

/** Per identifier: sorted births and volumes of its accounts, unknown ones left out. */
interface Group {
  readonly births: Float64Array
  readonly volumes: Float64Array
}

export function fitFeatures(input: LinkingInput): NamedColumn[] {
  const { postings, facts, strength, links } = input
  const columns = Array.from({ length: 8 }, () => new Float32Array(postings.accounts))
  const [arrivalBest, arrivalSum, volumeBest, volumeSum, bothBest, bothSum] = columns as [
    Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  const outlyingVolume = columns[6]!.fill(Number.NaN)
  const outlyingBirth = columns[7]!.fill(Number.NaN)
  const strongest = new Float64Array(postings.accounts)
  const sums = Array.from({ length: 3 }, () => new Float64Array(postings.accounts))
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    const from = postings.identifierStart[identifier]!
    const to = postings.identifierStart[identifier + 1]!
    if (links[identifier] === 0 || to - from < 2) continue
    const accounts = postings.accountOf.subarray(from, to)
    const group = { births: sortedKnown(accounts, facts.bornAt), volumes: sortedKnown(accounts, facts.logVolume) }
    for (const account of accounts) {
      const value = strength[identifier]!
      const inStep = fixed(value / (1 + nearest(group.births, facts.bornAt[account]!) / (6 * hour)))
      const alike = fixed(value / (1 + nearest(group.volumes, facts.logVolume[account]!) / 0.1))
      const both = fixed(Math.sqrt(inStep * alike))
      arrivalBest[account] = Math.max(arrivalBest[account]!, inStep)
      volumeBest[account] = Math.max(volumeBest[account]!, alike)
      bothBest[account] = Math.max(bothBest[account]!, both)
      sums[0]![account]! += inStep
      sums[1]![account]! += alike
      sums[2]![account]! += both
      if (value < strongest[account]!) continue
      // Of two equally strong identifiers the one that the account fits worse counts: the order must not decide.
      const [birthOff, volumeOff] = outlying(group, facts.bornAt[account]!, facts.logVolume[account]!)
      const isTie = value === strongest[account]
      strongest[account] = value
      outlyingBirth[account] = isTie ? larger(outlyingBirth[account]!, birthOff) : birthOff
      outlyingVolume[account] = isTie ? larger(outlyingVolume[account]!, volumeOff) : volumeOff
    }
  }
  arrivalSum.set(sums[0]!)
  volumeSum.set(sums[1]!)
  bothSum.set(sums[2]!)
  return [
    { name: 'fit_arrival_best', monotone: 1, values: arrivalBest },
    { name: 'fit_arrival_sum', monotone: 1, values: arrivalSum },
    { name: 'fit_volume_best', monotone: 1, values: volumeBest },
    { name: 'fit_volume_sum', monotone: 1, values: volumeSum },
    { name: 'fit_both_best', monotone: 1, values: bothBest },
    { name: 'fit_both_sum', monotone: 1, values: bothSum },
    { name: 'fit_volume_outlying', monotone: 0, values: outlyingVolume },
    { name: 'fit_birth_outlying', monotone: 0, values: outlyingBirth },
  ]
}

function larger(first: number, second: number): number {
  return Number.isNaN(first) || second > first ? second : first
}

export function sortedKnown(accounts: ArrayLike<number>, values: Float64Array): Float64Array {
  return Float64Array.from(accounts, (account) => values[account]!).filter((value) => !Number.isNaN(value)).sort()
}

/** Distance to the nearest other value of a sorted list that holds the value itself; Infinity if there is none. */
function nearest(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  const before = low > 0 ? value - sorted[low - 1]! : Infinity
  const after = low + 1 < sorted.length ? sorted[low + 1]! - value : Infinity
  return Number.isNaN(value) ? Infinity : Math.min(before, after)
}

/** Distance from the group's median in units of its spread. */
function outlying({ births, volumes }: Group, birth: number, volume: number): [number, number] {
  const off = (sorted: Float64Array, value: number, least: number) =>
    Math.abs(value - quantile(sorted, 0.5)) / (quantile(sorted, 0.75) - quantile(sorted, 0.25) + least)
  return [off(births, birth, hour), off(volumes, volume, 0.1)]
}
