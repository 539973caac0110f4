// What the actions do to relations: suspend with a hold, resume, cancel from a moment on; and whom outside the ring that touches.

import type { Transaction } from '../base/database.ts'
import type { Relation } from '../programs/index.ts'
import { type NewHoldTerms, REVIEW_HOLD } from './money-effects.ts'
import type { HoldEffect, PlanEffect, ReferralEffect, ReferralStanding, SettleEffect, ThirdPartyEffect } from './plan-types.ts'
import type { Scope } from './scope.ts'

/** A suspended relation earns nothing from now on; its hold makes sure that somebody ends that, and what was paid meanwhile is settled then. */
export function suspendRelations(referrals: readonly Relation[], hold: NewHoldTerms): PlanEffect[] {
  return referrals.filter((referral) => referral.state === 'active').flatMap((referral): PlanEffect[] => [
    change(referral, { state: 'suspended', effectiveAt: 'apply' }),
    { kind: 'hold', change: 'place', rebateId: null, referralId: referral.id.toString(), reason: REVIEW_HOLD, ...hold },
  ])
}

/** A resumed relation counts from its beginning, as if it had not been suspended. */
export async function resumeRelations(transaction: Transaction, referrals: readonly Relation[]): Promise<PlanEffect[]> {
  const suspended = referrals.filter((referral) => referral.state === 'suspended')
  const changes = suspended.map((referral) => change(referral, { state: 'active', effectiveAt: referral.occurredAt.toISOString() }))
  return [...changes, ...(await endRelationHolds(transaction, suspended, 'released')), ...(await earnedMeanwhile(transaction, changes))]
}

/**
 * What the invitees of relations that earn again paid since they did not: it has earned nothing yet. `stoppedAt` is when that was recorded;
 * for a suspended relation it is its effective time. Imported history earns nothing, now as before.
 */
export async function earnedMeanwhile(transaction: Transaction, changes: readonly ReferralEffect[], stoppedAt: Date | null = null): Promise<SettleEffect[]> {
  const resumed = changes.filter((each) => each.before.state !== 'active' && each.after.state === 'active')
  if (resumed.length === 0) return []
  const rows = await transaction.$queryRaw<{ id: bigint; account_id: bigint }[]>`
    SELECT DISTINCT e.id, e.account_id
      FROM unnest(${resumed.map((each) => BigInt(each.referralId))}::bigint[], ${resumed.map((each) => each.before.effectiveAt)}::timestamptz[]) AS r(referral_id, since)
      JOIN referral f ON f.id = r.referral_id
      JOIN event e ON e.account_id = f.invitee_id AND e.type IN ('recharge', 'payment', 'spend')
        AND e.occurred_at >= r.since AND e.recorded_at >= coalesce(${stoppedAt}::timestamptz, r.since)
      JOIN batch ON batch.id = e.batch_id AND NOT coalesce(e.is_history, batch.kind = 'import')
      WHERE NOT EXISTS (SELECT 1 FROM rebate b WHERE b.event_id = e.id AND b.program_id = f.program_id)
      ORDER BY e.id`
  return rows.map((row) => ({ kind: 'settle', why: 'earned_meanwhile', accountId: row.account_id.toString(), eventId: row.id.toString() }))
}

export async function cancelRelations(transaction: Transaction, referrals: readonly Relation[], from: 'now' | 'start' | { readonly date: string }): Promise<PlanEffect[]> {
  const changes = referrals.flatMap((referral): ReferralEffect[] => {
    const effectiveAt = cancelledFrom(referral, from)
    const isEarlier = effectiveAt !== 'apply' && new Date(effectiveAt) < referral.effectiveAt
    if (referral.state === 'cancelled' && !isEarlier) return []
    return [change(referral, { state: 'cancelled', effectiveAt })]
  })
  return [...changes, ...(await endRelationHolds(transaction, referrals, 'superseded'))]
}

function cancelledFrom(referral: Relation, from: 'now' | 'start' | { readonly date: string }): string {
  // What is suspended has earned nothing since then.
  if (from === 'now') return referral.state === 'suspended' ? referral.effectiveAt.toISOString() : 'apply'
  if (from === 'start') return referral.occurredAt.toISOString()
  const date = new Date(from.date)
  return (date > referral.occurredAt ? date : referral.occurredAt).toISOString()
}

function change(referral: Relation, after: ReferralStanding): ReferralEffect {
  return {
    kind: 'referral',
    referralId: referral.id.toString(),
    inviterId: referral.inviterId.toString(),
    inviteeId: referral.inviteeId.toString(),
    before: { state: referral.state, effectiveAt: referral.effectiveAt.toISOString() },
    after,
  }
}

async function endRelationHolds(transaction: Transaction, referrals: readonly Relation[], as: 'released' | 'superseded'): Promise<HoldEffect[]> {
  const holds = await transaction.hold.findMany({
    where: { referralId: { in: referrals.map((referral) => referral.id) }, endedAt: null }, select: { id: true, referralId: true, reason: true }, orderBy: { id: 'asc' },
  })
  return holds.map((hold) => ({
    kind: 'hold', change: 'end', holdId: hold.id.toString(), rebateId: null, referralId: hold.referralId?.toString() ?? null, reason: hold.reason, as,
  }))
}

/** Invitees of restricted members who are not members themselves: they keep their account, but lose what their inviter could do. */
export async function outsideTheRing(transaction: Transaction, scope: Scope, accountIds: ReadonlySet<bigint>): Promise<ThirdPartyEffect[]> {
  const inside = new Set(scope.members.map((member) => member.accountId))
  const rows = await transaction.referral.findMany({
    where: { inviterId: { in: [...accountIds] }, state: { not: 'cancelled' }, inviteeId: { notIn: [...inside] } },
    select: { id: true, inviteeId: true }, orderBy: { id: 'asc' },
  })
  return rows.map((row) => ({ kind: 'third_party', concern: 'outside_the_ring', accountId: row.inviteeId.toString(), referralId: row.id.toString() }))
}
