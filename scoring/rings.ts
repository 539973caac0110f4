// Rings: accounts that ties hold together, each member with the evidence that made it one, ordered by what they can cost.
import type { Reason, Ring, RingMember } from './detection.ts'
import type { PreparedPopulation } from './features/extract.ts'
import { fixed } from './linking/exact.ts'
import { memberPaths } from './linking/membership.ts'
import { countingSort } from './linking/postings.ts'
import { splitOversized } from './linking/communities.ts'
import { findTies } from './linking/ties.ts'
import type { Ties } from './linking/ties.ts'
import { UnionFind } from './linking/union-find.ts'

export interface RingInput {
  readonly prepared: PreparedPopulation
  readonly strength: Float64Array
  readonly accountScore: Float64Array
  readonly referralProbability: Float64Array
  /** The part of it that a decision may rest on: what ties members. */
  readonly tieProbability: Float64Array
  readonly threshold: number
  /** Reasons of one referral and of one account, strongest first. */
  readonly referralReasons: (referral: number) => readonly Reason[]
  readonly accountReasons: (account: number) => readonly Reason[]
}

export interface FoundRings {
  readonly rings: readonly Ring[]
  readonly ringOfAccount: Int32Array
  readonly ringOfReferral: Int32Array
}

export function findRings(input: RingInput): FoundRings {
  const { prepared } = input
  const { accounts, referrals } = prepared.population
  const ties = findTies({ ...input, referralProbability: input.tieProbability })
  const label = splitOversized(componentLabels(accounts.count, ties), ties, prepared)
  const members = countingSort(Int32Array.from({ length: accounts.count }, (_, account) => account), label, accounts.count)
  const tiesByLabel = groupTies(ties, label)
  const inside = groupReferrals(prepared, label)

  const rings: Ring[] = []
  for (let root = 0; root < accounts.count; root++) {
    const group = members.order.subarray(members.start[root], members.start[root + 1])
    if (group.length >= 2) rings.push(describeRing(input, group, ties, tiesByLabel.get(root) ?? [], inside.get(root) ?? []))
  }
  rings.sort((a, b) => b.expectedLoss - a.expectedLoss || b.probability - a.probability || b.members.length - a.members.length)

  const ringOfAccount = new Int32Array(accounts.count).fill(-1)
  const ringOfReferral = new Int32Array(referrals.count).fill(-1)
  rings.forEach((ring, index) => {
    for (const member of ring.members) ringOfAccount[member.account] = index
    for (const referral of ring.referrals) ringOfReferral[referral] = index
  })
  return { rings, ringOfAccount, ringOfReferral }
}

function componentLabels(accounts: number, ties: Ties): Int32Array {
  const sets = new UnionFind(accounts)
  for (let tie = 0; tie < ties.count; tie++) {
    for (let index = ties.start[tie]! + 1; index < ties.start[tie + 1]!; index++) {
      sets.union(ties.members[ties.start[tie]!]!, ties.members[index]!)
    }
  }
  return sets.labels()
}

/** Ties by the labels that two of their members share, strongest first. */
function groupTies(ties: Ties, label: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (let tie = 0; tie < ties.count; tie++) {
    const seen = new Map<number, number>()
    for (let index = ties.start[tie]!; index < ties.start[tie + 1]!; index++) {
      const own = label[ties.members[index]!]!
      seen.set(own, (seen.get(own) ?? 0) + 1)
    }
    for (const [own, count] of seen) {
      if (count < 2) continue
      const group = groups.get(own)
      if (group === undefined) groups.set(own, [tie])
      else group.push(tie)
    }
  }
  for (const group of groups.values()) group.sort((a, b) => ties.probability[b]! - ties.probability[a]! || a - b)
  return groups
}

function groupReferrals({ population }: PreparedPopulation, label: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  const { inviter, invitee, count } = population.referrals
  for (let row = 0; row < count; row++) {
    const own = label[inviter[row]!]!
    if (own !== label[invitee[row]!]) continue
    const group = groups.get(own)
    if (group === undefined) groups.set(own, [row])
    else group.push(row)
  }
  return groups
}

function describeRing(
  input: RingInput, group: Int32Array, ties: Ties, ordered: readonly number[], referrals: readonly number[],
): Ring {
  const { accountScore, referralProbability, prepared } = input
  const paths = memberPaths(group, ties, ordered, (account) => accountScore[account]!)
  const tied = paths.slice(1)
  const score = memberScores(input, group, referrals)
  const members = paths.map((path): RingMember => ({
    account: path.account, score: score.get(path.account)!, tiedTo: path.tiedTo, identifier: path.identifier,
    bits: path.tiedTo === path.account ? 0 : logOddsBits(path.probability),
  }))
  let expectedLoss = 0
  for (const row of referrals) expectedLoss += fixed(referralProbability[row]! * prepared.population.referrals.atStake[row]!)
  const probability = tied.reduce((sum, path) => sum + fixed(path.probability), 0) / tied.length
  return { members, referrals, probability, expectedLoss, reasons: ringReasons(input, group, referrals) }
}

/**
 * A member's score: the account's own, or the best of its referrals inside the ring where that is higher. Whoever invites
 * themselves with probability p has, with probability p at least, more than one account.
 */
function memberScores(input: RingInput, group: Int32Array, referrals: readonly number[]): ReadonlyMap<number, number> {
  const { inviter, invitee } = input.prepared.population.referrals
  const score = new Map(Array.from(group, (account) => [account, input.accountScore[account]!]))
  for (const row of referrals) {
    for (const account of [inviter[row]!, invitee[row]!]) score.set(account, Math.max(score.get(account)!, input.tieProbability[row]!))
  }
  return score
}

function logOddsBits(probability: number): number {
  return Math.log2(probability / Math.max(1 - probability, 2 ** -24))
}

const explainedMembersMax = 50

/** Mean bits per reason over the ring's referrals, or over its accounts where it has none; the first fifty stand for all. */
function ringReasons(input: RingInput, group: Int32Array, referrals: readonly number[]): Reason[] {
  const { referralProbability, accountScore } = input
  const worst = <Row extends number>(rows: readonly Row[], score: Float64Array) =>
    [...rows].sort((a, b) => score[b]! - score[a]!).slice(0, explainedMembersMax)
  const rows = referrals.length > 0
    ? worst(referrals, referralProbability).map((row) => input.referralReasons(row))
    : worst([...group], accountScore).map((account) => input.accountReasons(account))
  const sums = new Map<string, { bits: number; of: number; strongest: Reason }>()
  for (const reason of rows.flat()) {
    const known = sums.get(reason.code)
    if (known === undefined) sums.set(reason.code, { bits: reason.bits, of: 1, strongest: reason })
    else {
      known.bits += reason.bits
      known.of++
      if (reason.bits > known.strongest.bits) known.strongest = reason
    }
  }
  return [...sums].map(([code, { bits, of, strongest }]): Reason => ({
    code, bits: bits / rows.length, facts: { ...strongest.facts, seen_on: of, rows: rows.length },
  })).sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.code < b.code ? -1 : 1))
}
