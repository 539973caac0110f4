// Accounts that the index does not know yet, read from the database: those just written, or written in the caller's own transaction.

import type { Transaction } from '../base/database.ts'
import { IDENTIFIERS_MAX } from './gather.ts'

export interface LookedUpAccount {
  readonly account: number
  readonly identifiers: readonly { readonly id: number; readonly kind: string; readonly flags: number }[]
}

/** By external id; an account that is not there is not in the map. */
export async function lookUpAccounts(reader: Pick<Transaction, 'accountIdentity' | 'observation'>, externalIds: readonly string[]): Promise<Map<string, LookedUpAccount>> {
  const found = new Map<string, LookedUpAccount>()
  const identities = await reader.accountIdentity.findMany({ where: { externalId: { in: [...externalIds] } }, select: { externalId: true, accountId: true } })
  for (const { externalId, accountId } of identities) {
    const rows = await reader.observation.findMany({
      where: { accountId }, distinct: ['identifierId'], take: IDENTIFIERS_MAX, orderBy: { identifierId: 'asc' },
      select: { identifier: { select: { id: true, kind: true, flags: true } } },
    })
    found.set(externalId, { account: Number(accountId), identifiers: rows.map(({ identifier }) => ({ ...identifier, id: Number(identifier.id) })) })
  }
  return found
}
