// Trains a model from labelled folders: strengths of identifiers first, then, on features that weigh identifiers only by
// strengths fitted elsewhere, the referral and the account scorecard, each calibrated on scores that no row helped to fit.
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { extractFeatures, identifierStrengths, preparePopulation } from '../features/extract.ts'
import type { ExtractedFeatures, PreparedPopulation } from '../features/extract.ts'
import { hashToUnit } from './boosting.ts'
import { crossFitFromPrior, type FitSettings } from './cross-fit.ts'
import { groupsOf, planFolds, type FoldPlan, type Groups } from './folds.ts'
import type { CalibratedScorecard, Model, TrainingSource } from './model.ts'
import { modelCard } from './model-card.ts'
import type { FeatureMatrix, Monotone, Scorecard } from './scorecard.ts'
import {
  accountPlaces, identifierPlaces, referralPlaces, stackRows, type RowPlace, type Rows,
} from './training-rows.ts'
import type { TrainingSet } from './training-set.ts'
import { figuresOf } from './training-figures.ts'
import type { TrainReport } from './train-report.ts'
import { versionOf } from './version.ts'

export interface TrainOptions {
  readonly random: RandomGenerator
  /** Default `local`. */
  readonly origin?: Model['origin']
  /** Each of its cards is where fitting starts, where that scores unseen rows better, and stands where there are no labels. */
  readonly prior?: Model
  /** Default 5. With at least as many sets, a fold is made of whole sets. */
  readonly folds?: number
  readonly fit?: FitSettings
  /** Above this many rows, negatives are thinned; default 40,000. */
  readonly rowsMax?: number
  readonly onStage?: (stage: string, done: number, total: number) => void
}

export interface Trained {
  readonly model: Model
  readonly report: TrainReport
}

/** Where the labels of a kind are missing, or all alike, the prior stands as it is; without one the card claims nothing. */
export function trainModel(sets: readonly TrainingSet[], options: TrainOptions): Trained {
  const prepared = sets.map((set, index) => {
    options.onStage?.('prepare', index, sets.length)
    return preparePopulation(set.population)
  })
  const groups = sets.map(groupsOf)
  const salt = uniformInt(options.random, 0, 2 ** 30)
  const plan = planFolds(sets, groups, { folds: options.folds ?? 5, salt, hash: hashToUnit })
  const context: TrainContext = { sets, prepared, groups, plan, options }
  options.onStage?.('strengths', 0, 1)
  const strength = fitStrength(context)
  const features = extractOutOfFold(context, strength)
  options.onStage?.('scorecards', 0, 2)
  const referral = fitSubject(context, features, 'referral')
  options.onStage?.('scorecards', 1, 2)
  const account = fitSubject(context, features, 'account')
  const report = reportOf(context, referral, account)
  return { model: assemble(context, { strength, referral, account }, report), report }
}

interface TrainContext {
  readonly sets: readonly TrainingSet[]
  readonly prepared: readonly PreparedPopulation[]
  readonly groups: readonly Groups[]
  readonly plan: FoldPlan
  readonly options: TrainOptions
}

/** A scorecard fitted on labels, or the prior's where there are none. */
interface Fitted extends CalibratedScorecard {
  readonly foldCards: readonly CalibratedScorecard[]
  readonly rows: Rows
  readonly outOfFold: Float64Array
  readonly usesPrior: boolean
}

function fitStrength({ sets, prepared, groups, plan, options }: TrainContext): Fitted {
  const rows = stackRows(sets.map((set, index) => ({
    matrix: prepared[index]!.identifiers.matrix,
    places: identifierPlaces(set, prepared[index]!, groups[index]!, plan.account[index]!),
  })))
  return fitRows(rows, prepared[0]?.identifierMonotone ?? [], options.prior?.strength, plan.count, options)
}

/** Fits on labelled rows; with rows of one class only, or none, the prior stands as it is. */
function fitRows(
  rows: Rows,
  monotone: readonly Monotone[],
  prior: CalibratedScorecard | undefined,
  folds: number,
  options: TrainOptions,
): Fitted {
  const positives = rows.labels.reduce((sum, label) => sum + label, 0)
  if (positives === 0 || positives === rows.matrix.rows) {
    const standing = prior ?? nothingKnown
    return {
      ...standing, foldCards: Array<CalibratedScorecard>(folds).fill(standing), rows,
      outOfFold: new Float64Array(0), usesPrior: prior !== undefined,
    }
  }
  const usablePrior = prior === undefined ? {} : { prior: knownSteps(prior.card, rows.matrix) }
  const fitted = crossFitFromPrior(rows, {
    monotone,
    random: options.random,
    folds,
    rowsMax: options.rowsMax ?? 40_000,
    ...usablePrior,
    ...(options.fit === undefined ? {} : { fit: options.fit }),
  })
  return { ...fitted, rows }
}

