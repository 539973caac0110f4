// A scorecard with scores that no row helped to fit: each fold is scored by a card fitted on the others, calibration is
// fitted on those scores, and the card that is kept is fitted on all rows.
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { fitScorecard, hashToUnit, type FitOptions } from './boosting.ts'
import { calibrate, fitCalibration } from './calibration.ts'
import type { CalibratedScorecard } from './model.ts'
import { scorecardBits, type FeatureMatrix, type Monotone, type Scorecard } from './scorecard.ts'
import { selectRows, type Rows } from './training-rows.ts'

export type FitSettings = Omit<FitOptions, 'groups' | 'weights' | 'monotone' | 'random' | 'prior'>

export interface CrossFitOptions {
  readonly monotone: readonly Monotone[]
  readonly random: RandomGenerator
  readonly folds: number
  readonly prior?: Scorecard
  readonly fit?: FitSettings
  /** Above this many rows, negatives are thinned and the rest of them weigh more. */
  readonly rowsMax: number
}

export interface CrossFit extends CalibratedScorecard {
  /** Card of each fold, fitted without it. */
  readonly foldCards: readonly CalibratedScorecard[]
  /** Probability of each row by the card and the calibration of the other folds. */
  readonly outOfFold: Float64Array
  /** Mean log loss of those probabilities, in nats. */
  readonly outOfFoldLoss: number
}

/**
 * Starts from the prior only where that is better: fits with and without it, and keeps what scores unseen rows better. A
 * prior from another kind of platform helps where labels are few and is in the way where they are many.
 */
export function crossFitFromPrior(rows: Rows, options: CrossFitOptions): CrossFit & { readonly usesPrior: boolean } {
  const { prior: _, ...withoutPrior } = options
  const fresh = crossFit(rows, withoutPrior)
  if (options.prior === undefined) return { ...fresh, usesPrior: false }
  const built = crossFit(rows, options)
  return built.outOfFoldLoss < fresh.outOfFoldLoss ? { ...built, usesPrior: true } : { ...fresh, usesPrior: false }
}

export function crossFit(rows: Rows, options: CrossFitOptions): CrossFit {
  const fitted = thinNegatives(rows, options.rowsMax)
  const cards = Array.from({ length: options.folds }, (_, fold) => {
    return fit(selectRows(fitted, (row) => fitted.fold[row] !== fold), options)
  })
  const bits = new Float64Array(rows.matrix.rows)
  forEachFold(rows, options.folds, (fold, members) => {
    const scores = scorecardBits(cards[fold]!, columnsAt(rows.matrix, members))
    members.forEach((row, i) => (bits[row] = scores[i]!))
  })
  const foldCards = cards.map((card, fold): CalibratedScorecard => ({
    card,
    calibration: calibrationOf(rows, bits, (row) => rows.fold[row] !== fold),
  }))
  const outOfFold = new Float64Array(rows.matrix.rows)
  forEachFold(rows, options.folds, (fold, members) => {
    const scores = Float64Array.from(members, (row) => bits[row]!)
    calibrate(foldCards[fold]!.calibration, scores).forEach((value, i) => (outOfFold[members[i]!] = value))
  })
  return {
    card: fit(fitted, options),
    calibration: calibrationOf(rows, bits, () => true),
    foldCards,
    outOfFold,
    outOfFoldLoss: meanLogLoss(outOfFold, rows),
  }
}

function fit(rows: Rows, options: CrossFitOptions): Scorecard {
  return fitScorecard(rows.matrix, rows.labels, {
    ...options.fit,
    groups: rows.groups,
    weights: rows.weights,
    monotone: options.monotone,
    random: options.random,
    ...(options.prior === undefined ? {} : { prior: options.prior }),
  })
}

function calibrationOf(rows: Rows, bits: Float64Array, keeps: (row: number) => boolean): CalibratedScorecard['calibration'] {
  const kept = Int32Array.from({ length: rows.matrix.rows }, (_, row) => row).filter(keeps)
  return fitCalibration(
    Float64Array.from(kept, (row) => bits[row]!),
    Uint8Array.from(kept, (row) => rows.labels[row]!),
    Float64Array.from(kept, (row) => rows.weights[row]!),
  )
}

/** Summed as whole small units, so that the choice it decides does not hang on the order of rows. */
function meanLogLoss(probabilities: Float64Array, rows: Rows): number {
  let units = 0
  probabilities.forEach((probability, row) => {
    const claimed = rows.labels[row] === 1 ? probability : 1 - probability
    units += Math.round(-Math.log(Math.max(claimed, 1e-12)) * 2 ** 20)
  })
  return units / 2 ** 20 / Math.max(1, rows.matrix.rows)
}

/** Keeps every positive and a share of the negatives, by a hash of where they come from. */
function thinNegatives(rows: Rows, rowsMax: number): Rows {
  const negatives = rows.labels.reduce((count, label) => count + 1 - label, 0)
  const positives = rows.matrix.rows - negatives
  const share = Math.max(0.05, (rowsMax - positives) / Math.max(1, negatives))
  if (share >= 1) return rows
  const kept = selectRows(rows, (row) => rows.labels[row] === 1 || hashToUnit(rows.index[row]!, rows.set[row]! + 1) < share)
  return { ...kept, weights: kept.weights.map((weight, row) => (kept.labels[row] === 1 ? weight : weight / share)) }
}

function forEachFold(rows: Rows, folds: number, visit: (fold: number, members: Int32Array) => void): void {
  const all = Int32Array.from({ length: rows.matrix.rows }, (_, row) => row)
  for (let fold = 0; fold < folds; fold++) visit(fold, all.filter((row) => rows.fold[row] === fold))
}

function columnsAt(matrix: FeatureMatrix, rows: Int32Array): FeatureMatrix {
  const columns = matrix.columns.map((column) => Float32Array.from(rows, (row) => column[row]!))
  return { names: matrix.names, columns, rows: rows.length }
}
