// Events over HTTP: one fact, or up to a thousand at once, each once for ever.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { event, eventBatch, type EventInput } from '../../intake/event-form.ts'
import { type EventResult, takeEvents } from '../../intake/take-events.ts'
import { type ApiParts, callerOf, exponentsOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountOf, type ExponentOf } from '../schemas.ts'

const BATCH_BYTES_MAX = 2 * 1024 * 1024

const eventAnswer = z.strictObject({
  event_id: z.string(), status: z.enum(['recorded', 'known', 'refused']), reason: z.string().optional(), waiting: z.boolean(),
  rebates: z.array(z.strictObject({ rebate_id: z.string(), program_id: z.string(), asset: z.string(), amount: z.string() })),
  referrals: z.array(z.strictObject({ program_id: z.string(), channel: z.string(), referral_id: z.string().nullable(), not_payable: z.string().nullable() })),
}).meta({ id: 'EventAnswer' })
const one = eventAnswer.extend({ position: z.string() })
const many = z.strictObject({ results: z.array(eventAnswer), position: z.string() })

export function eventRoutes(parts: ApiParts): Route[] {
  return [defineRoute({
    method: 'post', path: '/v1/events', tag: 'Events', scope: 'events:write', programs: 'unlimited_key', bodyBytesMax: BATCH_BYTES_MAX,
    summary: 'Records facts of the platform: sign-ups, payments, refunds, logins, and what was seen with them.',
    description: 'An event is unique for ever by source and event_id, so a repeated request changes nothing and needs no key of its own. A batch answers each event apart: '
      + 'a refused one does not keep the others from being recorded. `position` can be given to the check as `at_least`.',
    body: z.union([event, eventBatch]),
    answers: {
      201: { description: 'One event, recorded.', schema: one },
      200: { description: 'One event that was known, or the results of a batch in its order.', schema: z.union([one, many]) },
    },
    problems: ['refused', 'key_reused'],
    async handle({ body, identity }) {
      const { actorId } = callerOf({ identity })
      const exponentOf = await exponentsOf(parts.database.prisma)
      const events: readonly EventInput[] = 'events' in body ? body.events : [body]
      const { results, position } = await takeEvents({ ...parts, actorId, check: parts.checks.evaluate }, events)
      if ('events' in body) return { status: 200, body: { results: results.map((result) => presentResult(result, exponentOf)), position } }
      const [result] = results
      if (result === undefined) throw new Error('An event has no result.')
      if (!result.answer.ok) throw new Problem(result.answer.reason === 'key_reused' ? 'key_reused' : 'refused', result.answer.reason, 'This event is refused.')
      return { status: result.answer.isNew ? 201 : 200, body: { ...presentResult(result, exponentOf), position } }
    },
  })]
}

function presentResult({ input, answer }: EventResult, exponentOf: ExponentOf): z.output<typeof eventAnswer> {
  if (!answer.ok) return { event_id: input.event_id, status: 'refused', reason: answer.reason, waiting: false, rebates: [], referrals: [] }
  return {
    event_id: input.event_id, status: answer.isNew ? 'recorded' : 'known', waiting: answer.isWaiting,
    rebates: answer.rebates.map(({ rebateId, programId, asset, amount }) => ({ rebate_id: rebateId.toString(), program_id: programId.toString(), ...amountOf(amount, asset, exponentOf) })),
    referrals: answer.attributed.map(({ programId, channel, referralId, notPayable }) => ({ program_id: programId.toString(), channel, referral_id: referralId?.toString() ?? null, not_payable: notPayable })),
  }
}
