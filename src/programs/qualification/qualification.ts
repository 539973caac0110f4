// What one event earns the inviter under the rules of its own time: exactly one reward of one track, nothing with a reason, or a question.
// Promises: pure, so that preview, posting and test agree; nothing is guessed (a missing period or conversion is a question), and
// nobody has a rate of their own.

import type { EventType } from '../../population/index.ts'
import { MICROS, scaleHalfEven } from '../../base/money.ts'
import { DAY, daysOfLength, type ProgramRules, publishedUnits, type TrackRules, trackOf } from '../../policies/index.ts'
import { type CapUsage, capQueriesOf, limitByCaps } from './caps.ts'

/** What an event says about money. */
export interface QualifyingEvent {
  readonly type: EventType
  /** Smallest units as charged; `excluded` is tax, discount, coupon and bonus in it. */
  readonly amount: bigint | null
  readonly asset: string | null
  readonly excluded: bigint
  readonly fundedBy: string
  readonly periodUnit: string | null
  readonly periodCount: number | null
  readonly occurredAt: Date
  /** The whole amount in another asset, where the host stated it. */
  readonly convertedAmount: bigint | null
  readonly convertedAsset: string | null
}

export interface QualifyingFacts {
  readonly event: QualifyingEvent
  /** The version in force when the event occurred. */
  readonly rules: ProgramRules
  readonly referral: { readonly id: bigint; readonly programId: bigint; readonly inviterId: bigint }
  /** Of the inviter when the event occurred. */
  readonly track: string
  readonly enrolment: 'active' | 'suspended' | 'closed'
  /** Whether inviter or invitee was excluded (staff, test, sales-owned) when the event occurred. */
  readonly isExcluded: boolean
  /** When the event reached these books first. */
  readonly recordedAt: Date
  /** Whether the relation came from bought clicks or a banned site, where the rules hold such. */
  readonly trafficHold: boolean
  /** The sums of `capQueriesOf`. */
  readonly usage: CapUsage
}

export interface Reward {
  /** Money received: what was charged without tax, discount, coupon and bonus, in the asset that the rate is of. */
  readonly base: bigint
  /** Zero where the reward is no share. */
  readonly ratePpm: number
  readonly amount: bigint
  readonly asset: string
}

export type NothingEarned =
  | 'other_type' | 'not_paid_with_money' | 'no_money_received' | 'account_excluded' | 'enrolment_suspended' | 'enrolment_closed' | 'below_smallest_unit' | 'cap_reached'
export type AccrualQuestion = 'period_missing' | 'period_not_in_months' | 'conversion_missing'

export type Qualified =
  | { readonly kind: 'earns'; readonly reward: Reward; readonly track: string; readonly maturesAt: Date; readonly validDays: number | null; readonly holdReason: 'late_event' | 'paid_traffic' | null }
  | { readonly kind: 'nothing'; readonly why: NothingEarned }
  | { readonly kind: 'question'; readonly reason: AccrualQuestion }

const QUALIFYING: Readonly<Record<ProgramRules['base'], readonly EventType[]>> = {
  recharge: ['recharge'],
  payment: ['payment'],
  spend: ['spend'],
  both: ['recharge', 'spend'],
}
const DAY_MILLISECONDS = 86_400_000

/** The relation itself must be in force at the time; that is asked before. */
export function qualify(facts: QualifyingFacts): Qualified {
  const { event, rules, referral, usage } = facts
  const why = whyNothing(facts)
  if (why !== null) return { kind: 'nothing', why }
  const track = trackInForce(rules, facts.track)
  const earned = rewardOf(event, track)
  if (typeof earned === 'string') return { kind: 'question', reason: earned }
  if (earned.amount === 0n) return { kind: 'nothing', why: 'below_smallest_unit' }
  const amount = limitByCaps(capQueriesOf(rules, { referral, occurredAt: event.occurredAt, asset: earned.asset }), usage, earned.amount)
  if (amount === 0n) return { kind: 'nothing', why: 'cap_reached' }
  return {
    kind: 'earns', reward: { ...earned, amount }, track: track.key,
    maturesAt: new Date(event.occurredAt.getTime() + track.maturitySeconds * 1000), validDays: track.rewardValidDays, holdReason: holdReasonOf(facts),
  }
}

