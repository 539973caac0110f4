// From a population to the three feature matrices: identifiers, accounts, referrals. Detection and training use this alone.
// Strengths come in between, because features of accounts and referrals weigh identifiers by them: detection applies the
// model's strength card to all, training hands in cross-fitted ones.
import { identifierFeatures, strengthFeatures } from '../linking/coherence.ts'
import type { IdentifierFeatures } from '../linking/coherence.ts'
import { buildPostings } from '../linking/postings.ts'
import type { Postings } from '../linking/postings.ts'
import { calibrateOne } from '../model/calibration.ts'
import type { CalibratedScorecard } from '../model/model.ts'
import { scorecardBits } from '../model/scorecard.ts'
import type { FeatureMatrix, Monotone } from '../model/scorecard.ts'
import type { Population } from '../population.ts'
import { accountColumns, linkingIdentifiers } from './account-features.ts'
import type { NamedColumn } from './account-features.ts'
import { gatherFacts } from './facts.ts'
import type { AccountFacts } from './facts.ts'
import { matrixOf, referralColumns } from './referral-features.ts'

/** What is known before any model: made once per population. */
export interface PreparedPopulation {
  readonly population: Population
  readonly postings: Postings
  readonly facts: AccountFacts
  /** Per identifier: 1 if a shared value may link accounts by itself. */
  readonly links: Uint8Array
  /** Features of the shared identifiers, for the strength scorecard: a row each. */
  readonly identifiers: IdentifierFeatures
  readonly identifierMonotone: readonly Monotone[]
}

export interface ExtractedFeatures {
  /** One row per account. */
  readonly account: FeatureMatrix
  readonly accountMonotone: readonly Monotone[]
  /** One row per referral. */
  readonly referral: FeatureMatrix
  readonly referralMonotone: readonly Monotone[]
}

export function preparePopulation(population: Population): PreparedPopulation {
  const postings = buildPostings(population)
  const facts = gatherFacts(population)
  return {
    population, postings, facts,
    links: linkingIdentifiers(population),
    identifiers: identifierFeatures(population, postings, facts),
    identifierMonotone: strengthFeatures.map((feature) => feature.monotone),
  }
}

/** Probability per identifier of the population that it belongs to one operator; 0 where fewer than two accounts share it. */
export function identifierStrengths(prepared: PreparedPopulation, strength: CalibratedScorecard): Float64Array {
  const bits = scorecardBits(strength.card, prepared.identifiers.matrix)
  const strengths = new Float64Array(prepared.postings.identifiers)
  bits.forEach((value, row) => {
    strengths[prepared.identifiers.identifier[row]!] = calibrateOne(strength.calibration, value)
  })
  return strengths
}

/** Features of accounts and referrals, given the strength of every identifier (as `identifierStrengths` numbers them). */
export function extractFeatures(prepared: PreparedPopulation, strength: Float64Array): ExtractedFeatures {
  const input = { ...prepared, strength }
  const account = accountColumns(input)
  const referral = referralColumns(input, account)
  const directions = (columns: readonly NamedColumn[]) => columns.map((column) => column.monotone)
  return {
    account: matrixOf(account, prepared.population.accounts.count),
    accountMonotone: directions(account),
    referral: matrixOf(referral, prepared.population.referrals.count),
    referralMonotone: directions(referral),
  }
}
