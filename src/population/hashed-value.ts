// One value as its keyed hash and a mask, to be compared with what is known: nothing is stored.

import { type IdentifierRefusal, normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import { hashIdentifier } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'

export interface HashedValue {
  readonly ok: true
  /** After normalising, such as `email`. */
  readonly kind: string
  /** As stored with identifiers of that kind. */
  readonly hash: Uint8Array<ArrayBuffer>
  /** Enough for a person to recognise what they know. */
  readonly mask: string
}

/** The value itself, without its networks, domains and patterns. */
export function hashedValue(keys: KeyRing, kind: string, value: string): HashedValue | { readonly ok: false; readonly reason: IdentifierRefusal } {
  const normalised = normaliseIdentifier({ kind, value })
  if (!normalised.ok) return normalised
  const [identifier] = normalised.identifiers
  if (identifier === undefined) return { ok: false, reason: 'empty_value' }
  const [first = ''] = identifier.value
  return { ok: true, kind: identifier.kind, hash: new Uint8Array(hashIdentifier(keys, identifier.kind, identifier.value).hash), mask: identifier.attributes['mask'] ?? `${first}…` }
}
