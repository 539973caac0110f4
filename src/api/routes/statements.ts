// Statements over HTTP: of a member or a program in a period, closing periods, exports as streams, and the tie-out with the bank's own list.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, externalId, programKey } from '../../checks/index.ts'
import { PAYOUT_METHODS } from '../../policies/index.ts'
import { referenceOf } from '../../payouts/index.ts'
import type { Identity } from '../../identities/index.ts'
import {
  closePeriod, type ClosedPeriod, EXPORT_FORMATS, EXPORT_LANGUAGES, type ExportContent, HISTORY_TYPES, openExport, openingBefore, type PaidPayout, type Period, type PeriodInput, periodOf,
  readClosedPeriods, readPaidPayouts, readStatement, type Statement, STATEMENT_COLUMNS, type StatementScope, tieOut, unitsText, zoneOf,
} from '../../statements/index.ts'
import { inSnapshot } from '../../population/index.ts'
import { createSlots } from '../slots.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, programOf } from '../parts.ts'
import { parseUnits } from '../parse-units.ts'
import { defineRoute, type Route, type Answer } from '../route.ts'
import { amountOf, type ExponentOf, line } from '../schemas.ts'

/** Exports at a time: each holds a connection for as long as its reader takes. */
const EXPORTS_MAX = 2
const TIE_OUT_BYTES_MAX = 4 * 1024 * 1024

const period = {
  month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/).optional().describe('A month of the program’s zone, such as 2026-05.'),
  from: z.string().max(40).optional().describe('A time with its offset, or a day of the program’s zone, inclusive.'),
  until: z.string().max(40).optional().describe('Likewise, exclusive.'),
}
const program = programKey.nullable().describe('Null: the whole platform, with the money that members paid; needs a key that is not limited to a program.')
const writing = {
  format: z.enum(EXPORT_FORMATS), language: z.enum(EXPORT_LANGUAGES).default('en').describe('Of the CSV’s header.'),
  byte_order_mark: z.boolean().default(false).describe('For spreadsheets that need it to know UTF-8.'), reason: line(200).describe('Why it is exported; kept in the chain of acts.'),
}

const amounts = z.partialRecord(z.enum(STATEMENT_COLUMNS), z.string())
const statementAnswer = z.strictObject({
  starts_at: z.iso.datetime(), ends_at: z.iso.datetime(), entries: z.number().int(),
  lines: z.array(z.strictObject({ asset: z.string(), account: z.string(), owner: z.enum(['member', 'platform']), opening: z.string(), columns: amounts, closing: z.string() })),
  between_programs: z.array(z.strictObject({ asset: z.string(), amount: z.string() })).describe('By how much rebates of other programs repaid debts of this one, net.'),
}).meta({ id: 'Statement' })
const closedAnswer = z.strictObject({
  period_id: z.string(), starts_at: z.iso.datetime(), ends_at: z.iso.datetime(), state: z.enum(['closing', 'closed']), digest: z.string().nullable(), closed_at: z.iso.datetime(),
}).meta({ id: 'ClosedPeriod' })
const payoutLine = z.strictObject({ payout_id: z.string(), reference: z.string(), amount: z.string(), fee: z.string() })
const fileLine = z.strictObject({ reference: z.string(), amount: z.string(), fee: z.string().nullable() })
const tieOutAnswer = z.strictObject({
  matched: z.number().int(), different: z.array(z.strictObject({ payout: payoutLine, row: fileLine })), missing: z.array(payoutLine), unknown: z.array(fileLine), repeated: z.array(fileLine),
}).meta({ id: 'TieOut' })

export function statementRoutes(parts: ApiParts): Route[] {
  const slots = createSlots(EXPORTS_MAX)
  return [memberStatement(parts), programStatement(parts), memberExport(parts, slots), programExport(parts, slots), close(parts), closed(parts), tie(parts)]
}

function memberStatement(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/member', tag: 'Statements', scope: 'statements:read', programs: 'by_request',
    summary: 'What moved in a member’s book accounts in a period, of the rebates of a program.',
    body: z.strictObject({ program: programKey, account: externalId, ...period }),
    answers: { 200: { description: 'Opening + columns = closing, per asset and book account.', schema: statementAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const { id: programId } = await programOf(parts.database.prisma, identity, body.program)
      const accountId = await accountOf(parts.database.prisma, body.account)
      return answerStatement(parts, { programId, accountId }, await periodFor(parts, programId, body))
    },
  })
}

function programStatement(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/program', tag: 'Statements', scope: 'statements:read', programs: 'by_request',
    summary: 'The statement of a program, or of the whole platform, in a period; it closes to the last micro or is refused with the difference.',
    body: z.strictObject({ program, ...period }),
    answers: { 200: { description: 'Opening + columns = closing, per asset and book account.', schema: statementAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const programId = await scopeOf(parts, identity, body.program)
      return answerStatement(parts, { programId, accountId: null }, await periodFor(parts, programId, body))
    },
  })
}

