// Statements over HTTP: streams that are whole or visibly cut, readers that leave, and what only some keys may see.
// Method: the real server; a slow reader is a socket that is not read, a failing source is a server process ended midway.

import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { acceptsGzip } from '../../src/api/stream-reply.ts'
import { digestOf } from '../../src/base/hashing.ts'
import { applyEnforcement } from '../../src/ledger/index.ts'
import { useApi } from './api.ts'
import { tellStory } from './story.ts'

const { call, clock, database, key, owner, port, scanned, url, lines } = await useApi()
let token = ''
let limited = ''

beforeAll(async () => {
  token = await key()
  await tellStory(call, token, scanned)
  limited = await key({ programKey: 'main' })
})

const post = (path: string, body: unknown, headers: Record<string, string> = {}, as: string = token) => call('POST', path, { token: as, body, headers })
const history = { program: 'main', account: 'inviter', what: 'history', format: 'csv', reason: 'asked by the member' }
const isIdle = (): boolean => database.pool.idleCount === database.pool.totalCount

/** An inviter of 60,000: too much for the buffers between the database and a socket. */
async function makeMany(): Promise<void> {
  await owner.pool.query(`
    with made as (insert into account (identity_digest, recorded_at, batch_id) select '\\x00', now(), (select min(id) from batch) from generate_series(1, 60000) returning id)
    insert into referral (program_id, inviter_id, invitee_id, state, source, occurred_at, recorded_at, effective_at, actor_id)
      select p.id, i.account_id, made.id, 'active', 'link', now(), now(), now(), 1 from program p, account_identity i, made where p.key = 'main' and i.external_id = 'inviter'`)
}

describe('a member’s page', () => {
  const query = (more: Record<string, unknown>) => post('/v1/members/query', { program: 'main', account: 'inviter', ...more })

  test('has the parts that are asked for', async () => {
    expect(Object.keys((await query({ parts: ['log'] })).json)).toEqual(['account', 'program', 'log', 'next'])
    expect(Object.keys((await query({ parts: ['figures', 'debts'] })).json)).toEqual(['account', 'program', 'figures', 'debts', 'next'])
    expect((await query({ parts: ['figures'] })).json['figures']).toMatchObject({ referrals: 3, conversions: 3, conversion_rate: 1, conversion_rate_text: '100 %' })
  })

  test('goes on only from where a page ended', async () => {
    const first = await query({ parts: ['log'], limit: 1 })
    const second = await query({ parts: ['log'], limit: 1, after: first.json['next'] })
    const idsOf = (page: typeof first) => (page.json['log'] as { id: string }[]).map(({ id }) => id)
    expect([idsOf(first).length, idsOf(second).length, new Set([...idsOf(first), ...idsOf(second)]).size]).toEqual([1, 1, 2])
    for (const path of ['/v1/members/query', '/v1/members/invitees']) {
      const answer = await post(path, { program: 'main', account: 'inviter', after: 'AAAA' })
      expect([answer.status, answer.json['reason']], path).toEqual([400, 'after'])
    }
  })

  test('tells of a hold in words that a member may read, with the address that the host gives', async () => {
    const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { kind: 'rebate' }, orderBy: { id: 'asc' } })
    const order = { actorId: 1n, at: clock.now(), programId: rebate.programId }
    const hold = { reason: 'freeze', ownerId: 1n, dueAt: new Date(clock.now().getTime() + 86_400_000), onSilence: 'escalate' as const }
    await database.inTransaction((transaction) => applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebate.id] }, { ...order, hold, naturalKey: digestOf('told') }))
    const { json } = await query({ parts: ['log'], types: ['rebate'], review_url: 'https://example.com/help' })
    const held = (json['log'] as { rebate_id: string; notice: Record<string, string> | null; states: Record<string, string> }[]).find((line) => line.rebate_id === rebate.id.toString())
    expect(held?.states).toEqual({ held: '10' })
    expect(held?.notice?.['en']).toMatch(/^A reward of 10 USD from 2026-05-20 is under review\. We check rewards for program eligibility\. .* review it: https:\/\/example\.com\/help\.$/)
    expect(held?.notice?.['zh-CN']).toMatch(/^您于2026-05-20获得的10 USD奖励正在审核中。/)
    await database.inTransaction((transaction) => applyEnforcement(transaction, { kind: 'release', rebateIds: [rebate.id] }, { ...order, naturalKey: digestOf('told off') }))
    expect(JSON.stringify((await query({ parts: ['log'] })).json)).not.toContain('under review')
  })

  test('lists invitees masked, and the size of the tree with the first page alone', async () => {
    const first = await post('/v1/members/invitees', { program: 'main', account: 'inviter', limit: 2 })
    expect(first.json).toMatchObject({ tree: { invitees: 3, invited_by_them: 0 }, invitees: [{ name: 'f***', state: 'active', invited: 0 }, { name: 'a***' }] })
    const rest = await post('/v1/members/invitees', { program: 'main', account: 'inviter', limit: 2, after: first.json['next'] })
    expect(rest.json).toMatchObject({ tree: null, next: null, invitees: [{ name: 'a***' }] })
    expect(first.text + rest.text).not.toMatch(/alt1|alt2|friend|"\w*_id"/)
  })
})

