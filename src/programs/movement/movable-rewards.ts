// Which rewards may move on and how: what is available, rebate by rebate, with the movement of the track and version it was earned under.

import type { Transaction } from '../../base/database.ts'
import type { Position, RebateKind } from '../../ledger/index.ts'
import { type ProgramRules, programRules, trackOf } from '../../policies/index.ts'

export interface MovablePosition extends Position {
  /** When the rebate was recorded. */
  readonly recordedAt: Date
  /** Counts the entries of the book account that it lies in. */
  readonly bookVersion: bigint
  readonly movement: 'manual' | 'automatic' | 'none'
  /** A named person ended a hold of this rebate in its favour: that is not asked again. */
  readonly releasedByPerson: boolean
  /** The newest instruction to give it, where the host refused that in part or in full; else null. */
  readonly refusal: bigint | null
  readonly onSilence: 'escalate' | 'release_recorded'
}

/** Whether a member's own step, or the clock, may move it. */
export function isMovedBy(position: MovablePosition, by: 'member' | 'automatic'): boolean {
  if (position.movement === 'none') return false
  return by === 'member' || position.movement === 'automatic'
}

interface Row {
  account_id: bigint
  asset: string
  rebate_id: bigint
  amount: bigint
  program_id: bigint
  rebate_kind: RebateKind
  occurred_at: Date
  matures_at: Date
  expires_at: Date | null
  recorded_at: Date
  track: string
  program_version_id: bigint
  book_version: bigint
  released_by_person: boolean
  refusal: bigint | null
}

/** Everything in reward_available of the members in these programmes, the oldest rebate first; three statements for any number of members. */
export async function movablePositionsOf(transaction: Transaction, members: readonly { programId: bigint; accountId: bigint }[]): Promise<MovablePosition[]> {
  const rows = await transaction.$queryRaw<Row[]>`
    select b.account_id, b.asset, b.version as book_version, p.rebate_id, p.amount, r.program_id, r.kind as rebate_kind, r.occurred_at, r.matures_at, r.expires_at,
           r.recorded_at, r.track, r.program_version_id,
           exists (select 1 from hold h where h.rebate_id = r.id and h.ended_as = 'released' and h.ended_actor_id <> 1) as released_by_person,
           newest.refusal
      from (select distinct * from unnest(${members.map((member) => member.programId)}::bigint[], ${members.map((member) => member.accountId)}::bigint[]) as m(program_id, account_id)) as member
      join book_account b on b.account_id = member.account_id and b.kind = 'reward_available' and b.balance <> 0
      join position p on p.book_account_id = b.id and p.amount <> 0
      join rebate r on r.id = p.rebate_id and r.program_id = member.program_id
      left join lateral (select case when l.confirmed_amount < l.amount then i.id end as refusal from host_instruction_line l join host_instruction i on i.id = l.instruction_id
        where l.rebate_id = r.id and i.kind in ('credit', 'grant_days') order by i.id desc limit 1) as newest on true
      order by b.account_id, r.program_id, b.asset, r.occurred_at, r.id`
  if (rows.length === 0) return []
  const versions = await transaction.programVersion.findMany({ where: { id: { in: [...new Set(rows.map((row) => row.program_version_id))] } }, select: { id: true, rules: true } })
  const rulesOf = new Map(versions.map((version) => [version.id, programRules.parse(version.rules)]))
  return rows.map((row) => positionOf(row, rulesOf.get(row.program_version_id)))
}

function positionOf(row: Row, rules: ProgramRules | undefined): MovablePosition {
  if (rules === undefined) throw new Error('A rebate names a version that is not there.')
  return {
    accountId: row.account_id, kind: 'reward_available', asset: row.asset, rebateId: row.rebate_id, amount: row.amount, programId: row.program_id,
    rebateKind: row.rebate_kind, occurredAt: row.occurred_at, maturesAt: row.matures_at, expiresAt: row.expires_at,
    recordedAt: row.recorded_at, bookVersion: row.book_version, movement: movementOf(row, rules), releasedByPerson: row.released_by_person, refusal: row.refusal,
    onSilence: rules.onSilence,
  }
}

function movementOf({ rebate_kind: kind, track: key }: Row, rules: ProgramRules): MovablePosition['movement'] {
  // Credit with an end was given to be spent.
  if (kind === 'signup_credit' || kind === 'grant') return 'automatic'
  // A rebate from before there were tracks is of the one that everybody was on.
  const track = trackOf(rules, key) ?? trackOf(rules, rules.defaultTrack)
  return track?.movement.rewardTransfer ?? 'none'
}