/** The track that rewards: the member's own, or the one that everybody starts on where this version no longer has theirs. */
export function trackInForce(rules: ProgramRules, key: string): TrackRules {
  const track = trackOf(rules, key) ?? trackOf(rules, rules.defaultTrack)
  if (track === null) throw new Error('A version without its default track was published.')
  return track
}

/** Whether events of this kind can earn under the rules at all: nothing else needs to be read for the others. */
export function mayQualify(rules: ProgramRules, event: Pick<QualifyingEvent, 'type' | 'fundedBy' | 'amount' | 'excluded'>): boolean {
  return QUALIFYING[rules.base].includes(event.type) && event.fundedBy === 'paid' && moneyReceived(event) > 0n
}

function whyNothing({ event, rules, enrolment, isExcluded }: QualifyingFacts): NothingEarned | null {
  if (!QUALIFYING[rules.base].includes(event.type)) return 'other_type'
  if (event.fundedBy !== 'paid') return 'not_paid_with_money'
  if (moneyReceived(event) <= 0n) return 'no_money_received'
  if (isExcluded) return 'account_excluded'
  if (enrolment === 'active') return null
  return enrolment === 'suspended' ? 'enrolment_suspended' : 'enrolment_closed'
}

/** In the asset of the event. */
export function moneyReceived(event: Pick<QualifyingEvent, 'amount' | 'excluded'>): bigint {
  return (event.amount ?? 0n) - event.excluded
}

function rewardOf(event: QualifyingEvent, { reward, asset }: TrackRules): Reward | AccrualQuestion {
  switch (reward.kind) {
    case 'rate': {
      const base = moneyReceivedIn(event, asset)
      return base === null ? 'conversion_missing' : { base, ratePpm: reward.ratePpm, amount: scaleHalfEven(base, BigInt(reward.ratePpm), MICROS), asset }
    }
    case 'fixed':
      return { base: moneyReceived(event), ratePpm: 0, amount: publishedUnits(reward.amount, asset), asset }
    case 'days': {
      const days = daysOf(event, reward)
      return typeof days === 'string' ? days : { base: moneyReceived(event), ratePpm: 0, amount: days, asset: DAY }
    }
  }
}

/** Null where the event is in another asset and does not say what it was in this one. */
function moneyReceivedIn(event: QualifyingEvent, asset: string): bigint | null {
  if (event.asset === asset) return moneyReceived(event)
  if (event.convertedAsset !== asset || event.convertedAmount === null || event.amount === null) return null
  return scaleHalfEven(event.convertedAmount, moneyReceived(event), event.amount)
}

type DayReward = Extract<TrackRules['reward'], { kind: 'days' }>

/** By the period that was paid; how many units were bought does not matter. */
function daysOf({ periodUnit, periodCount }: QualifyingEvent, reward: DayReward): bigint | AccrualQuestion {
  if (periodUnit === null) return 'period_missing'
  if (periodUnit !== 'month' && periodUnit !== 'year') return 'period_not_in_months'
  return BigInt(daysOfLength(reward, periodUnit, periodCount ?? 1))
}

function holdReasonOf({ event, rules, recordedAt, trafficHold }: QualifyingFacts): 'late_event' | 'paid_traffic' | null {
  if (trafficHold) return 'paid_traffic'
  const isLate = rules.reviewAfterDays !== null && recordedAt.getTime() - event.occurredAt.getTime() > rules.reviewAfterDays * DAY_MILLISECONDS
  return isLate ? 'late_event' : null
}
