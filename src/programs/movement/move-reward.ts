// Reward moves to the main balance without the member's step where its track says so, and nowhere else: into these books or to the host.
// Promises: a rebate moves by the rules it was earned under; the relation behind older rebates is checked again, and held where it must be;
// what the host refused once is not sent again by itself.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { askBeforeCredit } from '../../checks/index.ts'
import { lockMembers, moveEntries, placeHold, type Position, postTransfer, type RewardTransferPlan, rewardTransferPlan, type Settlement, wholeOf } from '../../ledger/index.ts'
import { programVersionAt } from '../../policies/index.ts'
import { writeInstruction, type WrittenInstruction } from '../host/instructions.ts'
import { settleWaitingForMoney } from './waiting-for-money.ts'
import { isMovedBy, type MovablePosition, movablePositionsOf } from './movable-rewards.ts'
import { holdDueAt } from '../settlement/rebates.ts'
import type { Recording } from '../recorder.ts'

/** A member of one programme. */
export interface ProgramMember {
  readonly programId: bigint
  readonly accountId: bigint
}

/** Moves what is available on tracks whose movement is automatic. Locks the members; call it at the end of a transaction, with all of them. */
export async function moveAutomatically(transaction: Transaction, recording: Recording, members: readonly ProgramMember[]): Promise<void> {
  if (members.length === 0) return
  await lockMembers(transaction, members.map((member) => member.accountId))
  const positions = await movablePositionsOf(transaction, members)
  const movable = positions.filter((position) => isMovedBy(position, 'automatic') && position.refusal === null)
  const restricted = await restrictedAmong(transaction, movable, recording.now)
  for (const group of groupsOf(movable.filter((position) => !restricted.has(position.accountId)))) await moveGroup(transaction, recording, group)
}

export interface RewardMove extends ProgramMember {
  readonly naturalKey: Uint8Array
  readonly asset: string
  readonly plan: RewardTransferPlan
  readonly settlement: Settlement
}

export interface MovedReward {
  readonly transferId: bigint
  /** Null where the main balance is in these books. */
  readonly instruction: WrittenInstruction | null
}

/** Posts the move; to the host with its instruction. The member must be locked. */
export async function postMove(transaction: Transaction, recording: Recording, move: RewardMove): Promise<MovedReward> {
  const { naturalKey, programId, accountId, asset, plan, settlement } = move
  const { now, actorId } = recording
  const { transferId } = await postTransfer(transaction, {
    naturalKey, kind: 'reward_transfer', programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId, entries: plan.entries,
  })
  if (settlement === 'internal') {
    await settleWaitingForMoney(transaction, recording, accountId)
    return { transferId, instruction: null }
  }
  const lines = plan.parts.map(({ position, amount }) => ({ rebateId: position.rebateId, amount }))
  const instruction = await writeInstruction(transaction, { naturalKey: digestOf('host give', naturalKey), programId, accountId, kind: 'give', asset, lines, transferId }, now)
  return { transferId, instruction }
}

/** Where the programme's main balance is kept now; null before its first version. */
export async function settlementAt(transaction: Transaction, programId: bigint, now: Date): Promise<Settlement | null> {
  return (await programVersionAt(transaction, programId, now))?.rules.settlement ?? null
}

/** One member's movable positions of one programme and asset. */
type Group = readonly [MovablePosition, ...MovablePosition[]]

function groupsOf(positions: readonly MovablePosition[]): Group[] {
  const groups = new Map<string, [MovablePosition, ...MovablePosition[]]>()
  for (const position of positions) {
    const key = `${position.accountId} ${position.programId} ${position.asset}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [position])
    else group.push(position)
  }
  return [...groups.values()]
}

async function moveGroup(transaction: Transaction, recording: Recording, group: Group): Promise<void> {
  const [{ programId, accountId, asset, bookVersion }] = group
  const settlement = await settlementAt(transaction, programId, recording.now)
  if (settlement === null) return
  // The host can give nothing to an account that was erased.
  if (settlement === 'host' && (await transaction.accountIdentity.count({ where: { accountId } })) === 0) return
  const unchecked = group.filter((position) => position.recordedAt < recording.now && !position.releasedByPerson)
  const isAllowed = unchecked.length === 0 || (await isAllowedNow(transaction, recording, group, unchecked))
  const plan = rewardTransferPlan(isAllowed ? group : group.filter((position) => !unchecked.includes(position)), 'all', settlement)
  if (plan.amount === 0n) return
  // The account's version counts its entries, so that every move has a key of its own and a repeated one has none.
  const naturalKey = digestOf('automatic transfer', programId.toString(), accountId.toString(), asset, bookVersion.toString())
  await postMove(transaction, recording, { naturalKey, programId, accountId, asset, plan, settlement })
}

/** A real answer that does not allow holds the rebates; without a real answer they stay where they are and are asked for again. */
async function isAllowedNow(transaction: Transaction, recording: Recording, [{ programId, accountId, asset, bookVersion }]: Group, positions: readonly MovablePosition[]): Promise<boolean> {
  const answer = await askBeforeCredit(transaction, recording, {
    programId, subject: 'transfer', subjectId: `automatic-transfer:${programId}:${accountId}:${asset}:${bookVersion}`, inviterId: accountId, inviteeId: null,
    amount: positions.reduce((sum, position) => sum + position.amount, 0n), asset,
  })
  if (answer.holdReason === null) return true
  if (answer.isDegraded || answer.checkId === null) return false
  const { now, actorId } = recording
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('hold before transfer', programId.toString(), accountId.toString(), asset, bookVersion.toString()), kind: 'hold', programId,
    occurredAt: now, recordedAt: now, effectiveAt: now, actorId, entries: positions.flatMap((position: Position) => moveEntries(wholeOf(position), 'reward_held')),
  })
  const dueAt = await holdDueAt(transaction, programId, now)
  for (const { rebateId, onSilence } of positions) {
    await placeHold(transaction, {
      subject: { kind: 'rebate', rebateId }, ownerId: SYSTEM_ACTOR_ID, reason: answer.holdReason, checkId: answer.checkId, placedBy: transferId, placedAt: now, dueAt, onSilence,
    })
  }
  return false
}

async function restrictedAmong(transaction: Transaction, positions: readonly MovablePosition[], now: Date): Promise<ReadonlySet<bigint>> {
  const accountIds = [...new Set(positions.map((position) => position.accountId))]
  if (accountIds.length === 0) return new Set()
  const rows = await transaction.accountRestriction.findMany({
    where: { accountId: { in: accountIds }, kind: 'no_transfer', endedAt: null, startsAt: { lte: now }, endsAt: { gt: now } }, select: { accountId: true },
  })
  return new Set(rows.map((row) => row.accountId))
}
