// The deliverer: sends what is due, endpoint by endpoint, and remembers what came of it.
// Promises: at least once; one deliverer at a time per endpoint; messages about one object in their order; a dead deliverer's lock is
// gone with its connection; an endpoint that waits for reconciliation is sent nothing.

import { randomInt } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Outgoing, OutgoingResult } from '../base/outgoing.ts'
import { ATTEMPTS_MAX, backoffMilliseconds } from './backoff.ts'
import { secretsOf, type StoredEndpoint } from './endpoint-secrets.ts'
import { signatureHeaders } from './sign.ts'

export interface Deliverer {
  readonly database: Pick<Database, 'pool' | 'prisma' | 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly outgoing: Outgoing
  /** From 0 up to 1; default: the operating system's. */
  readonly random?: () => number
  /** Ends the round between two messages. */
  readonly stopping?: AbortSignal
}

export interface DeliveryRound {
  readonly delivered: number
  readonly failed: number
}

/** Messages about different objects that are under way at once, per endpoint. */
const AT_ONCE = 8
/** One round ends after so many batches, so that one busy endpoint does not keep a job running for ever. */
const BATCHES_MAX = 500
const RANDOM_STEPS = 2 ** 32

/** One round over all endpoints; an endpoint that another deliverer is at is left to it. */
export async function deliverDue(deliverer: Deliverer): Promise<DeliveryRound> {
  const { rows } = await deliverer.database.pool.query<{ id: string }>(
    `select e.id from webhook_endpoint e where e.retired_at is null and not e.waits_for_reconciliation
       and exists (select 1 from outbox o where o.endpoint_id = e.id and o.delivered_at is null and o.given_up_at is null and o.next_attempt_at <= $1) order by e.id`,
    [deliverer.clock.now()])
  const rounds: DeliveryRound[] = []
  for (const { id } of rows) rounds.push(await deliverTo(deliverer, BigInt(id)))
  return { delivered: sum(rounds.map((round) => round.delivered)), failed: sum(rounds.map((round) => round.failed)) }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/** The lock belongs to a connection of its own, so that no transaction stays open while the network is slow. */
async function deliverTo(deliverer: Deliverer, endpointId: bigint): Promise<DeliveryRound> {
  const client = await deliverer.database.pool.connect()
  let isBroken = false
  try {
    const lock = [`deliver ${endpointId}`]
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as locked', lock)
    if (rows[0]?.locked !== true) return { delivered: 0, failed: 0 }
    try {
      return await deliverLocked(deliverer, endpointId)
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', lock).catch(() => {
        isBroken = true
      })
    }
  } finally {
    client.release(isBroken)
  }
}

async function deliverLocked(deliverer: Deliverer, endpointId: bigint): Promise<DeliveryRound> {
  let [delivered, failed] = [0, 0]
  for (let batches = 0; batches < BATCHES_MAX && deliverer.stopping?.aborted !== true; batches++) {
    const endpoint = await deliverer.database.prisma.webhookEndpoint.findUnique({ where: { id: endpointId } })
    if (endpoint === null || endpoint.retiredAt !== null || endpoint.waitsForReconciliation) break
    const due = await dueMessages(deliverer, endpointId)
    if (due.length === 0) break
    const results = await Promise.all(due.map((message) => attempt(deliverer, endpoint, message)))
    delivered += results.filter((result) => result === 'delivered').length
    failed += results.filter((result) => result !== 'delivered').length
    // Nobody is there: the others would only wait for the same time-out.
    if (results.every((result) => result === 'unreachable')) break
  }
  return { delivered, failed }
}

interface DueMessage {
  readonly id: bigint
  readonly messageId: string
  readonly topic: string
  readonly body: unknown
  readonly attempts: number
  readonly recordedAt: Date
}

/** The oldest open message of each object, where it is due: what comes after it waits. */
async function dueMessages({ database, clock }: Deliverer, endpointId: bigint): Promise<DueMessage[]> {
  const rows = await database.prisma.$queryRaw<{ id: bigint; message_id: string; topic: string; body: unknown; attempts: number; recorded_at: Date }[]>`
    select o.id, o.message_id::text as message_id, o.topic, o.body, o.attempts, o.recorded_at from outbox o
      where o.endpoint_id = ${endpointId} and o.delivered_at is null and o.given_up_at is null and o.next_attempt_at <= ${clock.now()}::timestamptz
        and not exists (select 1 from outbox earlier where earlier.endpoint_id = o.endpoint_id and earlier.object_kind = o.object_kind and earlier.object_id = o.object_id
          and earlier.delivered_at is null and earlier.given_up_at is null and earlier.id < o.id)
      order by o.id limit ${AT_ONCE}`
  return rows.map((row) => ({ id: row.id, messageId: row.message_id, topic: row.topic, body: row.body, attempts: row.attempts, recordedAt: row.recorded_at }))
}

type AttemptResult = 'delivered' | 'refused' | 'unreachable'

async function attempt(deliverer: Deliverer, endpoint: StoredEndpoint, message: DueMessage): Promise<AttemptResult> {
  const { clock, keys, outgoing } = deliverer
  const now = clock.now()
  const body = JSON.stringify({ type: message.topic, timestamp: message.recordedAt.toISOString(), data: message.body })
  const signed = signatureHeaders({ messageId: message.messageId, timestampSeconds: Math.floor(now.getTime() / 1000), body }, secretsOf(keys, endpoint, now))
  const result = await outgoing.post(endpoint.url, { ...signed, 'content-type': 'application/json', 'user-agent': 'ringfence-webhooks' }, body)
  const isDelivered = result.ok && result.status >= 200 && result.status < 300
  await keep(deliverer, message, result, isDelivered)
  return isDelivered ? 'delivered' : result.ok ? 'refused' : 'unreachable'
}

/** What came of an attempt; a process that dies before this sends the message again. */
async function keep({ database, clock, random = systemRandom }: Deliverer, { id, attempts }: DueMessage, result: OutgoingResult, isDelivered: boolean): Promise<void> {
  const now = clock.now()
  const failure = isDelivered ? null : result.ok ? `status_${result.status}` : result.failure
  const made = attempts + 1
  const next = new Date(now.getTime() + backoffMilliseconds(made, random))
  await database.inTransaction(async (transaction) => {
    await transaction.outboxAttempt.create({ data: { outboxId: id, attemptedAt: now, status: result.ok ? result.status : null, failure } })
    await transaction.outbox.update({
      where: { id },
      data: isDelivered
        ? { attempts: made, deliveredAt: now, lastFailure: null }
        : { attempts: made, lastFailure: failure, nextAttemptAt: next, ...(made >= ATTEMPTS_MAX ? { givenUpAt: now } : {}) },
    })
  })
}

const systemRandom = (): number => randomInt(RANDOM_STEPS) / RANDOM_STEPS
