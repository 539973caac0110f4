// From a score to its reasons: the contributions of one row in bits, joined by what they speak of, with the facts for a
// sentence; and the counterfactual. Exact, because the model is additive: the bits of the reasons sum to the score.
import { calibrateOne } from './model/calibration.ts'
import type { CalibratedScorecard } from './model/model.ts'
import { bindScorecard, stepIndex } from './model/scorecard.ts'
import type { FeatureMatrix } from './model/scorecard.ts'
import type { Counterfactual, Decision, Explanation, Reason, Thresholds } from './detection.ts'
import { reasonOfFeature } from './reasons/codes.ts'

/** What inviting oneself adds: the same account on both sides needs no other evidence. */
export const selfReferralBits = 24

/** Something that is certain without a card, with a reason code of its own. */
export interface Certainty {
  readonly code: string
  readonly bits: number
}

/** A scorecard bound to its features and their reason codes once, to explain many rows. */
export interface Reasoning {
  readonly scorecard: CalibratedScorecard
  /** The reasons of one row, strongest first, for and against; `base_rate` is what is known of every row. */
  reasonsOf(row: number, certain?: Certainty): Reason[]
  /** The code that speaks loudest for one operator, the first by name among equals; empty if none speaks for it. */
  topReason(row: number, certain?: Certainty): string
}

export function createReasoning(scorecard: CalibratedScorecard, matrix: FeatureMatrix): Reasoning {
  const { base, steps } = bindScorecard(scorecard.card, matrix.names)
  const features = steps.map((step) => reasonOfFeature(matrix.names[step.column]!))
  const codes = [...new Set(features.map((feature) => feature.code))].sort()
  const codeOf = Int32Array.from(features, (feature) => codes.indexOf(feature.code))
  const sums = new Float64Array(codes.length)
  const addUp = (row: number) => {
    sums.fill(0)
    steps.forEach((step, index) => {
      sums[codeOf[index]!]! += step.values[stepIndex(step.edges, matrix.columns[step.column]![row]!)]!
    })
  }
  const factsOf = (row: number, code: number) => {
    const facts: Record<string, number> = {}
    steps.forEach((step, index) => {
      const raw = matrix.columns[step.column]![row]!
      if (codeOf[index] === code && !Number.isNaN(raw)) facts[features[index]!.fact] = features[index]!.value(raw)
    })
    return facts
  }
  return {
    scorecard,
    reasonsOf(row, certain) {
      addUp(row)
      const reasons: Reason[] = [{ code: 'base_rate', bits: base, facts: {} }]
      if (certain !== undefined) reasons.push({ ...certain, facts: {} })
      codes.forEach((code, index) => {
        if (sums[index] !== 0) reasons.push({ code, bits: sums[index]!, facts: factsOf(row, index) })
      })
      return reasons.sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.code < b.code ? -1 : 1))
    },
    topReason(row, certain) {
      addUp(row)
      let top = certain ?? { code: '', bits: 0 }
      codes.forEach((code, index) => {
        if (sums[index]! > top.bits) top = { code, bits: sums[index]! }
      })
      return top.code
    },
  }
}

export function explain(reasoning: Reasoning, row: number, thresholds: Thresholds, certain?: Certainty): Explanation {
  const reasons = reasoning.reasonsOf(row, certain)
  const bits = reasons.reduce((sum, reason) => sum + reason.bits, 0)
  const { calibration } = reasoning.scorecard
  const probability = calibrateOne(calibration, bits)
  const decide = (value: number) => decisionOf(value, thresholds)
  const counterfactual = smallestChange(reasons, bits, (left) => calibrateOne(calibration, left), decide)
  return { probability, bits, reasons, counterfactual }
}

/**
 * The bits that a decision may rest on. What others do to an inviter (how many sign up through the link, how close
 * together, how alike) never counts against a referral here; and where nothing but addresses ties the two accounts, nor do
 * addresses: both are in the hands of whoever wants to burn an honest inviter, or of the neighbours.
 */
export function decidingBits(reasoning: Reasoning, row: number, isLinked: boolean, certain?: Certainty): number {
  return reasoning.reasonsOf(row, certain).reduce((sum, { code, bits }) => (mayDecide(code, bits, isLinked) ? sum + bits : sum), 0)
}

/** Whether bits of a reason may count in a decision; `isLinked`: something other than addresses ties the two accounts. */
export function mayDecide(code: string, bits: number, isLinked: boolean): boolean {
  return bits <= 0 || !(inboundCodes.has(code) || (!isLinked && addressCodes.has(code)))
}

const inboundCodes: ReadonlySet<string> = new Set(['inviter_invites_many', 'siblings_arrived_together', 'siblings_spend_alike'])
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
