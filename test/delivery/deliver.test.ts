// Messages reach a real receiver: signed, at least once, in order per object, later after failures, and never without their cause.

import { beforeEach, describe, expect, test } from 'vitest'
import { createOutgoing } from '../../src/base/outgoing.ts'
import {
  ATTEMPTS_MAX, backoffMilliseconds, createEndpoint, type Deliverer, deliverDue, deliveryState, enqueue, forgetMessages, listMessages, redeliver, retireEndpoint, rotateEndpoint, sendTest,
} from '../../src/delivery/index.ts'
import { useDatabase } from '../database.ts'
import { isSignedBy, useReceiver } from './receiver.ts'

const { database, owner, clock, keys } = await useDatabase()
const receiver = await useReceiver()
const outgoing = createOutgoing({ allowedRanges: ['127.0.0.1/32'], timeoutMilliseconds: 2000 })
const keeper = { database, keys, clock, actorId: 1n }
const deliverer: Deliverer = { database, keys, clock, outgoing, random: () => 0.5 }

async function endpoint(topics = ['rebate.accrued'], url = receiver.url): Promise<{ id: bigint; secret: string }> {
  const made = await createEndpoint(keeper, outgoing, { url, topics, programId: null })
  if (!made.ok) throw new Error(made.reason)
  return { id: made.endpointId, secret: made.secret }
}

const say = (objectId: bigint, word: string, topic: 'rebate.accrued' | 'rebate.held' = 'rebate.accrued') => database.inTransaction((transaction) =>
  enqueue(transaction, { topic, objectKind: 'rebate', objectId, programId: null, body: { word }, at: clock.now() }))
const words = (): unknown[] => receiver.received.map(({ data }) => data['word'])

beforeEach(async () => {
  await owner.pool.query('truncate outbox, outbox_attempt, webhook_endpoint restart identity cascade')
  receiver.received.length = 0
  receiver.answerWith(204)
})

