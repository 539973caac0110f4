// Delivery and host settlement over HTTP, from both ends: the operator's endpoints, the host's receiver and its answers.

import { beforeAll, describe, expect, test } from 'vitest'
import { createOutgoing } from '../../src/base/outgoing.ts'
import { deliverDue } from '../../src/delivery/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { isSignedBy, useReceiver } from '../delivery/receiver.ts'
import { hostRules } from '../programs/host-programme.ts'
import { useApi } from './api.ts'
import { eventOf } from './story.ts'

const outgoing = createOutgoing({ allowedRanges: ['127.0.0.1/32'] })
const { call, key, database, owner, clock, keys } = await useApi({ outgoing })
const receiver = await useReceiver()
let token = ''
let secret = ''
let endpointId = ''
let uses = 0

async function post(path: string, body: unknown = {}, status = 201) {
  const answer = await call('POST', path, { token, body, headers: { 'idempotency-key': `delivery-${++uses}` } })
  expect(answer.status, answer.text).toBe(status)
  return answer.json
}
const deliver = () => deliverDue({ database, keys, clock, outgoing })
const transfer = (amount: string) => post('/v1/members/transfer', { program: 'hosted', account: 'inviter', asset: 'USD', amount })
const balances = async () => (await post('/v1/members/query', { program: 'hosted', account: 'inviter', parts: ['balances'] }, 200))['balances']

beforeAll(async () => {
  token = await key()
  await post('/v1/programs', { key: 'hosted', name: 'hosted', effective_from: '2026-01-01T00:00:00Z', rules: hostRules })
  const { code } = await post('/v1/accounts', { program: 'hosted', account: 'inviter' }, 200)
  await post('/v1/events', { events: [eventOf('s-inviter', 'signup', 'inviter', 0), eventOf('s-1', 'signup', 'friend', 1, { code }), eventOf('r-1', 'recharge', 'friend', 2, { amount: '100', currency: 'USD' })] }, 200)
})

describe('endpoints', () => {
  test('are made with a secret that is shown once and never again', async () => {
    const made = await post('/v1/webhooks', { url: receiver.url, topics: ['host.instruction'], program: 'hosted' })
    ;[endpointId, secret] = [String(made['endpoint_id']), String(made['secret'])]
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const list = await call('GET', '/v1/webhooks', { token })
    expect(list.json['endpoints']).toMatchObject([{ endpoint_id: endpointId, program: 'hosted', topics: ['host.instruction'], retired_at: null }])
    expect(list.text).not.toContain(secret)
  })

  test('are refused with the reason', async () => {
    for (const [url, reason] of [['http://10.0.0.1/', 'address_refused'], ['https://169.254.169.254/latest', 'address_refused'], ['https://a:b@example.com/', 'credentials_in_address']]) {
      expect(await post('/v1/webhooks', { url, topics: ['host.instruction'], program: 'hosted' }, 422)).toMatchObject({ reason })
    }
    expect((await call('POST', '/v1/webhooks', { token, body: { url: 'https://example.com', topics: ['nonsense'] } })).status).toBe(400)
  })

  test('of all programs need a key of all programs', async () => {
    const limited = await key({ programKey: 'hosted' })
    const answer = await call('POST', '/v1/webhooks', { token: limited, body: { url: 'https://example.com', topics: ['host.instruction'] } })
    expect(answer.status).toBe(404)
  })

  test('answer a test message, and the message is listed with its attempts', async () => {
    const { message_id: messageId } = await post(`/v1/webhooks/${endpointId}/test`, {}, 202)
    await deliver()
    const [message] = receiver.received.splice(0)
    expect(message?.id).toBe(messageId)
    expect(message !== undefined && isSignedBy(secret, message, clock.now())).toBe(true)
    const { messages } = (await call('GET', '/v1/messages?state=delivered', { token })).json
    expect(messages).toMatchObject([{ message_id: messageId, state: 'delivered', attempts: 1, tries: [{ status: 204, failure: null }] }])
    await post(`/v1/messages/${String(messageId)}/redeliver`, {}, 202)
    await deliver()
    expect(receiver.received.splice(0).map(({ id }) => id)).toEqual([messageId])
  })
})

