// The member's own step from reward to main balance, amount or all, and the log of it: each line a rebate with its source and amount.
// Promises: the same key gives the same answer; the relation behind the money is checked again, because rings form after credit.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { askBeforeCredit } from '../checks/index.ts'
import { lockMembers, positionsOf, postTransfer, rewardTransferPlan } from '../ledger/index.ts'
import { programVersionAt } from '../policies/index.ts'
import { settleWaitingForMoney } from './main-balance.ts'
import { matureMember } from './mature.ts'
import type { Recorder, Recording } from './recorder.ts'

/** The type under which the member's log shows these lines. */
export const REWARD_TRANSFER_LOG_TYPE = { en: 'Reward Transfer', 'zh-CN': '奖励金划转' } as const

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
  | { readonly ok: true; readonly transferId: bigint; readonly amount: bigint; readonly asset: string; readonly lines: readonly RewardTransferLine[] }
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
    const reason = await whyRefused(transaction, recording, request)
    if (reason !== null) return { ok: false, reason }
    await matureMember(transaction, recording, accountId)
    const plan = rewardTransferPlan(await positionsOf(transaction, accountId, { kinds: ['reward_available'], asset, programId }), request.amount)
    if (plan.uncovered > 0n) return { ok: false, reason: 'insufficient' }
    if (plan.amount === 0n) return { ok: false, reason: 'nothing_available' }
    const answer = await askBeforeCredit(transaction, recording, {
      programId, subject: 'transfer', subjectId: `transfer:${Buffer.from(naturalKey).toString('hex')}`, inviterId: accountId, inviteeId: null, amount: plan.amount, asset,
    })
    if (answer.holdReason !== null) return { ok: false, reason: 'under_review' }
    const { now, actorId } = recording
    const { transferId } = await postTransfer(transaction, {
      naturalKey, kind: 'reward_transfer', programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId, entries: plan.entries,
    })
    await settleWaitingForMoney(transaction, recording, accountId)
    return { ok: true, transferId, amount: plan.amount, asset, lines: await linesOf(transaction, { accountId, transferId }) }
  })
}

async function whyRefused(transaction: Transaction, { now }: Recording, { programId, accountId }: RewardTransferRequest): Promise<RewardTransferRefusal | null> {
  const version = await programVersionAt(transaction, programId, now)
  if (version === null || version.rules.movement.rewardTransfer === 'none' || version.rules.settlement !== 'internal') return 'not_offered'
  const restricted = await transaction.accountRestriction.count({
    where: { accountId, kind: 'no_transfer', endedAt: null, startsAt: { lte: now }, endsAt: { gt: now } },
  })
  return restricted > 0 ? 'restricted' : null
}

async function sameAnswer(transaction: Transaction, request: RewardTransferRequest, transferId: bigint): Promise<RewardTransferAnswer> {
  const lines = await linesOf(transaction, { accountId: request.accountId, transferId })
  const amount = lines.reduce((sum, line) => sum + line.amount, 0n)
  const isSame = (request.amount === 'all' || request.amount === amount) && lines.every((line) => line.asset === request.asset)
  return isSame ? { ok: true, transferId, amount, asset: request.asset, lines } : { ok: false, reason: 'key_reused' }
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
      where b.account_id = ${accountId} and b.kind = 'main_reward'
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
