// Measures detection on a labelled folder: by a given model, or out of fold by models fitted without the rows they score.
// It promises to say which of the two it did, and whether the model had seen the folder.
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { detect } from '../../scoring/detect.ts'
import { evaluate } from '../../scoring/evaluation/evaluate.ts'
import type { Evaluation } from '../../scoring/evaluation/evaluate.ts'
import type { Model } from '../../scoring/model/model.ts'
import { trainModel } from '../../scoring/model/train.ts'
import { isFittedOn, labelsOf } from './audit-evaluation.ts'
import type { FolderContents } from './read-folder.ts'
import type { Sample } from './report/evaluation-section.ts'
import { trainingSetOf } from './training-folder.ts'

export interface EvaluateFolderOptions {
  readonly model: Model
  /** 0: measure the model as it is; else cross-validate in so many folds, starting from the model. */
  readonly folds: number
  readonly random: RandomGenerator
  readonly onStage: (stage: string, done: number, total: number) => void
}

export interface FolderEvaluation {
  readonly evaluation: Evaluation
  readonly sample: Sample
  readonly provenance: string
}

export type EvaluateFolderResult =
  | { ok: true; result: FolderEvaluation }
  /** Cross-validation from a model that was fitted on this very folder would not be out of fold. */
  | { ok: false; reason: 'model_has_seen_folder' }

export function evaluateFolder(contents: FolderContents, options: EvaluateFolderOptions): EvaluateFolderResult {
  const hasSeen = isFittedOn(options.model, contents.summary.digest)
  if (options.folds > 0) {
    return hasSeen ? { ok: false, reason: 'model_has_seen_folder' } : { ok: true, result: crossValidated(contents, options) }
  }
  const detection = detect(contents.population, { model: options.model, onStage: options.onStage })
  const scores = {
    referral: detection.referrals.probability, account: detection.accounts.score, ring: detection.accounts.ring,
  }
  options.onStage('evaluation', 0, 1)
  const evaluation = evaluate(scores, labelsOf(contents), contents.population, { random: options.random })
  return {
    ok: true,
    result: {
      evaluation,
      sample: hasSeen ? 'in-sample' : 'out-of-sample',
      provenance: hasSeen
        ? `in-sample: model ${options.model.version} was fitted on this folder`
        : `model ${options.model.version}, not fitted on this folder`,
    },
  }
}

/** Rings are left out: they come of one model over all accounts, and no fold of them is unseen. */
function crossValidated(contents: FolderContents, options: EvaluateFolderOptions): FolderEvaluation {
  const { report } = trainModel([trainingSetOf(contents)], {
    random: options.random, folds: options.folds, prior: options.model, onStage: options.onStage,
  })
  const set = report.sets[0]
  if (set === undefined) throw new Error('training reported on no folder')
  const { accountLabels, referralLabels } = labelsOf(contents)
  const known = {
    ...(set.account === null || accountLabels === undefined ? {} : {
      accountLabels: { ...accountLabels, isAbuser: whereScored(accountLabels.isAbuser, set.outOfFold.account) },
    }),
    ...(set.referral === null || referralLabels === undefined ? {} : {
      referralLabels: { ...referralLabels, isSelfInvite: whereScored(referralLabels.isSelfInvite, set.outOfFold.referral) },
    }),
  }
  const ring = new Int32Array(contents.population.accounts.count).fill(-1)
  options.onStage('evaluation', 0, 1)
  const { account, referral } = set.outOfFold
  const evaluation = evaluate({ account: numbered(account), referral: numbered(referral), ring }, known, contents.population, { random: options.random })
  return {
    evaluation: { ...evaluation, rings: null },
    sample: 'out-of-fold',
    provenance: `out of fold: ${report.folds} folds by ${report.foldUnit}, starting from model ${options.model.version}`,
  }
}

/** Rows that training set aside have no score of their own and count for nothing. */
function whereScored(labels: Int8Array, scores: Float64Array): Int8Array {
  return labels.map((label, row) => (Number.isNaN(scores[row]) ? -1 : label))
}

function numbered(scores: Float64Array): Float64Array {
  return scores.map((score) => (Number.isNaN(score) ? 0 : score))
}
