// How honest probabilities are: Brier score, expected calibration error and the reliability table, over bins of equal mass.

export interface ReliabilityBin {
  readonly rows: number
  readonly positives: number
  /** Mean probability claimed in the bin. */
  readonly claimed: number
  /** Share of positives observed in the bin. */
  readonly observed: number
}

export interface Reliability {
  readonly rows: number
  readonly brier: number
  readonly expectedCalibrationError: number
  readonly bins: readonly ReliabilityBin[]
  /** Over rows claimed at one half or more, where decisions are made. */
  readonly upper: ReliabilityBin
}

/** Labels 0 or 1; rows with label -1 are not counted. NaN figures without rows. */
export function reliability(probabilities: ArrayLike<number>, labels: ArrayLike<number>, binCount = 15): Reliability {
  const order = Array.from({ length: probabilities.length }, (_, row) => row).filter((row) => labels[row]! >= 0)
  order.sort((a, b) => probabilities[a]! - probabilities[b]!)
  const rows = order.map((row) => ({ probability: probabilities[row]!, label: labels[row]! }))
  const bins = cutAtEqualMass(rows, binCount).map(summarise)
  const brierSum = rows.reduce((sum, row) => sum + (row.probability - row.label) ** 2, 0)
  const errorSum = bins.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.claimed - bin.observed), 0)
  return {
    rows: rows.length,
    brier: brierSum / rows.length,
    expectedCalibrationError: errorSum / rows.length,
    bins,
    upper: summarise(rows.filter((row) => row.probability >= 0.5)),
  }
}

interface Row {
  readonly probability: number
  readonly label: number
}

/** Bins of as equal a mass as ties allow: rows of one probability stay together, so that their order cannot matter. */
function cutAtEqualMass(rows: readonly Row[], binCount: number): Row[][] {
  const bins: Row[][] = []
  let start = 0
  for (let bin = 1; bin <= binCount && start < rows.length; bin++) {
    let end = Math.max(start + 1, Math.round((rows.length * bin) / binCount))
    while (end < rows.length && rows[end]!.probability === rows[end - 1]!.probability) end++
    bins.push(rows.slice(start, end))
    start = end
  }
  return bins
}

function summarise(rows: readonly Row[]): ReliabilityBin {
  const positives = rows.reduce((sum, row) => sum + row.label, 0)
  const claimed = rows.reduce((sum, row) => sum + row.probability, 0)
  return { rows: rows.length, positives, claimed: claimed / rows.length, observed: positives / rows.length }
}
