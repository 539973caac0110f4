// Transactions of an export folder that earn: each goes through the books as an event of its own, a thousand at a time, exactly as if it
// had come through the events API. What the books cannot use is handed back, to be kept as a fact.

import type { TransactionFact } from '../folders/facts.ts'
import type { OpenBatch } from '../population/index.ts'
import { BATCH_FACTS_MAX, type EventFact, type PreCreditCheck, type Recorder, recordEvents } from '../programs/index.ts'

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
  for (let start = 0; start < facts.length; start += BATCH_FACTS_MAX) {
    const part = facts.slice(start, start + BATCH_FACTS_MAX)
    const answers = await recordEvents({ ...recorder, check }, BigInt(batch.id), part.map((fact) => eventOf(fact, origin)))
    for (const [place, fact] of part.entries()) {
      const answer = answers[place]
      if (answer === undefined) throw new Error('An event has no answer.')
      if (answer.ok) rebates += answer.isNew ? answer.rebates.length : 0
      else if (answer.reason === 'key_reused') repeated.push(fact)
      else withoutEffect.push(fact)
    }
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
