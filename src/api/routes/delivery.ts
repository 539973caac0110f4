// Webhook endpoints and their messages: made with a secret shown once, rotated, retired, tested; what waits, arrived or was given up.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { programKey } from '../../checks/index.ts'
import {
  createEndpoint, type EndpointKeeper, listEndpoints, listMessages, MESSAGE_STATES, redeliver, retireEndpoint, rotateEndpoint, sendTest, TOPIC_NAMES,
} from '../../delivery/index.ts'
import type { Identity } from '../../identities/index.ts'
import { tellOpenInstructions } from '../../programs/index.ts'
import { type ApiParts, callerOf, mayUse, programOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, limitOf, page } from '../schemas.ts'

const endpointParams = z.strictObject({ id: idText })
const topic = z.enum(TOPIC_NAMES)
const secret = z.string().describe('Shown only now: keep it.')
const endpointAnswer = z.strictObject({
  endpoint_id: z.string(), program: z.string().nullable().describe('Null: messages of every program.'), url: z.string(), topics: z.array(topic), recorded_at: z.iso.datetime(),
  old_secret_until: z.iso.datetime().nullable(), waits_for_reconciliation: z.boolean(), retired_at: z.iso.datetime().nullable(),
}).meta({ id: 'WebhookEndpoint' })
const messageAnswer = z.strictObject({
  message_id: z.string(), endpoint_id: z.string(), topic: z.string(), recorded_at: z.iso.datetime(), state: z.enum(MESSAGE_STATES), attempts: z.number().int(),
  next_attempt_at: z.iso.datetime().nullable(), last_failure: z.string().nullable(),
  tries: z.array(z.strictObject({ at: z.iso.datetime(), status: z.number().int().nullable(), failure: z.string().nullable() })),
}).meta({ id: 'WebhookMessage' })

export function deliveryRoutes(parts: ApiParts): Route[] {
  return [create(parts), list(parts), rotate(parts), retire(parts), test(parts), messages(parts), again(parts)]
}

const keeperOf = ({ database, keys, clock }: ApiParts, identity: Identity | null): EndpointKeeper => ({ database, keys, clock, actorId: callerOf({ identity }).actorId })
const noEndpoint = (): Problem => new Problem('not_found', 'endpoint', 'There is no such endpoint in use.')

/** Throws unless the caller may see the endpoint; one of all programs belongs to keys of all programs. */
async function endpointOf({ database }: ApiParts, identity: Identity | null, id: string): Promise<bigint> {
  const row = await database.prisma.webhookEndpoint.findFirst({ where: { id: BigInt(id), retiredAt: null }, select: { id: true, programId: true } })
  if (row === null || !mayUse(identity, row.programId)) throw noEndpoint()
  return row.id
}

function create(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/webhooks', tag: 'Delivery', scope: 'delivery:write', programs: 'by_request', summary: 'Makes a webhook endpoint; its secret is shown once.',
    description: 'Addresses need https and a public host, unless the deployment allows ranges of its own. Open instructions are sent to an endpoint that subscribes to them later. Not idempotent by key, because an answer that holds a secret is not kept.',
    body: z.strictObject({ url: z.string().min(1).max(2000), topics: z.array(topic).min(1).max(TOPIC_NAMES.length), program: programKey.optional() }),
    answers: { 201: { description: 'Made.', schema: z.strictObject({ endpoint_id: z.string(), secret }) } }, problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const program = body.program === undefined ? null : await programOf(parts.database.prisma, identity, body.program)
      if (program === null && !mayUse(identity, null)) throw new Problem('not_found', 'program', 'This key is limited to a program: name it.')
      const keeper = keeperOf(parts, identity)
      const made = await createEndpoint(keeper, parts.outgoing, { url: body.url, topics: body.topics, programId: program?.id ?? null }, async (transaction, endpointId) => {
        if (body.topics.includes('host.instruction')) await tellOpenInstructions(transaction, { endpointId, programId: program?.id ?? null }, keeper.clock.now())
      })
      if (!made.ok) throw new Problem('refused', made.reason, 'This address or topic is refused.')
      return { status: 201, body: { endpoint_id: made.endpointId.toString(), secret: made.secret } }
    },
  })
}

function list(parts: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/webhooks', tag: 'Delivery', scope: 'delivery:read', programs: 'by_request', summary: 'The webhook endpoints, retired ones too.',
    answers: { 200: { description: 'In the order they were made.', schema: z.strictObject({ endpoints: z.array(endpointAnswer) }) } },
    async handle({ identity }) {
      const programs = new Map((await parts.database.prisma.program.findMany({ select: { id: true, key: true } })).map(({ id, key }) => [id, key]))
      const rows = (await listEndpoints(parts.database.prisma)).filter(({ programId }) => mayUse(identity, programId))
      return { status: 200, body: { endpoints: rows.map((row) => ({
        endpoint_id: row.id.toString(), program: row.programId === null ? null : programs.get(row.programId) ?? null, url: row.url, topics: row.topics,
        recorded_at: row.recordedAt.toISOString(), old_secret_until: row.previousUntil?.toISOString() ?? null, waits_for_reconciliation: row.waitsForReconciliation,
        retired_at: row.retiredAt?.toISOString() ?? null,
      })) } }
    },
  })
}

