// Checks that had to hold because something was missing, page by page, until a real answer supersedes them.

import type { Database } from '../base/database.ts'
import type { StoredRequest } from './check-records.ts'

export interface AwaitedCheck {
  readonly id: string
  readonly actorId: bigint
  readonly amount: bigint
  readonly request: StoredRequest
  readonly requestDigest: Uint8Array<ArrayBuffer>
}

const PAGE = 500

/** Pages of all that await an answer; those whose request was erased are left as they are. */
export async function* readAwaited(database: Database): AsyncGenerator<readonly AwaitedCheck[]> {
  let after = ''
  for (;;) {
    const rows = await database.prisma.$queryRaw<{ id: string; actor_id: bigint; amount: bigint; request: StoredRequest; request_digest: Uint8Array<ArrayBuffer> }[]>`
      SELECT r.id, r.actor_id, r.amount, b.request, r.request_digest FROM check_record r JOIN check_body b ON b.check_id = r.id
       WHERE r.awaits IS NOT NULL AND b.request IS NOT NULL AND r.id > ${after}
         AND NOT EXISTS (SELECT 1 FROM check_record s WHERE s.supersedes = r.id)
       ORDER BY r.id LIMIT ${PAGE}`
    if (rows.length > 0) yield rows.map((row) => ({ id: row.id, actorId: row.actor_id, amount: row.amount, request: row.request, requestDigest: row.request_digest }))
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last.id
  }
}
