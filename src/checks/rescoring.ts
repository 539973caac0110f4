// What is new since the scan, on top of what the scan found. A fitted scorecard weighs a hundred features, most of which one hop
// cannot tell (times, spending, how devices are used), and a few of its steps alone would say almost nothing. New evidence is
// therefore counted by the scorecard that fitting starts from, which takes bits at their word, and is added to the scan's log-odds.
// Promises: without new evidence the probability is the scan's, to the bit; new evidence never lowers it.

import { calibrateOne } from '../../scoring/model/calibration.ts'
import type { Model } from '../../scoring/model/model.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import { bindScorecard, stepIndex } from '../../scoring/model/scorecard.ts'
import { kindTraits } from '../../scoring/linking/kinds.ts'
import { mayDecide, selfReferralBits } from '../../scoring/reasons.ts'
import { reasonOfFeature } from '../../scoring/reasons/codes.ts'
import { mayLink, type PairEvidence, pairFeatures } from './pair-features.ts'

export interface Rescored {
  readonly bits: number
  readonly probability: number
  /** What a decision may rest on, at most `probability`: addresses alone and inbound volume do not count. */
  readonly decidingProbability: number
  /** What changed the score, in bits per reason code. */
  readonly changes: ReadonlyMap<string, number>
}

export type StoredScore = Pick<Rescored, 'bits' | 'probability' | 'decidingProbability'>

export interface Rescoring {
  readonly modelVersion: string
  /** `general`, or `local(n)`. */
  readonly calibration: string
  /** A referral that the scan scored, with the evidence as the scan saw it and as it is now. */
  rescore(stored: StoredScore, before: PairEvidence, now: PairEvidence): Rescored
  /** A referral that no scan has scored: what cannot be told from one hop counts as missing. */
  score(now: PairEvidence): Rescored
  /** Somebody who invites themselves. */
  readonly selfReferral: Rescored
  /** Strength of an identifier that the scan has not scored: from its kind and its number of accounts alone. */
  strengthOf(kind: string, accounts: number): number
}

const STRENGTHS_MAX = 10_000

/** `model` made the scan's verdicts; it names the calibration. */
export function createRescoring(model: Model): Rescoring {
  const { card, calibration } = priorModel.referral
  const names = card.steps.map(({ name }) => name)
  const steps = bindScorecard(card, names).steps
  const strengthOf = createStrengths()
  const decisions = model.referral.calibration.positives + model.referral.calibration.negatives

  function bitsByCode(evidence: PairEvidence): Map<string, number> {
    const values = pairFeatures(evidence)
    const bits = new Map<string, number>()
    for (const [place, step] of steps.entries()) {
      const name = names[place] ?? ''
      const { code } = reasonOfFeature(name)
      const added = step.values[stepIndex(step.edges, Math.fround(values.get(name) ?? Number.NaN))] ?? 0
      if (added !== 0) bits.set(code, (bits.get(code) ?? 0) + added)
    }
    return bits
  }

  return {
    modelVersion: model.version,
    calibration: model.origin === 'local' ? `local(${decisions})` : 'general',
    rescore(stored, before, now) {
      const changes = bitsByCode(now)
      for (const [code, bits] of bitsByCode(before)) changes.set(code, (changes.get(code) ?? 0) - bits)
      for (const [code, bits] of changes) if (bits === 0) changes.delete(code)
      const added = sumOf(changes)
      if (added <= 0) return unchanged(stored)
      return {
        bits: stored.bits + added, probability: withBits(stored.probability, added),
        decidingProbability: withBits(stored.decidingProbability, Math.max(0, decidingSum(changes, now))), changes,
      }
    },
    score(now) {
      const changes = bitsByCode(now)
      const bits = card.base + sumOf(changes)
      return {
        bits, probability: calibrateOne(calibration, bits),
        decidingProbability: calibrateOne(calibration, card.base + decidingSum(changes, now)), changes,
      }
    },
    selfReferral: { ...certain(calibrateOne(calibration, selfReferralBits)), bits: selfReferralBits, changes: new Map([['same_account', selfReferralBits]]) },
    strengthOf,
  }
}

/** A score as the scan gave it. */
export function unchanged({ bits, probability, decidingProbability }: StoredScore): Rescored {
  return { bits, probability, decidingProbability, changes: new Map() }
}

function certain(probability: number): Pick<Rescored, 'probability' | 'decidingProbability'> {
  return { probability, decidingProbability: probability }
}

/** The part of the changes that a decision may rest on, by the detector's own rule. */
function decidingSum(changes: ReadonlyMap<string, number>, now: PairEvidence): number {
  const isLinked = now.siblingBitsBest > 0 || now.shared.some(({ kind, flags }) => mayLink(kind, flags))
  return sumOf(new Map([...changes].filter(([code, bits]) => mayDecide(code, bits, isLinked))))
}

/** A probability with that many bits of evidence more. */
function withBits(probability: number, bits: number): number {
  const odds = (probability / (1 - probability)) * 2 ** bits
  return Math.max(probability, odds === Infinity ? 1 : odds / (1 + odds))
}

function createStrengths(): (kind: string, accounts: number) => number {
  const { card, calibration } = priorModel.strength
  const names = card.steps.map(({ name }) => name)
  const bound = bindScorecard(card, names)
  const known = new Map<string, number>()
  return (kind, accounts) => {
    const key = `${kind} ${accounts}`
    const strength = known.get(key) ?? calibrateOne(calibration, bound.bitsOf(
      names.map((name) => (name === 'kind_prior_bits' ? kindTraits(kind).priorBits : name === 'accounts_log2' ? Math.log2(accounts) : Number.NaN))))
    if (known.size >= STRENGTHS_MAX) known.clear()
    known.set(key, strength)
    return strength
  }
}

function sumOf(changes: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const change of changes.values()) sum += change
  return sum
}
