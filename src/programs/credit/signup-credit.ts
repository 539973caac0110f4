// The credit that an invited friend starts with: once for ever per invitee and programme, spendable until it expires.
// Promises: asked of the pre-credit check; what is held cannot be spent and loses no days; beyond the daily budget it is held, not refused.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { askBeforeCredit } from '../../checks/index.ts'
import { placeHold, postTransfer } from '../../ledger/index.ts'
import { calendarPeriod, type ProgramRules, publishedUnits } from '../../policies/index.ts'
import { moveAutomatically } from '../movement/move-reward.ts'
import { holdDueAt } from '../settlement/rebates.ts'
import type { Recording } from '../recorder.ts'
import { readStandings } from '../standing/standing.ts'

export interface CreditOccasion {
  readonly referral: { readonly id: bigint; readonly programId: bigint; readonly inviterId: bigint; readonly inviteeId: bigint }
  /** The version in force when the cause occurred. */
  readonly version: { readonly id: bigint; readonly rules: ProgramRules }
  /** What happened; a credit is granted only on the occasion that the rules name. */
  readonly on: 'signup' | 'verified' | 'first_payment'
  /** The event that reports it. */
  readonly cause: { readonly id: bigint; readonly occurredAt: Date }
}

export interface GrantedCredit {
  readonly rebateId: bigint
  /** Null where it can be spent at once. */
  readonly holdReason: string | null
}

/** What a credit of that programme and invitee is known by. */
export const signupCreditKey = (programId: bigint, inviteeId: bigint): Buffer => digestOf('signup credit', programId.toString(), inviteeId.toString())

/** Null where the rules give none on this occasion, somebody is excluded, or it was granted before. Inviter and invitee must be locked. */
export async function grantSignupCredit(transaction: Transaction, recording: Recording, occasion: CreditOccasion): Promise<GrantedCredit | null> {
  const { referral, version, on, cause } = occasion
  const credit = version.rules.signupCredit
  if (credit === null || credit.grantOn !== on) return null
  const naturalKey = new Uint8Array(signupCreditKey(referral.programId, referral.inviteeId))
  if ((await transaction.rebate.count({ where: { naturalKey } })) > 0 || (await isExcluded(transaction, occasion))) return null
  const { now, actorId } = recording
  const amount = publishedUnits(credit.amount, credit.asset)
  const permission = await mayCredit(transaction, recording, { ...occasion, amount, asset: credit.asset, naturalKey })
  const { id: rebateId } = await transaction.rebate.create({
    data: {
      naturalKey, kind: 'signup_credit', programId: referral.programId, programVersionId: version.id, referralId: referral.id, eventId: cause.id,
      accountId: referral.inviteeId, base: 0n, ratePpm: 0, amount, asset: credit.asset, checkId: permission.checkId, track: version.rules.defaultTrack,
      occurredAt: cause.occurredAt, recordedAt: now, effectiveAt: now, maturesAt: now, expiresAt: new Date(now.getTime() + credit.validDays * 86_400_000), actorId,
    },
    select: { id: true },
  })
  const member = { accountId: referral.inviteeId, asset: credit.asset, rebateId }
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('accrual', naturalKey), kind: 'accrual', programId: referral.programId, eventId: cause.id,
    occurredAt: cause.occurredAt, recordedAt: now, effectiveAt: now, actorId,
    entries: [
      { accountId: null, kind: 'rebate_expense', asset: credit.asset, rebateId, amount: -amount },
      { ...member, kind: bookOf(version.rules, permission.holdReason !== null), amount },
    ],
  })
  if (permission.holdReason !== null) {
    await placeHold(transaction, {
      subject: { kind: 'rebate', rebateId }, ownerId: SYSTEM_ACTOR_ID, reason: permission.holdReason, checkId: permission.checkId, isDegraded: permission.isDegraded,
      placedBy: transferId, placedAt: now, dueAt: await holdDueAt(transaction, referral.programId, now), onSilence: version.rules.onSilence,
    })
  } else if (version.rules.settlement === 'host') {
    await moveAutomatically(transaction, recording, [{ programId: referral.programId, accountId: referral.inviteeId }])
  }
  return { rebateId, holdReason: permission.holdReason }
}

/** In these books it is part of the main balance from the start; what a host keeps waits here only until its instruction is written. */
function bookOf({ settlement }: ProgramRules, isHeld: boolean): 'main_bonus' | 'main_held' | 'reward_available' | 'reward_held' {
  if (settlement === 'internal') return isHeld ? 'main_held' : 'main_bonus'
  return isHeld ? 'reward_held' : 'reward_available'
}

async function isExcluded(transaction: Transaction, { referral: { programId, inviterId, inviteeId }, cause }: CreditOccasion): Promise<boolean> {
  const standings = await readStandings(transaction, [{ programId, accountId: inviterId }, { programId, accountId: inviteeId }])
  return [inviterId, inviteeId].some((accountId) => standings.isExcluded(programId, accountId, cause.occurredAt))
}

interface Permission {
  readonly holdReason: 'held_by_check' | 'denied_by_check' | 'relation_held' | 'daily_budget' | null
  readonly checkId: string | null
  readonly isDegraded: boolean
}

interface Wanted extends CreditOccasion {
  readonly amount: bigint
  readonly asset: string
  readonly naturalKey: Uint8Array
}

/** The check is asked first, so that its answer is on record whatever else holds the credit. */
async function mayCredit(transaction: Transaction, recording: Recording, wanted: Wanted): Promise<Permission> {
  const { referral: { id: referralId, programId, inviterId, inviteeId }, version, amount, asset, naturalKey } = wanted
  const answer = await askBeforeCredit(transaction, recording, {
    programId, subject: 'signup_credit', subjectId: `signup-credit:${Buffer.from(naturalKey).toString('hex')}`, inviterId, inviteeId, amount, asset,
  })
  if (answer.holdReason !== null) return answer
  const held = await transaction.hold.count({ where: { endedAt: null, OR: [{ referralId }, { subjectKind: 'account', accountId: { in: [inviterId, inviteeId] } }] } })
  if (held > 0) return { ...answer, holdReason: 'relation_held' }
  const isWithin = await isWithinDailyBudget(transaction, version.rules, { programId, now: recording.now, amount })
  return isWithin ? answer : { ...answer, holdReason: 'daily_budget' }
}

/** The budget counts what could be spent at once, by the day of its posting in the programme's zone; what was held does not use it up. */
async function isWithinDailyBudget(transaction: Transaction, { signupCredit, zone }: ProgramRules, { programId, now, amount }: { programId: bigint; now: Date; amount: bigint }): Promise<boolean> {
  if (signupCredit?.dailyBudget === undefined) return true
  // Two sign-ups at once must not both take the last of it.
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`credit budget ${programId}`}, 0))`
  const { from, until } = calendarPeriod(zone, 'day', now)
  const [row] = await transaction.$queryRaw<{ granted: bigint }[]>`
    select coalesce(sum(r.amount), 0)::bigint as granted from rebate r
      where r.program_id = ${programId} and r.kind = 'signup_credit' and r.asset = ${signupCredit.asset}
        and r.effective_at >= ${from}::timestamptz and r.effective_at < ${until}::timestamptz
        and not exists (select 1 from hold h where h.rebate_id = r.id and h.placed_at = r.effective_at)`
  return (row?.granted ?? 0n) + amount <= publishedUnits(signupCredit.dailyBudget, signupCredit.asset)
}
