// Reads a JSON body within its limit, as strict UTF-8; the same for every route, in front of Express and behind it.

import type { IncomingMessage } from 'node:http'
import { Problem } from '../base/problems.ts'

export async function readJsonBody(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  return parseJson(await readRawBody(request, bytesMax))
}

/** The text of a JSON body as it came, not parsed. */
export async function readRawBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem('unsupported_media_type', 'content_type', 'The body must be application/json in UTF-8.')
  }
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity') {
    throw new Problem('unsupported_media_type', 'content_encoding', 'The body must not be compressed.')
  }
  return decode(await readBytes(request, bytesMax))
}

async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = new Problem('too_large', 'body', `The body may have ${bytesMax} bytes.`)
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bytesMax) throw tooLarge
    chunks.push(chunk)
  }
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw notJson()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw notJson()
  }
}

const notJson = (): Problem => new Problem('invalid_request', 'not_json', 'The body is not JSON in UTF-8.')
