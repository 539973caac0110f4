// The member's own step from reward to main balance, amount or all, and the log of it: each line a rebate with its source and amount.
// Where the host keeps the main balance, the step is an instruction to it, in transit until it answers.
// Promises: the same key gives the same answer; the relation behind the money is checked again, because rings form after credit.

import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { askBeforeCredit } from '../../checks/index.ts'
import { lockMembers, rewardTransferPlan, type Settlement } from '../../ledger/index.ts'
import { programVersionAt, tracksOf } from '../../policies/index.ts'
import { expireMember } from '../credit/expiry.ts'
import { matureMember } from './mature.ts'
import { isMovedBy, type MovablePosition, movablePositionsOf } from './movable-rewards.ts'
import { postMove } from './move-reward.ts'
import type { Recorder, Recording } from '../recorder.ts'

export interface RewardTransferRequest {
  readonly programId: bigint
  readonly accountId: bigint
  readonly asset: string
  readonly amount: bigint | 'all'
  /** The caller's key: unique per account for ever. */
  readonly key: string
}

export type RewardTransferRefusal = 'not_offered' | 'restricted' | 'under_review' | 'nothing_available' | 'insufficient' | 'key_reused'

export type RewardTransferAnswer =
  | {
      readonly ok: true; readonly transferId: bigint; readonly amount: bigint; readonly asset: string; readonly lines: readonly RewardTransferLine[]
      /** What the host is asked to do, by the id that it knows; null where the main balance is in these books. */
      readonly instructionId: string | null
    }
  | { readonly ok: false; readonly reason: RewardTransferRefusal }

export async function transferReward(recorder: Recorder, request: RewardTransferRequest): Promise<RewardTransferAnswer> {
  if (request.amount !== 'all' && request.amount <= 0n) return { ok: false, reason: 'insufficient' }
  return recorder.database.inTransaction(async (transaction) => {
    const recording: Recording = { actorId: recorder.actorId, now: recorder.clock.now(), check: recorder.check }
    const { programId, accountId, asset } = request
    await lockMembers(transaction, [accountId])
    const naturalKey = new Uint8Array(digestOf('reward transfer', programId.toString(), accountId.toString(), request.key))
    const earlier = await transaction.transfer.findUnique({ where: { naturalKey }, select: { id: true } })
    if (earlier !== null) return sameAnswer(transaction, request, earlier.id)
    if (await isRestricted(transaction, recording, accountId)) return { ok: false, reason: 'restricted' }
    await matureMember(transaction, recording, accountId)
    await expireMember(transaction, recording, accountId)
    const positions = (await movablePositionsOf(transaction, [request])).filter((position) => position.asset === asset && isMovedBy(position, 'member'))
    const settlement = await settlementOf(transaction, recording, request, positions)
    if (settlement === null) return { ok: false, reason: 'not_offered' }
    const plan = rewardTransferPlan(positions, request.amount, settlement)
    if (plan.uncovered > 0n) return { ok: false, reason: 'insufficient' }
    if (plan.amount === 0n) return { ok: false, reason: 'nothing_available' }
    const answer = await askBeforeCredit(transaction, recording, {
      programId, subject: 'transfer', subjectId: `transfer:${Buffer.from(naturalKey).toString('hex')}`, inviterId: accountId, inviteeId: null, amount: plan.amount, asset,
    })
    if (answer.holdReason !== null) return { ok: false, reason: 'under_review' }
    const { transferId, instruction } = await postMove(transaction, recording, { naturalKey, programId, accountId, asset, plan, settlement })
    return { ok: true, transferId, amount: plan.amount, asset, lines: await linesOf(transaction, { accountId, transferId }), instructionId: instruction?.publicId ?? null }
  })
}

