// Batches over HTTP: made by one person, released by another, their bank file and the bank's confirmation; the yearly export; and the processor's own events.

import { z } from 'zod'
import type { Transaction } from '../../base/database.ts'
import { Problem } from '../../base/problems.ts'
import { programKey } from '../../checks/index.ts'
import type { Identity } from '../../identities/index.ts'
import { programVersionAt } from '../../policies/index.ts'
import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { type BatchAnswer, exportBatchFile, exportYear, makeBatch, releaseBatch, takeConfirmation, takeProcessorEvent } from '../../payouts/index.ts'
import { type ApiParts, callerOf, exponentsOf, joined, mayUse, programOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountOf, idText, line } from '../schemas.ts'

const CONFIRMATION_BYTES_MAX = 512 * 1024
const EVENT_BYTES_MAX = 256 * 1024

const batch = z.strictObject({
  batch_id: z.string(), method: z.enum(['bank', 'stripe']), state: z.enum(['made', 'released']), made_at: z.iso.datetime(), released_at: z.iso.datetime().nullable(),
  file_digest: z.string().nullable().describe('SHA-256 of the bank’s file, in hexadecimal.'),
  totals: z.array(z.strictObject({ asset: z.string(), payouts: z.number().int(), gross: z.string(), withheld: z.string() })),
  left_out: z.array(z.strictObject({ payout_id: z.string(), reason: z.string() })).describe('Approved before, but not to be paid as things are.'),
}).meta({ id: 'PayoutBatch' })
const confirmation = z.strictObject({
  lines: z.array(z.strictObject({ line: z.number().int(), reference: z.string(), payout_id: z.string().nullable(), outcome: z.string().describe('applied, known, late, or why it is refused') })),
}).meta({ id: 'PayoutConfirmation' })
const params = z.strictObject({ id: idText })
const reasonQuery = { reason: line(200).describe('Why it is read: kept with the act.') }

export function payoutBatchRoutes(parts: ApiParts): Route[] {
  return [make(parts), release(parts), file(parts), confirm(parts), yearly(parts), processorEvents(parts)]
}

function make(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts/batches', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required',
    summary: 'Gathers up to 500 approved payouts of a program and method, the oldest first. Needs a person’s key.',
    body: z.strictObject({ program: programKey, method: z.enum(['bank', 'stripe']) }),
    answers: { 201: { description: 'Made; another person releases it.', schema: batch } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const program = await programOf(reader, identity, body.program)
      return presentBatch(reader, 201, await makeBatch(deskOf(parts, identity, transaction), { programId: program.id, method: body.method }))
    },
  })
}

function release(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts/batches/:id/release', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required', params,
    summary: 'Another person than its maker sends a batch: a bank’s file becomes final, payouts through a processor are made within a minute.',
    answers: { 200: { description: 'Released: everything in it is in transit.', schema: batch } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      await refuseForeign(reader, identity, BigInt(id))
      return presentBatch(reader, 200, await releaseBatch(deskOf(parts, identity, transaction), BigInt(id)))
    },
  })
}

function file(parts: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/payouts/batches/:id/file', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', params, query: z.strictObject(reasonQuery),
    summary: 'The bank’s file of a released batch, the same bytes every time. It holds bank accounts: reading it is an act.',
    answers: { 200: { description: 'CSV with a header.', contentType: 'text/csv; charset=utf-8' } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, query, identity }) {
      await refuseForeign(parts.database.prisma, identity, BigInt(id))
      const answer = await exportBatchFile(deskOf(parts, identity, null), BigInt(id), query.reason)
      if (!answer.ok) throw new Problem('refused', answer.reason, 'There is no such file.')
      return { status: 200, text: answer.text, headers: { 'Content-Type': 'text/csv; charset=utf-8', 'Content-Disposition': `attachment; filename="payouts-${id}.csv"`, 'Digest': `sha-256=${Buffer.from(answer.digest, 'hex').toString('base64')}` } }
    },
  })
}

