// Exports: who asked for what, why, and the text of it as a stream. Promises: the act with its reason is written before the first byte;
// memory does not grow with the number of rows; whoever stops reading ends the reading of the database.

import { appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { inSnapshot } from '../population/index.ts'
import { openingBefore } from './close-period.ts'
import { HISTORY_COLUMNS, historyQuery, INVITEE_COLUMNS, inviteesQuery } from './member-exports.ts'
import { HISTORY_TYPES, type HistoryType } from './member-history.ts'
import type { Period } from './period.ts'
import { ENTRY_COLUMNS, entriesQuery, LINE_COLUMNS } from './program-exports.ts'
import { readStatement, type StatementDifference, type StatementScope } from './read-statement.ts'
import { readPages, type RowQuery } from './row-cursor.ts'
import { type Column, CONTENT_TYPES, type WriteOptions, writeTable } from './write-table.ts'

export interface Exporter {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

export type ExportContent =
  | { readonly kind: 'history'; readonly programId: bigint; readonly accountId: bigint; readonly types?: readonly HistoryType[] | undefined; readonly period: Period | null }
  | { readonly kind: 'invitees'; readonly programId: bigint; readonly accountId: bigint }
  | { readonly kind: 'statement'; readonly scope: StatementScope; readonly period: Period }
  | { readonly kind: 'entries'; readonly programId: bigint | null; readonly period: Period }

export interface ExportOrder extends WriteOptions {
  readonly content: ExportContent
  /** Why it is exported, in words. */
  readonly reason: string
}

export interface Export {
  readonly contentType: string
  /** e.g. `entries-2026-05-01.csv`; names nobody. */
  readonly fileName: string
  readonly chunks: AsyncIterable<string>
}

export type ExportResult = { readonly ok: true; readonly export: Export } | { readonly ok: false; readonly reason: 'does_not_close'; readonly differences: readonly StatementDifference[] }

export async function openExport(exporter: Exporter, order: ExportOrder): Promise<ExportResult> {
  const { content } = order
  if (content.kind !== 'statement') {
    await actOf(exporter, order)
    return opened(order, chunksOf(exporter, content, order))
  }
  const known = content.scope.accountId === null ? await openingBefore(exporter.database, content.scope.programId, content.period.startsAt) : undefined
  const read = await inSnapshot(exporter.database, (client) => readStatement(client, content.scope, content.period, known))
  if (!read.ok) return { ok: false, reason: 'does_not_close', differences: read.differences }
  await actOf(exporter, order)
  const exponents = new Map((await exporter.database.prisma.asset.findMany({ select: { code: true, exponent: true } })).map(({ code, exponent }) => [code, exponent]))
  const rows = read.statement.lines.map((line) => ({ line, exponent: exponents.get(line.asset) ?? 0 }))
  return opened(order, writeTable(LINE_COLUMNS, onePage(rows), order))
}

function chunksOf(exporter: Exporter, content: Exclude<ExportContent, { kind: 'statement' }>, options: WriteOptions): AsyncIterable<string> {
  const from = <Row extends object>(columns: readonly Column<Row>[], query: RowQuery): AsyncIterable<string> => writeTable(columns, readPages<Row>(exporter.database, query), options)
  switch (content.kind) {
    case 'history': return from(HISTORY_COLUMNS, historyQuery(content, content.types ?? HISTORY_TYPES, content.period))
    case 'invitees': return from(INVITEE_COLUMNS, inviteesQuery(content))
    case 'entries': return from(ENTRY_COLUMNS, entriesQuery(content.programId, content.period))
  }
}

async function* onePage<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[], void, void> {
  if (rows.length > 0) yield await Promise.resolve(rows)
}

function opened({ content, format }: ExportOrder, chunks: AsyncIterable<string>): ExportResult {
  const period = 'period' in content ? content.period : null
  const name = period === null ? content.kind : `${content.kind}-${period.startsAt.toISOString().slice(0, 10)}`
  return { ok: true, export: { contentType: CONTENT_TYPES[format], fileName: `${name}.${format}`, chunks } }
}

async function actOf({ database, keys, clock, actorId }: Exporter, { content, format, reason }: ExportOrder): Promise<void> {
  const accountId = 'accountId' in content ? content.accountId : 'scope' in content ? content.scope.accountId : null
  const programId = 'scope' in content ? content.scope.programId : content.programId
  const object = accountId !== null ? { objectKind: 'account', objectId: accountId } : programId !== null ? { objectKind: 'program', objectId: programId } : { objectKind: 'platform', objectId: 'all' }
  const period = 'period' in content && content.period !== null ? { from: content.period.startsAt, until: content.period.endsAt } : {}
  await database.inTransaction((transaction) => appendAct(transaction, keys, clock, { actorId, kind: 'exported', ...object, body: { what: content.kind, program_id: programId, format, reason, ...period } }))
}
