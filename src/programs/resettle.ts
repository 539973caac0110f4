// Settling events again after the books changed otherwise: when an undo gives a rebate back, refunds that came meanwhile are still due.

import type { Transaction } from '../base/database.ts'
import { eventsByIds, withoutImported } from './event-facts.ts'
import { referralsOf } from './rebates.ts'
import type { Recording } from './recorder.ts'
import { settleEvent } from './settle.ts'

/** All members concerned must be locked already. */
export async function resettleEvents(transaction: Transaction, recording: Recording, eventIds: readonly bigint[]): Promise<void> {
  const events = await eventsByIds(transaction, eventIds)
  const live = new Set((await withoutImported(transaction, events)).map((event) => event.id))
  for (const event of events) {
    const referrals = await referralsOf(transaction, event.accountId)
    await settleEvent(transaction, recording, { event, referrals, cause: event, mayEarn: live.has(event.id) })
  }
}
