// The bytes that the audit chain signs: one canonical text per act, and the keyed hash that binds it to the act before.

import { createHmac } from 'node:crypto'
import type { Key } from '../base/keys.ts'

/** The columns of an act that its hash covers; all of them but the hashes. */
export interface ChainedAct {
  readonly sequence: bigint
  readonly actorId: bigint
  readonly kind: string
  readonly objectKind: string
  readonly objectId: string
  readonly beforeDigest: Uint8Array | null
  readonly afterDigest: Uint8Array | null
  readonly bodyDigest: Uint8Array | null
  readonly reason: string | null
  readonly recordedAt: Date
  readonly keyId: number
}

/** What the first act follows. */
export const CHAIN_START: Uint8Array<ArrayBuffer> = new Uint8Array(32)

/** HMAC-SHA-256 over the previous hash and the act's canonical text; 32 bytes. */
export function chainHash(key: Key, previous: Uint8Array, act: ChainedAct): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac('sha256', key.secret).update('act').update(previous).update(canonicalText(act)).digest())
}

function canonicalText(act: ChainedAct): string {
  return JSON.stringify([
    act.sequence.toString(), act.actorId.toString(), act.kind, act.objectKind, act.objectId,
    hex(act.beforeDigest), hex(act.afterDigest), hex(act.bodyDigest), act.reason, act.recordedAt.toISOString(), act.keyId,
  ])
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}
