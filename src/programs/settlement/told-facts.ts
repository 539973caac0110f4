// Facts as they are told, prepared once outside the transaction: their keys, their digest, and what is wrong with them in themselves.

import { randomBytes } from 'node:crypto'
import type { KeyRing } from '../../base/keys.ts'
import type { PreCreditCheck } from '../../checks/index.ts'
import { eventKey, itemHash } from '../../population/index.ts'
import { contentDigestOf, type EventFact, type FactRefusal, isAboutAnOriginal, isMoney, whyRefused } from './event-facts.ts'
import type { SheetEvent } from './document.ts'
import type { KnownRules } from './known-rules.ts'
import type { Sheet } from './sheet.ts'

export interface ToldFact {
  readonly fact: EventFact
  readonly batchId: bigint
  readonly actorId: bigint
  readonly check: PreCreditCheck
}

export interface PreparedFact extends ToldFact {
  /** Natural key, key of the original and digest of the content, in hexadecimal. */
  readonly key: string
  readonly originalKey: string | null
  readonly digest: string
  readonly item: string | null
  readonly refusal: FactRefusal | null
}

export function prepareFact(keys: KeyRing, now: Date, told: ToldFact): PreparedFact {
  const { fact } = told
  return {
    ...told, key: eventKey(keys, fact.source, fact.eventId).toString('hex'),
    originalKey: fact.originalEventId === undefined ? null : eventKey(keys, fact.source, fact.originalEventId).toString('hex'),
    digest: contentDigestOf(keys, fact).toString('hex'), item: itemHash(keys, fact.item ?? null)?.toString('hex') ?? null, refusal: whyRefused(fact, now),
  }
}

/** Why the books refuse the fact; what only its own content decides was asked before. */
export function whyRefusedHere(rules: KnownRules, fact: EventFact, original: SheetEvent | undefined): FactRefusal | null {
  if (fact.asset !== undefined && rules.exponentOf(fact.asset) === undefined) return 'unknown_asset'
  if (fact.conversion !== undefined && rules.exponentOf(fact.conversion.asset) === undefined) return 'unknown_asset'
  if (original === undefined || !isAboutAnOriginal(fact.type)) return null
  if (original.accountId !== fact.accountId) return 'original_of_another_account'
  if (!isMoney(original.type)) return 'original_cannot_be_refunded'
  return fact.asset === undefined || fact.asset === original.asset ? null : 'original_in_another_asset'
}

/** The event that the fact would be on this sheet. */
export function eventOfFact({ fact, key, originalKey }: PreparedFact, id: bigint, recordedAt: Date): SheetEvent {
  return {
    id, key, type: fact.type, accountId: fact.accountId, originalKey, amount: fact.amount ?? null, asset: fact.asset ?? null, excluded: fact.excluded ?? 0n,
    fundedBy: fact.fundedBy ?? 'paid', periodUnit: fact.periodUnit ?? null, periodCount: fact.periodCount ?? null,
    convertedAmount: fact.conversion?.amount ?? null, convertedAsset: fact.conversion?.asset ?? null, occurredAt: fact.occurredAt, recordedAt, isImported: false,
  }
}

/** Adds the event with its erasable body. */
export function writeEvent(sheet: Sheet, prepared: PreparedFact, event: SheetEvent): void {
  const { fact, digest, item, batchId } = prepared
  sheet.write(event, {
    key: event.key, digest, type: event.type, account: event.accountId.toString(), original: event.originalKey, amount: event.amount?.toString() ?? null, asset: event.asset,
    excluded: event.excluded.toString(), funded_by: event.fundedBy, unit: event.periodUnit, count: event.periodCount, item,
    converted: event.convertedAmount?.toString() ?? null, converted_asset: event.convertedAsset, rate: fact.conversion?.rate ?? null, rate_source: fact.conversion?.rateSource ?? null,
    occurred_at: event.occurredAt, recorded_at: event.recordedAt, batch: batchId.toString(),
    salt: randomBytes(16).toString('hex'), body: { source: fact.source, event_id: fact.eventId, ...(fact.item === undefined ? {} : { item: fact.item }) },
  })
}
