// What working on payouts needs: the database, the time, who acts, and the check to ask before money leaves.

import { appendAct, type NewAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { PreCreditCheck } from '../checks/index.ts'

export interface PayoutDesk {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

/** A desk at which payouts are requested. */
export interface AskingDesk extends PayoutDesk {
  readonly check: PreCreditCheck
}

/** One transaction at the desk: the time does not move in it, and its acts are written at its end, because the chain's lock holds everybody up. */
export interface Working {
  readonly transaction: Transaction
  readonly keys: KeyRing
  readonly actorId: bigint
  readonly now: Date
  readonly acts: NewAct[]
}

export async function working<T>({ database, keys, clock, actorId }: PayoutDesk, work: (working: Working) => Promise<T>): Promise<T> {
  return database.inTransaction(async (transaction) => {
    const acts: NewAct[] = []
    const result = await work({ transaction, keys, actorId, now: clock.now(), acts })
    for (const act of acts) await appendAct(transaction, keys, clock, act)
    return result
  })
}

/** Who approves, makes or releases is a person; the database refuses others too. */
export async function isPerson(transaction: Transaction, actorId: bigint): Promise<boolean> {
  return (await transaction.actor.count({ where: { id: actorId, kind: 'person' } })) > 0
}
