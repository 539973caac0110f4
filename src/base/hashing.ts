// Keyed hashes at the door: identifiers, natural keys and digests. Raw values go in and are not kept.

import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Key, KeyRing } from './keys.ts'

const IDENTIFIER_HASH_BYTES = 16

export interface HashedIdentifier {
  /** 16 bytes. */
  readonly hash: Buffer
  readonly keyId: number
}

/** HMAC-SHA-256 cut to 128 bits; every later key generation wraps the hash of the one before, so that stored rows can be rotated. */
export function hashIdentifier(keys: KeyRing, kind: string, value: string): HashedIdentifier {
  const [first, ...later] = keys.identifiers
  if (first === undefined) throw new Error('There is no key for identifiers.')
  let hash = cut(createHmac('sha256', first.secret).update(kind).update('\0').update(value).digest())
  let keyId = first.id
  for (const key of later) {
    hash = wrapHash(key, hash)
    keyId = key.id
  }
  return { hash, keyId }
}

/** What a stored hash becomes under the next key generation. */
export function wrapHash(key: Key, hash: Uint8Array): Buffer {
  return cut(createHmac('sha256', key.secret).update(hash).digest())
}

/** The keyed digest of a natural key, e.g. of (source, event id): unique for ever, and says nothing about its parts. */
export function naturalKey(keys: KeyRing, ...parts: readonly string[]): Buffer {
  const [first] = keys.identifiers
  if (first === undefined) throw new Error('There is no key for identifiers.')
  const mac = createHmac('sha256', first.secret).update('natural key')
  for (const part of parts) mac.update(`\0${part.length}\0${part}`)
  return mac.digest()
}

/** SHA-256 over parts with their lengths, so that no two lists of parts run together. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) {
    hash.update(`${part.length}\0`)
    hash.update(part)
  }
  return hash.digest()
}

/** A salted digest binds an erasable side row to its append-only row; once the salt is gone it says nothing. */
export function saltedDigest(value: string, salt: Buffer = randomBytes(16)): { salt: Buffer; digest: Buffer } {
  return { salt, digest: digestOf(salt, value) }
}

/** The canonical text of a JSON value: keys sorted, bigint as decimal strings; equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return JSON.stringify(value.toString())
  if (value instanceof Date) return JSON.stringify(value.toISOString())
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

function cut(digest: Buffer): Buffer {
  return digest.subarray(0, IDENTIFIER_HASH_BYTES)
}
