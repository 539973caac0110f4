// Webhook endpoints: made with a secret that is shown once, rotated with an overlap, retired; each a test message away.
// Promises: a secret leaves the database in the clear only when it is made; every change is an act.

import { appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Outgoing, OutgoingFailure } from '../base/outgoing.ts'
import { sealSecret } from './endpoint-secrets.ts'
import { newSecret } from './sign.ts'
import { isTopic, type Topic } from './topics.ts'

export interface EndpointKeeper {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

export interface NewEndpoint {
  readonly url: string
  readonly topics: readonly string[]
  /** Null: messages of every programme. */
  readonly programId: bigint | null
}

export type EndpointRefusal = OutgoingFailure | 'unknown_topic' | 'no_topic'
export type EndpointMade = { readonly ok: true; readonly endpointId: bigint; readonly secret: string } | { readonly ok: false; readonly reason: EndpointRefusal }

/** `onMade` may enqueue what the new endpoint has missed, in the same transaction. */
export async function createEndpoint(
  keeper: EndpointKeeper, outgoing: Outgoing, { url, topics, programId }: NewEndpoint, onMade: (transaction: Transaction, endpointId: bigint) => Promise<void> = async () => undefined,
): Promise<EndpointMade> {
  if (topics.length === 0) return { ok: false, reason: 'no_topic' }
  if (!topics.every(isTopic)) return { ok: false, reason: 'unknown_topic' }
  const failure = outgoing.whyRefused(url)
  if (failure !== null) return { ok: false, reason: failure }
  const secret = newSecret()
  return keeper.database.inTransaction(async (transaction) => {
    const { id } = await transaction.webhookEndpoint.create({
      data: { programId, url, topics: [...new Set(topics)], ...sealSecret(keeper.keys, url, secret), recordedAt: keeper.clock.now(), actorId: keeper.actorId }, select: { id: true },
    })
    await onMade(transaction, id)
    await act(transaction, keeper, { kind: 'endpoint_created', endpointId: id, after: { url, topics } })
    return { ok: true, endpointId: id, secret }
  })
}

export interface Endpoint {
  readonly id: bigint
  readonly programId: bigint | null
  readonly url: string
  readonly topics: readonly Topic[]
  readonly waitsForReconciliation: boolean
  readonly previousUntil: Date | null
  readonly recordedAt: Date
  readonly retiredAt: Date | null
}

export async function listEndpoints(reader: Transaction): Promise<Endpoint[]> {
  const rows = await reader.webhookEndpoint.findMany({
    select: { id: true, programId: true, url: true, topics: true, waitsForReconciliation: true, previousUntil: true, recordedAt: true, retiredAt: true }, orderBy: { id: 'asc' },
  })
  return rows.map((row) => ({ ...row, topics: row.topics.filter(isTopic) }))
}

/** The new secret; messages are signed with both until the overlap ends. Null: there is no such endpoint in use. */
export async function rotateEndpoint(keeper: EndpointKeeper, endpointId: bigint, overlapSeconds: number): Promise<{ readonly secret: string; readonly previousUntil: Date } | null> {
  const secret = newSecret()
  const previousUntil = new Date(keeper.clock.now().getTime() + overlapSeconds * 1000)
  return keeper.database.inTransaction(async (transaction) => {
    const row = await lockEndpoint(transaction, endpointId)
    if (row === null) return null
    await transaction.webhookEndpoint.update({
      where: { id: endpointId },
      data: {
        ...sealSecret(keeper.keys, row.url, secret), previousSealedSecret: row.sealedSecret, previousSealedKeyId: row.sealedKeyId, previousUntil,
      },
    })
    await act(transaction, keeper, { kind: 'endpoint_rotated', endpointId, after: { previousUntil } })
    return { secret, previousUntil }
  })
}

/** Nothing is sent any more; what waited for it is given up. */
export async function retireEndpoint(keeper: EndpointKeeper, endpointId: bigint): Promise<boolean> {
  return keeper.database.inTransaction(async (transaction) => {
    if ((await lockEndpoint(transaction, endpointId)) === null) return false
    const now = keeper.clock.now()
    await transaction.webhookEndpoint.update({ where: { id: endpointId }, data: { retiredAt: now } })
    await transaction.outbox.updateMany({ where: { endpointId, deliveredAt: null, givenUpAt: null }, data: { givenUpAt: now, lastFailure: 'endpoint_retired' } })
    await act(transaction, keeper, { kind: 'endpoint_retired', endpointId })
    return true
  })
}

/** A message that says nothing, to see whether it arrives. */
export async function sendTest(keeper: EndpointKeeper, endpointId: bigint): Promise<{ readonly messageId: string } | null> {
  return keeper.database.inTransaction(async (transaction) => {
    if ((await lockEndpoint(transaction, endpointId)) === null) return null
    const now = keeper.clock.now()
    const [row] = await transaction.$queryRaw<{ message_id: string }[]>`
      insert into outbox (endpoint_id, message_id, topic, object_kind, object_id, body, recorded_at, next_attempt_at)
        values (${endpointId}, gen_random_uuid(), 'endpoint.test', 'endpoint', ${endpointId}, '{"test": true}', ${now}::timestamptz, ${now}::timestamptz)
        returning message_id::text as message_id`
    await act(transaction, keeper, { kind: 'endpoint_tested', endpointId })
    return row === undefined ? null : { messageId: row.message_id }
  })
}

async function lockEndpoint(transaction: Transaction, endpointId: bigint) {
  await transaction.$executeRaw`select 1 from webhook_endpoint where id = ${endpointId} for no key update`
  return transaction.webhookEndpoint.findFirst({ where: { id: endpointId, retiredAt: null } })
}

async function act(transaction: Transaction, { keys, clock, actorId }: EndpointKeeper, what: { kind: string; endpointId: bigint; after?: unknown }): Promise<void> {
  await appendAct(transaction, keys, clock, { actorId, kind: what.kind, objectKind: 'webhook_endpoint', objectId: what.endpointId, ...(what.after === undefined ? {} : { after: what.after }) })
}
