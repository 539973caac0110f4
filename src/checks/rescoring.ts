// One scorecard: what is new since the scan moves a referral's score by the very steps that the scan's model gives it.
// Promises: without new evidence nothing changes; with new evidence the score is the scan's plus the difference of the steps of the
// features that one hop can tell, all others held as the scan measured them; the score never falls below the scan's.

import { calibrateOne } from '../../scoring/model/calibration.ts'
import type { Model } from '../../scoring/model/model.ts'
import { bindScorecard, stepIndex } from '../../scoring/model/scorecard.ts'
import { kindTraits } from '../../scoring/linking/kinds.ts'
import { selfReferralBits } from '../../scoring/reasons.ts'
import { reasonOfFeature } from '../../scoring/reasons/codes.ts'
import { type PairEvidence, pairFeatures } from './pair-features.ts'

export interface Rescored {
  readonly bits: number
  readonly probability: number
  /** What changed the score, in bits per reason code. */
  readonly changes: ReadonlyMap<string, number>
}

export interface Rescoring {
  readonly modelVersion: string
  /** `general`, or `local(n)`. */
  readonly calibration: string
  /** Whether the model was calibrated on this platform's own decisions, and on how many. */
  readonly localDecisions: number
  /** A referral that the scan scored, with the evidence as the scan saw it and as it is now. */
  rescore(stored: { readonly bits: number; readonly probability: number }, before: PairEvidence, now: PairEvidence): Rescored
  /** A referral that no scan has scored: what cannot be told from one hop counts as missing. */
  score(now: PairEvidence): Rescored
  /** Somebody who invites themselves. */
  readonly selfReferral: Rescored
  /** Strength of an identifier that the scan has not scored: from its kind and its number of accounts alone. */
  strengthOf(kind: string, accounts: number): number
}

interface Step {
  readonly name: string
  readonly edges: Float32Array
  readonly values: Float64Array
}

export function createRescoring(model: Model): Rescoring {
  const { card, calibration } = model.referral
  const names = card.steps.map(({ name }) => name)
  const steps = bindScorecard(card, names).steps.map((step, place): Step => ({ ...step, name: names[place] ?? '' }))
  const bitsOf = (step: Step, values: ReadonlyMap<string, number>): number => step.values[stepIndex(step.edges, Math.fround(values.get(step.name) ?? Number.NaN))] ?? 0
  const decisions = calibration.positives + calibration.negatives
  const strengthNames = model.strength.card.steps.map(({ name }) => name)
  const strengthCard = bindScorecard(model.strength.card, strengthNames)
  const strengths = new Map<string, number>()

  function changesBetween(before: ReadonlyMap<string, number> | null, now: ReadonlyMap<string, number>): Map<string, number> {
    const changes = new Map<string, number>()
    for (const step of steps) {
      if (!now.has(step.name)) continue
      const change = bitsOf(step, now) - (before === null ? 0 : bitsOf(step, before))
      const { code } = reasonOfFeature(step.name)
      if (change !== 0) changes.set(code, (changes.get(code) ?? 0) + change)
    }
    return changes
  }

  return {
    modelVersion: model.version,
    calibration: model.origin === 'local' ? `local(${decisions})` : 'general',
    localDecisions: model.origin === 'local' ? decisions : 0,
    rescore(stored, before, now) {
      const changes = changesBetween(pairFeatures(before), pairFeatures(now))
      const bits = stored.bits + sumOf(changes)
      if (bits <= stored.bits) return { bits: stored.bits, probability: stored.probability, changes: new Map() }
      return { bits, probability: Math.max(stored.probability, calibrateOne(calibration, bits)), changes }
    },
    score(now) {
      const values = pairFeatures(now)
      const missing = steps.filter(({ name }) => !values.has(name)).reduce((sum, step) => sum + bitsOf(step, values), 0)
      const changes = changesBetween(null, values)
      const bits = card.base + missing + sumOf(changes)
      return { bits, probability: calibrateOne(calibration, bits), changes }
    },
    selfReferral: { bits: selfReferralBits, probability: calibrateOne(calibration, selfReferralBits), changes: new Map([['same_account', selfReferralBits]]) },
    strengthOf(kind, accounts) {
      const key = `${kind} ${accounts}`
      const known = strengths.get(key)
      if (known !== undefined) return known
      const values = strengthNames.map((name) => (name === 'kind_prior_bits' ? kindTraits(kind).priorBits : name === 'accounts_log2' ? Math.log2(accounts) : Number.NaN))
      const strength = calibrateOne(model.strength.calibration, strengthCard.bitsOf(values))
      if (strengths.size >= STRENGTHS_MAX) strengths.clear()
      strengths.set(key, strength)
      return strength
    },
  }
}

const STRENGTHS_MAX = 10_000

function sumOf(changes: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const change of changes.values()) sum += change
  return sum
}
