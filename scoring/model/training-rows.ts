// The rows that scorecards are fitted on: labelled identifiers, accounts and referrals of all sets as matrices, with what
// holds them together and in which fold each is unseen.
import type { PreparedPopulation } from '../features/extract.ts'
import type { Groups } from './folds.ts'
import type { FeatureMatrix } from './scorecard.ts'
import type { TrainingSet } from './training-set.ts'

export interface Rows {
  readonly matrix: FeatureMatrix
  readonly labels: Uint8Array
  readonly weights: Float64Array
  /** Unique over all sets. */
  readonly groups: Int32Array
  readonly fold: Int32Array
  /** Index of the set that the row is from. */
  readonly set: Int32Array
  /** Index of the row within its set: identifier row, account or referral. */
  readonly index: Int32Array
}

/** One labelled row before its features are looked up. */
export interface RowPlace {
  readonly index: number
  readonly label: number
  readonly weight: number
  readonly group: number
  readonly fold: number
}

export interface RowSource {
  readonly matrix: FeatureMatrix
  readonly places: readonly RowPlace[]
}

/** Puts the labelled rows of all sets under one another. All sources must have the same features. */
export function stackRows(sources: readonly RowSource[]): Rows {
  const names = sources[0]?.matrix.names ?? []
  const count = sources.reduce((sum, source) => sum + source.places.length, 0)
  const columns = names.map(() => new Float32Array(count))
  const rows = {
    labels: new Uint8Array(count), weights: new Float64Array(count), groups: new Int32Array(count),
    fold: new Int32Array(count), set: new Int32Array(count), index: new Int32Array(count),
  }
  // Groups of different sets get different numbers: each set's begin where the last set's ended.
  let groupStart = 0
  let at = 0
  sources.forEach((source, set) => {
    let groupMax = -1
    for (const place of source.places) {
      columns.forEach((column, feature) => (column[at] = source.matrix.columns[feature]![place.index]!))
      rows.labels[at] = place.label
      rows.weights[at] = place.weight
      rows.groups[at] = groupStart + place.group
      rows.fold[at] = place.fold
      rows.set[at] = set
      rows.index[at] = place.index
      groupMax = Math.max(groupMax, place.group)
      at++
    }
    groupStart += groupMax + 1
  })
  return { matrix: { names, columns, rows: count }, ...rows }
}

/** The rows for which `keeps` answers true. */
export function selectRows(rows: Rows, keeps: (row: number) => boolean): Rows {
  const kept = Int32Array.from({ length: rows.matrix.rows }, (_, row) => row).filter(keeps)
  return {
    matrix: {
      names: rows.matrix.names,
      columns: rows.matrix.columns.map((column) => Float32Array.from(kept, (row) => column[row]!)),
      rows: kept.length,
    },
    labels: Uint8Array.from(kept, (row) => rows.labels[row]!),
    weights: Float64Array.from(kept, (row) => rows.weights[row]!),
    groups: Int32Array.from(kept, (row) => rows.groups[row]!),
    fold: Int32Array.from(kept, (row) => rows.fold[row]!),
    set: Int32Array.from(kept, (row) => rows.set[row]!),
    index: Int32Array.from(kept, (row) => rows.index[row]!),
  }
}

/**
 * What the labels say of each shared identifier: of one operator when at least half of the pairs of its labelled accounts
 * are of one operator. Identifiers with fewer than two labelled accounts say nothing.
 */
export function identifierPlaces(
  set: TrainingSet, prepared: PreparedPopulation, groups: Groups, accountFold: Int32Array,
): RowPlace[] {
  const labelled = labelledAccounts(set)
  const { identifierStart, accountOf } = prepared.postings
  const places: RowPlace[] = []
  prepared.identifiers.identifier.forEach((identifier, index) => {
    const counts = new Map<number, number>()
    let accounts = 0
    for (let posting = identifierStart[identifier]!; posting < identifierStart[identifier + 1]!; posting++) {
      const account = accountOf[posting]!
      if (labelled[account] === 0) continue
      accounts++
      counts.set(groups.account[account]!, (counts.get(groups.account[account]!) ?? 0) + 1)
    }
    if (accounts < 2) return
    const [group, size] = largest(counts)
    let same = 0
    for (const count of counts.values()) same += count * (count - 1)
    const label = same / (accounts * (accounts - 1)) >= 0.5 ? 1 : 0
    // An identifier of many strangers goes with none of them: any of its accounts decides its fold, the smallest group here.
    const owner = size > 1 ? group : Math.min(...counts.keys())
    places.push({ index, label, weight: 1, group: owner, fold: accountFold[owner]! })
  })
  return places
}

/** Accounts with a label of their own or an end of a labelled referral: 1, else 0. */
function labelledAccounts({ population, accountLabels, referralLabels }: TrainingSet): Uint8Array {
  const labelled = new Uint8Array(population.accounts.count)
  accountLabels?.isAbuser.forEach((label, account) => {
    if (label >= 0) labelled[account] = 1
  })
  if (accountLabels !== undefined) return labelled
  referralLabels?.isSelfInvite.forEach((label, referral) => {
    if (label < 0) return
    labelled[population.referrals.inviter[referral]!] = 1
    labelled[population.referrals.invitee[referral]!] = 1
  })
  return labelled
}

/** The most frequent key, the smallest of several, with its count. */
function largest(counts: ReadonlyMap<number, number>): [number, number] {
  let best: [number, number] = [-1, 0]
  for (const [key, count] of counts) {
    if (count > best[1] || (count === best[1] && key < best[0])) best = [key, count]
  }
  return best
}

/** Labelled accounts of a set. */
export function accountPlaces(set: TrainingSet, groups: Groups, fold: Int32Array): RowPlace[] {
  return placesOf(set.accountLabels?.isAbuser, groups.account, fold)
}

/** Labelled referrals of a set. */
export function referralPlaces(set: TrainingSet, groups: Groups, fold: Int32Array): RowPlace[] {
  return placesOf(set.referralLabels?.isSelfInvite, groups.referral, fold)
}

function placesOf(labels: Int8Array | undefined, groups: Int32Array, fold: Int32Array): RowPlace[] {
  const places: RowPlace[] = []
  labels?.forEach((label, index) => {
    if (label >= 0) places.push({ index, label, weight: 1, group: groups[index]!, fold: fold[index]! })
  })
  return places
}
