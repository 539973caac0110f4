// Calibration figures agree with tables worked out by hand and do not depend on the order of rows.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reliability } from '../../../scoring/evaluation/reliability.ts'

describe('reliability', () => {
  test('is the table worked out by hand, over two bins of equal mass', () => {
    const figures = reliability([0.9, 0.1, 0.8, 0.3], [1, 0, 0, 0], 2)
    expect(figures.bins.map((bin) => [bin.rows, bin.positives])).toEqual([[2, 0], [2, 1]])
    expect(figures.bins[0]!.claimed).toBeCloseTo(0.2, 12)
    expect(figures.bins[1]!.claimed).toBeCloseTo(0.85, 12)
    expect(figures.expectedCalibrationError).toBeCloseTo((2 * 0.2 + 2 * 0.35) / 4, 12)
    expect(figures.brier).toBeCloseTo((0.01 + 0.01 + 0.64 + 0.09) / 4, 12)
    expect(figures.upper).toMatchObject({ rows: 2, positives: 1, observed: 0.5 })
  })

  test('finds no error where what is claimed comes true', () => {
    const probabilities = Array.from({ length: 1000 }, (_, row) => (row % 4 === 0 ? 0.75 : 0.25))
    const labels = probabilities.map((probability, row) => ((row * 7) % 16 < probability * 16 ? 1 : 0))
    const share = (probability: number): number => {
      const rows = labels.filter((_, row) => probabilities[row] === probability)
      return rows.reduce<number>((sum, label) => sum + label, 0) / rows.length
    }
    const error = 0.25 * Math.abs(share(0.75) - 0.75) + 0.75 * Math.abs(share(0.25) - 0.25)
    expect(reliability(probabilities, labels).expectedCalibrationError).toBeCloseTo(error, 12)
  })

  test('loses no row, leaves out rows without a label, and is the same in any order, ties included', () => {
    const rowArbitrary = fc.tuple(fc.integer({ min: 0, max: 8 }).map((value) => value / 8), fc.constantFrom(-1, 0, 1))
    fc.assert(fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 80 }), (rows) => {
      const figures = (of: readonly (readonly [number, number])[]) => reliability(of.map(([p]) => p), of.map(([, label]) => label))
      const forward = figures(rows)
      const counted = rows.filter(([, label]) => label >= 0).length
      expect(forward.rows).toBe(counted)
      expect(forward.bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(counted)
      expect(forward.bins.length).toBeLessThanOrEqual(15)
      const backward = figures([...rows].reverse())
      expect(backward.bins.map((bin) => [bin.rows, bin.positives])).toEqual(forward.bins.map((bin) => [bin.rows, bin.positives]))
    }))
  })
})