describe('a message', () => {
  test('arrives once at every endpoint that subscribes to its topic, and at no other', async () => {
    await endpoint(['rebate.accrued'])
    await endpoint(['rebate.accrued', 'rebate.held'])
    await endpoint(['rebate.held'])
    await say(1n, 'earned')
    expect(await deliverDue(deliverer)).toEqual({ delivered: 2, failed: 0 })
    expect(words()).toEqual(['earned', 'earned'])
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(2)
    expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 0 })
  })

  test('carries a signature that an implementation of the specification verifies, and no other secret or body does', async () => {
    const { secret } = await endpoint()
    await say(1n, 'signed')
    await deliverDue(deliverer)
    const [message] = receiver.received
    if (message === undefined) throw new Error('nothing arrived')
    expect(isSignedBy(secret, message, clock.now())).toBe(true)
    expect(isSignedBy(`whsec_${Buffer.alloc(32).toString('base64')}`, message, clock.now())).toBe(false)
    expect(isSignedBy(secret, { ...message, body: `${message.body} ` }, clock.now())).toBe(false)
    expect(isSignedBy(secret, message, new Date(clock.now().getTime() + 600_000))).toBe(false)
  })

  test('is signed with both secrets while a rotation overlaps, and with the new one alone afterwards', async () => {
    const { id, secret } = await endpoint()
    const rotated = await rotateEndpoint(keeper, id, 3600)
    for (const hours of [0, 2]) {
      clock.advance(hours * 3600)
      await say(1n, `after ${hours} hours`)
      await deliverDue(deliverer)
    }
    const seen = receiver.received.map((message) => [isSignedBy(secret, message, new Date(Number(message.headers['webhook-timestamp']) * 1000)), isSignedBy(rotated?.secret ?? '', message, new Date(Number(message.headers['webhook-timestamp']) * 1000))])
    expect(seen).toEqual([[true, true], [false, true]])
  })

  test('is not there when the transaction of its cause rolls back, and is there when that commits', async () => {
    await endpoint()
    await expect(database.inTransaction(async (transaction) => {
      await enqueue(transaction, { topic: 'rebate.accrued', objectKind: 'rebate', objectId: 1n, programId: null, body: { word: 'lost' }, at: clock.now() })
      throw new Error('the cause failed')
    })).rejects.toThrow('the cause failed')
    await say(1n, 'kept')
    await deliverDue(deliverer)
    expect(words()).toEqual(['kept'])
  })

  test('that did not arrive is sent again after growing times, until it does', async () => {
    await endpoint()
    await say(1n, 'late')
    receiver.answerWith(503)
    for (const seconds of [5, 20, 80]) {
      expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 1 })
      clock.advance(seconds - 1)
      expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 0 })
      clock.advance(1)
    }
    expect(await deliveryState(database, clock)).toMatchObject({ waiting: 1, oldestWaitingSeconds: 105, givenUp: 0 })
    receiver.answerWith(200)
    expect(await deliverDue(deliverer)).toEqual({ delivered: 1, failed: 0 })
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1)
    const [listed] = await listMessages(database.prisma, { limit: 10 })
    expect(listed).toMatchObject({ attempts: 4, lastFailure: null })
    expect(listed?.outboxAttempt.map(({ status, failure }) => [status, failure])).toEqual([[503, 'status_503'], [503, 'status_503'], [503, 'status_503'], [200, null]])
  })

  test('is given up after twelve attempts, listed as such, and can be sent again under its own id', async () => {
    await endpoint()
    await say(1n, 'stubborn')
    receiver.answerWith(500)
    const startedAt = clock.now()
    for (let attempts = 0; attempts < ATTEMPTS_MAX + 2; attempts++) {
      await deliverDue(deliverer)
      clock.advance(12 * 3600)
    }
    expect(receiver.received).toHaveLength(ATTEMPTS_MAX)
    const [given] = await listMessages(database.prisma, { state: 'given_up', limit: 10 })
    expect(given).toMatchObject({ attempts: ATTEMPTS_MAX, lastFailure: 'status_500' })
    expect(await deliveryState(database, clock)).toMatchObject({ waiting: 0, givenUp: 1 })
    receiver.answerWith(204)
    expect(await database.inTransaction((transaction) => redeliver(transaction, given?.messageId ?? '', clock.now()))).toBe(true)
    expect(await deliverDue(deliverer)).toEqual({ delivered: 1, failed: 0 })
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1)
    expect(startedAt < clock.now()).toBe(true)
  })

  test('waits while an earlier one about the same object has not arrived; those about others go on', async () => {
    await endpoint()
    for (const [object, word] of [[1n, 'a1'], [1n, 'a2'], [2n, 'b1'], [1n, 'a3'], [2n, 'b2']] as const) await say(object, word)
    receiver.answerWith((message) => (message.data['word'] === 'a1' ? 500 : 204))
    await deliverDue(deliverer)
    expect(words().filter((word) => word !== 'a1')).toEqual(['b1', 'b2'])
    receiver.answerWith(204)
    clock.advance(60)
    await deliverDue(deliverer)
    expect(words().slice(-3)).toEqual(['a1', 'a2', 'a3'])
  })

  test('is not sent on to where a redirect points, and what an answer says is not read', async () => {
    await endpoint()
    await say(1n, 'moved')
    receiver.answerWith(302)
    expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 1 })
    expect((await listMessages(database.prisma, { limit: 1 }))[0]).toMatchObject({ lastFailure: 'status_302' })
  })

  test('goes thirty days after it was delivered, with what it said of people', async () => {
    await endpoint()
    await say(1n, 'private')
    await deliverDue(deliverer)
    clock.advance(29 * 86_400)
    expect(await forgetMessages(database, clock)).toBe(0)
    clock.advance(2 * 86_400)
    expect(await forgetMessages(database, clock)).toBe(1)
    expect(await database.prisma.outboxAttempt.count()).toBe(0)
  })
})

describe('several deliverers', () => {
  test('that run at once deliver every message once and those about one object in order', async () => {
    await endpoint()
    for (let place = 0; place < 30; place++) await say(BigInt(place % 3), `${place}`)
    receiver.answerWith(async () => new Promise((resolve) => setImmediate(() => resolve(204))))
    const rounds = await Promise.all(Array.from({ length: 4 }, () => deliverDue(deliverer)))
    expect(rounds.reduce((sum, round) => sum + round.delivered, 0)).toBe(30)
    expect(receiver.received).toHaveLength(30)
    for (const object of [0, 1, 2]) {
      const numbers = words().map(Number).filter((number) => number % 3 === object)
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right))
    }
  })

  test('send again what one sent and could not mark before it died', async () => {
    await endpoint()
    await say(1n, 'twice')
    const dying: Deliverer = { ...deliverer, database: { ...database, inTransaction: () => Promise.reject(new Error('killed between sending and marking')) } }
    await expect(deliverDue(dying)).rejects.toThrow('killed')
    expect(words()).toEqual(['twice'])
    expect(await deliverDue(deliverer)).toEqual({ delivered: 1, failed: 0 })
    expect(receiver.received.map(({ id }) => id)).toEqual([receiver.received[0]?.id, receiver.received[0]?.id])
  })
})

