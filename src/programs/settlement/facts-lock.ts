// The lock under which facts of an account are recorded one after another.

import type { Session } from '../../base/session.ts'

/** Until the transaction ends. Take it before any member is locked. */
export async function lockFacts(session: Session, accountIds: readonly bigint[]): Promise<void> {
  await session.$queryRaw`select lock_facts(${`{${accountIds.join(',')}}`}::bigint[])::text`
}