function memberExport(parts: ApiParts, slots: Slots): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/member/export', tag: 'Statements', scope: 'statements:read', programs: 'by_request',
    summary: 'A member’s history or invitees, whole, as CSV or JSON; other people appear masked.',
    body: z.strictObject({ program: programKey, account: externalId, what: z.enum(['history', 'invitees']), types: z.array(z.enum(HISTORY_TYPES)).max(HISTORY_TYPES.length).optional(), ...period, ...writing }),
    answers: STREAMED, problems: ['not_found', 'refused', 'unavailable'],
    async handle({ body, identity }) {
      const { id: programId } = await programOf(parts.database.prisma, identity, body.program)
      const accountId = await accountOf(parts.database.prisma, body.account)
      const isWhole = body.month === undefined && body.from === undefined && body.until === undefined
      const content: ExportContent = body.what === 'invitees' ? { kind: 'invitees', programId, accountId }
        : { kind: 'history', programId, accountId, types: body.types, period: isWhole ? null : await periodFor(parts, programId, body) }
      return answerExport(parts, slots, identity, body, content)
    },
  })
}

function programExport(parts: ApiParts, slots: Slots): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/program/export', tag: 'Statements', scope: 'statements:read', programs: 'by_request',
    summary: 'The statement of a period, or every entry of it, as CSV or JSON.',
    body: z.strictObject({ program, what: z.enum(['statement', 'entries']), ...period, ...writing }),
    answers: STREAMED, problems: ['not_found', 'refused', 'unavailable'],
    async handle({ body, identity }) {
      const programId = await scopeOf(parts, identity, body.program)
      const asked = await periodFor(parts, programId, body)
      const content: ExportContent = body.what === 'entries' ? { kind: 'entries', programId, period: asked } : { kind: 'statement', scope: { programId, accountId: null }, period: asked }
      return answerExport(parts, slots, identity, body, content)
    },
  })
}

function close(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/close', tag: 'Statements', scope: 'statements:write', programs: 'by_request',
    summary: 'Closes a period: its statement is stored with its digest, and nothing is posted into it any more.',
    description: 'Periods follow each other without a gap. While transactions of that time are still running the answer is `closing`: repeat it. Repeating changes nothing.',
    body: z.strictObject({ program, ...period, reason: line(200) }),
    answers: { 200: { description: 'The closed period; its digest can be kept elsewhere.', schema: closedAnswer } }, problems: ['not_found', 'refused', 'conflict'],
    async handle({ body, identity }) {
      const { actorId } = callerOf({ identity })
      const programId = await scopeOf(parts, identity, body.program)
      const result = await closePeriod({ ...parts, actorId }, { programId, period: await periodFor(parts, programId, body), reason: body.reason })
      if (result.ok) return { status: 200, body: presentClosed(result.closed) }
      if (result.reason === 'does_not_close') throw doesNotClose(result.differences)
      const next = result.expectedStart === null ? '' : ` The next one starts at ${result.expectedStart.toISOString()}.`
      throw new Problem(result.reason === 'previous_not_finished' ? 'conflict' : 'refused', result.reason, `This period cannot be closed.${next}`)
    },
  })
}

function closed({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/statements/periods', tag: 'Statements', scope: 'statements:read', programs: 'by_request', summary: 'The closed periods, the oldest first.',
    query: z.strictObject({ program: programKey.optional().describe('Absent: of the whole platform.') }),
    answers: { 200: { description: 'With the digests of their statements.', schema: z.strictObject({ periods: z.array(closedAnswer) }) } }, problems: ['not_found'],
    async handle({ query, identity }) {
      const programId = await scopeOf({ database }, identity, query.program ?? null)
      return { status: 200, body: { periods: (await readClosedPeriods(database, programId)).map(presentClosed) } }
    },
  })
}

function tie(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/statements/tie-out', tag: 'Statements', scope: 'statements:read', programs: 'by_request', bodyBytesMax: TIE_OUT_BYTES_MAX,
    summary: 'What the books paid in a period against the bank’s or the processor’s list: matched, different, missing, unknown, repeated.',
    body: z.strictObject({
      program, method: z.enum(PAYOUT_METHODS), asset: assetCode, ...period,
      rows: z.array(z.strictObject({ reference: line(100), amount: decimalText, fee: decimalText.optional() })).max(20_000),
    }),
    answers: { 200: { description: 'Every row of either side in one group.', schema: tieOutAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const reader = parts.database.prisma
      const programId = await scopeOf(parts, identity, body.program)
      const exponentOf = await exponentsOf(reader)
      const payouts = await readPaidPayouts(reader, { programId, method: body.method, asset: body.asset, period: await periodFor(parts, programId, body) })
      const rows = body.rows.map(({ reference, amount, fee }) => ({ reference, amount: parseUnits(amount, exponentOf(body.asset)), fee: fee === undefined ? null : parseUnits(fee, exponentOf(body.asset)) }))
      const units = (value: bigint): string => amountOf(value, body.asset, exponentOf).amount
      const payoutOf = (payout: PaidPayout) => ({ payout_id: payout.payoutId.toString(), reference: payout.references[0] ?? referenceOf(payout.payoutId), amount: units(payout.net), fee: units(payout.fee) })
      const rowOf = ({ reference, amount, fee }: (typeof rows)[number]) => ({ reference, amount: units(amount), fee: fee === null ? null : units(fee) })
      const { matched, different, missing, unknown, repeated } = tieOut(payouts, rows, ({ payoutId }) => [referenceOf(payoutId)])
      return {
        status: 200,
        body: {
          matched: matched.length, different: different.map(({ payout, row }) => ({ payout: payoutOf(payout), row: rowOf(row) })), missing: missing.map(payoutOf),
          unknown: unknown.map(rowOf), repeated: repeated.map(rowOf),
        },
      }
    },
  })
}