describe('an endpoint', () => {
  test('keeps its secret sealed: the database never holds it in the clear', async () => {
    const { secret } = await endpoint()
    const { rows } = await owner.pool.query<{ text: string }>(`select encode(sealed_secret, 'escape') || e::text as text from webhook_endpoint e`)
    expect(rows[0]?.text).not.toContain(secret.slice(6))
    expect(rows[0]?.text).not.toContain(Buffer.from(secret.slice(6), 'base64').toString('hex'))
  })

  test('is refused without https, with credentials, with a private address or an unknown topic', async () => {
    const strict = createOutgoing()
    const reasons = await Promise.all([
      ['http://hooks.example.com/x', 'rebate.accrued'], ['https://user:secret@hooks.example.com', 'rebate.accrued'], ['https://10.0.0.1/x', 'rebate.accrued'], ['https://[::1]/x', 'rebate.accrued'],
      ['ftp://hooks.example.com', 'rebate.accrued'], ['nonsense', 'rebate.accrued'], ['https://hooks.example.com', 'rebate.everything'],
    ].map(async ([url = '', topic = '']) => {
      const made = await createEndpoint(keeper, strict, { url, topics: [topic], programId: null })
      return made.ok ? 'made' : made.reason
    }))
    expect(reasons).toEqual(['not_https', 'credentials_in_address', 'address_refused', 'address_refused', 'address_malformed', 'address_malformed', 'unknown_topic'])
    expect(await database.prisma.webhookEndpoint.count()).toBe(0)
  })

  test('that is retired gets nothing more, and what waited for it is given up', async () => {
    const { id } = await endpoint()
    await say(1n, 'too late')
    expect([await retireEndpoint(keeper, id), await retireEndpoint(keeper, id)]).toEqual([true, false])
    await say(1n, 'never written')
    expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 0 })
    expect((await listMessages(database.prisma, { limit: 10 })).map(({ lastFailure }) => lastFailure)).toEqual(['endpoint_retired'])
    expect([await sendTest(keeper, id), await rotateEndpoint(keeper, id, 60)]).toEqual([null, null])
  })

  test('that waits for reconciliation is sent nothing until that is over', async () => {
    const { id } = await endpoint()
    await say(1n, 'patient')
    await database.prisma.webhookEndpoint.update({ where: { id }, data: { waitsForReconciliation: true } })
    expect(await deliverDue(deliverer)).toEqual({ delivered: 0, failed: 0 })
    expect(await deliveryState(database, clock)).toMatchObject({ waiting: 1, endpointsWaitingForReconciliation: 1 })
    await database.prisma.webhookEndpoint.update({ where: { id }, data: { waitsForReconciliation: false } })
    expect(await deliverDue(deliverer)).toEqual({ delivered: 1, failed: 0 })
  })

  test('can be sent a test message', async () => {
    const { id, secret } = await endpoint(['host.instruction'])
    const sent = await sendTest(keeper, id)
    await deliverDue(deliverer)
    expect(receiver.received.map((message) => [message.id, message.topic, isSignedBy(secret, message, clock.now())])).toEqual([[sent?.messageId, 'endpoint.test', true]])
  })
})

describe('waiting times', () => {
  test('grow fourfold from five seconds to twelve hours, spread by half to either side', () => {
    const middle = Array.from({ length: ATTEMPTS_MAX - 1 }, (_, place) => backoffMilliseconds(place + 1, () => 0.5) / 1000)
    expect(middle).toEqual([5, 20, 80, 320, 1280, 5120, 20_480, 43_200, 43_200, 43_200, 43_200])
    expect([backoffMilliseconds(1, () => 0), backoffMilliseconds(1, () => 0.999)]).toEqual([2500, 7495])
    expect(middle.reduce((sum, seconds) => sum + seconds, 0) / 86_400).toBeCloseTo(2.3, 1)
  })
})