function rotate(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/webhooks/:id/rotate', tag: 'Delivery', scope: 'delivery:write', programs: 'by_request', params: endpointParams,
    summary: 'Gives an endpoint a new secret; messages carry both signatures for the overlap.',
    body: z.strictObject({ overlap_hours: z.number().min(0).max(720).default(24) }),
    answers: { 200: { description: 'Rotated.', schema: z.strictObject({ secret, old_secret_until: z.iso.datetime() }) } }, problems: ['not_found'],
    async handle({ params, body, identity }) {
      const rotated = await rotateEndpoint(keeperOf(parts, identity), await endpointOf(parts, identity, params.id), Math.round(body.overlap_hours * 3600))
      if (rotated === null) throw noEndpoint()
      return { status: 200, body: { secret: rotated.secret, old_secret_until: rotated.previousUntil.toISOString() } }
    },
  })
}

function retire(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/webhooks/:id/retire', tag: 'Delivery', scope: 'delivery:write', programs: 'by_request', params: endpointParams,
    summary: 'Ends an endpoint; what waits for it is given up.',
    answers: { 200: { description: 'Retired.', schema: z.strictObject({ retired: z.literal(true) }) } }, problems: ['not_found'],
    async handle({ params, identity }) {
      if (!(await retireEndpoint(keeperOf(parts, identity), await endpointOf(parts, identity, params.id)))) throw noEndpoint()
      return { status: 200, body: { retired: true } }
    },
  })
}

function test(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/webhooks/:id/test', tag: 'Delivery', scope: 'delivery:write', programs: 'by_request', params: endpointParams,
    summary: 'Sends a test message to an endpoint.',
    answers: { 202: { description: 'It waits to be delivered; see the messages.', schema: z.strictObject({ message_id: z.string() }) } }, problems: ['not_found'],
    async handle({ params, identity }) {
      const sent = await sendTest(keeperOf(parts, identity), await endpointOf(parts, identity, params.id))
      if (sent === null) throw noEndpoint()
      return { status: 202, body: { message_id: sent.messageId } }
    },
  })
}

function messages({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/messages', tag: 'Delivery', scope: 'delivery:read', programs: 'by_request', summary: 'Messages with their attempts, newest first.',
    query: page.extend({ endpoint_id: idText.optional(), state: z.enum(MESSAGE_STATES).optional() }),
    answers: { 200: { description: 'Bodies are not shown; delivered messages go after thirty days.', schema: z.strictObject({ messages: z.array(messageAnswer), next: z.string().nullable() }) } },
    async handle({ query, identity }) {
      const limit = limitOf(query)
      const rows = await listMessages(database.prisma, {
        limit, state: query.state, endpointId: query.endpoint_id === undefined ? undefined : BigInt(query.endpoint_id), after: query.after === undefined ? undefined : BigInt(query.after),
        programId: callerOf({ identity }).programId,
      })
      return { status: 200, body: { next: rows.length < limit ? null : rows.at(-1)?.id.toString() ?? null, messages: rows.map((row) => ({
        message_id: row.messageId, endpoint_id: row.endpointId.toString(), topic: row.topic, recorded_at: row.recordedAt.toISOString(),
        state: row.deliveredAt !== null ? 'delivered' as const : row.givenUpAt !== null ? 'given_up' as const : 'waiting' as const, attempts: row.attempts,
        next_attempt_at: row.deliveredAt === null && row.givenUpAt === null ? row.nextAttemptAt.toISOString() : null, last_failure: row.lastFailure,
        tries: row.outboxAttempt.map(({ attemptedAt, status, failure }) => ({ at: attemptedAt.toISOString(), status, failure })),
      })) } }
    },
  })
}

function again({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/messages/:id/redeliver', tag: 'Delivery', scope: 'delivery:write', programs: 'by_request', params: z.strictObject({ id: z.uuid() }),
    summary: 'Sends a message once more, under its own id.',
    answers: { 202: { description: 'It waits to be delivered.', schema: z.strictObject({ message_id: z.string() }) } }, problems: ['not_found'],
    async handle({ params, identity }) {
      const isFound = await database.inTransaction((transaction) => redeliver(transaction, params.id, clock.now(), callerOf({ identity }).programId))
      if (!isFound) throw new Problem('not_found', 'message', 'There is no such message of an endpoint in use.')
      return { status: 202, body: { message_id: params.id } }
    },
  })
}
