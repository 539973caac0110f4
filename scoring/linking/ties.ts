// What ties accounts into rings: referrals that are probably self-invitations, and strong identifiers among accounts that look
// like one of several of one operator. Ties are kept as hyperedges: one identifier ties many accounts at the cost of one.
import type { PreparedPopulation } from '../features/extract.ts'
import { fixed } from './exact.ts'

/**
 * An identifier and the accounts on it confirm each other, so that each may stay below the threshold by itself: the identifier
 * by this share of it, the accounts by that. Together they must reach it.
 */
const identifierShare = 0.4
const accountShare = 0.6

export interface Ties {
  readonly count: number
  /** Members of tie t: `members[start[t]] … members[start[t + 1]]`, ascending. */
  readonly start: Int32Array
  readonly members: Int32Array
  /** The identifier of each tie, -1 for a referral. */
  readonly identifier: Int32Array
  /** Of the identifier or of its accounts being one operator's (1 − (1 − strength)(1 − mean score)); a referral's own. */
  readonly probability: Float64Array
}

export interface TieInput {
  readonly prepared: PreparedPopulation
  readonly strength: Float64Array
  readonly accountScore: Float64Array
  readonly referralProbability: Float64Array
  /** Ties below this probability do not count. */
  readonly threshold: number
}

export function findTies({ prepared, strength, accountScore, referralProbability, threshold }: TieInput): Ties {
  const { postings, links, population } = prepared
  const starts: number[] = [0]
  const members: number[] = []
  const identifiers: number[] = []
  const probabilities: number[] = []
  const close = (identifier: number, probability: number) => {
    starts.push(members.length)
    identifiers.push(identifier)
    probabilities.push(probability)
  }
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    if (links[identifier] === 0 || strength[identifier]! < threshold * identifierShare) continue
    const before = members.length
    let scores = 0
    for (let posting = postings.identifierStart[identifier]!; posting < postings.identifierStart[identifier + 1]!; posting++) {
      const account = postings.accountOf[posting]!
      if (accountScore[account]! < threshold * accountShare) continue
      members.push(account)
      scores += fixed(accountScore[account]!)
    }
    const count = members.length - before
    const probability = 1 - (1 - strength[identifier]!) * (1 - scores / count)
    if (count >= 2 && probability >= threshold) close(identifier, probability)
    else members.length = before
  }
  const { inviter, invitee, count } = population.referrals
  for (let row = 0; row < count; row++) {
    if (referralProbability[row]! < threshold || inviter[row] === invitee[row]) continue
    members.push(Math.min(inviter[row]!, invitee[row]!), Math.max(inviter[row]!, invitee[row]!))
    close(-1, referralProbability[row]!)
  }
  return {
    count: identifiers.length,
    start: Int32Array.from(starts),
    members: Int32Array.from(members),
    identifier: Int32Array.from(identifiers),
    probability: Float64Array.from(probabilities),
  }
}
