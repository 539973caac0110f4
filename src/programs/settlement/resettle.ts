// Settling events again after the books changed otherwise: when an undo gives a rebate back, refunds that came meanwhile are still due.

import type { Transaction } from '../../base/database.ts'
import type { Recording } from '../recorder.ts'
import { applyConsequencesAgain } from './consequences.ts'
import { settleAgain } from './settle-again.ts'

/** In the order in which they occurred. Locks everybody concerned, so lock them before where other locks are held. */
export async function resettleEvents(transaction: Transaction, recording: Recording, eventIds: readonly bigint[]): Promise<void> {
  const settled = await settleAgain(transaction, recording, { eventIds })
  if (settled !== null) await applyConsequencesAgain(transaction, recording, settled)
}