describe('an export', () => {
  test('is written in pieces with its name and type, and nothing of it is kept', async () => {
    const answer = await post('/v1/statements/member/export', history)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual([200, 'text/csv; charset=utf-8', 'attachment; filename="history.csv"'])
    expect([answer.headers.get('transfer-encoding'), answer.headers.get('content-length'), answer.headers.get('cache-control')]).toEqual(['chunked', null, 'no-store'])
    expect(answer.text.split('\r\n')[0]).toMatch(/^type,type_name,at,/)
    expect(answer.text).not.toMatch(/alt1|alt2|friend/)
    expect(isIdle()).toBe(true)
  })

  test('is compressed where the caller accepts it, and the same', async () => {
    const read = async (encoding: string): Promise<[string | null, Buffer]> => {
      const response = await rawExport(encoding)
      return [response.encoding, response.body]
    }
    const [plainEncoding, plain] = await read('identity')
    const [encoding, compressed] = await read('gzip, deflate')
    expect([plainEncoding, encoding]).toEqual([null, 'gzip'])
    expect(gunzipSync(compressed).toString()).toBe(plain.toString())
  })

  test.each([[undefined, false], ['gzip', true], ['deflate, gzip;q=0.5', true], ['gzip;q=0', false], ['*', true], ['*;q=0', false], ['br', false], ['GZIP', true]])('Accept-Encoding %s: %s', (header, expected) => {
    expect(acceptsGzip(header)).toBe(expected)
  })

  test('is refused as a problem while nothing was written', async () => {
    const unknown = await post('/v1/statements/member/export', { ...history, account: 'nobody' })
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    const wrong = await post('/v1/statements/program/export', { program: 'main', what: 'entries', month: '2026-05', until: '2026-06-01', format: 'csv', reason: 'x' })
    expect([wrong.status, wrong.json['reason']]).toEqual([400, 'not_a_time'])
    expect((await post('/v1/statements/member/export', { ...history, reason: '' })).status).toBe(400)
  })

  test('leaves an act that names the key’s owner and the reason', async () => {
    await post('/v1/statements/program/export', { program: 'main', what: 'statement', month: '2026-05', format: 'json', reason: 'month close of May' })
    const act = await database.prisma.act.findFirstOrThrow({ where: { kind: 'exported' }, orderBy: { sequence: 'desc' }, include: { actBody: true } })
    expect(act).toMatchObject({ objectKind: 'program' })
    expect(JSON.stringify(act.actBody?.body)).toContain('month close of May')
  })
})

