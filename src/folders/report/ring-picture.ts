// What the report tells of one ring: members in the order of the evidence that ties them, what they share, the invitations
// inside, and the money. Everything is bounded, so that a ring of thousands still makes a page that can be read.
import { TransactionType } from '../../../scoring/population.ts'
import type { Population } from '../../../scoring/population.ts'
import type { Ring } from '../../../scoring/detection.ts'
import type { Audited, OrderedRing } from '../audit-tables.ts'
import { ringName } from '../audit-tables.ts'
import { countAccounts } from '../doctor/identifier-checks.ts'

export const membersShownMax = 60
const sharedShownMax = 12
const invitationsShownMax = 40

export interface PictureMember {
  readonly account: number
  /** From 1, as in the graph. */
  readonly number: number
  readonly score: number
  /** Number of the member it is tied to; 0 for the first. */
  readonly tiedTo: number
  /** Position in `shared`, or -1; `identifier` is -1 where an invitation ties it. */
  readonly identifier: number
}

export interface PictureShared {
  readonly identifier: number
  /** `a`, `b` …: as in the graph. */
  readonly letter: string
  /** Numbers of the members drawn that have it. */
  readonly members: readonly number[]
  /** Of the whole ring. */
  readonly accountsInside: number
  readonly accountsEverywhere: number
}

export interface PictureInvitation {
  readonly referral: number
  /** Numbers of members, 0 where not drawn. */
  readonly inviter: number
  readonly invitee: number
}

export interface RingPicture {
  readonly name: string
  readonly ring: Ring
  readonly members: readonly PictureMember[]
  readonly shared: readonly PictureShared[]
  readonly invitations: readonly PictureInvitation[]
  readonly atStakeUnits: bigint
  readonly goneUnits: bigint
  /** What the members paid in the last twelve months, less returns; in units of the currency. */
  readonly customerValue: number
}

/** Pictures of the rings given, in their order. */
export function pictureRings(audited: Audited, wanted: readonly OrderedRing[]): RingPicture[] {
  const { contents } = audited
  const places = placesOf(audited, wanted)
  const sharing = gatherSharing(contents.population, places, wanted.length)
  const everywhere = countAccounts(contents.population)
  const value = gatherCustomerValue(audited, places, wanted.length)
  return wanted.map(({ ring, index }, place) => {
    const numbers = new Map(ring.members.slice(0, membersShownMax).map((member, place) => [member.account, place + 1]))
    const shared = pickShared(audited, { sharing: sharing[place] ?? new Map(), numbers, everywhere })
    const { atStakeUnits, goneUnits } = contents.referrals
    const sum = (units: readonly bigint[]): bigint =>
      ring.referrals.reduce((total, referral) => total + (units[referral] ?? 0n), 0n)
    return {
      name: ringName(index), ring, shared,
      members: ring.members.slice(0, membersShownMax).map((member, place): PictureMember => ({
        account: member.account, number: place + 1, score: member.score, identifier: member.identifier,
        tiedTo: member.tiedTo === member.account ? 0 : numbers.get(member.tiedTo) ?? 0,
      })),
      invitations: pickInvitations(audited, ring, numbers),
      atStakeUnits: sum(atStakeUnits), goneUnits: sum(goneUnits), customerValue: value[place] ?? 0,
    }
  })
}

/** Per account the place of its ring among those wanted, or -1. */
function placesOf({ detection }: Audited, wanted: readonly OrderedRing[]): Int32Array {
  const placeOfRing = new Int32Array(detection.rings.length).fill(-1)
  for (const [place, { index }] of wanted.entries()) placeOfRing[index] = place
  return detection.accounts.ring.map((ring) => placeOfRing[ring] ?? -1)
}

type Sharing = Map<number, Set<number>>

/** Per ring: identifier → members that have it. */
function gatherSharing({ observations }: Population, places: Int32Array, rings: number): Sharing[] {
  const sharing = Array.from({ length: rings }, (): Sharing => new Map())
  for (let row = 0; row < observations.count; row += 1) {
    const account = observations.account[row] ?? 0
    const ofRing = sharing[places[account] ?? -1]
    if (ofRing === undefined) continue
    const identifier = observations.identifier[row] ?? 0
    const members = ofRing.get(identifier)
    if (members === undefined) ofRing.set(identifier, new Set([account]))
    else members.add(account)
  }
  return sharing
}

/** The strongest that at least two members have; a network only where nothing finer says the same. */
function pickShared(
  { contents, detection }: Audited,
  input: { sharing: Sharing; numbers: ReadonlyMap<number, number>; everywhere: Uint32Array },
): PictureShared[] {
  const { identifiers } = contents.population
  const strength = (identifier: number): number => detection.identifiers.strength[identifier] ?? 0
  const isCoarse = (identifier: number): boolean =>
    /^(ip:network|email:domain|email:pattern)$/.test(identifiers.kinds[identifiers.kind[identifier] ?? 0] ?? '')
  const candidates = [...input.sharing].filter(([, members]) => members.size >= 2)
  const weight = ([identifier, members]: [number, Set<number>]): number =>
    strength(identifier) * Math.log2(1 + members.size) * (isCoarse(identifier) ? 0.2 : 1)
  const maskOf = (identifier: number): string => contents.identifierMasks[identifier] ?? ''
  candidates.sort((left, right) => weight(right) - weight(left) || right[1].size - left[1].size
    || (maskOf(left[0]) < maskOf(right[0]) ? -1 : 1))
  const fine = candidates.filter((candidate) => weight(candidate) >= 0.05)
  return (fine.length > 0 ? fine : candidates).slice(0, sharedShownMax).map(([identifier, members], place) => ({
    identifier, letter: String.fromCharCode(97 + place),
    members: [...members].map((account) => input.numbers.get(account) ?? 0).filter((number) => number > 0).sort((a, b) => a - b),
    accountsInside: members.size, accountsEverywhere: input.everywhere[identifier] ?? 0,
  }))
}

function pickInvitations({ contents, detection }: Audited, ring: Ring, numbers: ReadonlyMap<number, number>): PictureInvitation[] {
  const { inviter, invitee } = contents.population.referrals
  const probability = (referral: number): number => detection.referrals.probability[referral] ?? 0
  return [...ring.referrals].sort((left, right) => probability(right) - probability(left) || left - right)
    .slice(0, invitationsShownMax)
    .map((referral) => ({
      referral, inviter: numbers.get(inviter[referral] ?? -1) ?? 0, invitee: numbers.get(invitee[referral] ?? -1) ?? 0,
    }))
}

const yearSeconds = 365 * 86_400

function gatherCustomerValue({ contents }: Audited, places: Int32Array, rings: number): Float64Array {
  const { transactions, asOf } = contents.population
  const value = new Float64Array(rings)
  const currency = transactions.currencies.indexOf(contents.money.currency)
  const sign = new Map<number, number>([
    [TransactionType.recharge, 1], [TransactionType.payment, 1], [TransactionType.refund, -1], [TransactionType.chargeback, -1],
  ])
  for (let row = 0; row < transactions.count; row += 1) {
    const ring = places[transactions.account[row] ?? 0] ?? -1
    const isCounted = ring >= 0 && transactions.currency[row] === currency
      && transactions.fundedBy[row] === 0 && (transactions.at[row] ?? 0) > asOf - yearSeconds
    if (!isCounted) continue
    value[ring] = (value[ring] ?? 0) + (sign.get(transactions.type[row] ?? -1) ?? 0) * (transactions.amount[row] ?? 0)
  }
  return value.map((sum) => Math.max(0, sum))
}