describe('instructions', () => {
  test('name the account and the resource that receives, and are confirmed once', async () => {
    await post('/v1/members/receiver', { program: 'hosted', account: 'inviter', resource: 'instance-7' })
    const moved = await transfer('4')
    expect(await balances()).toEqual(expect.arrayContaining([{ kind: 'payout_in_transit', asset: 'USD', amount: '4' }, { kind: 'reward_available', asset: 'USD', amount: '6' }]))
    await deliver()
    const [message] = receiver.received.splice(0)
    expect(message?.data).toMatchObject({ instruction_id: moved['instruction_id'], kind: 'credit', program: 'hosted', account: 'inviter', resource: 'instance-7', asset: 'USD', amount: '4', lines: [{ amount: '4', source: 'rebate' }] })
    const path = `/v1/instructions/${String(moved['instruction_id'])}/confirm`
    const headers = { 'idempotency-key': 'answer-1' }
    const [first, again] = [await call('POST', path, { token, headers, body: { confirmed: '4', reference: 'h-1' } }), await call('POST', path, { token, headers, body: { confirmed: '4', reference: 'h-1' } })]
    expect([first.status, again.status, again.text, again.headers.get('idempotency-hit')]).toEqual([200, 200, first.text, 'true'])
    expect(await post(path, { confirmed: '4' }, 200)).toEqual(first.json)
    expect(await post(path, { confirmed: '3' }, 409)).toMatchObject({ reason: 'answered_otherwise' })
    expect(await balances()).toEqual([{ kind: 'reward_available', asset: 'USD', amount: '6' }])
  })

  test('are refused with a reason, listed, and given again by name', async () => {
    const moved = await transfer('6')
    const id = String(moved['instruction_id'])
    expect(await post(`/v1/instructions/${id}/confirm`, { confirmed: '6.5' }, 422)).toMatchObject({ reason: 'exceeds_amount' })
    expect(await post(`/v1/instructions/${id}/refuse`, { reason: 'account closed' }, 200)).toMatchObject({ state: 'refused', confirmed: '0' })
    const { instructions } = (await call('GET', '/v1/instructions?state=refused', { token })).json
    expect(instructions).toMatchObject([{ instruction_id: id, account: 'inviter', refusal: 'account closed', amount: '6' }])
    const again = await post(`/v1/instructions/${id}/retry`, {})
    expect(again).toMatchObject({ asset: 'USD', amount: '6' })
    expect(await post(`/v1/instructions/${String(again['instruction_id'])}/confirm`, { confirmed: '6' }, 200)).toMatchObject({ state: 'confirmed' })
    expect(await post(`/v1/instructions/${id}/retry`, {}, 422)).toMatchObject({ reason: 'nothing_available' })
  })

  test('of another program are not there for a key that is limited', async () => {
    const [{ publicId } = { publicId: '' }] = await database.prisma.hostInstruction.findMany({ take: 1 })
    await post('/v1/programs', { key: 'else', name: 'else', effective_from: '2026-01-01T00:00:00Z', rules: hostRules })
    const limited = await key({ programKey: 'else' })
    const answer = await call('POST', `/v1/instructions/${publicId}/confirm`, { token: limited, body: { confirmed: '4' }, headers: { 'idempotency-key': 'x' } })
    expect([answer.status, answer.json['reason']]).toEqual([404, 'unknown_instruction'])
  })

  test('wait for an endpoint that comes later: it is told what is open', async () => {
    await post(`/v1/webhooks/${endpointId}/retire`, {}, 200)
    await post('/v1/events', eventOf('r-2', 'recharge', 'friend', 3, { amount: '50', currency: 'USD' }))
    const moved = await transfer('5')
    await deliver()
    receiver.received.splice(0)
    await post('/v1/webhooks', { url: receiver.url, topics: ['host.instruction'] })
    await deliver()
    expect(receiver.received.splice(0).map(({ data }) => data['instruction_id'])).toEqual([moved['instruction_id']])
  })

  test('are compared with the host’s list, whose lost answers are taken over', async () => {
    const { instructions } = (await call('GET', '/v1/instructions', { token })).json as { instructions: { instruction_id: string; amount: string; state: string }[] }
    const rows = instructions.map(({ instruction_id, amount, state }) => ({ instruction_id, account: 'inviter', asset: 'USD', amount, status: state === 'refused' ? 'refused' : 'done' }))
    expect(await post('/v1/reconciliations', { program: 'hosted', rows }, 200)).toMatchObject({ matched: 3, differences_left: 1, counts: { not_answered: 1 }, differences: [{ kind: 'not_answered', ours: '5', host: '5' }] })
    expect(await post('/v1/reconciliations', { program: 'hosted', rows, take_answers: true }, 200)).toMatchObject({ answers_taken: 1, differences_left: 0 })
    expect(await balances()).toEqual([])
    await expectBooksToBalance(owner)
  })
})
