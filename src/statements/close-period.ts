// Closing a period: its end is closed to further postings first, then its statement is stored with its digest, once nothing that was
// running then can still add to it. Promises: repeating it changes nothing and finishes what an interruption left; periods follow without a gap.

import { setTimeout as delay } from 'node:timers/promises'
import { appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import { type Database, sqlStateOf } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { inSnapshot } from '../population/index.ts'
import type { Period } from './period.ts'
import { type KnownOpening, closingOf, readStatement, type Statement, type StatementDifference } from './read-statement.ts'

export interface Closer {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

export interface PeriodToClose {
  /** Null: the whole platform, with the money that belongs to no programme. */
  readonly programId: bigint | null
  readonly period: Period
  /** In words; kept in the act's erasable body. */
  readonly reason: string
}

export interface ClosedPeriod {
  readonly lockId: bigint
  readonly period: Period
  readonly recordedAt: Date
  /** Null while transactions of that time are still running: close it again. */
  readonly stored: { readonly statement: Statement; readonly digest: string } | null
}

export type CloseRefusal = 'not_over' | 'not_the_next_period' | 'previous_not_finished' | 'does_not_close'
export type CloseResult =
  | { readonly ok: true; readonly closed: ClosedPeriod }
  | { readonly ok: false; readonly reason: CloseRefusal; readonly differences: readonly StatementDifference[]; readonly expectedStart: Date | null }

/** How long a closing waits for running transactions before it answers that it is not finished. */
const WAIT_MILLISECONDS = 10_000
const STEP_MILLISECONDS = 20

/** The digest under which a statement is kept: 64 hexadecimal digits. */
export function statementDigest(statement: unknown): string {
  return digestOf('statement', canonicalJson(statement)).toString('hex')
}

export async function closePeriod(closer: Closer, wanted: PeriodToClose, waitMilliseconds: number = WAIT_MILLISECONDS): Promise<CloseResult> {
  const { database, clock } = closer
  const refused = (reason: CloseRefusal, more: { differences?: readonly StatementDifference[]; expectedStart?: Date } = {}): CloseResult =>
    ({ ok: false, reason, differences: more.differences ?? [], expectedStart: more.expectedStart ?? null })
  const chain = await readClosedPeriods(database, wanted.programId)
  const known = chain.find(({ period }) => isSamePeriod(period, wanted.period))
  if (known?.stored != null) return { ok: true, closed: known }
  const previous = chain.at(known === undefined ? -1 : -2)
  if (known === undefined) {
    if (wanted.period.endsAt > clock.now()) return refused('not_over')
    if (previous !== undefined && previous.period.endsAt.getTime() !== wanted.period.startsAt.getTime()) return refused('not_the_next_period', { expectedStart: previous.period.endsAt })
    if (previous?.stored === null) return refused('previous_not_finished')
    // Looked at before anything is closed, so that books that do not close stay open to be put right.
    const tried = await inSnapshot(database, (client) => readStatement(client, scopeOf(wanted), wanted.period, openingAfter(previous)))
    if (!tried.ok) return refused('does_not_close', { differences: tried.differences })
  }
  const lock = known ?? (await writeLock(closer, wanted))
  if (lock === null) return refused('not_the_next_period')
  if (!(await isSettled(database, waitMilliseconds))) return { ok: true, closed: lock }
  const read = await inSnapshot(database, (client) => readStatement(client, scopeOf(wanted), wanted.period, openingAfter(previous)))
  if (!read.ok) return refused('does_not_close', { differences: read.differences })
  return { ok: true, closed: { ...lock, stored: await writeStatement(closer, wanted, lock, read.statement) } }
}

/** The closed periods of a programme or of the whole platform, the oldest first. */
export async function readClosedPeriods(database: Pick<Database, 'prisma'>, programId: bigint | null): Promise<ClosedPeriod[]> {
  const rows = await database.prisma.periodLock.findMany({ where: { programId }, include: { periodStatement: true }, orderBy: { startsAt: 'asc' } })
  return rows.map(({ id, startsAt, endsAt, recordedAt, periodStatement }) => ({
    lockId: id, period: { startsAt, endsAt }, recordedAt,
    stored: periodStatement === null ? null : { statement: statementFrom(periodStatement.statement), digest: Buffer.from(periodStatement.digest).toString('hex') },
  }))
}

/** The closing of the last closed period that ended by then: reading begins there instead of at the first entry. */
export async function openingBefore(database: Pick<Database, 'prisma'>, programId: bigint | null, at: Date): Promise<KnownOpening | undefined> {
  const earlier = (await readClosedPeriods(database, programId)).filter(({ period, stored }) => stored !== null && period.endsAt <= at)
  return openingAfter(earlier.at(-1))
}

export function openingAfter(previous: ClosedPeriod | undefined): KnownOpening | undefined {
  return previous?.stored == null ? undefined : closingOf(previous.stored.statement)
}

const scopeOf = ({ programId }: PeriodToClose) => ({ programId, accountId: null })

function isSamePeriod(left: Period, right: Period): boolean {
  return left.startsAt.getTime() === right.startsAt.getTime() && left.endsAt.getTime() === right.endsAt.getTime()
}

/** Null where another closing came first. */
async function writeLock({ database, keys, clock, actorId }: Closer, { programId, period, reason }: PeriodToClose): Promise<ClosedPeriod | null> {
  try {
    return await database.inTransaction(async (transaction) => {
      const recordedAt = clock.now()
      const { id: lockId } = await transaction.periodLock.create({ data: { programId, ...period, recordedAt, actorId }, select: { id: true } })
      await appendAct(transaction, keys, clock, { actorId, kind: 'period_closed', objectKind: 'period_lock', objectId: lockId, after: { programId, ...period }, body: { reason } })
      return { lockId, period, recordedAt, stored: null }
    })
  } catch (error) {
    if (['RF005', '23505'].includes(sqlStateOf(error) ?? '')) return null
    throw error
  }
}

/** Whether every transaction that may not have seen the closing has ended; waits for them a while. */
async function isSettled(database: Pick<Database, 'pool'>, waitMilliseconds: number): Promise<boolean> {
  const asked = await database.pool.query<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  for (let waited = 0; ; waited += STEP_MILLISECONDS) {
    const { rows } = await database.pool.query<{ ended: boolean }>('select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 as ended', [asked.rows[0]?.next])
    if (rows[0]?.ended === true) return true
    if (waited >= waitMilliseconds) return false
    await delay(STEP_MILLISECONDS)
  }
}

async function writeStatement({ database, keys, clock, actorId }: Closer, { programId }: PeriodToClose, { lockId }: ClosedPeriod, statement: Statement): Promise<{ statement: Statement; digest: string }> {
  const digest = statementDigest(statement)
  await database.inTransaction(async (transaction) => {
    const { count } = await transaction.periodStatement.createMany({
      data: [{ lockId, statement: JSON.parse(canonicalJson(statement)) as object, digest: new Uint8Array(Buffer.from(digest, 'hex')), recordedAt: clock.now(), actorId }], skipDuplicates: true,
    })
    if (count > 0) await appendAct(transaction, keys, clock, { actorId, kind: 'period_statement_stored', objectKind: 'period_lock', objectId: lockId, after: { programId, digest } })
  })
  return { statement, digest }
}

function statementFrom(stored: unknown): Statement {
  return stored as Statement
}
