// How well scores rank: average precision, ROC and recall at a bounded false-positive rate. Ties never help: rows of one
// score are taken together or not at all.

/** Scores with their truth; rows with label -1 are not counted. Weights default to one. */
export interface Scored {
  readonly scores: ArrayLike<number>
  readonly labels: ArrayLike<number>
  readonly weights?: ArrayLike<number>
}

/** The totals after all rows with a score of at least `score` are flagged. */
export interface OperatingPoint {
  readonly score: number
  readonly truePositive: number
  readonly falsePositive: number
}

export interface Curve {
  /** From the highest distinct score down; the last point flags everything. */
  readonly points: readonly OperatingPoint[]
  readonly positives: number
  readonly negatives: number
}

/** One operating point per distinct score. Throws on a score that is not a number: it has no rank. */
export function operatingPoints(scored: Scored): Curve {
  const order: number[] = []
  for (let row = 0; row < scored.scores.length; row++) {
    if (Number.isNaN(scored.scores[row]!)) throw new Error(`Row ${row} has no score.`)
    if (scored.labels[row]! >= 0) order.push(row)
  }
  order.sort((a, b) => scored.scores[b]! - scored.scores[a]!)
  const points: OperatingPoint[] = []
  let truePositive = 0
  let falsePositive = 0
  order.forEach((row, i) => {
    const weight = scored.weights?.[row] ?? 1
    if (scored.labels[row] === 1) truePositive += weight
    else falsePositive += weight
    const next = order[i + 1]
    const score = scored.scores[row]!
    if (next === undefined || scored.scores[next]! !== score) points.push({ score, truePositive, falsePositive })
  })
  return { points, positives: truePositive, negatives: falsePositive }
}

/**
 * Average precision, the area under the precision-recall curve: Σ (recallᵢ − recallᵢ₋₁) × precisionᵢ over distinct scores.
 * NaN without positives.
 */
export function averagePrecision(curve: Curve): number {
  if (curve.positives === 0) return Number.NaN
  let area = 0
  let before = 0
  for (const { truePositive, falsePositive } of curve.points) {
    if (truePositive > before) area += ((truePositive - before) * truePositive) / (truePositive + falsePositive)
    before = truePositive
  }
  return area / curve.positives
}

/** Area under the ROC curve: a random positive outranks a random negative, ties counting half. NaN without either class. */
export function rocArea(curve: Curve): number {
  if (curve.positives === 0 || curve.negatives === 0) return Number.NaN
  let area = 0
  let [before, beside] = [0, 0]
  for (const { truePositive, falsePositive } of curve.points) {
    area += ((falsePositive - beside) * (truePositive + before)) / 2
    before = truePositive
    beside = falsePositive
  }
  return area / (curve.positives * curve.negatives)
}

export interface BoundedRecall {
  readonly recall: number
  readonly precision: number
  readonly falsePositiveRate: number
  /** Flag scores at or above; Infinity where even the highest score flags too many negatives. */
  readonly threshold: number
}

/** The most that can be found while at most `falsePositiveRateMax` of the negatives is flagged. NaN recall without positives. */
export function recallAtFalsePositiveRate(curve: Curve, falsePositiveRateMax: number): BoundedRecall {
  const allowed = falsePositiveRateMax * curve.negatives
  let best: OperatingPoint = { score: Infinity, truePositive: 0, falsePositive: 0 }
  for (const point of curve.points) {
    if (point.falsePositive > allowed) break
    best = point
  }
  const flagged = best.truePositive + best.falsePositive
  return {
    recall: best.truePositive / curve.positives,
    precision: flagged === 0 ? Number.NaN : best.truePositive / flagged,
    falsePositiveRate: curve.negatives === 0 ? 0 : best.falsePositive / curve.negatives,
    threshold: best.score,
  }
}
