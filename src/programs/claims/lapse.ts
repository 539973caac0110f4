// Claims whose client did not confirm in time end as not confirmed. Nothing was earned, so nothing is forfeited, and it may be claimed again.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { lockAttribution } from '../attribution/attribution.ts'
import { findClaim } from './claims.ts'
import { end, lockClaim } from './confirm.ts'
import type { Recorder } from '../recorder.ts'

const AT_ONCE = 1_000

/** Returns how many ended; safe to run at any time and twice at once. */
export async function lapseClaims({ database, keys, clock }: Pick<Recorder, 'database' | 'keys' | 'clock'>): Promise<number> {
  const now = clock.now()
  const due = await database.inTransaction((transaction) => transaction.claim.findMany({
    where: { state: 'waiting_for_client', dueAt: { lte: now } }, select: { id: true, programId: true, inviteeId: true }, orderBy: { id: 'asc' }, take: AT_ONCE,
  }))
  let ended = 0
  for (const { id, programId, inviteeId } of due) {
    ended += await database.inTransaction(async (transaction) => {
      if (inviteeId === null) await lockAttribution(transaction, [programId])
      const claim = inviteeId === null ? await findClaim(transaction, id) : await lockClaim(transaction, id)
      if (claim === null || claim.state !== 'waiting_for_client') return 0
      await end(transaction, { keys, clock, actorId: SYSTEM_ACTOR_ID }, claim, 'claim_lapsed', 'not_confirmed')
      return 1
    })
  }
  return ended
}
