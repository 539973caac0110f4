// One hop around a referral: what both sides share now and shared at the scan, and what ties the invitee to the inviter's others.
// Promises: a bounded number of steps whatever the data; when a bound was hit, the result says so.

import { fixed } from '../../scoring/linking/exact.ts'
import { identifierBits } from '../../scoring/linking/evidence.ts'
import { rarityGroup } from '../../scoring/features/shared-features.ts'
import type { CheckIndex, IndexedIdentifier } from './check-index.ts'
import { mayLink, type PairEvidence, type SharedIdentifier } from './pair-features.ts'
import type { Rescoring } from './rescoring.ts'

/** Identifiers of one account that are looked at. */
export const IDENTIFIERS_MAX = 256
/** Identifiers on more accounts than this tie nobody to siblings, as in the detector. */
const SIBLING_HOLDERS_MAX = 200
/** Postings visited in search of siblings. */
const VISITS_MAX = 4_000

/** One side of the question: the account, and everything it was seen with, this request included. */
export interface Side {
  readonly account: number
  /** Whether the last scan has not seen the link, by identifier. */
  readonly links: ReadonlyMap<number, boolean>
  readonly isTruncated: boolean
}

/** Identifiers that only this request knows have negative numbers. */
export type DescribeIdentifier = (identifier: number) => IndexedIdentifier | undefined

export interface Gathered {
  readonly before: PairEvidence
  readonly now: PairEvidence
  /** Whether anything that both share, or that ties siblings, is new since the scan. */
  readonly isChanged: boolean
  readonly isTruncated: boolean
}

export function gatherPair(index: CheckIndex, describe: DescribeIdentifier, rescoring: Rescoring, inviter: Side, invitee: Side): Gathered {
  const before: SharedIdentifier[] = []
  const now: SharedIdentifier[] = []
  let isChanged = false
  let [linking, linkingBefore, addresses, addressesBefore] = [0, 0, 0, 0]
  for (const [identifier, isFreshHere] of invitee.links) {
    const described = describe(identifier)
    if (described === undefined) continue
    const { kind, flags } = described
    if (mayLink(kind, flags)) {
      linking++
      if (!isFreshHere) linkingBefore++
    }
    if (rarityGroup(kind) === 'address') {
      addresses++
      if (!isFreshHere) addressesBefore++
    }
    const isFreshThere = inviter.links.get(identifier)
    if (isFreshThere === undefined) continue
    const isNew = isFreshHere || isFreshThere
    const strength = strengthNow(index, rescoring, identifier, kind, isNew, 2)
    const accounts = Math.max(2, accountsNow(index, identifier, inviter, invitee))
    now.push({ kind, flags, strength, accounts })
    if (isNew) isChanged = true
    else before.push({ kind, flags, strength, accounts: index.findings?.strengths.get(identifier)?.accounts ?? accounts })
  }
  const siblings = gatherSiblings(index, describe, rescoring, inviter, invitee)
  return {
    before: { shared: before, inviteeLinking: linkingBefore, inviteeAddresses: addressesBefore, ...siblings.before },
    now: { shared: now, inviteeLinking: linking, inviteeAddresses: addresses, ...siblings.now },
    isChanged: isChanged || siblings.isChanged,
    isTruncated: inviter.isTruncated || invitee.isTruncated || siblings.isTruncated,
  }
}

interface SiblingEvidence {
  readonly siblingBitsBest: number
  readonly siblingsLinked: number
}

function gatherSiblings(index: CheckIndex, describe: DescribeIdentifier, rescoring: Rescoring, inviter: Side, invitee: Side) {
  const siblings = index.inviteesOf(inviter.account)
  const before = new Map<number, number>()
  const now = new Map<number, number>()
  let isChanged = false
  let visits = 0
  for (const [identifier, isFreshHere] of invitee.links) {
    const described = describe(identifier)
    const holders = index.holdersOf(identifier)
    if (siblings.size === 0 || described === undefined || holders.length > SIBLING_HOLDERS_MAX || !mayLink(described.kind, described.flags)) continue
    for (const other of holders) {
      if (++visits > VISITS_MAX) break
      if (other === invitee.account || other === inviter.account || !siblings.has(other)) continue
      const isNew = isFreshHere || index.isFresh(other, identifier)
      const bits = fixed(identifierBits(strengthNow(index, rescoring, identifier, described.kind, isNew, holders.length + 1))) + 1 / 1024
      now.set(other, (now.get(other) ?? 0) + bits)
      if (isNew) isChanged = true
      else before.set(other, (before.get(other) ?? 0) + bits)
    }
  }
  return { before: siblingEvidence(before), now: siblingEvidence(now), isChanged, isTruncated: visits > VISITS_MAX }
}

function siblingEvidence(bitsOf: ReadonlyMap<number, number>): SiblingEvidence {
  let siblingBitsBest = 0
  let siblingsLinked = 0
  for (const bits of bitsOf.values()) {
    siblingBitsBest = Math.max(siblingBitsBest, bits)
    if (bits >= 1) siblingsLinked++
  }
  return { siblingBitsBest, siblingsLinked }
}

/** The scan's strength; for what became shared only since then, the one that follows from its kind and its number of accounts. */
function strengthNow(index: CheckIndex, rescoring: Rescoring, identifier: number, kind: string, isNew: boolean, accountsMin: number): number {
  const stored = index.findings?.strengths.get(identifier)
  if (stored !== undefined) return stored.strength
  return isNew ? rescoring.strengthOf(kind, Math.max(accountsMin, index.holdersOf(identifier).length)) : 0
}

/** Accounts on the identifier, the two sides counted even where only this request has seen them with it. */
function accountsNow(index: CheckIndex, identifier: number, inviter: Side, invitee: Side): number {
  const indexed = index.holdersOf(identifier).length
  const unknown = [inviter, invitee].filter(({ account }) => !index.identifiersOf(account).includes(identifier)).length
  return indexed + unknown
}
