// Hosts that subscribe are told once of a check that got its real answer, in the transaction that recorded it.

import { expect, test } from 'vitest'
import { createOutgoing } from '../../src/base/outgoing.ts'
import { createEndpoint, deliverDue } from '../../src/delivery/index.ts'
import { apiyi, tellResolvedCheck } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { useReceiver } from '../delivery/receiver.ts'
import { answerOf, makeProgramme } from './programme.ts'

const { database, keys, clock, ...rest } = await useDatabase()
const receiver = await useReceiver()
const outgoing = createOutgoing({ allowedRanges: ['127.0.0.1/32'] })
await makeProgramme({ database, keys, clock, ...rest }, apiyi)
const outcome = answerOf('allow')
const request = { program: 'apiyi', subject: 'rebate', subject_id: 'host-7', inviter: 'ann', invitee: 'bob', amount: '5', asset: 'USD', identifiers: [] } as const

test('the message names both checks, the host’s own subject and the decision, and nobody’s account', async () => {
  if (!outcome.ok) throw new Error('no answer')
  const made = await createEndpoint({ database, keys, clock, actorId: 1n }, outgoing, { url: receiver.url, topics: ['check.resolved'], programId: null })
  expect(made.ok).toBe(true)
  const resolved = { previousId: `chk_${'a'.repeat(32)}`, answer: outcome.answer, request: { ...request, identifiers: [] } }
  await expect(database.inTransaction(async (transaction) => {
    await tellResolvedCheck(transaction, resolved, clock.now())
    throw new Error('not recorded')
  })).rejects.toThrow('not recorded')
  await database.inTransaction((transaction) => tellResolvedCheck(transaction, resolved, clock.now()))
  await deliverDue({ database, keys, clock, outgoing })
  expect(receiver.received.map(({ topic, data }) => [topic, data])).toEqual([['check.resolved', {
    check_id: outcome.answer.check_id, supersedes: resolved.previousId, program: 'apiyi', subject: 'rebate', subject_id: 'host-7', decision: 'allow', probability: 0.01, resolved_at: clock.now().toISOString(),
  }]])
  expect(receiver.received[0]?.body).not.toMatch(/ann|bob/)
})
