// Caps: at most so many rebates, or so much, per inviter, per invitee or in the whole programme, in each period of the programme's zone.
// Promises: pure. What was recorded first is served first, so with caps, and only with them, the order of recording decides who
// gets what is left; what was reversed later does not make room again, so that recharging and refunding wins nothing.

import { calendarPeriod, type ProgramRules, publishedUnits } from '../../policies/index.ts'

/** One sum that must be known before an event can be judged: of rebates of the programme that occurred in a period. */
export interface CapQuery {
  /** Queries with the same key ask for the same sum. */
  readonly key: string
  readonly of: 'inviter' | 'invitee' | 'program'
  readonly programId: bigint
  /** The inviter's account, or null where the cap is of another kind. */
  readonly inviterId: bigint | null
  /** The invitee's relation: there is one per programme. */
  readonly referralId: bigint | null
  /** Start inclusive, end exclusive, by the time the events occurred; null: ever. */
  readonly from: Date | null
  readonly until: Date | null
  readonly measure: 'count' | 'amount'
  /** Amounts are summed in this asset; a count counts rebates of every asset, and has null. */
  readonly asset: string | null
  /** The cap: rebates, or smallest units of the asset. */
  readonly most: bigint
}

/** Sums by the keys of their queries. */
export type CapUsage = ReadonlyMap<string, bigint>

export interface CappedEvent {
  readonly referral: { readonly id: bigint; readonly programId: bigint; readonly inviterId: bigint }
  readonly occurredAt: Date
  /** What the reward is counted in: a cap on amounts of another asset does not concern it. */
  readonly asset: string
}

/** The sums to read for one event; most programmes have none. */
export function capQueriesOf(rules: ProgramRules, { referral, occurredAt, asset }: CappedEvent): CapQuery[] {
  return rules.caps.flatMap((cap): CapQuery[] => {
    const counted = cap.asset ?? rules.asset
    if (cap.amount !== undefined && counted !== asset) return []
    const period = cap.per === 'ever' ? null : calendarPeriod(rules.zone, cap.per, occurredAt)
    const scope = {
      of: cap.of, programId: referral.programId,
      inviterId: cap.of === 'inviter' ? referral.inviterId : null, referralId: cap.of === 'invitee' ? referral.id : null,
      from: period?.from ?? null, until: period?.until ?? null,
    }
    const limit = cap.amount === undefined
      ? { measure: 'count' as const, asset: null, most: BigInt(cap.count ?? 0) }
      : { measure: 'amount' as const, asset, most: publishedUnits(cap.amount, asset) }
    return [{ key: keyOf({ ...scope, ...limit }), ...scope, ...limit }]
  })
}

function keyOf({ of, programId, inviterId, referralId, from, until, measure, asset }: Omit<CapQuery, 'key' | 'most'>): string {
  return [of, programId, inviterId ?? referralId ?? '', from?.getTime() ?? '', until?.getTime() ?? '', measure, asset ?? ''].join(' ')
}

/** What of an amount the caps leave: all of it, what is left of the tightest sum, or nothing. Throws where a sum was not read. */
export function limitByCaps(queries: readonly CapQuery[], usage: CapUsage, amount: bigint): bigint {
  let left = amount
  for (const { key, measure, most } of queries) {
    const used = usage.get(key)
    if (used === undefined) throw new Error(`The sum of a cap was not read: ${key}.`)
    const room = most - used
    if (room <= 0n) return 0n
    if (measure === 'amount' && room < left) left = room
  }
  return left
}

/** The sums after one more rebate of that amount: for several events in one transaction. */
export function countTowardsCaps(queries: readonly CapQuery[], usage: Map<string, bigint>, amount: bigint): void {
  // Two caps with the same sum and different limits count it once.
  for (const { key, measure } of new Map(queries.map((query) => [query.key, query])).values()) {
    usage.set(key, (usage.get(key) ?? 0n) + (measure === 'count' ? 1n : amount))
  }
}
