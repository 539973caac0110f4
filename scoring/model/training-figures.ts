// The few figures that a model card quotes per folder, from scores that no row helped to fit.
import { averagePrecision, operatingPoints, recallAtFalsePositiveRate } from '../evaluation/ranking.ts'
import { reliability } from '../evaluation/reliability.ts'

export interface SubjectFigures {
  readonly rows: number
  readonly positives: number
  readonly averagePrecision: number
  readonly recallAtTenthPercent: number
  readonly recallAtOnePercent: number
  readonly recallAtThreeAndHalfPercent: number
  readonly brier: number
  readonly expectedCalibrationError: number
}

/** Null without labels, or without scores for them. */
export function figuresOf(probabilities: Float64Array, labels: Int8Array | undefined): SubjectFigures | null {
  if (labels === undefined) return null
  const scored = labels.map((label, row) => (Number.isNaN(probabilities[row]!) ? -1 : label))
  if (!scored.some((label) => label >= 0)) return null
  const curve = operatingPoints({ scores: probabilities.map((value) => (Number.isNaN(value) ? 0 : value)), labels: scored })
  const honesty = reliability(probabilities, scored)
  return {
    rows: curve.positives + curve.negatives,
    positives: curve.positives,
    averagePrecision: averagePrecision(curve),
    recallAtTenthPercent: recallAtFalsePositiveRate(curve, 0.001).recall,
    recallAtOnePercent: recallAtFalsePositiveRate(curve, 0.01).recall,
    recallAtThreeAndHalfPercent: recallAtFalsePositiveRate(curve, 0.035).recall,
    brier: honesty.brier,
    expectedCalibrationError: honesty.expectedCalibrationError,
  }
}
