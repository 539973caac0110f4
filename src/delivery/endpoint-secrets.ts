// The secrets of an endpoint: sealed at rest under the sealing key, bound to their address; two are valid while one replaces the other.

import type { KeyRing } from '../base/keys.ts'
import { seal, unseal } from '../base/sealing.ts'

export interface StoredEndpoint {
  readonly url: string
  readonly sealedSecret: Uint8Array
  readonly sealedKeyId: number
  readonly previousSealedSecret: Uint8Array | null
  readonly previousSealedKeyId: number | null
  readonly previousUntil: Date | null
}

const purposeOf = (url: string): string => `webhook secret of ${url}`

export function sealSecret(keys: KeyRing, url: string, secret: string): { sealedSecret: Uint8Array<ArrayBuffer>; sealedKeyId: number } {
  const { sealed, keyId } = seal(keys, purposeOf(url), secret)
  return { sealedSecret: sealed, sealedKeyId: keyId }
}

/** What a message is signed with now, the newest first. */
export function secretsOf(keys: KeyRing, endpoint: StoredEndpoint, now: Date): string[] {
  const { url, sealedSecret, sealedKeyId, previousSealedSecret, previousSealedKeyId, previousUntil } = endpoint
  const newest = unseal(keys, purposeOf(url), { sealed: sealedSecret, keyId: sealedKeyId })
  if (previousSealedSecret === null || previousSealedKeyId === null || previousUntil === null || previousUntil <= now) return [newest]
  return [newest, unseal(keys, purposeOf(url), { sealed: previousSealedSecret, keyId: previousSealedKeyId })]
}
