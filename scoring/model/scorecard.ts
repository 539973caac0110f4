// The additive scorecard: a score in bits that is exactly the sum of one visible step per feature.
// It promises that contributions add up to the score to the last binary digit, in any order.

/** Columns of features; all columns have `rows` values, and NaN means that the value is missing. */
export interface FeatureMatrix {
  readonly names: readonly string[]
  readonly columns: readonly Float32Array[]
  readonly rows: number
}

/** -1: bits never rise with the value, 1: they never fall, 0: free. */
export type Monotone = -1 | 0 | 1

/**
 * What one feature adds, in bits. A value x belongs to step i when `edges[i - 1] <= x < edges[i]`, so that there is one
 * step more than there are edges. Edges are single-precision numbers, ascending; bits are whole multiples of `BIT_QUANTUM`.
 */
export interface StepFunction {
  readonly name: string
  readonly monotone: Monotone
  readonly edges: readonly number[]
  readonly bits: readonly number[]
  readonly missingBits: number
}

/** bits = base + Σ step(feature). Positive bits speak for one operator. */
export interface Scorecard {
  readonly base: number
  readonly steps: readonly StepFunction[]
}

/**
 * The unit in which all bits are counted. Sums of whole multiples of a power of two are exact in double precision, so a
 * score does not depend on the order in which its contributions are added.
 */
export const BIT_QUANTUM = 1 / 1024

/** Rounds to the nearest multiple of `BIT_QUANTUM`; never returns minus zero. */
export function quantiseBits(bits: number): number {
  return Math.round(bits / BIT_QUANTUM) * BIT_QUANTUM + 0
}

/** The score of every row, in bits. Throws when the matrix lacks a feature of the card. */
export function scorecardBits(card: Scorecard, matrix: FeatureMatrix): Float64Array {
  const bound = bindScorecard(card, matrix.names)
  const bits = new Float64Array(matrix.rows).fill(card.base)
  for (const step of bound.steps) {
    const column = columnOf(matrix, step.column)
    for (let row = 0; row < matrix.rows; row++) {
      bits[row] = bits[row]! + step.values[stepIndex(step.edges, column[row]!)]!
    }
  }
  return bits
}

/** What each step of the card adds to one row, in bits, in the order of `card.steps`; with `card.base` it sums to the score. */
export function contributions(card: Scorecard, matrix: FeatureMatrix, row: number): Float64Array {
  const bound = bindScorecard(card, matrix.names)
  return Float64Array.from(bound.steps, (step) => {
    return step.values[stepIndex(step.edges, columnOf(matrix, step.column)[row]!)]!
  })
}

/** One step ready to be applied: `values` holds the bits of the steps and, last, those of a missing value. */
export interface BoundStep {
  readonly column: number
  readonly edges: Float32Array
  readonly values: Float64Array
}

/** A scorecard bound to the order of columns of a caller who scores single rows often. */
export interface BoundScorecard {
  readonly base: number
  readonly steps: readonly BoundStep[]
  /** The score of one row of values, in the order of the names that it was bound to; values are rounded to single precision first. */
  bitsOf(values: ArrayLike<number>): number
}

/** Looks the features of a card up once. Throws when `names` lacks one: a model and its features must be of one version. */
export function bindScorecard(card: Scorecard, names: readonly string[]): BoundScorecard {
  const steps = card.steps.map((step): BoundStep => {
    const column = names.indexOf(step.name)
    if (column < 0) throw new Error(`The scorecard needs the feature "${step.name}", which is not given.`)
    return {
      column,
      edges: Float32Array.from(step.edges),
      values: Float64Array.from([...step.bits, step.missingBits]),
    }
  })
  const bitsOf = (values: ArrayLike<number>): number => {
    let bits = card.base
    for (const step of steps) bits += step.values[stepIndex(step.edges, Math.fround(values[step.column]!))]!
    return bits
  }
  return { base: card.base, steps, bitsOf }
}

/** The step that a value belongs to: the number of edges at or below it; one past the last step for a missing value. */
export function stepIndex(edges: Float32Array, value: number): number {
  if (Number.isNaN(value)) return edges.length + 1
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

function columnOf(matrix: FeatureMatrix, column: number): Float32Array {
  const values = matrix.columns[column]
  if (values === undefined || values.length !== matrix.rows) {
    throw new Error(`Column ${column} of the feature matrix does not have ${matrix.rows} rows.`)
  }
  return values
}
