// From a score to its reasons: the contributions of one row in bits, joined by what they speak of, with the facts for a
// sentence; and the counterfactual. Exact, because the model is additive: the bits of the reasons sum to the score.
import { calibrateOne } from './model/calibration.ts'
import type { CalibratedScorecard } from './model/model.ts'
import { contributions } from './model/scorecard.ts'
import type { FeatureMatrix } from './model/scorecard.ts'
import type { Counterfactual, Decision, Explanation, Reason, Thresholds } from './detection.ts'
import { reasonOfFeature } from './reasons/codes.ts'

/** What inviting oneself adds: the same account on both sides needs no other evidence. */
export const selfReferralBits = 24

export interface ExplainedRow {
  readonly scorecard: CalibratedScorecard
  readonly matrix: FeatureMatrix
  readonly row: number
  /** Added to the card's own bits, with a code of its own: what is certain without a card. */
  readonly certain?: { readonly code: string; readonly bits: number } | undefined
}

/** The reasons of one row, strongest first, for and against; `base_rate` is what is known of every row. */
export function reasonsOf({ scorecard, matrix, row, certain }: ExplainedRow): Reason[] {
  const bitsOfCode = new Map<string, number>()
  const factsOfCode = new Map<string, Record<string, number | string>>()
  const parts = contributions(scorecard.card, matrix, row)
  scorecard.card.steps.forEach((step, index) => {
    const { code, fact, value } = reasonOfFeature(step.name)
    bitsOfCode.set(code, (bitsOfCode.get(code) ?? 0) + parts[index]!)
    const raw = matrix.columns[matrix.names.indexOf(step.name)]![row]!
    const facts = factsOfCode.get(code) ?? {}
    if (!Number.isNaN(raw)) facts[fact] = value(raw)
    factsOfCode.set(code, facts)
  })
  const reasons: Reason[] = [{ code: 'base_rate', bits: scorecard.card.base, facts: {} }]
  if (certain !== undefined) reasons.push({ ...certain, facts: {} })
  for (const [code, bits] of bitsOfCode) if (bits !== 0) reasons.push({ code, bits, facts: factsOfCode.get(code) ?? {} })
  return reasons.sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.code < b.code ? -1 : 1))
}

export function explain(explained: ExplainedRow, thresholds: Thresholds): Explanation {
  const reasons = reasonsOf(explained)
  const bits = reasons.reduce((sum, reason) => sum + reason.bits, 0)
  const { calibration } = explained.scorecard
  const probability = calibrateOne(calibration, bits)
  const decide = (value: number) => decisionOf(value, thresholds)
  const counterfactual = smallestChange(reasons, bits, (left) => calibrateOne(calibration, left), decide)
  return { probability, bits, reasons, counterfactual }
}

/**
 * The probability without what shared addresses add. Where nothing else ties two accounts, this one decides: an address alone
 * never freezes or denies, whoever else is on it.
 */
export function probabilityWithoutAddresses(explained: ExplainedRow): number {
  const bits = reasonsOf(explained).reduce((sum, { code, bits: own }) => sum + (addressCodes.has(code) && own > 0 ? 0 : own), 0)
  return calibrateOne(explained.scorecard.calibration, bits)
}

const addressCodes: ReadonlySet<string> = new Set(['ip_shared_with_link', 'ip_shared_alone', 'ip_overlap', 'ip_used_in_turn'])

export function decisionOf(probability: number, thresholds: Thresholds): Decision {
  if (probability >= thresholds.deny) return 'deny'
  return probability >= thresholds.hold ? 'hold' : 'allow'
}

/**
 * The smallest set of reasons without which the decision would be a milder one. Taking the largest first gives the fewest:
 * the score is a sum and the calibration rises.
 */
function smallestChange(
  reasons: readonly Reason[],
  bits: number,
  probabilityOf: (bits: number) => number,
  decide: (probability: number) => Decision,
): Counterfactual | null {
  const decision = decide(probabilityOf(bits))
  if (decision === 'allow') return null
  const without: string[] = []
  let left = bits
  for (const reason of reasons.filter(({ code, bits: own }) => own > 0 && code !== 'base_rate').sort((a, b) => b.bits - a.bits)) {
    without.push(reason.code)
    left -= reason.bits
    const probability = probabilityOf(left)
    if (decide(probability) !== decision) return { without, probability }
  }
  return null
}
