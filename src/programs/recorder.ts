// What recording facts needs: the database, the time, who acts, and the check to ask before a rebate is credited.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { PreCreditCheck } from '../checks/index.ts'

export interface Recorder {
  /** Without sessions, e.g. inside a transaction that is open already, facts are recorded through Prisma's. */
  readonly database: Pick<Database, 'inTransaction'> & Partial<Pick<Database, 'inSession'>>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  readonly check: PreCreditCheck
}

/** One transaction's view of it: the time does not move within a transaction. */
export interface Recording {
  readonly actorId: bigint
  readonly now: Date
  readonly check: PreCreditCheck
}
