// How much each feature moves scores: for people who read a model before they trust it.
import type { Scorecard } from './scorecard.ts'
import { scorecardBits } from './scorecard.ts'
import type { Rows } from './training-rows.ts'

export interface FeatureImportance {
  readonly name: string
  /** Mean absolute bits over rows of one operator, and over all others. */
  readonly onPositives: number
  readonly onNegatives: number
  readonly bitsLowest: number
  readonly bitsHighest: number
}

/** Most important first: by mean absolute bits, both classes counting alike. */
export function featureImportance(card: Scorecard, rows: Rows): FeatureImportance[] {
  const positives = rows.labels.reduce((sum, label) => sum + label, 0)
  return card.steps.map((step) => {
    const bits = scorecardBits({ base: 0, steps: [step] }, rows.matrix)
    const sums = [0, 0]
    bits.forEach((value, row) => (sums[rows.labels[row]!] = sums[rows.labels[row]!]! + Math.abs(value)))
    return {
      name: step.name,
      onPositives: sums[1]! / Math.max(1, positives),
      onNegatives: sums[0]! / Math.max(1, rows.matrix.rows - positives),
      bitsLowest: Math.min(step.missingBits, ...step.bits),
      bitsHighest: Math.max(step.missingBits, ...step.bits),
    }
  }).sort((a, b) => b.onPositives + b.onNegatives - a.onPositives - a.onNegatives || (a.name < b.name ? -1 : 1))
}
