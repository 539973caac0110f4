// How well an audit's scores agree with the labels of the folder, where it has any, and whether the model had seen them.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Model } from '../../scoring/detect.ts'
import { evaluate } from '../../scoring/evaluation/evaluate.ts'
import type { Evaluation, Labels } from '../../scoring/evaluation/evaluate.ts'
import type { Audited } from './audit-tables.ts'
import type { FolderContents } from './read-folder.ts'

export interface AuditEvaluation {
  /** The model was fitted on this very folder: the figures flatter it. */
  readonly isInSample: boolean
  readonly evaluation: Evaluation
}

/** Of this many draws are the intervals; the seed is fixed, so that the same input gives the same figures. */
const drawsDefault = 100
const seed = 20_260_101

export function evaluateAudit({ contents, detection }: Audited, model: Model): AuditEvaluation | null {
  const { accounts, referrals } = contents.labels
  if (accounts === null && referrals === null) return null
  const scores = {
    referral: detection.referrals.probability, account: detection.accounts.score, ring: detection.accounts.ring,
  }
  const evaluation = evaluate(scores, labelsOf(contents), contents.population, {
    random: xoroshiro128plus(seed), draws: drawsDefault, withBaselines: false,
  })
  return { isInSample: isFittedOn(model, contents.summary.digest), evaluation }
}

export function labelsOf({ labels }: FolderContents): Labels {
  return {
    ...(labels.accounts === null ? {} : { accountLabels: labels.accounts }),
    ...(labels.referrals === null ? {} : { referralLabels: labels.referrals }),
  }
}

export function isFittedOn(model: Model, digest: string): boolean {
  return model.training.some((source) => source.digest === digest)
}
