// Cross-fitting scores every row by cards that have not seen its fold, and starts from a prior only where that helps.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { averagePrecision, operatingPoints } from '../../../scoring/evaluation/ranking.ts'
import { reliability } from '../../../scoring/evaluation/reliability.ts'
import { crossFit, crossFitFromPrior, type CrossFitOptions } from '../../../scoring/model/cross-fit.ts'
import type { Scorecard } from '../../../scoring/model/scorecard.ts'
import type { Rows } from '../../../scoring/model/training-rows.ts'
import { knownRows } from './rows.ts'

function rowsOf(count: number, seed: number): Rows {
  const { matrix, labels, groups } = knownRows(count, seed)
  return {
    matrix, labels, groups,
    weights: new Float64Array(count).fill(1),
    fold: groups.map((group) => group % 3),
    set: new Int32Array(count),
    index: Int32Array.from({ length: count }, (_, row) => row),
  }
}

const options = (more: Partial<CrossFitOptions> = {}): CrossFitOptions => ({
  monotone: [0, 0, 0, 0], random: xoroshiro128plus(1), folds: 3, rowsMax: 100_000, fit: { bags: 3, roundsMax: 80 }, ...more,
})
/** What scores that know how the labels were drawn would reach. */
const best = (rows: number, seed: number): number => precision(knownRows(rows, seed).truth, rowsOf(rows, seed))
const precision = (scores: Float64Array, rows: Rows): number => averagePrecision(operatingPoints({ scores, labels: rows.labels }))

/** Close to the truth of `knownRows`, and its opposite. */
const wise: Scorecard = {
  base: -3,
  steps: [
    { name: 'rise', monotone: 1, edges: [0.25, 0.5, 0.75], bits: [0.5, 1.5, 2.5, 3.5], missingBits: 0 },
    { name: 'rare', monotone: 1, edges: [0.5], bits: [0, 3], missingBits: 0 },
    { name: 'fall', monotone: -1, edges: [1, 2, 3, 4], bits: [0, -0.5, -1, -1.5, -2], missingBits: 0 },
  ],
}
const misled: Scorecard = {
  base: 2,
  steps: [{ name: 'rise', monotone: -1, edges: [0.25, 0.5, 0.75], bits: [3.5, 2.5, 1.5, 0.5], missingBits: 0 }],
}

describe('cross-fitting', () => {
  test('gives out-of-fold probabilities that rank and are honest', () => {
    const rows = rowsOf(3000, 1)
    const { outOfFold } = crossFit(rows, options())
    expect(precision(outOfFold, rows)).toBeGreaterThan(best(3000, 1) - 0.05)
    expect(reliability(outOfFold, rows.labels).expectedCalibrationError).toBeLessThan(0.04)
  })

  test('never scores a row by a card that has seen its fold: turning the labels of a fold leaves its card as it was', () => {
    const rows = rowsOf(900, 2)
    const turned: Rows = { ...rows, labels: rows.labels.map((label, row) => (rows.fold[row] === 1 ? 1 - label : label)) }
    const [before, after] = [crossFit(rows, options()).foldCards, crossFit(turned, options()).foldCards]
    expect(after[1]!.card).toEqual(before[1]!.card)
    expect(after[0]!.card).not.toEqual(before[0]!.card)
  })

  test('thins negatives without changing what is claimed', () => {
    const rows = rowsOf(4000, 3)
    const thinned = crossFit(rows, options({ rowsMax: 2200 }))
    expect(precision(thinned.outOfFold, rows)).toBeGreaterThan(best(4000, 3) - 0.05)
    expect(reliability(thinned.outOfFold, rows.labels).expectedCalibrationError).toBeLessThan(0.05)
    const full = crossFit(rows, options())
    expect(thinned.card).not.toEqual(full.card)
    expect(Math.abs(thinned.card.base - full.card.base)).toBeLessThan(0.6)
  })

  test('starts from a prior where labels are few, and leaves a misleading one', () => {
    const few = rowsOf(60, 4)
    expect(crossFitFromPrior(few, options({ prior: wise })).usesPrior).toBe(true)
    const many = rowsOf(2500, 5)
    const chosen = crossFitFromPrior(many, options({ prior: misled }))
    expect(chosen.usesPrior).toBe(false)
    expect(precision(chosen.outOfFold, many)).toBeGreaterThan(best(2500, 5) - 0.06)
    expect(crossFitFromPrior(many, options()).usesPrior).toBe(false)
  })
})
