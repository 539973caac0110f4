// Reads any number of rows through a cursor of the server, a page at a time, in one snapshot of the books.
// Promises: never more than a page in memory; whoever stops reading ends the cursor and gives the connection back.

import type { Database } from '../base/database.ts'

export interface RowQuery {
  readonly text: string
  readonly values: readonly unknown[]
}

export const PAGE_ROWS = 1_000
/** A reader that takes nothing for so long is gone: the server ends its transaction. */
const STALLED_SECONDS = 120

/** One page after another, none of them empty. */
export async function* readPages<Row extends object>(database: Pick<Database, 'pool'>, { text, values }: RowQuery, pageRows: number = PAGE_ROWS): AsyncGenerator<Row[], void, void> {
  const client = await database.pool.connect()
  let isBroken = true
  try {
    await client.query('begin isolation level repeatable read read only')
    // All rows will be read, so the plan for all of them is wanted, not the one with the quickest first row.
    await client.query(`set local cursor_tuple_fraction = 1; set local idle_in_transaction_session_timeout = '${STALLED_SECONDS}s'`)
    await client.query(`declare page_cursor no scroll cursor for ${text}`, [...values])
    isBroken = false
    for (;;) {
      isBroken = true
      const { rows } = await client.query<Row>({ name: `page_${pageRows}`, text: `fetch ${pageRows} from page_cursor` })
      isBroken = false
      if (rows.length > 0) yield rows
      if (rows.length < pageRows) return
    }
  } finally {
    if (!isBroken) isBroken = await client.query('rollback').then(() => false, () => true)
    client.release(isBroken)
  }
}
