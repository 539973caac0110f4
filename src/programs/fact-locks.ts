// The lock of an account's facts: what is recorded of one account is recorded one after another, so that an original and its refund, a
// sign-up, its first recharge and a claim see each other.

import type { Transaction } from '../base/database.ts'

/** In the order of ids, whatever order they are given in. Held until the transaction ends; taken before the locks of attribution and of members. */
export async function lockFacts(transaction: Transaction, accountIds: readonly bigint[]): Promise<void> {
  const ordered = [...new Set(accountIds)].sort((left, right) => (left < right ? -1 : 1))
  await transaction.$executeRaw`
    select pg_advisory_xact_lock(hashtextextended('facts ' || id, 0)) from (select id from unnest(${ordered}::bigint[]) with ordinality as a (id, place) order by place offset 0) as ordered`
}
