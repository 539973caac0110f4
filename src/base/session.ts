// SQL in one transaction, whoever carries it: Prisma's transaction is such a session, and so is a plain connection of the pool.
// Promises: values are always parameters; on a plain connection every statement is prepared once and then only executed.

import pg from 'pg'

/** What reads and writes by SQL alone asks for; a `Transaction` can be given wherever this is wanted. */
export interface Session {
  $queryRaw<T = unknown>(query: TemplateStringsArray, ...values: unknown[]): Promise<T>
  /** The number of rows that it concerned. */
  $executeRaw(query: TemplateStringsArray, ...values: unknown[]): Promise<number>
}

interface Statement {
  readonly name: string
  readonly text: string
}

/** The template of a place in the code is one object for ever, so it can name the prepared statement. */
const statements = new WeakMap<TemplateStringsArray, Statement>()
let named = 0

function statementOf(query: TemplateStringsArray): Statement {
  const known = statements.get(query)
  if (known !== undefined) return known
  const text = query.reduce((sum, part, place) => `${sum}$${place}${part}`)
  const statement = { name: `session_${++named}`, text }
  statements.set(query, statement)
  return statement
}

const INT8 = 20

/** As Prisma reads: 64-bit numbers as bigint. */
const types: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    if (id === INT8) return BigInt
    return format === 'binary' ? pg.types.getTypeParser(id, 'binary') : pg.types.getTypeParser(id)
  },
}

/** The connection must be in a transaction. */
export function sessionOn(client: pg.PoolClient): Session {
  const run = (query: TemplateStringsArray, values: unknown[]) => client.query<Record<string, unknown>>({ ...statementOf(query), values, types })
  return {
    $queryRaw: async <T>(query: TemplateStringsArray, ...values: unknown[]) => (await run(query, values)).rows as T,
    $executeRaw: async (query, ...values) => (await run(query, values)).rowCount ?? 0,
  }
}
