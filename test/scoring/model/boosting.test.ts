// Fitting recovers a known additive truth, obeys its constraints and depends on nothing but rows and seed.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { binFeature } from '../../../scoring/model/binning.ts'
import { fitScorecard, type FitOptions } from '../../../scoring/model/boosting.ts'
import { contributions, scorecardBits, stepIndex, type Monotone, type Scorecard } from '../../../scoring/model/scorecard.ts'
import { knownRows, reorder, shuffled, uniform, type KnownRows } from './rows.ts'

const free: readonly Monotone[] = [0, 0, 0, 0]

function fit(known: KnownRows, options: Partial<FitOptions> = {}): Scorecard {
  const random = xoroshiro128plus(7)
  return fitScorecard(known.matrix, known.labels, { groups: known.groups, monotone: free, random, ...options })
}

function stepBits(card: Scorecard, name: string, value: number): number {
  const step = card.steps.find((candidate) => candidate.name === name)
  if (step === undefined) return 0
  if (Number.isNaN(value)) return step.missingBits
  return step.bits[stepIndex(Float32Array.from(step.edges), value)]!
}

describe('fitting a scorecard', () => {
  test('recovers the additive function that drew the labels, missing values included', () => {
    const card = fit(knownRows(12_000, 1))
    expect(stepBits(card, 'rise', 0.95) - stepBits(card, 'rise', 0.05)).toBeGreaterThan(2.9)
    expect(stepBits(card, 'rise', 0.95) - stepBits(card, 'rise', 0.05)).toBeLessThan(4.3)
    expect(stepBits(card, 'rare', 0.75) - stepBits(card, 'rare', Number.NaN)).toBeCloseTo(3, 0)
    expect(Math.abs(stepBits(card, 'rare', 0.25) - stepBits(card, 'rare', Number.NaN))).toBeLessThan(0.4)
    expect(stepBits(card, 'fall', 4) - stepBits(card, 'fall', 0)).toBeCloseTo(-2, 0)
    expect(Math.abs(stepBits(card, 'noise', 0.9) - stepBits(card, 'noise', 0.1))).toBeLessThan(0.3)
    const fresh = knownRows(4000, 2)
    const error = scorecardBits(card, fresh.matrix).map((bits, row) => Math.abs(bits - fresh.truth[row]!))
    expect(error.reduce((sum, value) => sum + value, 0) / error.length).toBeLessThan(0.4)
  })

  test('keeps every step function monotone where it must be, even against the labels', () => {
    const known = knownRows(3000, 3)
    const card = fit(known, { monotone: [-1, 1, 1, -1] })
    for (const step of card.steps) {
      step.bits.forEach((bits, i) => {
        if (i > 0) expect((bits - step.bits[i - 1]!) * step.monotone).toBeGreaterThanOrEqual(0)
      })
    }
    expect(stepBits(card, 'rise', 0.95)).toBe(stepBits(card, 'rise', 0.05))
    expect(card.steps.some((step) => step.name === 'rare' && step.bits.length > 1)).toBe(true)
  })

  test('gives the same card for the same seed, and another for another', () => {
    const known = knownRows(2000, 4)
    expect(fit(known)).toEqual(fit(known))
    expect(fit(known, { random: xoroshiro128plus(8) })).not.toEqual(fit(known))
  })

  test('gives the same card to the last digit whatever the order of the rows', () => {
    const known = knownRows(2000, 5)
    const draw = uniform(6)
    const weights = Float64Array.from(known.labels, () => draw() * 3)
    const order = shuffled(2000, 9)
    const moved = Float64Array.from(order, (from) => weights[from]!)
    expect(fit(reorder(known, order), { weights: moved })).toEqual(fit(known, { weights }))
  })

  test('counts a row of weight two as two rows, and a row of weight zero as none', () => {
    const known = knownRows(1000, 10)
    const twice = reorder(known, [...shuffled(1000, 11), ...shuffled(1000, 12).filter((row) => row % 2 === 0)])
    const weights = Float64Array.from({ length: 1000 }, (_, row) => (row % 2 === 0 ? 2 : 1))
    expect(fit(twice)).toEqual(fit(known, { weights }))
    const padded = reorder(known, [...Array.from({ length: 1000 }, (_, row) => row), ...shuffled(1000, 13)])
    const silent = Float64Array.from({ length: 2000 }, (_, row) => (row < 1000 ? 1 : 0))
    expect(scorecardBits(fit(padded, { weights: silent }), known.matrix)).toEqual(scorecardBits(fit(known), known.matrix))
  })

  test('stays near the prior with few labels and leaves it with many', () => {
    const prior: Scorecard = {
      base: -2,
      steps: [{ name: 'rise', monotone: 0, edges: [0.5], bits: [3, 0], missingBits: 0 }],
    }
    const difference = (rows: number): number => {
      const card = fit(knownRows(rows, 14), { prior })
      return stepBits(card, 'rise', 0.95) - stepBits(card, 'rise', 0.05)
    }
    expect(difference(10)).toBeLessThan(-2)
    expect(difference(10_000)).toBeGreaterThan(2.5)
  })

  test('learns nothing from labels of one class', () => {
    const known = knownRows(200, 15)
    const card = fit({ ...known, labels: new Uint8Array(200) })
    expect(card.steps).toEqual([])
    expect(card.base).toBeLessThan(-3)
  })

  test('adds nothing for the typical honest row, so that reasons speak of what is unusual', () => {
    const known = knownRows(4000, 16)
    const card = fit(known)
    for (const [index, step] of card.steps.entries()) {
      const honest = [...known.labels.keys()].filter((row) => known.labels[row] === 0)
      const added = honest.map((row) => contributions(card, known.matrix, row)[index]!).sort((a, b) => a - b)
      expect(added[Math.ceil(added.length / 2) - 1], step.name).toBe(0)
    }
  })

  test('is refused where labels, groups or signs do not fit the rows', () => {
    const known = knownRows(20, 17)
    expect(() => fit({ ...known, labels: new Uint8Array(19) })).toThrow('differ in number')
    expect(() => fit(known, { monotone: [0] })).toThrow('differ in number')
  })
})

