// The frame of the API: what every request meets, whatever its route. Method: the real server, real sockets, requests as hostile callers send them.

import { connect } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { useApi } from './api.ts'

const { api, call, key, lines, port, world, checks } = await useApi()
let token = ''
const question = { program: 'apiyi', subject: 'rebate', subject_id: 'order-4711-secret', inviter: 'ada@example.com', invitee: 'bob@example.com', amount: '10', asset: 'USD' }

beforeAll(async () => {
  token = await key()
  await world.program('apiyi')
  await world.accounts('ada@example.com', 'bob@example.com')
  await world.scan()
  await checks.refresh()
})

describe('every answer', () => {
  test('has a request id, is never cached, and gives a harmless id of the caller back', async () => {
    for (const [method, path] of [['GET', '/healthz'], ['POST', '/v1/checks/pre-credit'], ['GET', '/nowhere'], ['GET', '/v1/rings']] as const) {
      const answer = await call(method, path)
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect((await call(method, path, { headers: { 'x-request-id': 'my-request-1' } })).headers.get('x-request-id')).toBe('my-request-1')
      expect((await call(method, path, { headers: { 'x-request-id': 'no {good} id' } })).headers.get('x-request-id')).not.toBe('no {good} id')
    }
  })

  test('that refuses is problem+json with a stable code and the request id', async () => {
    const answer = await call('GET', '/v1/rings')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.json).toEqual({
      type: 'urn:ringfence:problem:unauthorized', title: expect.any(String) as string, status: 401, code: 'unauthorized', reason: 'api_key', detail: 'A valid API key is needed.',
      request_id: answer.headers.get('x-request-id'),
    })
  })
})

describe('what is not served', () => {
  test.each([
    ['GET', '/nowhere', 404, 'not_found'],
    ['GET', '/v1/checks/pre-credit', 405, 'method_not_allowed'],
    ['DELETE', '/v1/rings', 405, 'method_not_allowed'],
    ['GET', '/r/%E0%A4%A', 400, 'invalid_request'],
    ['GET', '/v1/rings?limit=0', 400, 'invalid_request'],
    ['GET', '/v1/rings?limit=5&limit=6', 400, 'invalid_request'],
    ['GET', '/v1/rings?surprise=1', 400, 'invalid_request'],
    ['GET', '/v1/rings/abc', 400, 'invalid_request'],
    ['GET', '/v1/rings/999999999999999999', 404, 'not_found'],
    ['GET', '/v1/rings/9999999999999999999', 400, 'invalid_request'],
  ])('%s %s is answered %i %s', async (method, path, status, code) => {
    const answer = await call(method, path, { token })
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    if (status === 405) expect(answer.headers.get('allow')).toBeTruthy()
  })
})

