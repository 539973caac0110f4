// Transactions of an export folder that earn: each goes through the books as an event of its own, exactly as if it had come
// through the events API. What the books cannot use is handed back, to be kept as a fact.

import type { TransactionFact } from '../folders/facts.ts'
import type { OpenBatch } from '../population/index.ts'
import { type EventFact, type PreCreditCheck, type Recorder, recordEvent } from '../programs/index.ts'

export interface EarningOrigin {
  readonly recorder: Recorder
  readonly batch: OpenBatch
  readonly source: string
  /** The check's index must have passed this position: the identifiers of these transactions. */
  readonly position: string
  readonly idOf: (externalId: string) => number
}

export interface Earned {
  readonly rebates: number
  /** Their ids are known with another content. */
  readonly repeated: readonly TransactionFact[]
  /** The books refuse them, for instance a refund that names no original. */
  readonly withoutEffect: readonly TransactionFact[]
}

export async function earnRebates(origin: EarningOrigin, facts: readonly TransactionFact[]): Promise<Earned> {
  const { recorder, batch, position } = origin
  const check: PreCreditCheck = (request, caller) => recorder.check({ ...request, at_least: position }, caller)
  const repeated: TransactionFact[] = []
  const withoutEffect: TransactionFact[] = []
  let rebates = 0
  await addAssets(recorder, facts)
  for (const fact of facts) {
    const answer = await recordEvent({ ...recorder, check }, BigInt(batch.id), eventOf(fact, origin))
    if (answer.ok) rebates += answer.isNew ? answer.rebates.length : 0
    else if (answer.reason === 'key_reused') repeated.push(fact)
    else withoutEffect.push(fact)
  }
  return { rebates, repeated, withoutEffect }
}

async function addAssets({ database }: Recorder, facts: readonly TransactionFact[]): Promise<void> {
  const codes = [...new Set(facts.map((fact) => fact.currency))]
  await database.inTransaction((transaction) => transaction.asset.createMany({
    data: codes.map((code) => ({ code, kind: 'money', exponent: 6, name: code })), skipDuplicates: true,
  }))
}

function eventOf(fact: TransactionFact, { source, idOf }: EarningOrigin): EventFact {
  return {
    source, eventId: fact.transactionId, type: fact.type, accountId: BigInt(idOf(fact.accountId)), occurredAt: new Date(fact.occurredAt * 1000),
    originalEventId: fact.refunds ?? undefined, amount: fact.amountUnits, asset: fact.currency, fundedBy: fact.fundedBy ?? 'paid',
    periodUnit: fact.periodUnit ?? undefined, periodCount: fact.periodCount ?? undefined, item: fact.item ?? undefined,
  }
}
