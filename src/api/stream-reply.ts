// An answer that is written as it comes: in pieces, compressed where the caller accepts it, and only as fast as the caller reads.
// Promises: a failure after the first byte cuts the connection, so that half an answer never looks whole; a caller that goes away ends the source.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** A stream whose first piece has come. */
export interface StartedStream {
  readonly first: string
  readonly rest: AsyncIterator<string>
}

/** Waits for the first piece; what fails until then is thrown. */
export async function startStream(source: AsyncIterable<string>): Promise<StartedStream> {
  const rest = source[Symbol.asyncIterator]()
  const { done, value } = await rest.next()
  return { first: done === true ? '' : value, rest }
}

export type StreamEnd = 'complete' | 'caller_left' | 'failed'

/** The head must not be written yet. */
export async function writeStream(request: IncomingMessage, response: ServerResponse, head: { status: number; headers: Readonly<Record<string, string>> }, stream: StartedStream): Promise<{ end: StreamEnd; error?: unknown }> {
  const isCompressed = acceptsGzip(request.headers['accept-encoding'])
  response.writeHead(head.status, { ...head.headers, Vary: 'Accept-Encoding', ...(isCompressed ? { 'Content-Encoding': 'gzip' } : {}) })
  // One piece ahead is enough: pieces are pages of rows.
  const source = Readable.from(pieces(stream), { objectMode: true, highWaterMark: 1 })
  let failure: unknown
  source.once('error', (error) => { failure = error })
  try {
    await (isCompressed ? pipeline(source, createGzip(), response) : pipeline(source, response))
    return { end: 'complete' }
  } catch (error) {
    // The pipeline has destroyed the response: without the last chunk, the caller knows that something is missing.
    return isCallerGone(failure ?? error) ? { end: 'caller_left' } : { end: 'failed', error: failure ?? error }
  } finally {
    // Here and not in the pieces: a generator that was never begun runs no code when it is ended.
    await stream.rest.return?.()
  }
}

async function* pieces({ first, rest }: StartedStream): AsyncGenerator<string, void, void> {
  if (first !== '') yield first
  for (;;) {
    const { done, value } = await rest.next()
    if (done === true) return
    if (value !== '') yield value
  }
}

function isCallerGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ABORT_ERR'
}

/** RFC 9110, 12.5.3: named with a weight above zero, or by the star. */
export function acceptsGzip(header: string | readonly string[] | undefined): boolean {
  const weights = new Map(String(header ?? '').split(',').map((part) => {
    const [name = '', ...parameters] = part.trim().toLowerCase().split(';')
    const weight = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined)
    return [name.trim(), weight === undefined ? 1 : Number(weight)]
  }))
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0
}
