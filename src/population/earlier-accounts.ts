// Whether the person behind an account was here before: an earlier account with the same mailbox, phone or payment instrument.
// Promises: hashes alone are compared, so that an erased account, whose observations remain as tombstones, still counts; one statement.

import { IdentifierFlag } from '../../scoring/population.ts'
import type { Transaction } from '../base/database.ts'

/**
 * Kinds that belong to one person or household, never to infrastructure. A masked card number is shared by thousands, and a bare kind
 * counts as the weaker; devices and addresses are the detector's business, because they are shared by honest people too.
 */
const PERSONAL_KINDS = ['email', 'phone', 'payment:fingerprint', 'payment:bank', 'payment:wallet']
const WEAK = IdentifierFlag.bare | IdentifierFlag.masked

/** Those of the accounts that share such an identifier with an account that is older, by the host's times, else by the order in which they became known here. */
export async function accountsWithEarlierOnes(transaction: Transaction, accountIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
  if (accountIds.length === 0) return new Set()
  const rows = await transaction.$queryRaw<{ id: bigint }[]>`
    select a.id from account a where a.id = any (${[...new Set(accountIds)]}::bigint[]) and exists (
      select 1 from observation own
        join identifier i on i.id = own.identifier_id and i.kind = any (${PERSONAL_KINDS}::text[]) and i.flags & ${WEAK} = 0
        join observation other on other.identifier_id = i.id and other.account_id <> a.id
        join account earlier on earlier.id = other.account_id
        where own.account_id = a.id and case when a.occurred_at is null or earlier.occurred_at is null or a.occurred_at = earlier.occurred_at
          then earlier.id < a.id else earlier.occurred_at < a.occurred_at end)`
  return new Set(rows.map(({ id }) => id))
}
