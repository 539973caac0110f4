// Payouts over HTTP: the host asks for a member, finance approves, and both read what became of it.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, decimalAmount, externalId, programKey } from '../../checks/index.ts'
import { approvePayout, cancelPayout, listPayouts, PAYOUT_STATES, type PayoutDecision, type PayoutRow, readPayout, referenceOf, requestPayout } from '../../payouts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, joined, mayUse, namesOf, programOf, readerOf } from '../parts.ts'
import { parseUnits } from '../parse-units.ts'
import { defineRoute, type Route, type RouteRequest } from '../route.ts'
import { amountOf, type ExponentOf, idText } from '../schemas.ts'

const payout = z.strictObject({
  payout_id: z.string(), reference: z.string().describe('As it stands in the bank’s file.'), account: z.string().nullable(), method: z.enum(['bank', 'stripe']), state: z.enum(PAYOUT_STATES),
  reason: z.string().nullable().describe('Why it waits for review, failed or came back.'), needs_approval: z.boolean(), asset: z.string(),
  gross: z.string(), withheld: z.string(), fee: z.string(), net: z.string(), requested_at: z.iso.datetime(), approved_at: z.iso.datetime().nullable(), sent_at: z.iso.datetime().nullable(), ended_at: z.iso.datetime().nullable(),
  batch_id: z.string().nullable(),
}).meta({ id: 'Payout' })
const listed = payout.extend({ destination: z.string().nullable().describe('Masked.') }).meta({ id: 'ListedPayout' })
const detail = listed.extend({
  lines: z.array(z.strictObject({ rebate_id: z.string(), amount: z.string() })),
  events: z.array(z.strictObject({ kind: z.string(), is_applied: z.boolean(), occurred_at: z.iso.datetime(), recorded_at: z.iso.datetime() })),
}).meta({ id: 'PayoutDetail' })
const params = z.strictObject({ id: idText })

export function payoutRoutes(parts: ApiParts): Route[] {
  return [request(parts), query(parts), read(parts), decide(parts, 'approve'), decide(parts, 'cancel')]
}

function request(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required',
    summary: 'Asks to pay a member out: an amount in whole cents, or everything that whole cents can carry.',
    description: 'The money is in transit at once, rebate by rebate, oldest first. What the check holds, and what is above the program’s limit, waits for a person; the answer says so.',
    body: z.strictObject({ program: programKey, account: externalId, method: z.enum(['bank', 'stripe']), asset: assetCode, amount: z.union([z.literal('all'), decimalAmount]) }),
    answers: { 201: { description: 'Requested; approved where nobody needs to look.', schema: payout } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, idempotencyKey, transaction }) {
      const { database, keys, clock, checks } = parts
      const { actorId } = callerOf({ identity })
      const reader = readerOf(database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const exponentOf = await exponentsOf(reader)
      const amount = body.amount === 'all' ? body.amount : parseUnits(body.amount, exponentOf(body.asset))
      const desk = { database: joined(database, transaction), keys, clock, actorId, check: checks.evaluate }
      const answer = await requestPayout(desk, { programId: program.id, accountId, method: body.method, asset: body.asset, amount, key: `${actorId} ${idempotencyKey ?? ''}` })
      if (!answer.ok) throw new Problem(answer.reason === 'key_reused' ? 'key_reused' : 'refused', answer.reason, 'This payout is refused.')
      return { status: 201, body: presentPayout(answer.payout, body.account, exponentOf) }
    },
  })
}

function query({ database }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payouts/query', tag: 'Payouts', scope: 'payouts:read', programs: 'by_request', summary: 'Payouts of a program, or of one of its members, newest first.',
    body: z.strictObject({ program: programKey, account: externalId.optional(), state: z.enum(PAYOUT_STATES).optional(), limit: z.number().int().min(1).max(100).optional(), before: idText.optional() }),
    answers: { 200: { description: 'Give the last id as `before` for what is older.', schema: z.strictObject({ payouts: z.array(listed) }) } }, problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const accountId = body.account === undefined ? null : await accountOf(reader, body.account)
      const rows = await listPayouts(reader, { programId: program.id, accountId, state: body.state, limit: body.limit ?? 50, before: body.before === undefined ? undefined : BigInt(body.before) })
      const [names, exponentOf] = [await namesOf(reader, rows.map((row) => row.accountId)), await exponentsOf(reader)]
      return { status: 200, body: { payouts: rows.map((row) => ({ ...presentPayout(row, names.get(row.accountId) ?? null, exponentOf), destination: row.shownAs })) } }
    },
  })
}

