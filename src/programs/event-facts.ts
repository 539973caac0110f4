// Facts about money and sign-up as the platform reports them: what each must carry, and how it is written once for ever.
// Promises: the same fact again is the same event; the same id with another content is refused as `key_reused`.

import { randomBytes } from 'node:crypto'
import type { Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { type EventType, eventContentDigest, eventKey, itemHash } from '../population/index.ts'
import type { Invitation } from './attribution.ts'

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
  /** On a sign-up: what it says about the invitation. */
  readonly invitation?: Invitation | undefined
}

export type FactRefusal =
  | 'key_reused' | 'occurred_in_the_future' | 'amount_missing' | 'amount_negative' | 'original_missing' | 'asset_missing' | 'unknown_asset'
  | 'excluded_exceeds_amount' | 'original_of_another_account' | 'original_in_another_asset' | 'original_cannot_be_refunded'

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

/** An event as it lies in the database, as far as money needs it. */
export interface MoneyEvent {
  readonly id: bigint
  readonly naturalKey: Uint8Array
  readonly type: EventType
  readonly accountId: bigint
  readonly originalKey: Uint8Array | null
  readonly amount: bigint | null
  readonly asset: string | null
  readonly excluded: bigint
  readonly fundedBy: string
  readonly periodUnit: string | null
  readonly periodCount: number | null
  readonly occurredAt: Date
  readonly batchId: bigint
}

const COLUMNS = {
  id: true, naturalKey: true, type: true, accountId: true, originalKey: true, amount: true, asset: true, excluded: true,
  fundedBy: true, periodUnit: true, periodCount: true, occurredAt: true, batchId: true,
} as const

type EventRecord = Omit<MoneyEvent, 'type'> & { readonly type: string }
const asMoneyEvent = (row: EventRecord): MoneyEvent => ({ ...row, type: row.type as EventType })

export async function findEvent(transaction: Transaction, naturalKey: Uint8Array): Promise<MoneyEvent | null> {
  const row = await transaction.event.findUnique({ where: { naturalKey: new Uint8Array(naturalKey) }, select: COLUMNS })
  return row === null ? null : asMoneyEvent(row)
}

/** Events about an original (refunds, chargebacks, disputes) of the same account, in the order in which they occurred. */
export async function eventsAbout(transaction: Transaction, original: MoneyEvent): Promise<MoneyEvent[]> {
  const rows = await transaction.event.findMany({
    where: { originalKey: new Uint8Array(original.naturalKey), accountId: original.accountId, OR: [{ asset: null }, { asset: original.asset }] },
    select: COLUMNS, orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }],
  })
  return rows.map(asMoneyEvent)
}

/** Those that no import brought: an import's are history. */
export async function withoutImported(transaction: Transaction, events: readonly MoneyEvent[]): Promise<MoneyEvent[]> {
  if (events.length === 0) return []
  const imports = await transaction.batch.findMany({ where: { id: { in: events.map((event) => event.batchId) }, kind: 'import' }, select: { id: true } })
  return events.filter((event) => !imports.some((batch) => batch.id === event.batchId))
}

/** Money events that reached us through the events API since a time: what a later sign-up may still make earn. Imported ones are history. */
export async function moneyEventsSince(transaction: Transaction, accountId: bigint, since: Date): Promise<MoneyEvent[]> {
  const rows = await transaction.event.findMany({
    where: { accountId, occurredAt: { gte: since }, type: { in: [...NEEDS_AMOUNT] }, batch: { kind: { not: 'import' } } },
    select: COLUMNS, orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }],
  })
  return rows.map(asMoneyEvent)
}

export async function eventsByIds(transaction: Transaction, ids: readonly bigint[]): Promise<MoneyEvent[]> {
  const rows = await transaction.event.findMany({ where: { id: { in: [...ids] } }, select: COLUMNS, orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }] })
  return rows.map(asMoneyEvent)
}

export type Written = { outcome: 'new' | 'known'; event: MoneyEvent } | { outcome: 'key_reused' }

/** Writes the event with its erasable body, or finds it. */
export async function writeEvent(transaction: Transaction, keys: KeyRing, fact: EventFact, recorded: { at: Date; batchId: bigint }): Promise<Written> {
  const naturalKey = new Uint8Array(eventKey(keys, fact.source, fact.eventId))
  const contentDigest = new Uint8Array(contentDigestOf(keys, fact))
  const item = itemHash(keys, fact.item ?? null)
  const [made] = await transaction.event.createManyAndReturn({
    data: [{
      naturalKey, contentDigest, type: fact.type, accountId: fact.accountId,
      originalKey: fact.originalEventId === undefined ? null : new Uint8Array(eventKey(keys, fact.source, fact.originalEventId)),
      amount: fact.amount ?? null, asset: fact.asset ?? null, excluded: fact.excluded ?? 0n, fundedBy: fact.fundedBy ?? 'paid',
      periodUnit: fact.periodUnit ?? null, periodCount: fact.periodCount ?? null, itemHash: item === null ? null : new Uint8Array(item),
      occurredAt: fact.occurredAt, recordedAt: recorded.at, effectiveAt: fact.occurredAt, batchId: recorded.batchId,
    }],
    skipDuplicates: true, select: COLUMNS,
  })
  if (made === undefined) {
    const known = await transaction.event.findUniqueOrThrow({ where: { naturalKey }, select: { ...COLUMNS, contentDigest: true } })
    return Buffer.from(known.contentDigest).equals(contentDigest) ? { outcome: 'known', event: asMoneyEvent(known) } : { outcome: 'key_reused' }
  }
  const body = { source: fact.source, event_id: fact.eventId, ...(fact.item === undefined ? {} : { item: fact.item }) }
  await transaction.eventBody.create({ data: { eventId: made.id, salt: new Uint8Array(randomBytes(16)), body } })
  return { outcome: 'new', event: asMoneyEvent(made) }
}

/** Equal to the digest of an imported row wherever the fact says no more than a row of an export folder can. */
function contentDigestOf(keys: KeyRing, fact: EventFact): Buffer {
  const row = {
    eventId: fact.eventId, type: fact.type, accountId: Number(fact.accountId), originalId: fact.originalEventId ?? null, amount: fact.amount ?? null,
    asset: fact.asset ?? null, fundedBy: fact.fundedBy ?? 'paid', periodUnit: fact.periodUnit ?? null, periodCount: fact.periodCount ?? null,
    item: fact.item ?? null, occurredAt: fact.occurredAt.getTime() / 1000,
  } as const
  const { code, clickId, programId } = fact.invitation ?? {}
  const more = { excluded: fact.excluded === 0n ? undefined : fact.excluded, code, clickId, programId }
  return eventContentDigest(keys, { ...row, ...more })
}
