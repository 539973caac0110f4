// An export folder as a training set: its population, its labels, and the digest by which a model will know it again.
import { basename, resolve } from 'node:path'
import type { TrainingSet } from '../../scoring/model/training-set.ts'
import { labelsOf } from './audit-evaluation.ts'
import type { FolderContents } from './read-folder.ts'

export function trainingSetOf(contents: FolderContents): TrainingSet {
  return {
    name: basename(resolve(contents.folder.path)), digest: contents.summary.digest, population: contents.population,
    ...labelsOf(contents),
  }
}

export function hasLabels({ labels }: FolderContents): boolean {
  return labels.accounts !== null || labels.referrals !== null
}
