// Where an account stands in the whole population, links or not: when it came, how busy that time was, and how many others
// came in the same hour with the same money. Counted on a grid, so that the cost is linear and the order does not matter.
import type { AccountFacts } from './facts.ts'
import type { NamedColumn } from './account-features.ts'

const hour = 3600
const day = 24 * hour

export function populationFeatures({ bornAt, logVolume, count }: AccountFacts): NamedColumn[] {
  return [
    { name: 'birth_rank', monotone: 0, values: ranks(bornAt) },
    { name: 'volume_rank', monotone: 0, values: ranks(logVolume) },
    { name: 'birth_hour_density_log2', monotone: 0, values: density(bornAt, hour, count) },
    { name: 'birth_day_density_log2', monotone: 0, values: density(bornAt, day, count) },
    { name: 'twins_same_hour_log2', monotone: 0, values: twins(bornAt, logVolume, hour, 0.1) },
    { name: 'twins_same_day_log2', monotone: 0, values: twins(bornAt, logVolume, day, 0.02) },
    { name: 'volume_twins_log2', monotone: 0, values: twins(bornAt.map((at) => at * 0), logVolume, 1, 0.002) },
  ]
}

/** Share of known values that are smaller, ties in the middle; NaN where the value is. */
function ranks(values: Float64Array): Float32Array {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  return Float32Array.from(values, (value) => {
    if (Number.isNaN(value)) return Number.NaN
    return (lowerBound(sorted, value) + lowerBound(sorted, value, true)) / (2 * sorted.length)
  })
}

/** The number of sorted values below a value, or not above it. */
function lowerBound(sorted: Float64Array, value: number, inclusive = false): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value || (inclusive && sorted[middle] === value)) low = middle + 1
    else high = middle
  }
  return low
}

/** Accounts born within half a span on either side, against an even flow over the middle nine tenths of all births. */
function density(bornAt: Float64Array, span: number, count: number): Float32Array {
  const sorted = bornAt.filter((at) => !Number.isNaN(at)).sort()
  const length = (sorted[Math.floor(sorted.length * 0.95)] ?? 0) - (sorted[Math.floor(sorted.length * 0.05)] ?? 0)
  const even = Math.max((0.9 * count * span) / Math.max(length, span), 1e-9)
  return Float32Array.from(bornAt, (at) => {
    if (Number.isNaN(at)) return Number.NaN
    const within = lowerBound(sorted, at + span / 2, true) - lowerBound(sorted, at - span / 2)
    return Math.log2((within + 1) / (even + 1))
  })
}

/** log2 of one more than the other accounts in the same and the neighbouring cells of time and volume. */
function twins(bornAt: Float64Array, logVolume: Float64Array, span: number, octaves: number): Float32Array {
  const cells = new Map<number, number>()
  const key = (account: number, timeStep: number, volumeStep: number) =>
    (Math.floor(bornAt[account]! / span) + timeStep) * 2097152 + Math.floor(logVolume[account]! / octaves) + volumeStep + 1048576
  const isKnown = (account: number) => !Number.isNaN(bornAt[account]!) && !Number.isNaN(logVolume[account]!)
  for (let account = 0; account < bornAt.length; account++) {
    if (isKnown(account)) cells.set(key(account, 0, 0), (cells.get(key(account, 0, 0)) ?? 0) + 1)
  }
  return Float32Array.from(bornAt, (_, account) => {
    if (!isKnown(account)) return Number.NaN
    let others = -1
    for (const timeStep of [-1, 0, 1]) for (const volumeStep of [-1, 0, 1]) others += cells.get(key(account, timeStep, volumeStep)) ?? 0
    return Math.log2(1 + others)
  })
}