describe.each(['/v1/checks/pre-credit', '/v1/codes/check'])('a body sent to %s', (path) => {
  test.each([
    ['no JSON', { raw: '{' }, 400, 'not_json'],
    ['not UTF-8', { raw: '', headers: { 'content-type': 'application/json; charset=latin1' } }, 415, 'content_type'],
    ['of another type', { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'content_type'],
    ['compressed', { raw: '{}', headers: { 'content-encoding': 'gzip' } }, 415, 'content_encoding'],
    ['an array', { raw: '[]' }, 400, 'schema'],
    ['with fields that nobody knows', { raw: JSON.stringify({ ...question, is_admin: true }) }, 400, 'schema'],
    ['with a prototype', { raw: '{"__proto__":{"program":"apiyi"}}' }, 400, 'schema'],
    ['nested without end', { raw: '['.repeat(30_000) }, 400, 'not_json'],
    ['beyond 64 KB', { raw: JSON.stringify({ ...question, subject_id: 'x'.repeat(70_000) }) }, 413, 'body'],
  ])('%s is refused', async (_name, given, status, reason) => {
    const answer = await call('POST', path, { token, ...given })
    expect([answer.status, answer.json['reason']]).toEqual([status, reason])
  })

  test('that is refused is not repeated to the caller', async () => {
    const answer = await call('POST', path, { token, body: { ...question, amount: 'sensitive-value', subject: 'sensitive-word' } })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain('sensitive')
    const pointers = (answer.json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(pointers).toContain(path === '/v1/codes/check' ? '/body/code' : '/body/amount')
  })
})

test('a body of endless chunks is cut off with 413', async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
    socket.write(`POST /v1/checks/pre-credit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    for (let written = 0; written < 8; written++) socket.write(chunk)
  })
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toMatch(/connection: close/i)
})

test('what is not HTTP gets the plainest answer', async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
    socket.on('close', () => resolve(text))
    socket.write('hello\r\n\r\n')
  })
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request/)
})

test('logs name routes, statuses and callers, and nothing that identifies anybody', async () => {
  lines.length = 0
  await call('POST', '/v1/checks/pre-credit', { token, body: { ...question, observations: [{ kind: 'ip', value: '198.51.100.77' }, { kind: 'email', value: 'carol@example.org' }] }, headers: { 'idempotency-key': 'key-of-4711' } })
  await call('POST', '/v1/members/query', { token, body: { program: 'apiyi', account: 'ada@example.com' } })
  await call('POST', '/v1/accounts', { token, body: { program: 'apiyi', account: 'dave@example.com' } })
  await call('GET', '/r/SECRETCODE')
  await call('GET', '/v1/rings?program=apiyi&surprise=erin@example.com', { token })
  await call('POST', '/v1/checks/pre-credit', { token, body: { ...question, observations: [{ kind: 'payment', value: '4111111111111111' }] } })
  await call('POST', '/v1/checks/pre-credit', { token: 'rf_aaaaaaaa_wrong', body: question })
  const text = lines.join('')
  expect(lines.length).toBeGreaterThanOrEqual(7)
  for (const secret of ['ada@', 'bob@', 'carol@', 'dave@', 'erin@', '4711', '198.51', '4111', 'SECRETCODE', 'Bearer', token, token.slice(12), 'wrong']) expect(text, secret).not.toContain(secret)
  expect(lines.map((line) => JSON.parse(line) as { route: string; status: number })).toContainEqual(expect.objectContaining({ route: '/r/:code', status: 404 }))
})

test('an error nobody expected is 500 without its message, and the log has its place but not its words', async () => {
  lines.length = 0
  const evaluate = checks.evaluate
  Object.assign(checks, { evaluate: () => Promise.reject(new Error('the secret of ada@example.com')) })
  const answer = await call('POST', '/v1/checks/pre-credit', { token, body: question })
  Object.assign(checks, { evaluate })
  expect(answer.status).toBe(500)
  expect(answer.json).toMatchObject({ code: 'internal', reason: 'unexpected' })
  expect(answer.text + lines.join('')).not.toContain('ada@')
})

describe('operations', () => {
  test('health and readiness answer without a key', async () => {
    expect((await call('GET', '/healthz')).json).toEqual({ status: 'ok' })
    expect((await call('GET', '/readyz')).json).toEqual({ status: 'ready' })
  })

  test('metrics need their scope and count requests, answers and the age of the index', async () => {
    expect((await call('GET', '/metrics')).status).toBe(401)
    await call('POST', '/v1/checks/pre-credit', { token, body: question })
    const metrics = await call('GET', '/metrics', { token })
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/)
    for (const name of ['ringfence_http_request_seconds_count', 'ringfence_check_seconds_count', 'ringfence_check_index_stale_seconds', 'ringfence_check_records_waiting', 'process_cpu']) expect(metrics.text).toContain(name)
    expect(metrics.text).not.toMatch(/@example|4711/)
  })

  test('every route names what it needs, and no two are the same', () => {
    const names = api.routes.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
  })
})
