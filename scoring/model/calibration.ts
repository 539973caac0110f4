// Calibration: a strictly rising map from bits to probabilities, fitted only on scores of rows that the scorecard has not
// seen. It promises never to reorder and never to tie two different scores within its working range.

/**
 * A piecewise linear map from bits to log-odds (natural), strictly rising. Between knots it is linear; outside, it goes on
 * with the given slope, ever more slowly, so that scores never seen in fitting claim little more than the extreme ones did.
 */
export interface Calibration {
  readonly method: 'platt' | 'isotonic'
  /** Ascending, at least two. */
  readonly knotBits: readonly number[]
  /** Ascending, one per knot. */
  readonly knotLogOdds: readonly number[]
  /** Log-odds per bit just below the first knot and just above the last; positive. */
  readonly slopeBelow: number
  readonly slopeAbove: number
  /** What it was fitted on. */
  readonly positives: number
  readonly negatives: number
}

/** The probability of each score. */
export function calibrate(calibration: Calibration, bits: Float64Array): Float64Array {
  return bits.map((score) => calibrateOne(calibration, score))
}

/** The probability of one score, strictly between 0 and 1. */
export function calibrateOne(calibration: Calibration, bits: number): number {
  const logOdds = tempered(logOddsOf(calibration, bits))
  return logOdds >= 0 ? 1 / (1 + Math.exp(-logOdds)) : Math.exp(logOdds) / (1 + Math.exp(logOdds))
}

/** Beyond this (one in 22,000) log-odds grow ever more slowly: no set of labels supports more, and doubles stay apart. */
const logOddsSupported = 10

function tempered(logOdds: number): number {
  const excess = Math.abs(logOdds) - logOddsSupported
  return excess <= 0 ? logOdds : Math.sign(logOdds) * (logOddsSupported + Math.log1p(excess))
}

function logOddsOf(calibration: Calibration, bits: number): number {
  const { knotBits, knotLogOdds } = calibration
  const last = knotBits.length - 1
  if (bits <= knotBits[0]!) return knotLogOdds[0]! - calibration.slopeBelow * Math.log1p(knotBits[0]! - bits)
  if (bits >= knotBits[last]!) return knotLogOdds[last]! + calibration.slopeAbove * Math.log1p(bits - knotBits[last]!)
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (knotBits[middle]! <= bits) low = middle
    else high = middle
  }
  const share = (bits - knotBits[low]!) / (knotBits[high]! - knotBits[low]!)
  return knotLogOdds[low]! + share * (knotLogOdds[high]! - knotLogOdds[low]!)
}

export interface CalibrationRows {
  readonly bits: Float64Array
  readonly labels: Uint8Array
  /** Non-negative; default all one. */
  readonly weights?: Float64Array
}

/** Both classes must have this many rows before isotonic regression is trusted (Niculescu-Mizil, Caruana 2005). */
export const isotonicRowsMin = 1000

/** Platt scaling for small data, isotonic regression for large. The rows must not have been fitted on. */
export function fitCalibration(bits: Float64Array, labels: Uint8Array, weights?: Float64Array): Calibration {
  const rows = weights === undefined ? { bits, labels } : { bits, labels, weights }
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const small = Math.min(positives, labels.length - positives) < isotonicRowsMin
  return small ? fitPlatt(rows) : fitIsotonic(rows)
}

/** The least slope, in log-odds per bit, that keeps the order of scores. */
const slopeMin = 1e-3
/** A bit of evidence is ln 2 = 0.69 in log-odds; a few separable rows must not make it worth much more. */
const slopeMax = 2

/**
 * Logistic regression on the bits with smoothed targets (Platt 1999), by Newton's method with step halving
 * (Lin, Lin, Weng 2007). The slope is kept positive: a calibration may say "this tells little" but never reorders.
 */
export function fitPlatt(rows: CalibrationRows): Calibration {
  const sorted = mergeTies(rows)
  const positives = sorted.reduce((sum, row) => sum + row.positive, 0)
  const negatives = sorted.reduce((sum, row) => sum + row.weight - row.positive, 0)
  const high = (positives + 1) / (positives + 2)
  const low = 1 / (negatives + 2)
  const loss = (slope: number, intercept: number): number => sorted.reduce((sum, row) => {
    const score = slope * row.bits + intercept
    const target = row.positive * high + (row.weight - row.positive) * low
    return sum + row.weight * softPlus(score) - target * score
  }, 0)
  let slope = 0
  let intercept = Math.log((positives + 1) / (negatives + 1))
  let best = loss(slope, intercept)
  for (let iteration = 0; iteration < 100; iteration++) {
    const [slopeStep, interceptStep] = newtonStep(sorted, slope, intercept, high, low)
    let scale = 1
    while (scale > 1e-9 && loss(slope + scale * slopeStep, intercept + scale * interceptStep) > best) scale /= 2
    slope += scale * slopeStep
    intercept += scale * interceptStep
    const next = loss(slope, intercept)
    if (best - next < 1e-9 * (1 + Math.abs(best))) break
    best = next
  }
  const kept = Math.min(slopeMax, Math.max(slopeMin, slope))
  const from = sorted[0]?.bits ?? 0
  const to = Math.max(from + 1, sorted.at(-1)?.bits ?? 0)
  // Where the slope had to be kept in bounds, the map turns about the middle of the scores.
  const shift = (slope - kept) * meanBits(sorted)
  return {
    method: 'platt',
    knotBits: [from, to],
    knotLogOdds: [kept * from + intercept + shift, kept * to + intercept + shift],
    slopeBelow: kept,
    slopeAbove: kept,
    positives: countLabels(rows, 1),
    negatives: countLabels(rows, 0),
  }
}

