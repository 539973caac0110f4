// The secret that a caller carries, `rf_<prefix>_<secret>`: the prefix finds the key, the secret is never stored.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface ApiToken {
  /** Eight letters and digits; may be shown. */
  readonly prefix: string
  /** The whole token; shown once. */
  readonly token: string
  /** SHA-256 of the secret. Its 256 random bits cannot be guessed, so a slow hash would protect nothing more. */
  readonly digest: Uint8Array<ArrayBuffer>
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const FORM = /^rf_([0-9a-z]{8})_([A-Za-z0-9_-]{43})$/
const SECRET_BYTES = 32

export function makeToken(): ApiToken {
  const prefix = Array.from(randomBytes(8), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  return { prefix, token: `rf_${prefix}_${secret}`, digest: digestOfSecret(secret) }
}

/** The parts of a token, or undefined of anything that is none. */
export function readToken(token: string): { readonly prefix: string; readonly digest: Uint8Array } | undefined {
  const match = FORM.exec(token)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  return { prefix: match[1], digest: digestOfSecret(match[2]) }
}

/** Compares in constant time. */
export function isSameDigest(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

function digestOfSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(secret).digest())
}
