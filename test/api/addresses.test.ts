// Where requests come from, how often they may come, and how the server leaves. Method: servers with small limits, headers as spoofers send them.

import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createApi } from '../../src/api/server.ts'
import { createLog } from '../../src/base/log.ts'
import { useApi } from './api.ts'

const { database, keys, clock, checks, key, world } = await useApi()
const log = createLog('silent')

async function serve(options: { trustedProxies?: readonly string[]; guessesPerMinute?: number } = {}) {
  const api = createApi({ database, keys, clock, log, checks, monotonicSeconds: () => 0, ...options })
  const { url, port } = await api.listen('127.0.0.1', 0)
  const follow = async (forwardedFor: string): Promise<number> => {
    const response = await fetch(`${url}/r/ABCDEFGHJK`, { redirect: 'manual', headers: { 'x-forwarded-for': forwardedFor } })
    await response.arrayBuffer()
    return response.status
  }
  return { api, url, port, follow }
}

describe('limits on what anybody may guess at', () => {
  test('count by the connection’s address: a spoofed X-Forwarded-For opens no other budget', async () => {
    const { api, follow } = await serve({ guessesPerMinute: 3 })
    const statuses: number[] = []
    for (let place = 0; place < 5; place++) statuses.push(await follow(`198.51.100.${place}`))
    expect(statuses).toEqual([404, 404, 404, 429, 429])
    await api.close(0)
  })

  test('count by the forwarded address behind a configured proxy, which cannot be pushed aside by further entries', async () => {
    const { api, follow } = await serve({ guessesPerMinute: 2, trustedProxies: ['127.0.0.1/32', '::1'] })
    expect([await follow('198.51.100.1'), await follow('198.51.100.1'), await follow('198.51.100.1')]).toEqual([404, 404, 429])
    expect(await follow('198.51.100.2')).toBe(404)
    expect(await follow('203.0.113.9, 198.51.100.1')).toBe(429)
    await api.close(0)
  })

  test('are problems like any other', async () => {
    const { api, url } = await serve({ guessesPerMinute: 1 })
    await fetch(`${url}/r/ABCDEFGHJK`)
    const response = await fetch(`${url}/r/ABCDEFGHJK`)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ status: 429, code: 'too_many_requests' })
    await api.close(0)
  })

  test('do not touch routes that need a key of their own', async () => {
    const { api, url } = await serve({ guessesPerMinute: 1 })
    const token = await key()
    for (let place = 0; place < 5; place++) expect((await fetch(`${url}/v1/programs`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
    await api.close(0)
  })
})

describe('a stop', () => {
  test('lets a running request end, accepts no other, and says not ready meanwhile', async () => {
    await world.program('main')
    const token = await key()
    const { api, port } = await serve()
    const body = JSON.stringify({ program: 'main', code: 'ABC' })
    const head = `POST /v1/codes/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    await new Promise<void>((resolve) => socket.write(`${head}${body.slice(0, 5)}`, () => resolve()))
    // The server has the half request once another one behind it was answered.
    await fetch(`http://127.0.0.1:${port}/healthz`)
    const closed = api.close(10)
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
    socket.write(body.slice(5))
    await closed
    await ended
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text).toContain('{"status":"unknown"}')
  })

  test('cuts what does not end within its grace', async () => {
    const { api, port } = await serve()
    const token = await key()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined).resume()
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    await new Promise<void>((resolve) => socket.write(`POST /v1/codes/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`, () => resolve()))
    await fetch(`http://127.0.0.1:${port}/healthz`)
    await api.close(0)
    await ended
  })
})
