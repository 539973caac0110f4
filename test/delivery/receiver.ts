// A host that receives webhooks on loopback: a real HTTP server that verifies every signature by the published recipe, written apart from the product.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export interface ReceivedMessage {
  readonly id: string
  readonly topic: string
  readonly data: Record<string, unknown>
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly port: number
  /** In the order of their arrival, repeated ones too. */
  readonly received: ReceivedMessage[]
  /** Answers with this from now on; default 204. */
  answerWith(status: number | ((message: ReceivedMessage) => number | Promise<number>)): void
}

export async function useReceiver(): Promise<Receiver> {
  const received: ReceivedMessage[] = []
  let answer: number | ((message: ReceivedMessage) => number | Promise<number>) = 204
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void (async () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> }
      const message = { id: String(request.headers['webhook-id']), topic: type, data, headers: request.headers, body }
      received.push(message)
      const status = typeof answer === 'number' ? answer : await answer(message)
      response.writeHead(status, status >= 300 && status < 400 ? { location: 'http://127.0.0.1:1/elsewhere' } : {})
      response.end(status === 204 ? undefined : 'x'.repeat(1000))
    })())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  afterAll(() => new Promise((resolve) => {
    server.closeAllConnections()
    server.close(resolve)
  }))
  return {
    url: `http://127.0.0.1:${port}/hooks`, port, received,
    answerWith: (status) => {
      answer = status
    },
  }
}

/** By the specification of Standard Webhooks: any one of the signatures is right, and the time is near. */
export function isSignedBy(secret: string, { headers, body }: ReceivedMessage, now: Date): boolean {
  const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])]
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > 300) return false
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).update(`${id}.${timestamp}.${body}`).digest()
  return String(headers['webhook-signature']).split(' ').some((each) => {
    const [version = '', signature = ''] = each.split(',')
    const given = Buffer.from(signature, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}