function confirm(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts/confirmations', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required', bodyBytesMax: CONFIRMATION_BYTES_MAX,
    summary: 'Takes the bank’s confirmation line by line: reference, status (paid or returned), amount, fee, date.',
    description: 'What can be applied is; every other line says why not. The same file twice counts once.',
    body: z.strictObject({ program: programKey, file: z.string().min(1).max(CONFIRMATION_BYTES_MAX) }),
    answers: { 200: { description: 'One result per line, in the order of the file.', schema: confirmation } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const program = await programOf(readerOf(parts.database, transaction), identity, body.program)
      const answer = await takeConfirmation(deskOf(parts, identity, transaction), program.id, body.file)
      if (!answer.ok) throw new Problem('refused', answer.reason, 'The file is not a confirmation.')
      return { status: 200, body: { lines: answer.results.map(({ number, reference, payoutId, outcome }) => ({ line: number, reference, payout_id: payoutId?.toString() ?? null, outcome })) } }
    },
  })
}

function yearly(parts: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/programs/:key/payouts/:year', tag: 'Payouts', scope: 'payouts:read', programs: 'by_request', query: z.strictObject(reasonQuery),
    params: z.strictObject({ key: programKey, year: z.string().regex(/^20\d{2}$/, 'must be a year') }),
    summary: 'What every payee of a program was paid in a year: gross, withheld, net and fee. Reading it is an act.',
    answers: { 200: { description: 'CSV with a header.', contentType: 'text/csv; charset=utf-8' } }, problems: ['not_found'],
    async handle({ params: { key, year }, query, identity }) {
      const { database, clock } = parts
      const program = await programOf(database.prisma, identity, key)
      const version = await programVersionAt(database.prisma, program.id, clock.now())
      const text = await exportYear(deskOf(parts, identity, null), { programId: program.id, year: Number(year), zone: version?.rules.zone ?? 'UTC', reason: query.reason })
      return { status: 200, text, headers: { 'Content-Type': 'text/csv; charset=utf-8', 'Content-Disposition': `attachment; filename="payouts-${key}-${year}.csv"` } }
    },
  })
}

function processorEvents({ database, keys, clock, payouts }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts/stripe-events', tag: 'Payouts', scope: null, programs: 'none', takesRawBody: true, bodyBytesMax: EVENT_BYTES_MAX,
    summary: 'Where Stripe sends its signed events: payout.paid, payout.failed, transfer.*, account.updated. Whatever is not signed is refused.',
    description: 'The body is an event as Stripe sends it, with the header Stripe-Signature; it is read byte for byte.',
    answers: { 200: { description: 'Taken, or known already.', schema: z.strictObject({ outcome: z.string() }) } }, problems: ['refused', 'unavailable'],
    async handle({ rawBody, header }) {
      if (payouts.processor === null) throw new Problem('unavailable', 'no_processor', 'No processor is configured.')
      const answer = await takeProcessorEvent({ database, keys, clock, actorId: SYSTEM_ACTOR_ID }, payouts.processor, { text: rawBody, signature: header('stripe-signature') ?? '' })
      if (!answer.ok) throw new Problem('refused', answer.reason, 'The event is not signed, or too old.')
      return { status: 200, body: { outcome: answer.outcome } }
    },
  })
}

function deskOf({ database, keys, clock }: ApiParts, identity: Identity | null, transaction: Transaction | null) {
  return { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }
}

async function refuseForeign(reader: Transaction, identity: Identity | null, id: bigint): Promise<void> {
  const found = await reader.payoutBatch.findUnique({ where: { id }, select: { programId: true } })
  if (found === null || !mayUse(identity, found.programId)) throw new Problem('not_found', 'batch', 'There is no such batch.')
}

async function presentBatch(reader: Transaction, status: number, answer: BatchAnswer) {
  if (!answer.ok) throw new Problem('refused', answer.reason, 'This batch is refused.')
  const { id, method, state, madeAt, releasedAt, fileDigest, totals } = answer.batch
  const exponentOf = await exponentsOf(reader)
  const text = (amount: bigint, asset: string): string => amountOf(amount, asset, exponentOf).amount
  return {
    status,
    body: {
      batch_id: id.toString(), method, state, made_at: madeAt.toISOString(), released_at: releasedAt?.toISOString() ?? null, file_digest: fileDigest === null ? null : Buffer.from(fileDigest).toString('hex'),
      totals: totals.map(({ asset, payouts, gross, withheld }) => ({ asset, payouts, gross: text(gross, asset), withheld: text(withheld, asset) })),
      left_out: answer.leftOut.map(({ payoutId, reason }) => ({ payout_id: payoutId.toString(), reason })),
    } satisfies z.output<typeof batch>,
  }
}
