// The outgoing door: which addresses it reaches, that it resolves a name once and connects to that very address, and that it does not wait for ever.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { createOutgoing, type ResolvedAddress } from '../../src/base/outgoing.ts'

const hosts: string[] = []
let isSilent = false
const server = createServer((request, response) => {
  hosts.push(String(request.headers.host))
  if (!isSilent) response.writeHead(204).end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
afterAll(() => new Promise((resolve) => {
  server.closeAllConnections()
  server.close(resolve)
}))

const to = (...addresses: string[]) => async (): Promise<ResolvedAddress[]> => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
const post = (address: string, options: Parameters<typeof createOutgoing>[0]) => createOutgoing(options).post(address, {}, '{}')

describe('the outgoing door', () => {
  test.each([
    '127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1',
    '::1', '::', 'fc00::1', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1',
  ])('does not reach %s, neither named nor written out', async (address) => {
    expect(await post('https://hooks.example.com/', { resolve: to(address) })).toEqual({ ok: false, failure: 'address_refused' })
    expect(await post(`https://${address.includes(':') ? `[${address}]` : address}/`, {})).toEqual({ ok: false, failure: 'address_refused' })
  })

  test.each(['http://2130706433/', 'http://0x7f.1/', 'http://127.1/', 'http://0177.0.0.1/'])('knows loopback in every spelling: %s', async (address) => {
    expect(await post(address.replace('http:', 'https:'), {})).toEqual({ ok: false, failure: 'address_refused' })
  })

  test('is refused when one of several addresses of a name is private', async () => {
    expect(await post('https://hooks.example.com/', { resolve: to('93.184.216.34', '10.0.0.1') })).toEqual({ ok: false, failure: 'address_refused' })
  })

  test('resolves a name once and connects to the address that it judged, whatever the name points to a moment later', async () => {
    let asked = 0
    const rebinding = async (): Promise<ResolvedAddress[]> => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    expect(await post(`http://hooks.example.com:${port}/`, { allowedRanges: ['127.0.0.1/32'], resolve: rebinding })).toEqual({ ok: true, status: 204 })
    expect([asked, hosts.at(-1)]).toEqual([1, `hooks.example.com:${port}`])
    expect(await post(`http://hooks.example.com:${port}/`, { allowedRanges: ['127.0.0.1/32'], resolve: rebinding })).toEqual({ ok: false, failure: 'address_refused' })
    expect(asked).toBe(2)
  })

  test('speaks plain HTTP only to configured ranges', async () => {
    expect(await post('http://hooks.example.com/', { resolve: to('93.184.216.34') })).toEqual({ ok: false, failure: 'not_https' })
    expect(await post('http://hooks.example.com/', { allowedRanges: ['127.0.0.0/8'], resolve: to('93.184.216.34') })).toEqual({ ok: false, failure: 'not_https' })
    expect(await post(`http://127.0.0.1:${port}/`, { allowedRanges: ['127.0.0.0/8'] })).toEqual({ ok: true, status: 204 })
  })

  test('says what went wrong: no such name, nobody there, no certificate, no answer in time', async () => {
    const allowedRanges = ['127.0.0.0/8']
    expect(await post('https://hooks.example.com/', { resolve: async () => Promise.reject(new Error('no such name')) })).toEqual({ ok: false, failure: 'not_resolved' })
    expect(await post('https://hooks.example.com/', { resolve: to() })).toEqual({ ok: false, failure: 'not_resolved' })
    expect(await post('http://127.0.0.1:1/', { allowedRanges })).toEqual({ ok: false, failure: 'not_connected' })
    expect((await post(`https://127.0.0.1:${port}/`, { allowedRanges })).ok).toBe(false)
    isSilent = true
    expect(await post(`http://127.0.0.1:${port}/`, { allowedRanges, timeoutMilliseconds: 50 })).toEqual({ ok: false, failure: 'timed_out' })
    expect(await post('https://hooks.example.com/', { timeoutMilliseconds: 50, resolve: () => new Promise(() => undefined) })).toEqual({ ok: false, failure: 'timed_out' })
    isSilent = false
  })
})
