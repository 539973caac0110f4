// What waits, what was delivered and what was given up, message by message with its attempts; and what goes after its time.

import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'

export const MESSAGE_STATES = ['waiting', 'delivered', 'given_up'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

export interface MessageQuery {
  readonly endpointId?: bigint | undefined
  readonly state?: MessageState | undefined
  /** Messages of this programme's endpoints alone. */
  readonly programId?: bigint | null
  readonly limit: number
  /** The id of the last message read. */
  readonly after?: bigint | undefined
}

/** Newest first. */
export async function listMessages(reader: Transaction, { endpointId, state, programId = null, limit, after }: MessageQuery) {
  const states = {
    waiting: { deliveredAt: null, givenUpAt: null }, delivered: { deliveredAt: { not: null } }, given_up: { givenUpAt: { not: null } },
  } as const
  return reader.outbox.findMany({
    where: {
      ...(endpointId === undefined ? {} : { endpointId }), ...(state === undefined ? {} : states[state]), ...(after === undefined ? {} : { id: { lt: after } }),
      ...(programId === null ? {} : { webhookEndpoint: { programId } }),
    },
    select: {
      id: true, endpointId: true, messageId: true, topic: true, objectKind: true, objectId: true, recordedAt: true, attempts: true, nextAttemptAt: true, lastFailure: true,
      deliveredAt: true, givenUpAt: true, outboxAttempt: { select: { attemptedAt: true, status: true, failure: true }, orderBy: { id: 'asc' } },
    },
    orderBy: { id: 'desc' }, take: limit,
  })
}

/** Sends a message once more, under its own id, so that a receiver that had it knows it again. False: there is none, or its endpoint is retired. */
export async function redeliver(transaction: Transaction, messageId: string, now: Date, programId: bigint | null = null): Promise<boolean> {
  const { count } = await transaction.outbox.updateMany({
    where: { messageId, webhookEndpoint: { retiredAt: null, ...(programId === null ? {} : { programId }) } },
    data: { attempts: 0, nextAttemptAt: now, deliveredAt: null, givenUpAt: null },
  })
  return count === 1
}

/** Days for which a message is kept after it was delivered or given up: its body holds external ids. */
export const MESSAGES_KEPT_DAYS = 30
const DAY_MILLISECONDS = 86_400_000

/** Returns how many went. */
export async function forgetMessages(database: Pick<Database, 'prisma'>, clock: Clock, days = MESSAGES_KEPT_DAYS): Promise<number> {
  const before = new Date(clock.now().getTime() - days * DAY_MILLISECONDS)
  const { count } = await database.prisma.outbox.deleteMany({ where: { OR: [{ deliveredAt: { lt: before } }, { givenUpAt: { lt: before } }] } })
  return count
}

/** What an operator watches. */
export interface DeliveryState {
  readonly waiting: number
  /** Of the oldest message that waits; zero without one. */
  readonly oldestWaitingSeconds: number
  readonly givenUp: number
  readonly endpointsWaitingForReconciliation: number
}

export async function deliveryState(database: Pick<Database, 'pool'>, clock: Clock): Promise<DeliveryState> {
  const { rows } = await database.pool.query<{ waiting: string; oldest: Date | null; given_up: string; paused: string }>(
    `select count(*) filter (where o.given_up_at is null) as waiting, min(o.recorded_at) filter (where o.given_up_at is null) as oldest,
            count(*) filter (where o.given_up_at is not null) as given_up,
            (select count(*) from webhook_endpoint where waits_for_reconciliation and retired_at is null) as paused
       from outbox o join webhook_endpoint e on e.id = o.endpoint_id and e.retired_at is null where o.delivered_at is null`)
  const [row] = rows
  const oldest = row?.oldest ?? null
  return {
    waiting: Number(row?.waiting ?? 0), givenUp: Number(row?.given_up ?? 0), endpointsWaitingForReconciliation: Number(row?.paused ?? 0),
    oldestWaitingSeconds: oldest === null ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000),
  }
}
