// Accounts that the index does not know yet, read from the database: those just written, or written in the caller's own transaction.

import type { Session } from '../base/session.ts'
import { IDENTIFIERS_MAX } from './gather.ts'

export interface LookedUpAccount {
  readonly account: number
  readonly identifiers: readonly { readonly id: number; readonly kind: string; readonly flags: number }[]
}

interface Row {
  readonly external_id: string
  readonly account_id: bigint
  readonly identifiers: readonly (readonly [number, string, number])[] | null
}

/** By external id, in one statement; an account that is not there is not in the map. */
export async function lookUpAccounts(session: Session, externalIds: readonly string[]): Promise<Map<string, LookedUpAccount>> {
  if (externalIds.length === 0) return new Map()
  const rows = await session.$queryRaw<Row[]>`
    SELECT k.external_id, k.account_id,
           (SELECT jsonb_agg(jsonb_build_array(i.id, i.kind, i.flags) ORDER BY i.id)
              FROM (SELECT DISTINCT o.identifier_id FROM observation o WHERE o.account_id = k.account_id ORDER BY 1 LIMIT ${IDENTIFIERS_MAX}) AS seen
              JOIN identifier i ON i.id = seen.identifier_id) AS identifiers
      FROM account_identity k WHERE k.external_id = ANY (${[...externalIds]}::text[])`
  return new Map(rows.map(({ external_id: externalId, account_id: accountId, identifiers }) =>
    [externalId, { account: Number(accountId), identifiers: (identifiers ?? []).map(([id, kind, flags]) => ({ id, kind, flags })) }]))
}