describe('cutting a feature into bins', () => {
  const options = { binsMax: 4, binWeightMin: 2 }

  test('gives a frequent value a bin of its own and missing values the last', () => {
    const column = Float32Array.of(0, 0, 0, 0, 0, 0, 1, 2, 3, 4, Number.NaN)
    const binned = binFeature(column, new Float64Array(11).fill(1), options)
    expect([...binned.edges]).toEqual([0.5, 3.5].slice(0, binned.edges.length))
    expect(binned.commonBin).toBe(0)
    expect([...binned.rows]).toEqual([6, 7, 8, 9, 10])
    expect(binned.bins[4]).toBe(binned.binCount - 1)
  })

  test('never parts equal values and never makes a bin lighter than the least weight', () => {
    const draw = uniform(18)
    const column = Float32Array.from({ length: 300 }, () => Math.floor(draw() * 30) / 10)
    const binned = binFeature(column, new Float64Array(300).fill(1), { binsMax: 10, binWeightMin: 15 })
    const counts = new Map<number, number>()
    for (const value of column) {
      const bin = stepIndex(binned.edges, value)
      counts.set(bin, (counts.get(bin) ?? 0) + 1)
    }
    expect(binned.edges.length).toBeGreaterThan(3)
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(15)
  })

  test('keeps edges finite next to infinite values', () => {
    const column = Float32Array.of(-Infinity, -Infinity, 1, 1, Infinity, Infinity)
    const binned = binFeature(column, new Float64Array(6).fill(1), { binsMax: 6, binWeightMin: 1 })
    expect(binned.edges.every((edge) => Number.isFinite(edge))).toBe(true)
    expect([...column].map((value) => stepIndex(binned.edges, value))).toEqual([0, 0, 1, 1, 2, 2])
  })
})
