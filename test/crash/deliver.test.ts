// Goal: a deliverer that is killed after it sent a message and before it could remember that loses nothing and blocks nobody.
// Method: the receiver itself kills the child that called it with SIGKILL, before it answers; then another deliverer takes over.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOutgoing } from '../../src/base/outgoing.ts'
import { createEndpoint, deliverDue, enqueue } from '../../src/delivery/index.ts'
import { useDatabase } from '../database.ts'
import { useReceiver } from '../delivery/receiver.ts'

const { database, clock, keys, url } = await useDatabase()
const receiver = await useReceiver()
const outgoing = createOutgoing({ allowedRanges: ['127.0.0.1/32'] })
const KILLS = 3
const MESSAGES = 12

test('messages of a killed deliverer arrive at least once, and those about one object in order', async () => {
  await createEndpoint({ database, keys, clock, actorId: 1n }, outgoing, { url: receiver.url, topics: ['rebate.accrued'], programId: null })
  for (let place = 0; place < MESSAGES; place++) {
    await database.inTransaction((transaction) => enqueue(transaction, { topic: 'rebate.accrued', objectKind: 'rebate', objectId: BigInt(place % 2), programId: null, body: { place }, at: clock.now() }))
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    let child: ChildProcess | null = null
    let calls = 0
    receiver.answerWith(async () => {
      // The first calls of a round are answered; a later one never is.
      calls += 1
      if (calls <= kill || child === null) return 204
      child.kill('SIGKILL')
      return new Promise<number>(() => undefined)
    })
    child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'deliver-child.ts'), url], { stdio: 'ignore' })
    const [, signal] = await once(child, 'exit') as [number | null, string | null]
    expect(signal).toBe('SIGKILL')
  }
  receiver.answerWith(204)
  // The dead one's lock goes with its connection, which the server notices in a moment.
  while ((await database.prisma.outbox.count({ where: { deliveredAt: null } })) > 0) await deliverDue({ database, keys, clock, outgoing })
  const places = receiver.received.map(({ data }) => Number(data['place']))
  expect(new Set(places).size).toBe(MESSAGES)
  expect(places.length).toBeGreaterThan(MESSAGES)
  for (const object of [0, 1]) {
    const first = [...new Set(places.filter((place) => place % 2 === object))]
    expect(first).toEqual(first.toSorted((left, right) => left - right))
  }
})
