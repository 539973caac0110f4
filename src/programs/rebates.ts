// Rebates: what an invitee's event earns the inviter, made once under the version of the event's own time, checked before it is credited.
// Promises: an event earns once per programme however often it is reported; a rebate that may not be credited is held, with its hold row,
// in the same transaction; what was earned before is never re-rated.

import { SYSTEM_ACTOR_ID } from '../acts/index.ts'
import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { type CreditAnswer, askBeforeCredit } from '../checks/index.ts'
import { accrualEntries, placeHold, positionsOf, postTransfer } from '../ledger/index.ts'
import { type ProgramVersion, policyAt, programVersionAt } from '../policies/index.ts'
import type { MoneyEvent } from './event-facts.ts'
import type { Recording } from './recorder.ts'
import { type Reward, rewardOf } from './rewards.ts'

export interface PayingReferral {
  readonly id: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  readonly inviteeId: bigint
  readonly state: string
  readonly occurredAt: Date
  readonly effectiveAt: Date
}

/** The relations by which an account's money may earn somebody something, in the order of programmes. */
export async function referralsOf(transaction: Transaction, inviteeId: bigint): Promise<PayingReferral[]> {
  return transaction.referral.findMany({
    where: { inviteeId },
    select: { id: true, programId: true, inviterId: true, inviteeId: true, state: true, occurredAt: true, effectiveAt: true },
    orderBy: { programId: 'asc' },
  })
}

/** An active relation earns from its effective time on; a suspended or cancelled one earned until then. */
export function earnsAt(referral: PayingReferral, occurredAt: Date): boolean {
  if (occurredAt < referral.occurredAt) return false
  return referral.state === 'active' ? occurredAt >= referral.effectiveAt : occurredAt < referral.effectiveAt
}

export const rebateKey = (event: MoneyEvent, programId: bigint): Buffer => digestOf('rebate', event.naturalKey, programId.toString())

/** Makes the rebates that the event earns and that are not there yet. The members must be locked. */
export async function makeRebates(transaction: Transaction, recording: Recording, event: MoneyEvent, referrals: readonly PayingReferral[]): Promise<void> {
  for (const referral of referrals) {
    if (!earnsAt(referral, event.occurredAt)) continue
    const version = await programVersionAt(transaction, referral.programId, event.occurredAt)
    const reward = version === null ? null : rewardOf(version.rules, event)
    if (version === null || reward === null) continue
    const naturalKey = new Uint8Array(rebateKey(event, referral.programId))
    const earned = await transaction.rebate.count({ where: { eventId: event.id, programId: referral.programId, kind: { in: ['rebate', 'opening'] } } })
    if (earned > 0) continue
    await makeRebate(transaction, recording, { event, referral, version, reward, naturalKey })
  }
}

interface NewRebate {
  readonly event: MoneyEvent
  readonly referral: PayingReferral
  readonly version: ProgramVersion
  readonly reward: Reward
  readonly naturalKey: Uint8Array<ArrayBuffer>
}

async function makeRebate(transaction: Transaction, recording: Recording, made: NewRebate): Promise<void> {
  const { event, referral, version, reward, naturalKey } = made
  const { now, actorId } = recording
  const answer = await mayCredit(transaction, recording, made)
  const maturesAt = new Date(event.occurredAt.getTime() + version.rules.maturitySeconds * 1000)
  const { id: rebateId } = await transaction.rebate.create({
    data: {
      naturalKey, kind: 'rebate', programId: referral.programId, programVersionId: version.id, referralId: referral.id, eventId: event.id,
      accountId: referral.inviterId, base: reward.base, ratePpm: reward.ratePpm, amount: reward.amount, asset: reward.asset, checkId: answer.checkId,
      occurredAt: event.occurredAt, recordedAt: now, effectiveAt: now, maturesAt, actorId,
    },
    select: { id: true },
  })
  const into = answer.holdReason !== null ? 'reward_held' : maturesAt <= now ? 'reward_available' : 'reward_pending'
  const debts = await positionsOf(transaction, referral.inviterId, { kinds: ['debt'], asset: reward.asset })
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('accrual', naturalKey), kind: 'accrual', programId: referral.programId, eventId: event.id,
    occurredAt: event.occurredAt, recordedAt: now, effectiveAt: now, actorId,
    entries: accrualEntries({ accountId: referral.inviterId, rebateId, asset: reward.asset, amount: reward.amount, into }, debts),
  })
  if (answer.holdReason === null) return
  await placeHold(transaction, {
    subject: { kind: 'rebate', rebateId }, ownerId: SYSTEM_ACTOR_ID, reason: answer.holdReason, checkId: answer.checkId, isDegraded: answer.isDegraded,
    placedBy: transferId, placedAt: now, dueAt: await holdDueAt(transaction, referral.programId, now), onSilence: version.rules.onSilence,
  })
}

type Permission = Omit<CreditAnswer, 'holdReason'> & { readonly holdReason: CreditAnswer['holdReason'] | 'relation_held' }

/** The check is asked also where the relation is held already, so that its answer is on record. */
async function mayCredit(transaction: Transaction, recording: Recording, { event, referral, reward, naturalKey }: NewRebate): Promise<Permission> {
  const answer = await askBeforeCredit(transaction, recording, {
    programId: referral.programId, subject: 'rebate', subjectId: `rebate:${Buffer.from(naturalKey).toString('hex')}`,
    inviterId: referral.inviterId, inviteeId: event.accountId, amount: reward.amount, asset: reward.asset,
  })
  if (answer.holdReason !== null) return answer
  const held = await transaction.hold.count({
    where: { endedAt: null, OR: [{ referralId: referral.id }, { subjectKind: 'account', accountId: { in: [referral.inviterId, referral.inviteeId] } }] },
  })
  return held > 0 ? { ...answer, holdReason: 'relation_held' } : answer
}

export async function holdDueAt(transaction: Transaction, programId: bigint, now: Date): Promise<Date> {
  const { policy } = await policyAt(transaction, programId, now)
  return new Date(now.getTime() + policy.holdDays * 86_400_000)
}
