// One door to PostgreSQL: Prisma for everyday reading and writing, a pg pool for COPY and SQL functions, and the one transaction wrapper.
// Promises: connections act as the least-privileged serving role; only serialisation failures and deadlocks are retried, at most five times.

import { setTimeout as delay } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from './generated/client.ts'
import { type Session, sessionOn } from './session.ts'

/** For SQL fragments that several statements share: `Prisma.sql`. */
export { Prisma }

export const SERVING_ROLE = 'ringfence_app'
const ATTEMPTS = 5
const RETRYABLE = new Set(['40001', '40P01'])

/** Inside a transaction: Prisma's client, bound to it. */
export type Transaction = Prisma.TransactionClient

export interface Database {
  readonly prisma: PrismaClient
  /** For COPY and streaming reads; the same role as Prisma's connections. */
  readonly pool: pg.Pool
  /** The server's own address, for child processes. Holds a password when one was given: never log it. */
  readonly url: string
  /** Runs the work in one read-committed transaction; the whole work is repeated after a deadlock or serialisation failure. */
  inTransaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** The same on a connection of the pool, for SQL alone: a tenth of the cost where a transaction is a few statements. */
  inSession<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Connections for Prisma; the pg pool has as many again. */
  readonly connections?: number
  /** The role to take on after connecting; null keeps the login's own rights (tools and tests only). */
  readonly role?: string | null
  /** Milliseconds after which a statement is cancelled; 0 for none. */
  readonly statementTimeoutMilliseconds?: number
}

export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { connections = 8, role = SERVING_ROLE, statementTimeoutMilliseconds = 0 } = options
  const settings = [
    ...(role === null ? [] : [`-c role=${role}`]),
    ...(statementTimeoutMilliseconds > 0 ? [`-c statement_timeout=${statementTimeoutMilliseconds}`] : []),
  ].join(' ')
  const config: pg.PoolConfig = { connectionString: url, max: connections, ...(settings === '' ? {} : { options: settings }) }
  const pool = new pg.Pool(config)
  const prismaPool = new pg.Pool(config)
  // A connection that is cut is replaced by the pool at the next use. Without listeners, on the pool for idle ones and on each connection for
  // those that are lent, the cut would end the process.
  for (const each of [pool, prismaPool]) {
    each.on('error', () => undefined)
    each.on('connect', (client) => client.on('error', () => undefined))
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg(prismaPool, { disposeExternalPool: true }) })
  return {
    prisma,
    pool,
    url,
    inTransaction: (work) => repeated(() => prisma.$transaction(work, { maxWait: 30_000, timeout: 120_000 })),
    inSession: (work) => repeated(() => inSession(pool, work)),
    close: async () => {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

async function repeated<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt === ATTEMPTS || !isRetryable(error)) throw error
      await delay(attempt * attempt * 10)
    }
  }
}

async function inSession<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const value = await work(sessionOn(client))
    await client.query('COMMIT')
    client.release()
    return value
  } catch (error) {
    // A connection that cannot even roll back is closed.
    await client.query('ROLLBACK').then(() => client.release(), () => client.release(true))
    throw error
  }
}

/** Whether the database itself asks for another attempt of the whole transaction. */
export function isRetryable(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && RETRYABLE.has(state)
}

/** SQLSTATE: connection exceptions, a server that shuts down or is not up yet, and no connection left. */
const LOST = /^(08...|57P0[1-5]|53300)$/
const LOST_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'P1001', 'P1002', 'P1008', 'P1017', 'P2024'])

/** Whether the database could not be reached or went away: nothing is known to have been done, and a later attempt may succeed. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error)
  if (state !== undefined && LOST.test(state)) return true
  if (typeof error !== 'object' || error === null) return false
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && LOST_CODES.has(code)) return true
  // pg and Prisma's transactions say some of this in words alone.
  return /Connection terminated|not queryable|Connection ended unexpectedly|Can't reach database|Server has closed the connection|Unable to start a transaction/i.test(`${String(message)} ${databaseMessageOf(error)}`)
}

/** The SQLSTATE of a failure in any of the shapes that pg and Prisma give it, or undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const shape = error as {
    code?: unknown
    cause?: { originalCode?: unknown }
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } }
  }
  const candidates = [shape.meta?.driverAdapterError?.cause?.originalCode, shape.cause?.originalCode, shape.code]
  for (const candidate of candidates) {
    if (candidate === 'P2034') return '40001'
    if (candidate === 'P2002') return '23505'
    if (typeof candidate === 'string' && /^[0-9A-Z]{5}$/.test(candidate)) return candidate
  }
  return undefined
}

/** The message of the server behind a failure, for matching a constraint's name. */
export function databaseMessageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const shape = error as { message?: string; cause?: { originalMessage?: string }; meta?: { driverAdapterError?: { cause?: { originalMessage?: string } } } }
  return shape.meta?.driverAdapterError?.cause?.originalMessage ?? shape.cause?.originalMessage ?? shape.message ?? ''
}
