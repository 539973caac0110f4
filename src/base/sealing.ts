// Values that must be readable again but never in the clear in the database: sealed with AES-256-GCM under the newest sealing key.
// Promises: what was changed, cut, or moved to another row does not open; keys stay outside the database.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type KeyRing, newestKey } from './keys.ts'

export interface Sealed {
  /** Nonce, tag and text of AES-256-GCM, in this order. */
  readonly sealed: Uint8Array<ArrayBuffer>
  readonly keyId: number
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `purpose` names what the value belongs to, e.g. `payout destination 12`; the same is needed to open it. */
export function seal(keys: KeyRing, purpose: string, text: string): Sealed {
  const key = newestKey(keys, 'sealing')
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(Buffer.from(purpose))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { sealed: new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), body])), keyId: key.id }
}

/** Throws when the value was not sealed for this purpose by this deployment's keys, or was changed since. */
export function unseal(keys: KeyRing, purpose: string, { sealed, keyId }: { readonly sealed: Uint8Array; readonly keyId: number }): string {
  const key = keys.sealing.find(({ id }) => id === keyId)
  if (key === undefined) throw new Error(`There is no sealing key ${keyId}.`)
  const bytes = Buffer.from(sealed)
  const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(purpose))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}
