// The signed answer: what a ledger stores with a credit to prove which check let it through.
// Promises: no external id in it; a changed or foreign token is refused; the signature is checked before anything else is believed.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { type KeyRing, newestKey } from '../base/keys.ts'
import { CHECK_SUBJECTS, checkDecision } from './request.ts'

const claims = z.strictObject({
  check_id: z.string(),
  program_id: z.string(),
  subject: z.enum(CHECK_SUBJECTS),
  /** Base64url of the keyed digest of program, subject and subject id. */
  subject_digest: z.string(),
  amount: z.string(),
  asset: z.string(),
  decision: checkDecision,
  degraded: z.boolean(),
  /** Milliseconds since the epoch. */
  expires_at: z.number(),
})
export type CheckClaims = z.output<typeof claims>

export type TokenRefusal = 'malformed' | 'forged' | 'expired'
export type TokenResult = { readonly ok: true; readonly claims: CheckClaims } | { readonly ok: false; readonly reason: TokenRefusal }

const FORM = /^rfc1\.(\d{1,9})\.([A-Za-z0-9_-]{1,2000})\.([A-Za-z0-9_-]{43})$/

/** `rfc1.<key id>.<payload>.<signature>`, both in base64url. */
export function signCheck(keys: KeyRing, content: CheckClaims): string {
  const key = newestKey(keys, 'tokens')
  const payload = Buffer.from(JSON.stringify(content)).toString('base64url')
  return `rfc1.${key.id}.${payload}.${signatureOf(key.secret, key.id, payload).toString('base64url')}`
}

export function verifyCheck(keys: KeyRing, clock: Clock, token: string): TokenResult {
  const match = FORM.exec(token)
  if (match?.[2] === undefined || match[3] === undefined) return { ok: false, reason: 'malformed' }
  const key = keys.tokens.find(({ id }) => id === Number(match[1]))
  if (key === undefined) return { ok: false, reason: 'forged' }
  const given = Buffer.from(match[3], 'base64url')
  const expected = signatureOf(key.secret, key.id, match[2])
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { ok: false, reason: 'forged' }
  const content = claims.safeParse(JSON.parse(Buffer.from(match[2], 'base64url').toString('utf8')))
  if (!content.success) return { ok: false, reason: 'malformed' }
  return clock.now().getTime() < content.data.expires_at ? { ok: true, claims: content.data } : { ok: false, reason: 'expired' }
}

function signatureOf(secret: Buffer, keyId: number, payload: string): Buffer {
  return createHmac('sha256', secret).update(`check ${keyId} `).update(payload).digest()
}