async function isRestricted(transaction: Transaction, { now }: Recording, accountId: bigint): Promise<boolean> {
  const restricted = await transaction.accountRestriction.count({
    where: { accountId, kind: 'no_transfer', endedAt: null, startsAt: { lte: now }, endsAt: { gt: now } },
  })
  return restricted > 0
}

/** Where the reward would go; null where the step is offered neither by a track in force nor by what the member earned before. */
async function settlementOf(
  transaction: Transaction, { now }: Recording, { programId }: RewardTransferRequest, positions: readonly MovablePosition[],
): Promise<Settlement | null> {
  const version = await programVersionAt(transaction, programId, now)
  if (version === null) return null
  const isOffered = positions.length > 0 || tracksOf(version.rules).some((track) => track.movement.rewardTransfer !== 'none')
  return isOffered ? version.rules.settlement : null
}

async function sameAnswer(transaction: Transaction, request: RewardTransferRequest, transferId: bigint): Promise<RewardTransferAnswer> {
  const lines = await linesOf(transaction, { accountId: request.accountId, transferId })
  const amount = lines.reduce((sum, line) => sum + line.amount, 0n)
  const isSame = (request.amount === 'all' || request.amount === amount) && lines.every((line) => line.asset === request.asset)
  if (!isSame) return { ok: false, reason: 'key_reused' }
  const instruction = await transaction.hostInstruction.findFirst({ where: { transferId }, select: { publicId: true } })
  return { ok: true, transferId, amount, asset: request.asset, lines, instructionId: instruction?.publicId ?? null }
}

export interface RewardTransferLine {
  readonly transferId: bigint
  readonly transferredAt: Date
  readonly rebateId: bigint
  readonly amount: bigint
  readonly asset: string
  /** Where the rebate came from. */
  readonly source: {
    readonly inviteeId: bigint | null
    readonly eventId: bigint | null
    readonly base: bigint
    readonly ratePpm: number
    readonly earnedAt: Date
  }
}

/** The member's log of reward transfers, newest transfer first, oldest rebate first within it. */
export async function rewardTransferLog(transaction: Transaction, accountId: bigint, page: { limit?: number; beforeTransferId?: bigint } = {}): Promise<RewardTransferLine[]> {
  return linesOf(transaction, { accountId, ...page })
}

interface LineRow {
  transfer_id: bigint
  effective_at: Date
  rebate_id: bigint
  amount: bigint
  asset: string
  invitee_id: bigint | null
  event_id: bigint | null
  base: bigint
  rate_ppm: number
  occurred_at: Date
}

async function linesOf(
  transaction: Transaction, filter: { accountId: bigint; transferId?: bigint; limit?: number; beforeTransferId?: bigint },
): Promise<RewardTransferLine[]> {
  const { accountId, transferId = null, limit = 100_000, beforeTransferId = null } = filter
  const rows = await transaction.$queryRaw<LineRow[]>`
    select t.id as transfer_id, t.effective_at, r.id as rebate_id, e.amount, e.asset, f.invitee_id, r.event_id, r.base, r.rate_ppm, r.occurred_at
      from book_account b
      join entry e on e.book_account_id = b.id
      join transfer t on t.id = e.transfer_id and t.kind = 'reward_transfer'
      join rebate r on r.id = e.rebate_id
      left join referral f on f.id = r.referral_id
      where b.account_id = ${accountId} and b.kind in ('main_reward', 'main_bonus', 'payout_in_transit') and e.amount > 0
        and (${transferId}::bigint is null or t.id = ${transferId}) and (${beforeTransferId}::bigint is null or t.id < ${beforeTransferId})
      order by t.id desc, e.id limit ${limit}`
  return rows.map((row) => ({
    transferId: row.transfer_id,
    transferredAt: row.effective_at,
    rebateId: row.rebate_id,
    amount: row.amount,
    asset: row.asset,
    source: { inviteeId: row.invitee_id, eventId: row.event_id, base: row.base, ratePpm: row.rate_ppm, earnedAt: row.occurred_at },
  }))
}
