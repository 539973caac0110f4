// Events in: each is written once for ever with all that it means for referrals, rebates and balances; up to a thousand in one transaction.
// Promises: the same event again gives the same answer and changes nothing; the order of reports does not change the balances; a refund
// or dispute that comes before its original waits for it; a batch that fails as a whole is split, so that only the failing fact fails.

import { databaseMessageOf, isRetryable, sqlStateOf } from '../base/database.ts'
import type { EventFact } from './settlement/event-facts.ts'
import type { Recorder } from './recorder.ts'
import { type EventAnswer, NeedsTransaction, needsTransaction, recordBatch } from './settlement/batch.ts'
import { gatheringOf } from './settlement/gathering.ts'
import { rulesMemoryOf } from './settlement/known-rules.ts'
import { type PreparedFact, prepareFact, type ToldFact } from './settlement/told-facts.ts'

export type { EarnedRebate, EventAnswer } from './settlement/batch.ts'

export const BATCH_FACTS_MAX = 1_000

/** One answer per fact, in order: each sees what those before it did. At most BATCH_FACTS_MAX share a transaction. */
export async function recordEvents(recorder: Recorder, batchId: bigint, facts: readonly EventFact[]): Promise<EventAnswer[]> {
  const { actorId, check } = recorder
  const answers: EventAnswer[] = []
  for (let start = 0; start < facts.length; start += BATCH_FACTS_MAX) {
    answers.push(...(await recordTold(recorder, facts.slice(start, start + BATCH_FACTS_MAX).map((fact) => ({ fact, batchId, actorId, check })))))
  }
  return answers
}

/** A batch of one; facts that are told at the same moment share a transaction. */
export async function recordEvent(recorder: Recorder, batchId: bigint, fact: EventFact): Promise<EventAnswer> {
  const { actorId, check } = recorder
  return gatheringOf(recorder, recordTold).record({ fact, batchId, actorId, check })
}

type Recording = Pick<Recorder, 'database' | 'keys' | 'clock'>

/** Facts of any callers, in order. */
async function recordTold(recorder: Recording, told: readonly ToldFact[]): Promise<EventAnswer[]> {
  const now = recorder.clock.now()
  return recordPrepared(recorder, now, told.map((each) => prepareFact(recorder.keys, now, each)))
}

const RACES_MAX = 5

async function recordPrepared(recorder: Recording, now: Date, facts: readonly PreparedFact[], races = 0): Promise<EventAnswer[]> {
  try {
    return await inOneTransaction(recorder, now, facts)
  } catch (error) {
    // Somebody wrote the same event or rebate meanwhile: it is known now.
    const lostRace = sqlStateOf(error) === '23505' && races < RACES_MAX
    if (facts.length === 1) {
      if (lostRace) return recordPrepared(recorder, now, facts, races + 1)
      throw error
    }
    if (!lostRace && !isRefusedByBooks(error)) throw error
    const half = facts.length >> 1
    return [...(await recordPrepared(recorder, now, facts.slice(0, half))), ...(await recordPrepared(recorder, now, facts.slice(half)))]
  }
}

/** What may be due to one fact of many: not a lost connection or a fault in the code. */
function isRefusedByBooks(error: unknown): boolean {
  return isRetryable(error) || /^(23|RF)/.test(sqlStateOf(error) ?? '') || databaseMessageOf(error).includes('transaction timeout')
}

async function inOneTransaction({ database, keys }: Recording, now: Date, facts: readonly PreparedFact[]): Promise<EventAnswer[]> {
  const memory = rulesMemoryOf(database)
  const { inSession } = database
  if (inSession !== undefined && !needsTransaction(facts, memory.rules)) {
    try {
      return await inSession((session) => recordBatch({ session, transaction: null, keys, memory, now }, facts))
    } catch (error) {
      if (!(error instanceof NeedsTransaction)) throw error
    }
  }
  for (;;) {
    try {
      return await database.inTransaction((transaction) => recordBatch({ session: transaction, transaction, keys, memory, now }, facts))
    } catch (error) {
      if (!(error instanceof NeedsTransaction)) throw error
    }
  }
}