describe('a stream that cannot end well', () => {
  beforeAll(makeMany)

  test('is cut when its source fails after the first byte, so that half of it never looks whole', async () => {
    const before = lines.length
    const left = await leaveAfter('invitees', async () => {
      await owner.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'fetch%'`)
    }, 'read')
    expect(left.text).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(left.text.includes('\r\n0\r\n\r\n')).toBe(false)
    await until(() => lines.slice(before).some((line) => line.includes('a stream was cut')))
    await until(isIdle)
  })

  test('ends its reading of the database when the caller leaves', async () => {
    await leaveAfter('invitees', () => Promise.resolve(), 'leave')
    await until(isIdle)
    const { rows } = await owner.pool.query(`select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
    expect(rows).toEqual([])
  })

  test('does not let others wait for a connection: beyond two at a time they are told to come again', async () => {
    const slow = [await begin('invitees'), await begin('invitees')]
    const third = await post('/v1/statements/member/export', history)
    expect([third.status, third.json['reason'], third.headers.get('retry-after')]).toEqual([503, 'exports', '1'])
    for (const socket of slow) socket.destroy()
    await until(isIdle)
    expect((await post('/v1/statements/member/export', history)).status).toBe(200)
  })
})

describe('statements of a key', () => {
  test('of one program do not reach the platform or another program', async () => {
    for (const [path, body] of [['/v1/statements/program', { program: null, month: '2026-05' }], ['/v1/statements/program', { program: 'other', month: '2026-05' }], ['/v1/statements/close', { program: null, month: '2026-05', reason: 'x' }]] as const) {
      expect((await post(path, body, {}, limited)).status, path).toBe(404)
    }
    expect((await post('/v1/statements/program', { program: null, month: '2026-05' })).status).toBe(200)
    expect((await call('GET', '/v1/statements/periods', { token: limited })).status).toBe(404)
  })

  test('close to the last micro, in units', async () => {
    const { json } = await post('/v1/statements/program', { program: 'main', month: '2026-06' })
    const found = (json['lines'] as { account: string; asset: string; opening: string; columns: Record<string, string>; closing: string }[]).find(({ account }) => account === 'rebate_expense')
    // Two recharges of 100 and one of 50 at 10 %, before the rate changed in the same programme's zone.
    expect(found).toEqual({ asset: 'USD', account: 'rebate_expense', owner: 'platform', opening: '0', columns: { accrued: '-25' }, closing: '-25' })
  })

  test('close a period once, with a digest that stays', async () => {
    clock.set(new Date('2026-07-02T00:00:00Z'))
    const body = { program: 'main', month: '2026-06', reason: 'month close' }
    const closing = async () => {
      let answer = await post('/v1/statements/close', body)
      while (answer.json['state'] === 'closing') answer = await post('/v1/statements/close', body)
      return answer
    }
    const [first, again] = [await closing(), await closing()]
    expect([first.status, again.json]).toEqual([200, first.json])
    expect((await call('GET', '/v1/statements/periods?program=main', { token })).json['periods']).toEqual([first.json])
    const early = await post('/v1/statements/close', { ...body, month: '2026-07' })
    expect([early.status, early.json['reason']]).toEqual([422, 'not_over'])
  })
})

function requestText(what: string, headers = ''): string {
  const body = JSON.stringify({ ...history, what })
  return `POST /v1/statements/member/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** A caller that asked and reads no further than the first bytes. */
async function begin(what: string): Promise<ReturnType<typeof connect>> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(requestText(what))
  await new Promise<void>((resolve) => socket.once('readable', () => resolve()))
  return socket
}

async function leaveAfter(what: string, then: () => Promise<void>, how: 'read' | 'leave'): Promise<{ text: string }> {
  const socket = await begin(what)
  await then()
  if (how === 'leave') {
    socket.destroy()
    return { text: '' }
  }
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { text: Buffer.concat(chunks).toString() }
}

function rawExport(encoding: string): Promise<{ encoding: string | null; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/statements/member/export`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ encoding: response.headers['content-encoding'] ?? null, body: Buffer.concat(chunks) }))
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(history))
  })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
