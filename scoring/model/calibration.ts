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
  const logOdds = logOddsOf(calibration, bits)
  return logOdds >= 0 ? 1 / (1 + Math.exp(-logOdds)) : Math.exp(logOdds) / (1 + Math.exp(logOdds))
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
