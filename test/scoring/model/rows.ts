// Random rows with a known additive truth, for the tests of fitting and calibration.
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { FeatureMatrix } from '../../../scoring/model/scorecard.ts'

export interface KnownRows {
  readonly matrix: FeatureMatrix
  readonly labels: Uint8Array
  readonly groups: Int32Array
  /** The log-odds that the labels were drawn from, in bits. */
  readonly truth: Float64Array
}

export function uniform(seed: number): () => number {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

/**
 * Four features: `rise` (uniform, adds up to 4 bits), `rare` (mostly missing, 3 bits where present and above one half),
 * `fall` (5 levels, minus half a bit each) and `noise` (tells nothing).
 */
export function knownRows(rows: number, seed: number): KnownRows {
  const draw = uniform(seed)
  const columns = [0, 1, 2, 3].map(() => new Float32Array(rows))
  const labels = new Uint8Array(rows)
  const groups = new Int32Array(rows)
  const truth = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const values = [draw(), draw() < 0.8 ? Number.NaN : draw(), Math.floor(draw() * 5), draw()]
    values.forEach((value, column) => (columns[column]![row] = value))
    truth[row] = -3 + 4 * values[0]! + (values[1]! > 0.5 ? 3 : 0) - 0.5 * values[2]!
    labels[row] = draw() < 1 / (1 + 2 ** -truth[row]!) ? 1 : 0
    groups[row] = Math.floor(draw() * (rows / 4))
  }
  return { matrix: { names: ['rise', 'rare', 'fall', 'noise'], columns, rows }, labels, groups, truth }
}

/** The same rows in another order. */
export function reorder(known: KnownRows, order: readonly number[]): KnownRows {
  const pick = <T extends Float32Array | Float64Array | Uint8Array | Int32Array>(values: T, into: T): T => {
    order.forEach((from, to) => (into[to] = values[from]!))
    return into
  }
  const rows = order.length
  const columns = known.matrix.columns.map((column) => pick(column, new Float32Array(rows)))
  return {
    matrix: { names: known.matrix.names, columns, rows },
    labels: pick(known.labels, new Uint8Array(rows)),
    groups: pick(known.groups, new Int32Array(rows)),
    truth: pick(known.truth, new Float64Array(rows)),
  }
}

export function shuffled(count: number, seed: number): number[] {
  const draw = uniform(seed)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1))
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}