/**
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955; Zadrozny, Elkan 2002), then linear between the
 * centres of the blocks, so that no two scores are tied.
 */
export function fitIsotonic(rows: CalibrationRows): Calibration {
  const knots = poolBlocks(mergeTies(rows)).map((block) => ({ bits: block.bitsSum / block.weight, logOdds: logOddsOfBlock(block) }))
  if (knots.length < 2) return fitPlatt(rows)
  const slope = overallSlope(knots)
  return {
    method: 'isotonic',
    knotBits: knots.map((knot) => knot.bits),
    knotLogOdds: knots.map((knot) => knot.logOdds),
    slopeBelow: slope,
    slopeAbove: slope,
    positives: countLabels(rows, 1),
    negatives: countLabels(rows, 0),
  }
}

interface TiedRows {
  readonly bits: number
  readonly weight: number
  /** Weight of the rows labelled 1. */
  readonly positive: number
}

interface Block {
  weight: number
  positive: number
  /** Σ weight × bits. */
  bitsSum: number
}

/** Rows of one score as one row, in ascending order of score. */
function mergeTies(rows: CalibrationRows): TiedRows[] {
  const byBits = new Map<number, { weight: number; positive: number }>()
  rows.bits.forEach((bits, row) => {
    const weight = rows.weights?.[row] ?? 1
    if (weight <= 0) return
    const sum = byBits.get(bits) ?? { weight: 0, positive: 0 }
    sum.weight += weight
    sum.positive += weight * rows.labels[row]!
    byBits.set(bits, sum)
  })
  return [...byBits].map(([bits, sum]) => ({ bits, ...sum })).sort((a, b) => a.bits - b.bits)
}

/**
 * Neighbours are pooled until their smoothed log-odds rise: smoothing lifts small blocks at the low end most, so comparing
 * raw shares would leave a few rows above the many that follow them.
 */
function poolBlocks(sorted: readonly TiedRows[]): Block[] {
  const blocks: Block[] = []
  for (const row of sorted) {
    let block: Block = { weight: row.weight, positive: row.positive, bitsSum: row.weight * row.bits }
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      const gap = block.bitsSum / block.weight - last.bitsSum / last.weight
      const isRawOrder = last.positive * block.weight < block.positive * last.weight
      if (isRawOrder && logOddsOfBlock(block) - logOddsOfBlock(last) >= slopeMin * gap) break
      blocks.pop()
      block = {
        weight: last.weight + block.weight,
        positive: last.positive + block.positive,
        bitsSum: last.bitsSum + block.bitsSum,
      }
    }
    blocks.push(block)
  }
  return blocks
}

/** Log-odds of a block with half a row added to either class (Krichevsky, Trofimov 1981). */
function logOddsOfBlock(block: Block): number {
  return Math.log((block.positive + 0.5) / (block.weight - block.positive + 0.5))
}

function overallSlope(knots: readonly { bits: number; logOdds: number }[]): number {
  const first = knots[0]!
  const last = knots.at(-1)!
  return Math.min(slopeMax, Math.max(slopeMin, (last.logOdds - first.logOdds) / (last.bits - first.bits)))
}

function newtonStep(
  sorted: readonly TiedRows[], slope: number, intercept: number, high: number, low: number,
): [number, number] {
  let gradientSlope = 0
  let gradientIntercept = 0
  let [a, b, c] = [1e-9, 0, 1e-9]
  for (const row of sorted) {
    const probability = 1 / (1 + Math.exp(-(slope * row.bits + intercept)))
    const error = row.positive * high + (row.weight - row.positive) * low - row.weight * probability
    const hessian = row.weight * probability * (1 - probability)
    gradientSlope += error * row.bits
    gradientIntercept += error
    a += hessian * row.bits * row.bits
    b += hessian * row.bits
    c += hessian
  }
  const determinant = a * c - b * b
  return [(c * gradientSlope - b * gradientIntercept) / determinant, (a * gradientIntercept - b * gradientSlope) / determinant]
}

function softPlus(score: number): number {
  return score > 0 ? score + Math.log1p(Math.exp(-score)) : Math.log1p(Math.exp(score))
}

function meanBits(sorted: readonly TiedRows[]): number {
  const weight = sorted.reduce((sum, row) => sum + row.weight, 0)
  return weight === 0 ? 0 : sorted.reduce((sum, row) => sum + row.weight * row.bits, 0) / weight
}

function countLabels(rows: CalibrationRows, label: number): number {
  return rows.labels.reduce((sum, value) => sum + (value === label ? 1 : 0), 0)
}
