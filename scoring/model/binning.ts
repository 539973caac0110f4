// Features cut into histogram bins, as boosting wants them: few steps, each with enough weight to be believed.
// Edges depend on the values and weights alone, never on the order of rows.
import { stepIndex } from './scorecard.ts'

/** One feature in bins; rows in the heaviest bin are not listed, so that sparse features cost what they hold. */
export interface BinnedFeature {
  /** Ascending single-precision numbers; bin i holds edges[i - 1] <= x < edges[i]. */
  readonly edges: Float32Array
  /** Ordered bins plus one, the last, for missing values. */
  readonly binCount: number
  /** The heaviest bin, whose members `rows` leaves out. */
  readonly commonBin: number
  readonly rows: Int32Array
  /** The bin of each of `rows`. */
  readonly bins: Uint8Array
}

export interface BinningOptions {
  /** At most this many ordered bins, up to 254. */
  readonly binsMax: number
  /** A bin is not closed before it holds this much weight. */
  readonly binWeightMin: number
}

/** Cuts one column; `weights` are non-negative. */
export function binFeature(column: Float32Array, weights: Float64Array, options: BinningOptions): BinnedFeature {
  const edges = quantileEdges(column, weights, options)
  const binOf = new Uint8Array(column.length)
  const heaviness = new Float64Array(edges.length + 2)
  for (let row = 0; row < column.length; row++) {
    const bin = stepIndex(edges, column[row]!)
    binOf[row] = bin
    heaviness[bin] = heaviness[bin]! + weights[row]!
  }
  let commonBin = 0
  for (let bin = 1; bin < heaviness.length; bin++) if (heaviness[bin]! > heaviness[commonBin]!) commonBin = bin
  const rows = new Int32Array(binOf.reduce((count, bin) => (bin === commonBin ? count : count + 1), 0))
  const bins = new Uint8Array(rows.length)
  let listed = 0
  for (let row = 0; row < column.length; row++) {
    if (binOf[row] === commonBin) continue
    rows[listed] = row
    bins[listed] = binOf[row]!
    listed++
  }
  return { edges, binCount: heaviness.length, commonBin, rows, bins }
}

/**
 * Edges that give bins of about equal weight; a value that alone is heavier than that gets a bin of its own.
 * An edge lies halfway between the two neighbouring values that it parts.
 */
function quantileEdges(column: Float32Array, weights: Float64Array, options: BinningOptions): Float32Array {
  const { values, sums, total } = distinctValues(column, weights)
  const target = Math.max(options.binWeightMin, total / options.binsMax)
  const edges: number[] = []
  let closed = 0
  let open = 0
  for (let i = 0; i + 1 < values.length; i++) {
    open += sums[i]!
    const heavyNext = sums[i + 1]! >= target && open >= options.binWeightMin
    const restIsEnough = total - closed - open >= options.binWeightMin
    if ((open >= target || heavyNext) && restIsEnough && edges.length < options.binsMax - 1) {
      edges.push(edgeBetween(values[i]!, values[i + 1]!))
      closed += open
      open = 0
    }
  }
  return Float32Array.from(edges)
}

/** The distinct values in ascending order with the weight of each; weights are summed exactly as whole numbers. */
function distinctValues(column: Float32Array, weights: Float64Array): { values: number[]; sums: number[]; total: number } {
  const order: number[] = []
  for (let row = 0; row < column.length; row++) {
    if (!Number.isNaN(column[row]!) && weights[row]! > 0) order.push(row)
  }
  const rows = Int32Array.from(order).sort((a, b) => column[a]! - column[b]!)
  const values: number[] = []
  const sums: number[] = []
  let total = 0
  for (const row of rows) {
    const value = column[row]!
    const last = values.length - 1
    if (last >= 0 && values[last] === value) sums[last] = sums[last]! + weights[row]!
    else {
      values.push(value)
      sums.push(weights[row]!)
    }
    total += weights[row]!
  }
  return { values, sums, total }
}

/** The largest finite single-precision number: the edge below an infinite value. */
const singleMax = 3.4028234663852886e38

/** A finite single-precision number above `low` and at most `high`: a short one near the middle keeps models small. */
function edgeBetween(low: number, high: number): number {
  if (high === Infinity) return low === -Infinity ? 0 : singleMax
  if (low === -Infinity) return high
  const middle = low / 2 + high / 2
  for (const digits of [2, 3, 4, 5]) {
    const short = Math.fround(Number(middle.toPrecision(digits)))
    if (short > low && short <= high) return short
  }
  const edge = Math.fround(middle)
  return edge > low && edge <= high ? edge : high
}
