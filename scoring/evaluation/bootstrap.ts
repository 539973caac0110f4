// Confidence intervals by drawing whole operators with replacement (Efron 1979): accounts of one operator are not
// independent witnesses, so they are drawn together.
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * The 95 % percentile interval of a metric. `metric` is given a weight per row: how often its group was drawn. Draws for
 * which the metric is not a number (a class is absent) are left out; NaN limits where none is left.
 */
export function bootstrapInterval(
  groups: ArrayLike<number>,
  metric: (weights: Float64Array) => number,
  options: { readonly random: RandomGenerator; readonly draws?: number },
): Interval {
  const members = groupNumbers(groups)
  const values: number[] = []
  for (let draw = 0; draw < (options.draws ?? 200); draw++) {
    const drawn = new Int32Array(members.count)
    for (let i = 0; i < members.count; i++) {
      const group = uniformInt(options.random, 0, members.count - 1)
      drawn[group] = drawn[group]! + 1
    }
    const value = metric(Float64Array.from(members.numberOf, (group) => drawn[group]!))
    if (!Number.isNaN(value)) values.push(value)
  }
  values.sort((a, b) => a - b)
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) }
}

/** Groups renumbered from zero in ascending order of their own numbers, so that the order of rows changes nothing. */
function groupNumbers(groups: ArrayLike<number>): { count: number; numberOf: Int32Array } {
  const distinct = [...new Set(Array.from(groups))].sort((a, b) => a - b)
  const index = new Map(distinct.map((group, i) => [group, i]))
  return { count: distinct.length, numberOf: Int32Array.from(Array.from(groups), (group) => index.get(group)!) }
}

/** Linear between the neighbouring order statistics. */
function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN
  const place = share * (sorted.length - 1)
  const low = Math.floor(place)
  const high = Math.min(sorted.length - 1, low + 1)
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!)
}
