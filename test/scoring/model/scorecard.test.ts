// The scorecard is additive to the last digit, finds steps as a plain search would, and is never applied to features it
// does not know.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addCards, trimCard } from '../../../scoring/model/card-arithmetic.ts'
import {
  BIT_QUANTUM, bindScorecard, contributions, scorecardBits,
  type FeatureMatrix, type Scorecard,
} from '../../../scoring/model/scorecard.ts'

const bitsArbitrary = fc.integer({ min: -20_000, max: 20_000 }).map((quanta) => quanta * BIT_QUANTUM)
const valueArbitrary = fc.oneof(fc.constant(Number.NaN), fc.float({ min: -5, max: 5, noNaN: true }))

const stepArbitrary = (name: string) => fc
  .uniqueArray(fc.float({ min: -5, max: 5, noNaN: true }), { maxLength: 6 })
  .chain((edges) => fc.record({
    name: fc.constant(name),
    monotone: fc.constant(0 as const),
    edges: fc.constant([...edges].sort((a, b) => a - b)),
    bits: fc.array(bitsArbitrary, { minLength: edges.length + 1, maxLength: edges.length + 1 }),
    missingBits: bitsArbitrary,
  }))

const names = ['a', 'b', 'c']
const cardArbitrary: fc.Arbitrary<Scorecard> = fc.record({
  base: bitsArbitrary,
  steps: fc.tuple(...names.map(stepArbitrary)),
})
const matrixArbitrary: fc.Arbitrary<FeatureMatrix> = fc.integer({ min: 1, max: 8 }).chain((rows) => fc
  .tuple(...names.map(() => fc.array(valueArbitrary, { minLength: rows, maxLength: rows })))
  .map((columns) => ({ names, columns: columns.map((column) => Float32Array.from(column)), rows })))

/** A second reading of the definition, without binary search: the last step whose lower edge the value reaches. */
function plainBits(card: Scorecard, matrix: FeatureMatrix, row: number): number {
  return card.steps.reduce((sum, step) => {
    const value = matrix.columns[matrix.names.indexOf(step.name)]![row]!
    if (Number.isNaN(value)) return sum + step.missingBits
    return sum + step.bits[step.edges.filter((edge) => edge <= value).length]!
  }, card.base)
}

describe('the scorecard', () => {
  test('scores every row as the plain reading of its definition does', () => {
    fc.assert(fc.property(cardArbitrary, matrixArbitrary, (card, matrix) => {
      const expected = Array.from({ length: matrix.rows }, (_, row) => plainBits(card, matrix, row))
      expect([...scorecardBits(card, matrix)]).toEqual(expected)
    }))
  })

  test('is the sum of base and contributions exactly, in any order', () => {
    fc.assert(fc.property(cardArbitrary, matrixArbitrary, (card, matrix) => {
      const bits = scorecardBits(card, matrix)
      for (let row = 0; row < matrix.rows; row++) {
        const parts = [...contributions(card, matrix, row)]
        expect(parts.reduce((sum, part) => sum + part, card.base)).toBe(bits[row])
        expect(parts.reduceRight((sum, part) => part + sum, 0) + card.base).toBe(bits[row])
      }
    }))
  })

  test('gives a single row the score that the same row has in a matrix', () => {
    fc.assert(fc.property(cardArbitrary, matrixArbitrary, (card, matrix) => {
      const backwards = [...names].reverse()
      const bound = bindScorecard(card, backwards)
      const bits = scorecardBits(card, matrix)
      for (let row = 0; row < matrix.rows; row++) {
        const values = backwards.map((name) => matrix.columns[names.indexOf(name)]![row]!)
        expect(bound.bitsOf(values)).toBe(bits[row])
      }
    }))
  })

  test('rounds the values of a single row to single precision, as the columns of a matrix are', () => {
    const card: Scorecard = {
      base: 0,
      steps: [{ name: 'a', monotone: 0, edges: [Math.fround(0.1)], bits: [1, 2], missingBits: 0 }],
    }
    expect(bindScorecard(card, ['a']).bitsOf([0.1])).toBe(2)
    expect([...scorecardBits(card, { names: ['a'], columns: [Float32Array.of(0.1)], rows: 1 })]).toEqual([2])
  })

  test('is refused on features that it does not find', () => {
    const card: Scorecard = { base: 0, steps: [{ name: 'z', monotone: 0, edges: [], bits: [1], missingBits: 0 }] }
    expect(() => scorecardBits(card, { names: ['a'], columns: [new Float32Array(1)], rows: 1 })).toThrow('"z"')
  })

  test('adds to another card as the scores of the two add', () => {
    fc.assert(fc.property(cardArbitrary, cardArbitrary, matrixArbitrary, (first, second, matrix) => {
      const sum = scorecardBits(addCards(first, second), matrix)
      const [left, right] = [scorecardBits(first, matrix), scorecardBits(second, matrix)]
      expect([...sum]).toEqual([...left].map((bits, row) => bits + right[row]!))
    }))
  })

  test('scores the same when written with fewer steps', () => {
    const coarse = cardArbitrary.map((card) => ({
      base: card.base,
      steps: card.steps.map((step) => ({
        ...step, bits: step.bits.map((bits) => Math.sign(bits)), missingBits: Math.sign(step.missingBits),
      })),
    }))
    fc.assert(fc.property(coarse, matrixArbitrary, (card, matrix) => {
      const trimmed = trimCard(card)
      expect([...scorecardBits(trimmed, matrix)]).toEqual([...scorecardBits(card, matrix)])
      for (const step of trimmed.steps) {
        step.bits.forEach((bits, i) => expect(i > 0 && bits === step.bits[i - 1]).toBe(false))
      }
    }))
  })
})
