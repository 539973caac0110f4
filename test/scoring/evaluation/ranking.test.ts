// Ranking figures agree with tables worked out by hand and with naive second implementations; ties never help.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  averagePrecision, operatingPoints, recallAtFalsePositiveRate, rocArea, type Scored,
} from '../../../scoring/evaluation/ranking.ts'

// Few distinct scores, so that ties are common.
const rowsArbitrary = fc.array(
  fc.record({ score: fc.integer({ min: 0, max: 6 }), label: fc.constantFrom(0, 1), weight: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 40 },
)
type Rows = readonly { readonly score: number; readonly label: number; readonly weight: number }[]

const scoredOf = (rows: Rows): Scored => ({
  scores: rows.map((row) => row.score),
  labels: rows.map((row) => row.label),
  weights: rows.map((row) => row.weight),
})
const repeated = (rows: Rows): Rows => rows.flatMap((row) => Array<Rows[number]>(row.weight).fill({ ...row, weight: 1 }))
const countAtOrAbove = (rows: Rows, score: number, label: number): number =>
  rows.filter((row) => row.score >= score && row.label === label).length

describe('average precision', () => {
  test('is the sum worked out by hand for five rows without ties', () => {
    // Descending: + - + + -  ->  (1/1 + 2/3 + 3/4) / 3.
    const curve = operatingPoints({ scores: [9, 8, 7, 6, 5], labels: [1, 0, 1, 1, 0] })
    expect(averagePrecision(curve)).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12)
  })

  test('is the base rate when all rows are tied', () => {
    expect(averagePrecision(operatingPoints({ scores: [1, 1, 1, 1], labels: [1, 0, 0, 0] }))).toBe(0.25)
  })

  test('agrees with the sum over every positive row of the precision at its score', () => {
    fc.assert(fc.property(rowsArbitrary, (weighted) => {
      const rows = repeated(weighted)
      const positives = rows.filter((row) => row.label === 1)
      fc.pre(positives.length > 0)
      const precision = (score: number): number =>
        countAtOrAbove(rows, score, 1) / (countAtOrAbove(rows, score, 1) + countAtOrAbove(rows, score, 0))
      const naive = positives.reduce((sum, row) => sum + precision(row.score), 0) / positives.length
      expect(averagePrecision(operatingPoints(scoredOf(weighted)))).toBeCloseTo(naive, 12)
    }))
  })
})

describe('the area under the ROC curve', () => {
  test('agrees with the share of pairs in order, ties counting half', () => {
    fc.assert(fc.property(rowsArbitrary, (weighted) => {
      const rows = repeated(weighted)
      const positives = rows.filter((row) => row.label === 1)
      const negatives = rows.filter((row) => row.label === 0)
      fc.pre(positives.length > 0 && negatives.length > 0)
      const wins = positives.flatMap((up) => negatives.map((down) => (Math.sign(up.score - down.score) + 1) / 2))
      const naive = wins.reduce((sum, win) => sum + win, 0) / wins.length
      expect(rocArea(operatingPoints(scoredOf(weighted)))).toBeCloseTo(naive, 12)
    }))
  })
})

describe('recall at a bounded false-positive rate', () => {
  test('agrees with trying every threshold', () => {
    fc.assert(fc.property(rowsArbitrary, fc.constantFrom(0, 0.001, 0.1, 0.34, 0.5, 1), (weighted, rate) => {
      const rows = repeated(weighted)
      const positives = rows.filter((row) => row.label === 1).length
      const negatives = rows.filter((row) => row.label === 0).length
      fc.pre(positives > 0)
      const allowed = [0, 1, 2, 3, 4, 5, 6, 7].filter((score) => countAtOrAbove(rows, score, 0) <= rate * negatives)
      const naive = Math.max(...allowed.map((score) => countAtOrAbove(rows, score, 1))) / positives
      expect(recallAtFalsePositiveRate(operatingPoints(scoredOf(weighted)), rate).recall).toBeCloseTo(naive, 12)
    }))
  })

  test('counts ties against the detector: positives tied with too many negatives are not found', () => {
    const scores = [...Array<number>(10).fill(0.99), ...Array<number>(1000).fill(0)]
    const labels = [...Array<number>(8).fill(1), 0, 0, ...Array<number>(1000).fill(0)]
    const curve = operatingPoints({ scores, labels })
    expect(recallAtFalsePositiveRate(curve, 0.001)).toMatchObject({ recall: 0, threshold: Infinity })
    expect(recallAtFalsePositiveRate(curve, 0.01)).toMatchObject({ recall: 1, threshold: 0.99, precision: 0.8 })
  })
})

describe('operating points', () => {
  test('leave out rows without a label', () => {
    const curve = operatingPoints({ scores: [3, 2, 1], labels: [-1, 1, 0] })
    expect(curve).toEqual({
      points: [{ score: 2, truePositive: 1, falsePositive: 0 }, { score: 1, truePositive: 1, falsePositive: 1 }],
      positives: 1,
      negatives: 1,
    })
  })

  test('are refused for a score that is not a number', () => {
    expect(() => operatingPoints({ scores: [Number.NaN], labels: [1] })).toThrow('no score')
  })
})
