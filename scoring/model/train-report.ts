// What training says about itself: per folder, figures and scores that no row helped to fit.
import type { FoldPlan } from './folds.ts'
import type { SubjectFigures } from './training-figures.ts'

/** Out-of-fold figures and scores of one set; null where it has no such labels. */
export interface SetReport {
  readonly name: string
  readonly account: SubjectFigures | null
  readonly referral: SubjectFigures | null
  /** Probability per account and referral, NaN where not labelled. */
  readonly outOfFold: { readonly account: Float64Array; readonly referral: Float64Array }
}

export interface TrainReport {
  readonly folds: number
  readonly foldUnit: FoldPlan['unit']
  readonly sets: readonly SetReport[]
}
