// Calibration makes probabilities honest on rows that it has not seen, and never reorders or ties scores.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  calibrate, calibrateOne, fitCalibration, fitIsotonic, fitPlatt, isotonicRowsMin, type Calibration,
} from '../../../scoring/model/calibration.ts'
import { uniform } from './rows.ts'

interface Scores { readonly bits: Float64Array, readonly labels: Uint8Array }

/** Scores whose true log-odds are a crooked function of the bits: three times too sure, and off by two. */
function overconfident(rows: number, seed: number): Scores {
  const draw = uniform(seed)
  const bits = Float64Array.from({ length: rows }, () => Math.round((draw() * 24 - 14) * 1024) / 1024)
  const labels = Uint8Array.from(bits, (score) => (draw() < 1 / (1 + Math.exp(-(score / 3 - 1))) ? 1 : 0))
  return { bits, labels }
}

/** Mean distance between claimed and observed shares, over ten bins of equal mass. */
function error(probabilities: Float64Array, labels: Uint8Array): number {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[a]! - probabilities[b]!)
  let sum = 0
  for (let bin = 0; bin < 10; bin++) {
    const rows = order.slice((order.length * bin) / 10, (order.length * (bin + 1)) / 10)
    const claimed = rows.reduce((total, row) => total + probabilities[row]!, 0)
    sum += Math.abs(claimed - rows.reduce((total, row) => total + labels[row]!, 0)) / order.length
  }
  return sum
}

const rawProbability = (scores: Scores): Float64Array => scores.bits.map((bits) => 1 / (1 + 2 ** -bits))

function requireStrictlyRising(calibration: Calibration, bits: readonly number[]): void {
  const sorted = [...new Set(bits)].sort((a, b) => a - b)
  const probabilities = sorted.map((score) => calibrateOne(calibration, score))
  probabilities.forEach((probability, i) => {
    expect(probability).toBeGreaterThan(0)
    expect(probability).toBeLessThan(1)
    if (i > 0) expect(probability).toBeGreaterThan(probabilities[i - 1]!)
  })
}

describe('calibration', () => {
  test.each([['platt', 400], ['isotonic', 8000]] as const)('by %s lowers the error on rows not seen', (method, rows) => {
    const earlier = overconfident(rows, 1)
    const calibration = fitCalibration(earlier.bits, earlier.labels)
    expect(calibration.method).toBe(method)
    const later = overconfident(8000, 2)
    const before = error(rawProbability(later), later.labels)
    const after = error(calibrate(calibration, later.bits), later.labels)
    expect(before).toBeGreaterThan(0.1)
    expect(after).toBeLessThan(0.04)
  })

  test('never reorders and never ties two scores, by either method, inside and outside of what it was fitted on', () => {
    const rowsArbitrary = fc.array(
      fc.tuple(fc.integer({ min: -20_480, max: 20_480 }), fc.integer({ min: 0, max: 1 })),
      { minLength: 2, maxLength: 60 },
    )
    fc.assert(fc.property(rowsArbitrary, (rows) => {
      const bits = Float64Array.from(rows, ([quanta]) => quanta / 1024)
      const labels = Uint8Array.from(rows, ([, label]) => label)
      const asked = [...bits, -45, -20, 0, 1 / 1024, 20, 45]
      requireStrictlyRising(fitPlatt({ bits, labels }), asked)
      requireStrictlyRising(fitIsotonic({ bits, labels }), asked)
    }))
  })

  test('says what the labels say, by Platt, where the scores tell nothing', () => {
    const bits = Float64Array.from({ length: 300 }, (_, row) => row % 5)
    const labels = Uint8Array.from({ length: 300 }, (_, row) => (row < 75 ? 1 : 0))
    const probabilities = calibrate(fitPlatt({ bits, labels }), bits)
    for (const probability of probabilities) expect(probability).toBeCloseTo(0.25, 1)
  })

  test('finds by Platt the smoothed log-odds of two groups, which can be worked out by hand', () => {
    // 8 rows at -1 with 2 positives, 12 at 1 with 9: targets are 12/13 and 1/11, so the two group means are exact.
    const bits = Float64Array.from({ length: 20 }, (_, row) => (row < 8 ? -1 : 1))
    const labels = Uint8Array.from({ length: 20 }, (_, row) => (row < 2 || row >= 11 ? 1 : 0))
    const calibration = fitPlatt({ bits, labels })
    expect(calibrateOne(calibration, -1)).toBeCloseTo((2 * 12 / 13 + 6 / 11) / 8, 6)
    expect(calibrateOne(calibration, 1)).toBeCloseTo((9 * 12 / 13 + 3 / 11) / 12, 6)
  })

  test('pools by isotonic regression the groups that violate the order, which can be worked out by hand', () => {
    // Shares 1/10, 5/10, 3/10, 9/10: the middle two pool to 8/20 with their centre at 1.5.
    const shares = [1, 5, 3, 9]
    const bits = Float64Array.from({ length: 40 }, (_, row) => Math.floor(row / 10))
    const labels = Uint8Array.from({ length: 40 }, (_, row) => (row % 10 < shares[Math.floor(row / 10)]! ? 1 : 0))
    const calibration = fitIsotonic({ bits, labels })
    expect(calibration.knotBits).toEqual([0, 1.5, 3])
    expect(calibrateOne(calibration, 1.5)).toBeCloseTo(8.5 / 21, 10)
    expect(calibrateOne(calibration, 0)).toBeCloseTo(1.5 / 11, 10)
  })

  test('does not let a few rows at the low end lift the many above them', () => {
    const bits = Float64Array.from({ length: 6008 }, (_, row) => (row < 8 ? -20 : row < 5008 ? -5 + row / 1e4 : row / 1e3))
    const labels = Uint8Array.from({ length: 6008 }, (_, row) => (row % 500 === 499 || (row >= 5008 && row % 3 > 0) ? 1 : 0))
    const calibration = fitIsotonic({ bits, labels })
    expect(calibrateOne(calibration, -4.8)).toBeLessThan(0.004)
    expect(calibrateOne(calibration, -20)).toBeLessThan(0.004)
    expect(calibrateOne(calibration, 5.5)).toBeCloseTo(2 / 3, 1)
  })

  test('keeps the order even where the labels run against the scores', () => {
    const bits = Float64Array.from({ length: 200 }, (_, row) => row / 10)
    const labels = Uint8Array.from({ length: 200 }, (_, row) => (row < 100 ? 1 : 0))
    requireStrictlyRising(fitPlatt({ bits, labels }), [...bits])
    requireStrictlyRising(fitIsotonic({ bits, labels }), [...bits])
  })

  test('gives the same map whatever the order of the rows', () => {
    const { bits, labels } = overconfident(3000, 5)
    const order = [...bits.keys()].sort((a, b) => (a * 7919) % 3001 - (b * 7919) % 3001)
    const again = fitCalibration(Float64Array.from(order, (row) => bits[row]!), Uint8Array.from(order, (row) => labels[row]!))
    expect(again).toEqual(fitCalibration(bits, labels))
  })

  test('is by Platt until both classes have enough rows', () => {
    const enough = (positives: number): Calibration => fitCalibration(
      Float64Array.from({ length: 3000 }, (_, row) => row / 100),
      Uint8Array.from({ length: 3000 }, (_, row) => (row >= 3000 - positives ? 1 : 0)),
    )
    expect(enough(isotonicRowsMin - 1).method).toBe('platt')
    expect(enough(isotonicRowsMin).method).toBe('isotonic')
  })
})
