// Facts about money and sign-up as the platform reports them: what each must carry, and how it is written once for ever.
// Promises: the same fact again is the same event; the same id with another content is refused as `key_reused`.

import type { KeyRing } from '../../base/keys.ts'
import { type EventType, eventContentDigest } from '../../population/index.ts'
import type { Invitation } from '../attribution/attribution.ts'

export interface EventFact {
  /** The system that owns the event; its ids are unique within it. */
  readonly source: string
  readonly eventId: string
  readonly type: EventType
  readonly accountId: bigint
  readonly occurredAt: Date
  /** The event that a refund or dispute is about; of the same source. */
  readonly originalEventId?: string | undefined
  /** Smallest units of the asset, as charged; a refund or chargeback without one is of the whole. */
  readonly amount?: bigint | undefined
  readonly asset?: string | undefined
  /** Tax, discount, coupon and bonus: what of the amount was not money received. */
  readonly excluded?: bigint | undefined
  readonly fundedBy?: 'paid' | 'reward' | 'credit' | 'code' | 'staff' | undefined
  readonly periodUnit?: string | undefined
  readonly periodCount?: number | undefined
  readonly item?: string | undefined
  /** The whole amount in a programme's asset, where it was charged in another: with the rate and where the rate is from. */
  readonly conversion?: Conversion | undefined
  /** On a sign-up: what it says about the invitation. */
  readonly invitation?: Invitation | undefined
  /** On a sign-up: instances, projects and the like that the account owns. */
  readonly resourceIds?: readonly string[] | undefined
  /** On a sign-up: the terms that were accepted with it. */
  readonly termsVersion?: string | undefined
  /** On a change of track: the programme's key and the track. */
  readonly track?: { readonly program: string; readonly key: string } | undefined
}

export interface Conversion {
  /** Smallest units of the asset. */
  readonly amount: bigint
  readonly asset: string
  /** As the host states them; kept, never computed with. */
  readonly rate: string
  readonly rateSource: string
}

export type FactRefusal =
  | 'key_reused' | 'occurred_in_the_future' | 'amount_missing' | 'amount_negative' | 'original_missing' | 'asset_missing' | 'unknown_asset'
  | 'excluded_exceeds_amount' | 'original_of_another_account' | 'original_in_another_asset' | 'original_cannot_be_refunded'
  /** It would earn now, but is in another asset than the programme pays, and does not say what it was in that one. */
  | 'conversion_missing'
  | 'unknown_program' | 'no_rules_in_force' | 'unknown_track' | 'needs_contract' | 'contract_in_force'

/** Clocks of platforms may run ahead of ours by this much. */
export const SKEW_SECONDS = 300

const NEEDS_AMOUNT: ReadonlySet<EventType> = new Set<EventType>(['recharge', 'payment', 'spend'])
const NEEDS_ORIGINAL: ReadonlySet<EventType> = new Set<EventType>(['refund', 'chargeback', 'dispute_opened', 'dispute_won'])
export const isAboutAnOriginal = (type: EventType): boolean => NEEDS_ORIGINAL.has(type)
export const isMoney = (type: EventType): boolean => NEEDS_AMOUNT.has(type)

/** What is wrong with the fact in itself, or null. */
export function whyRefused(fact: EventFact, now: Date): FactRefusal | null {
  if (fact.occurredAt.getTime() > now.getTime() + SKEW_SECONDS * 1000) return 'occurred_in_the_future'
  if (NEEDS_AMOUNT.has(fact.type) && fact.amount === undefined) return 'amount_missing'
  if (NEEDS_ORIGINAL.has(fact.type) && fact.originalEventId === undefined) return 'original_missing'
  if (fact.amount !== undefined && fact.asset === undefined) return 'asset_missing'
  if ((fact.amount ?? 0n) < 0n || (fact.excluded ?? 0n) < 0n) return 'amount_negative'
  if ((fact.excluded ?? 0n) > (fact.amount ?? 0n)) return 'excluded_exceeds_amount'
  return null
}

/** Equal to the digest of an imported row wherever the fact says no more than a row of an export folder can. */
export function contentDigestOf(keys: KeyRing, fact: EventFact): Buffer {
  const row = {
    eventId: fact.eventId, type: fact.type, accountId: Number(fact.accountId), originalId: fact.originalEventId ?? null, amount: fact.amount ?? null,
    asset: fact.asset ?? null, fundedBy: fact.fundedBy ?? 'paid', periodUnit: fact.periodUnit ?? null, periodCount: fact.periodCount ?? null,
    item: fact.item ?? null, occurredAt: fact.occurredAt.getTime() / 1000,
  } as const
  const { code, clickId, programId } = fact.invitation ?? {}
  const more = {
    excluded: fact.excluded === 0n ? undefined : fact.excluded, code, clickId, programId, converted: fact.conversion, resourceIds: fact.resourceIds, termsVersion: fact.termsVersion, track: fact.track,
  }
  return eventContentDigest(keys, { ...row, ...more })
}