function read({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/payouts/:id', tag: 'Payouts', scope: 'payouts:read', programs: 'by_request', params, summary: 'One payout with its rebates and what happened to it.',
    answers: { 200: { description: 'The payout.', schema: detail } }, problems: ['not_found'],
    async handle({ params: { id }, identity }) {
      const reader = database.prisma
      const found = await readPayout(reader, BigInt(id))
      if (found === null || !mayUse(identity, found.programId)) throw unknown()
      const [names, exponentOf] = [await namesOf(reader, [found.accountId]), await exponentsOf(reader)]
      return {
        status: 200,
        body: {
          ...presentPayout(found, names.get(found.accountId) ?? null, exponentOf), destination: found.shownAs,
          lines: found.parts.map(({ rebateId, amount }) => ({ rebate_id: rebateId.toString(), amount: amountOf(amount, found.asset, exponentOf).amount })),
          events: found.events.map(({ kind, isApplied, occurredAt, recordedAt }) => ({ kind, is_applied: isApplied, occurred_at: occurredAt.toISOString(), recorded_at: recordedAt.toISOString() })),
        },
      }
    },
  })
}

const DECISIONS = {
  approve: { summary: 'Another person than the requester approves a payout that waits; also one that the check holds.', description: 'Approved.', does: approvePayout },
  cancel: { summary: 'Cancels a payout that was not sent yet; its money is the member’s again.', description: 'Cancelled.', does: (desk: Parameters<typeof cancelPayout>[0], id: bigint): Promise<PayoutDecision> => cancelPayout(desk, id) },
} as const

function decide(parts: ApiParts, decision: keyof typeof DECISIONS): Route {
  const { summary, description, does } = DECISIONS[decision]
  return defineRoute({
    method: 'post', path: `/v1/payouts/:id/${decision}`, tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required', params, summary,
    answers: { 200: { description, schema: payout } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, identity, transaction }) {
      const { database, keys, clock } = parts
      await refuseForeign(readerOf(database, transaction), identity, BigInt(id))
      const answer = await does({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, BigInt(id))
      if (!answer.ok) throw answer.reason === 'unknown' ? unknown() : new Problem('refused', answer.reason, 'This payout is not in a state for that, or may not be paid as things are.')
      const reader = readerOf(database, transaction)
      const [names, exponentOf] = [await namesOf(reader, [answer.payout.accountId]), await exponentsOf(reader)]
      return { status: 200, body: presentPayout(answer.payout, names.get(answer.payout.accountId) ?? null, exponentOf) }
    },
  })
}

async function refuseForeign(reader: Transaction, identity: RouteRequest<unknown, unknown, unknown>['identity'], id: bigint): Promise<void> {
  const found = await reader.payout.findUnique({ where: { id }, select: { programId: true } })
  if (found === null || !mayUse(identity, found.programId)) throw unknown()
}

const unknown = (): Problem => new Problem('not_found', 'payout', 'There is no such payout.')

function presentPayout(row: PayoutRow, account: string | null, exponentOf: ExponentOf): z.output<typeof payout> {
  const text = (amount: bigint): string => amountOf(amount, row.asset, exponentOf).amount
  return {
    payout_id: row.id.toString(), reference: referenceOf(row.id), account, method: row.method, state: row.state, reason: row.reason, needs_approval: row.needsApproval, asset: row.asset,
    gross: text(row.gross), withheld: text(row.withheld), fee: text(row.fee), net: text(row.gross - row.withheld - row.fee),
    requested_at: row.requestedAt.toISOString(), approved_at: row.approvedAt?.toISOString() ?? null, sent_at: row.sentAt?.toISOString() ?? null, ended_at: row.endedAt?.toISOString() ?? null,
    batch_id: row.batchId?.toString() ?? null,
  }
}
