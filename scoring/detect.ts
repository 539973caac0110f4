// The one entry of the detector: a population and a model in, probabilities, rings, alerts and reasons out.
// Pure and deterministic: the numbering of accounts and identifiers, the order of rows and repeated rows change no score.
import { findAlerts } from './alerts.ts'
import type { Decision, Detection, Thresholds } from './detection.ts'
import { extractFeatures, identifierStrengths, preparePopulation } from './features/extract.ts'
import { calibrate } from './model/calibration.ts'
import type { CalibratedScorecard, Model } from './model/model.ts'
import { scorecardBits } from './model/scorecard.ts'
import type { FeatureMatrix } from './model/scorecard.ts'
import type { Population } from './population.ts'
import { createReasoning, decidingBits, decisionOf, explain, selfReferralBits } from './reasons.ts'
import { findRings } from './rings.ts'

export type { Alert, Counterfactual, Decision, Detection, Explanation, Reason, Ring, RingMember, Thresholds } from './detection.ts'
export type { Model } from './model/model.ts'
export type { Population } from './population.ts'
export { PopulationBuilder } from './population-builder.ts'
export { normaliseIdentifier } from './identifiers/index.ts'

export const defaultThresholds: Thresholds = { hold: 0.5, deny: 0.9, ring: 0.5 }

export interface DetectOptions {
  readonly model: Model
  readonly thresholds?: Partial<Thresholds> | undefined
  /** Told at the start of every stage, and at the end. */
  readonly onStage?: ((stage: string, done: number, total: number) => void) | undefined
}

const sameAccount = { code: 'same_account', bits: selfReferralBits }

const stages = ['linking', 'strength', 'features', 'probabilities', 'rings'] as const

export function detect(population: Population, options: DetectOptions): Detection {
  const { model } = options
  const thresholds: Thresholds = { ...defaultThresholds, ...options.thresholds }
  const enter = (stage: (typeof stages)[number]) => options.onStage?.(stage, stages.indexOf(stage), stages.length)

  enter('linking')
  const prepared = preparePopulation(population)
  enter('strength')
  const strength = identifierStrengths(prepared, model.strength)
  enter('features')
  const features = extractFeatures(prepared, strength)
  enter('probabilities')
  const referral = scoreReferrals(population, features.referral, model.referral)
  const accountScore = calibrate(model.account.calibration, scorecardBits(model.account.card, features.account))
  const referralReasoning = createReasoning(model.referral, features.referral)
  const accountReasoning = createReasoning(model.account, features.account)
  const certainty = (row: number) => (isSelfReferral(population, row) ? sameAccount : undefined)
  const deciding = calibrate(model.referral.calibration, Float64Array.from(referral.bits, (_, row) =>
    decidingBits(referralReasoning, row, hasLink(features.referral, row), certainty(row))))
  enter('rings')
  const tieProbability = referral.probability.map((probability, row) => (probability < thresholds.ring ? probability : deciding[row]!))
  const { rings, ringOfAccount, ringOfReferral } = findRings({
    prepared, strength, accountScore, referralProbability: referral.probability, tieProbability, threshold: thresholds.ring,
    referralReasons: (row) => referralReasoning.reasonsOf(row, certainty(row)),
    accountReasons: (account) => accountReasoning.reasonsOf(account),
  })
  const decision = Array.from(deciding, (probability): Decision => decisionOf(probability, thresholds))
  const topReason = Array.from(decision, (_, row) => referralReasoning.topReason(row, certainty(row)))
  options.onStage?.('done', stages.length, stages.length)
  return {
    modelVersion: model.version,
    referrals: { ...referral, decidingProbability: deciding, ring: ringOfReferral, decision, topReason },
    accounts: { score: accountScore, ring: ringOfAccount },
    rings,
    identifiers: { strength },
    alerts: findAlerts(prepared),
    explainReferral: (row) => {
      const explanation = explain(referralReasoning, checked(row, population.referrals.count), thresholds, certainty(row))
      return decision[row] === 'allow' ? { ...explanation, counterfactual: null } : explanation
    },
    decideReferral: (row, own) => decisionOf(deciding[checked(row, population.referrals.count)]!, own),
    explainAccount: (account) => explain(accountReasoning, checked(account, population.accounts.count), thresholds),
  }
}

function scoreReferrals(population: Population, matrix: FeatureMatrix, scorecard: CalibratedScorecard) {
  const bits = scorecardBits(scorecard.card, matrix)
  for (let row = 0; row < bits.length; row++) if (isSelfReferral(population, row)) bits[row]! += selfReferralBits
  return { bits, probability: calibrate(scorecard.calibration, bits) }
}

/** Whether anything but addresses ties the two, directly or through the inviter's other invitees. */
function hasLink(matrix: FeatureMatrix, row: number): boolean {
  return linkFeatures.some((name) => matrix.columns[matrix.names.indexOf(name)]![row]! > 0)
}

const linkFeatures = ['shared_identifiers', 'sibling_bits_best', 'same_organisation', 'mutual_invitation'] as const

function isSelfReferral({ referrals }: Population, row: number): boolean {
  return referrals.inviter[row] === referrals.invitee[row]
}

function checked(row: number, count: number): number {
  if (!Number.isInteger(row) || row < 0 || row >= count) throw new RangeError(`row ${row} of ${count}`)
  return row
}
