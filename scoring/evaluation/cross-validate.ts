// Cross-validation that hides everything: for each fold a model is trained as `ringfence train` would, with the labels of
// that fold removed from all of its stages, and scores the fold by `detect` as any unseen platform would be scored.
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { detect } from '../detect.ts'
import { hashToUnit } from '../model/boosting.ts'
import { groupsOf } from '../model/folds.ts'
import type { Model } from '../model/model.ts'
import { trainModel, type TrainOptions } from '../model/train.ts'
import type { AccountLabels, TrainingSet } from '../model/training-set.ts'
import { clusterQuality, type ClusterQuality } from './clusters.ts'
import type { Scores } from './evaluate.ts'

export interface CrossValidateOptions {
  readonly random: RandomGenerator
  /** Default 5. */
  readonly folds?: number
  readonly prior?: Model
  readonly train?: Pick<TrainOptions, 'fit' | 'rowsMax' | 'folds'>
  readonly onFold?: (fold: number, folds: number) => void
}

export interface CrossValidation {
  readonly scores: Scores
  /** How well the rings of each fold's detection match the operators of that fold; those of other folds count as strangers. */
  readonly rings: readonly ClusterQuality[]
}

/**
 * Scores of every account and referral by a model that has not seen the labels of its operator; accounts without an
 * operator go by a hash of their index.
 */
export function crossValidate(set: TrainingSet, options: CrossValidateOptions): CrossValidation {
  const folds = options.folds ?? 5
  const salt = uniformInt(options.random, 0, 2 ** 30)
  const groups = groupsOf(set)
  const foldOf = (group: number): number => Math.floor(hashToUnit(group, salt) * folds)
  const accountFold = groups.account.map(foldOf)
  const referralFold = groups.referral.map(foldOf)
  const account = new Float64Array(accountFold.length)
  const referral = new Float64Array(referralFold.length)
  const rings: ClusterQuality[] = []
  for (let fold = 0; fold < folds; fold++) {
    options.onFold?.(fold, folds)
    const { model } = trainModel([withoutFold(set, accountFold, referralFold, fold)], {
      ...options.train,
      random: options.random,
      ...(options.prior === undefined ? {} : { prior: options.prior }),
    })
    const detection = detect(set.population, { model })
    copyFold(detection.accounts.score, account, accountFold, fold)
    copyFold(detection.referrals.probability, referral, referralFold, fold)
    if (set.accountLabels !== undefined) rings.push(ringsOfFold(detection.accounts.ring, set.accountLabels, accountFold, fold))
  }
  return { scores: { account, referral }, rings }
}

function ringsOfFold(ring: Int32Array, labels: AccountLabels, accountFold: Int32Array, fold: number): ClusterQuality {
  const isAbuser = labels.isAbuser.map((label, account) => (label === 1 && accountFold[account] !== fold ? 0 : label))
  return clusterQuality({ ring, cluster: labels.cluster, isAbuser })
}

/** The same set with the labels of one fold taken away; its facts stay, as they are there for any detector to see. */
function withoutFold(set: TrainingSet, accountFold: Int32Array, referralFold: Int32Array, fold: number): TrainingSet {
  const hide = <T extends Int8Array | Int32Array>(values: T, folds: Int32Array): T => {
    const hidden = values.slice() as T
    folds.forEach((other, row) => {
      if (other === fold) hidden[row] = -1
    })
    return hidden
  }
  const { accountLabels, referralLabels } = set
  return {
    name: set.name,
    digest: set.digest,
    population: set.population,
    ...(accountLabels === undefined ? {} : {
      accountLabels: { isAbuser: hide(accountLabels.isAbuser, accountFold), cluster: hide(accountLabels.cluster, accountFold) },
    }),
    ...(referralLabels === undefined ? {} : {
      referralLabels: { isSelfInvite: hide(referralLabels.isSelfInvite, referralFold), stratum: referralLabels.stratum },
    }),
  }
}

function copyFold(from: Float64Array, to: Float64Array, folds: Int32Array, fold: number): void {
  for (let row = 0; row < to.length; row++) if (folds[row] === fold) to[row] = from[row]!
}
