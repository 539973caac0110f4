// How members stand in a programme at any time: enrolment, track, and whether they count at all; read for many members at once.
// Promises: a constant number of statements; a member without any row is active on the default track; what was in force when an event occurred decides.

import type { Session } from '../../base/session.ts'

export const ENROLMENTS = ['active', 'suspended', 'closed'] as const
/** suspended: nothing accrues, the link still binds, what was earned stays payable. closed: the code binds no longer either. */
export type Enrolment = (typeof ENROLMENTS)[number]

export interface Member {
  readonly programId: bigint
  readonly accountId: bigint
}

/** What of a programme's rules says which tracks there are. */
export interface TrackNames {
  readonly defaultTrack: string
  readonly tracks: readonly { readonly key: string }[]
}

export interface Standings {
  enrolmentAt(programId: bigint, accountId: bigint, at: Date): Enrolment
  /** The key of the track; the default track where these rules do not know the one that was chosen. */
  trackAt(programId: bigint, accountId: bigint, at: Date, rules: TrackNames): string
  /** Staff, tests and sales-owned leads neither earn nor are earned from. Start inclusive, end exclusive. */
  isExcluded(programId: bigint, accountId: bigint, at: Date): boolean
}

interface Change {
  readonly program_id: bigint
  readonly account_id: bigint
  readonly value: string
  readonly effective_from: Date
}

interface Exclusion {
  readonly program_id: bigint | null
  readonly account_id: bigint
  readonly starts_at: Date
  readonly ends_at: Date | null
}

/** Of members who are not among those given, nothing is known here: asking for one throws. */
export async function readStandings(session: Session, members: readonly Member[]): Promise<Standings> {
  const asked = new Set(members.map(({ programId, accountId }) => keyOf(programId, accountId)))
  const accountIds = [...new Set(members.map(({ accountId }) => accountId))]
  const programIds = [...new Set(members.map(({ programId }) => programId))]
  // Of two changes at one time the later recorded one counts: it corrects the other.
  const enrolments = await session.$queryRaw<Change[]>`
    select program_id, account_id, state as value, effective_from from enrolment_change
      where account_id = any (${accountIds}::bigint[]) and program_id = any (${programIds}::bigint[]) order by effective_from, id`
  const tracks = await session.$queryRaw<Change[]>`
    select program_id, account_id, track as value, effective_from from track_change
      where account_id = any (${accountIds}::bigint[]) and program_id = any (${programIds}::bigint[]) order by effective_from, id`
  const exclusions = await session.$queryRaw<Exclusion[]>`
    select program_id, account_id, starts_at, ends_at from excluded_account
      where account_id = any (${accountIds}::bigint[]) and (program_id is null or program_id = any (${programIds}::bigint[]))`
  const ofMember = (change: Change): string => keyOf(change.program_id, change.account_id)
  const [enrolmentsOf, tracksOf] = [groupedBy(enrolments, ofMember), groupedBy(tracks, ofMember)]
  const exclusionsOf = groupedBy(exclusions, (exclusion) => exclusion.account_id)
  const known = (programId: bigint, accountId: bigint): string => {
    const key = keyOf(programId, accountId)
    if (!asked.has(key)) throw new Error('The standing of a member was asked for who was not read.')
    return key
  }
  return {
    enrolmentAt: (programId, accountId, at) => (valueAt(enrolmentsOf.get(known(programId, accountId)), at) ?? 'active') as Enrolment,
    trackAt: (programId, accountId, at, rules) => {
      const chosen = valueAt(tracksOf.get(known(programId, accountId)), at)
      return chosen !== null && hasTrack(rules, chosen) ? chosen : rules.defaultTrack
    },
    isExcluded: (programId, accountId, at) => {
      known(programId, accountId)
      return (exclusionsOf.get(accountId) ?? []).some((each) =>
        (each.program_id === null || each.program_id === programId) && each.starts_at <= at && (each.ends_at === null || at < each.ends_at))
    },
  }
}

const keyOf = (programId: bigint, accountId: bigint): string => `${programId} ${accountId}`

function groupedBy<Key, Item>(items: readonly Item[], keyOfItem: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOfItem(item))
    if (group === undefined) groups.set(keyOfItem(item), [item])
    else group.push(item)
  }
  return groups
}

/** The newest change that is in force at the time; `changes` are in the order of their times. */
function valueAt(changes: readonly Change[] | undefined, at: Date): string | null {
  return changes?.findLast((change) => change.effective_from <= at)?.value ?? null
}

function hasTrack({ defaultTrack, tracks }: TrackNames, key: string): boolean {
  return key === defaultTrack || tracks.some((track) => track.key === key)
}
