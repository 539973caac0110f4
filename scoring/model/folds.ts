// Who is held out together: accounts and referrals of one operator are one group, and groups fall into folds by a hash.
// With several folders a whole folder is one fold, so that every figure is about a place that the fit has not seen.
import { UnionFind } from '../linking/union-find.ts'
import type { Population } from '../population.ts'
import type { TrainingSet } from './training-set.ts'

export interface Groups {
  /** Per account: accounts of one operator share a number; every other account has its own. */
  readonly account: Int32Array
  /** Per referral: that of its operator, or of its inviter. */
  readonly referral: Int32Array
}

export interface FoldPlan {
  readonly count: number
  /** Per set, per account and per referral: the fold in which it is held out. */
  readonly account: readonly Int32Array[]
  readonly referral: readonly Int32Array[]
  /** Whether folds are whole sets, or groups within each. */
  readonly unit: 'set' | 'group'
}

/** Operators by account labels and by self-invitations: both tie accounts that must not be parted. */
export function groupsOf(set: TrainingSet): Groups {
  const { population, accountLabels, referralLabels } = set
  const { inviter, invitee, count } = population.referrals
  const operators = new UnionFind(population.accounts.count)
  const firstOf = new Map<number, number>()
  accountLabels?.cluster.forEach((cluster, account) => {
    if (cluster < 0) return
    const first = firstOf.get(cluster)
    if (first === undefined) firstOf.set(cluster, account)
    else operators.union(first, account)
  })
  for (let referral = 0; referral < count; referral++) {
    if (referralLabels?.isSelfInvite[referral] === 1) operators.union(inviter[referral]!, invitee[referral]!)
  }
  const account = operators.labels()
  const size = groupSizes(account)
  const referral = Int32Array.from({ length: count }, (_, row) => {
    const ofInvitee = account[invitee[row]!]!
    return size[ofInvitee]! > 1 ? ofInvitee : account[inviter[row]!]!
  })
  return { account, referral }
}

/**
 * Folds for cross-fitting. `salt` is a whole number that seeds the choice; `hash(value, salt)` gives a number in [0, 1).
 */
export function planFolds(
  sets: readonly TrainingSet[],
  groups: readonly Groups[],
  options: { readonly folds: number; readonly salt: number; readonly hash: (value: number, salt: number) => number },
): FoldPlan {
  if (sets.length >= options.folds) return foldsBySet(sets.map((set) => set.population), options.folds)
  const foldOf = (group: number, set: number): number =>
    Math.floor(options.hash(group, options.salt + set) * options.folds)
  return {
    count: options.folds,
    account: groups.map(({ account }, set) => account.map((group) => foldOf(group, set))),
    referral: groups.map(({ referral }, set) => referral.map((group) => foldOf(group, set))),
    unit: 'group',
  }
}

function foldsBySet(populations: readonly Population[], folds: number): FoldPlan {
  return {
    count: folds,
    account: populations.map((population, set) => new Int32Array(population.accounts.count).fill(set % folds)),
    referral: populations.map((population, set) => new Int32Array(population.referrals.count).fill(set % folds)),
    unit: 'set',
  }
}

function groupSizes(groups: Int32Array): Int32Array {
  const sizes = new Int32Array(groups.length)
  for (const group of groups) sizes[group]!++
  return sizes
}