/** A card that holds every account and referral unlikely: where labels say nothing, nothing is claimed. */
const nothingKnown: CalibratedScorecard = {
  card: { base: -6, steps: [] },
  calibration: {
    method: 'platt', knotBits: [-10, 10], knotLogOdds: [-10 * Math.LN2, 10 * Math.LN2],
    slopeBelow: Math.LN2, slopeAbove: Math.LN2, positives: 0, negatives: 0,
  },
}

/** A prior of an older version may know features that are no more. */
function knownSteps(card: Scorecard, matrix: FeatureMatrix): Scorecard {
  return { base: card.base, steps: card.steps.filter((step) => matrix.names.includes(step.name)) }
}

/** Features of every set; those of each row weigh identifiers by strengths fitted without the row's fold. */
function extractOutOfFold({ prepared, plan, options }: TrainContext, strength: Fitted): ExtractedFeatures[] {
  return prepared.map((population, set) => {
    options.onStage?.('features', set, prepared.length)
    const folds = new Set([...plan.account[set]!, ...plan.referral[set]!])
    let merged: ExtractedFeatures | undefined
    for (const fold of [...folds].sort((a, b) => a - b)) {
      const strengths = identifierStrengths(population, strength.foldCards[fold]!)
      const features = extractFeatures(population, strengths)
      if (merged === undefined) merged = features
      else {
        copyFold(features.account, merged.account, plan.account[set]!, fold)
        copyFold(features.referral, merged.referral, plan.referral[set]!, fold)
      }
    }
    return merged ?? extractFeatures(population, identifierStrengths(population, strength))
  })
}

function copyFold(from: FeatureMatrix, to: FeatureMatrix, folds: Int32Array, fold: number): void {
  to.columns.forEach((column, feature) => {
    const source = from.columns[feature]!
    for (let row = 0; row < column.length; row++) if (folds[row] === fold) column[row] = source[row]!
  })
}

function fitSubject(context: TrainContext, features: readonly ExtractedFeatures[], subject: 'account' | 'referral'): Fitted {
  const { sets, groups, plan, options } = context
  const placesOf = subject === 'account' ? accountPlaces : referralPlaces
  const rows = stackRows(sets.map((set, index) => {
    const places: RowPlace[] = placesOf(set, groups[index]!, plan[subject][index]!)
    return { matrix: features[index]![subject], places }
  }))
  const monotone = features[0]?.[`${subject}Monotone`] ?? []
  return fitRows(rows, monotone, options.prior?.[subject], plan.count, options)
}

function reportOf({ sets, plan }: TrainContext, referral: Fitted, account: Fitted): TrainReport {
  return {
    folds: plan.count,
    foldUnit: plan.unit,
    sets: sets.map((set, index) => {
      const outOfFold = {
        account: scatter(account, index, set.population.accounts.count),
        referral: scatter(referral, index, set.population.referrals.count),
      }
      return {
        name: set.name,
        account: figuresOf(outOfFold.account, set.accountLabels?.isAbuser),
        referral: figuresOf(outOfFold.referral, set.referralLabels?.isSelfInvite),
        outOfFold,
      }
    }),
  }
}

function scatter(fitted: Fitted, set: number, count: number): Float64Array {
  const values = new Float64Array(count).fill(Number.NaN)
  fitted.outOfFold.forEach((value, row) => {
    if (fitted.rows.set[row] === set) values[fitted.rows.index[row]!] = value
  })
  return values
}

function assemble(
  { sets, options }: TrainContext,
  fitted: { readonly strength: Fitted; readonly referral: Fitted; readonly account: Fitted },
  report: TrainReport,
): Model {
  const training = sets.map((set): TrainingSource => ({
    name: set.name,
    digest: set.digest,
    accounts: set.population.accounts.count,
    labelledAccounts: countLabels(set.accountLabels?.isAbuser),
    labelledReferrals: countLabels(set.referralLabels?.isSelfInvite),
  }))
  const usesPrior = fitted.strength.usesPrior || fitted.referral.usesPrior || fitted.account.usesPrior
  const scored = ({ card, calibration }: Fitted): CalibratedScorecard => ({ card, calibration })
  const cards = {
    format: 1 as const,
    origin: options.origin ?? ('local' as const),
    strength: scored(fitted.strength),
    referral: scored(fitted.referral),
    account: scored(fitted.account),
    training: [...(usesPrior ? (options.prior?.training ?? []) : []), ...training],
  }
  const version = versionOf(cards)
  const card = modelCard({ ...cards, version }, report, {
    strength: fitted.strength.rows, referral: fitted.referral.rows, account: fitted.account.rows,
  })
  return { ...cards, version, card }
}

function countLabels(labels: Int8Array | undefined): number {
  return labels?.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) ?? 0
}
