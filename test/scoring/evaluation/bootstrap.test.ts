// Intervals come from drawing whole groups: they are wide when a few groups hold all rows, and repeatable by seed.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { bootstrapInterval } from '../../../scoring/evaluation/bootstrap.ts'

const values = Float64Array.from({ length: 400 }, (_, row) => (Math.floor(row / 100) % 2))
const weightedMean = (weights: Float64Array): number => {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.reduce((sum, weight, row) => sum + weight * values[row]!, 0) / total
}

describe('the bootstrap', () => {
  test('knows little from four operators and much from four hundred accounts', () => {
    const operators = Int32Array.from({ length: 400 }, (_, row) => Math.floor(row / 100))
    const wide = bootstrapInterval(operators, weightedMean, { random: xoroshiro128plus(1) })
    const alone = Int32Array.from({ length: 400 }, (_, row) => row)
    const narrow = bootstrapInterval(alone, weightedMean, { random: xoroshiro128plus(1) })
    expect(wide.high - wide.low).toBeGreaterThan(0.7)
    // The standard error of a mean of 400 fair coins is 0.025, so that the interval spans about 0.1.
    expect(narrow.high - narrow.low).toBeGreaterThan(0.07)
    expect(narrow.high - narrow.low).toBeLessThan(0.13)
  })

  test('draws rows of one group together', () => {
    const groups = Int32Array.of(5, 9, 5, 9)
    bootstrapInterval(groups, (weights) => {
      expect(weights[0]).toBe(weights[2])
      expect(weights[1]).toBe(weights[3])
      expect(weights[0]! + weights[1]!).toBe(2)
      return 0
    }, { random: xoroshiro128plus(2), draws: 50 })
  })

  test('is the same for the same seed, and leaves out draws without a figure', () => {
    const groups = Int32Array.of(0, 1)
    const metric = (weights: Float64Array): number => (weights[0] === 0 ? Number.NaN : weights[0]!)
    const once = bootstrapInterval(groups, metric, { random: xoroshiro128plus(3) })
    expect(bootstrapInterval(groups, metric, { random: xoroshiro128plus(3) })).toEqual(once)
    expect(once.low).toBe(1)
    expect(bootstrapInterval(groups, () => Number.NaN, { random: xoroshiro128plus(3) }).low).toBeNaN()
  })
})