type Slots = ReturnType<typeof createSlots>
const decimalText = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'an amount such as 25 or 2.5')
const STREAMED: Route['answers'] = { 200: { description: 'Written as it is read; compressed where gzip is accepted. A connection that ends early is an answer that is not whole.', contentType: 'text/csv' } }

/** Null for the whole platform, which a limited key may not see. */
async function scopeOf({ database }: Pick<ApiParts, 'database'>, identity: Identity | null, key: string | null): Promise<bigint | null> {
  if (key !== null) return (await programOf(database.prisma, identity, key)).id
  if (callerOf({ identity }).programId !== null) throw new Problem('not_found', 'program', 'This key is limited to a program.')
  return null
}

async function periodFor({ database, clock }: ApiParts, programId: bigint | null, input: PeriodInput): Promise<Period> {
  const result = periodOf(await zoneOf(database.prisma, programId, clock.now()), input)
  if (!result.ok) throw new Problem('invalid_request', result.reason, 'A period is a month, or from and until: times with their offset, or days.')
  return result.period
}

async function answerStatement({ database }: ApiParts, scope: StatementScope, asked: Period): Promise<Answer> {
  const known = scope.accountId === null ? await openingBefore(database, scope.programId, asked.startsAt) : undefined
  const read = await inSnapshot(database, (client) => readStatement(client, scope, asked, known))
  if (!read.ok) throw doesNotClose(read.differences)
  return { status: 200, body: presentStatement(read.statement, await exponentsOf(database.prisma)) }
}

async function answerExport(
  { database, keys, clock }: ApiParts, slots: Slots, identity: Identity | null, options: { format: (typeof EXPORT_FORMATS)[number]; language: (typeof EXPORT_LANGUAGES)[number]; byte_order_mark: boolean; reason: string },
  content: ExportContent,
): Promise<Answer> {
  const { actorId } = callerOf({ identity })
  const { format, language, byte_order_mark: byteOrderMark, reason } = options
  if (slots.isFull()) throw new Problem('unavailable', 'exports', 'Other exports are running.')
  const result = await openExport({ database, keys, clock, actorId }, { content, format, language, byteOrderMark, reason })
  if (!result.ok) throw doesNotClose(result.differences)
  const { contentType, fileName, chunks } = result.export
  return { status: 200, stream: slots.hold(chunks), headers: { 'Content-Type': contentType, 'Content-Disposition': `attachment; filename="${fileName}"` } }
}

function doesNotClose(differences: readonly { asset: string; account: string; difference: string }[]): Problem {
  const named = differences.slice(0, 5).map(({ asset, account, difference }) => `${account} ${asset} by ${difference} of the smallest unit`).join('; ')
  return new Problem('refused', 'does_not_close', `The books do not close: ${named}. Run ringfence verify.`)
}

function presentStatement({ starts_at, ends_at, entries, lines, between_programs }: Statement, exponentOf: ExponentOf): z.output<typeof statementAnswer> {
  const units = (asset: string, smallest: string): string => unitsText(smallest, exponentOf(asset)) ?? '0'
  return {
    starts_at, ends_at, entries,
    lines: lines.map(({ asset, account, owner, opening, columns, closing }) => ({
      asset, account, owner, opening: units(asset, opening), closing: units(asset, closing),
      columns: Object.fromEntries(Object.entries(columns).map(([column, amount]) => [column, units(asset, amount)])),
    })),
    between_programs: between_programs.map(({ asset, amount }) => ({ asset, amount: units(asset, amount) })),
  }
}

function presentClosed({ lockId, period: { startsAt, endsAt }, recordedAt, stored }: ClosedPeriod): z.output<typeof closedAnswer> {
  return {
    period_id: lockId.toString(), starts_at: startsAt.toISOString(), ends_at: endsAt.toISOString(), state: stored === null ? 'closing' : 'closed', digest: stored?.digest ?? null, closed_at: recordedAt.toISOString(),
  }
}
