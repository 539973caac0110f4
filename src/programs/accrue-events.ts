// Accrual of events that are recorded already, for an import that was told from when on its events earn.
// Promises: each event earns once however often this is repeated; a run that was killed goes on where it stopped.

import { lockMembers } from '../ledger/index.ts'
import { eventsByIds, isMoney } from './event-facts.ts'
import { referralsOf } from './rebates.ts'
import { lockFacts } from './record-events.ts'
import type { Recorder, Recording } from './recorder.ts'
import { settleEvent } from './settle.ts'

/** Give the ids of money events in the order in which they occurred; their refunds and disputes are found here. Returns how many rebates were made. */
export async function accrueEvents(recorder: Recorder, eventIds: readonly bigint[]): Promise<number> {
  let made = 0
  for (const eventId of eventIds) {
    made += await recorder.database.inTransaction(async (transaction) => {
      const [event] = await eventsByIds(transaction, [eventId])
      if (event === undefined || !isMoney(event.type)) return 0
      const recording: Recording = { actorId: recorder.actorId, now: recorder.clock.now(), check: recorder.check }
      await lockFacts(transaction, event.accountId)
      const referrals = await referralsOf(transaction, event.accountId)
      await lockMembers(transaction, [event.accountId, ...referrals.map((referral) => referral.inviterId)])
      const before = await transaction.rebate.count({ where: { eventId } })
      await settleEvent(transaction, recording, { event, referrals, cause: event, mayEarn: true })
      return (await transaction.rebate.count({ where: { eventId } })) - before
    })
  }
  return made
}
