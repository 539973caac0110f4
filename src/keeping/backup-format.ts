// The form of a backup: a folder with one compressed file per table and a manifest that says what must be in them.
// Promises: what was written can be told to be whole, unchanged and ours before a restore touches anything.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { canonicalJson } from '../base/hashing.ts'
import { type KeyRing, newestKey } from '../base/keys.ts'

export const MANIFEST_FILE = 'manifest.json'
/** Counted up when an older program could no longer read what this one writes. */
export const BACKUP_FORMAT = 1

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const manifestSchema = z.strictObject({
  format: z.number().int().positive(),
  made_at: z.iso.datetime(),
  /** The version of the server that it was read from. */
  server: z.string(),
  migrations: z.array(z.strictObject({ name: z.string(), checksum: sha256 })).min(1),
  tables: z.array(z.strictObject({
    name: z.string().regex(/^[a-z_][a-z0-9_]*$/), columns: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1), rows: z.number().int().min(0),
    bytes: z.number().int().min(0), sha256,
  })),
  sequences: z.array(z.strictObject({ name: z.string().regex(/^[a-z_][a-z0-9_]*$/), last: z.string().regex(/^\d+$/), is_called: z.boolean() })),
  /** The newest act; null of a database in which nothing was done yet. */
  chain_head: z.strictObject({ sequence: z.string().regex(/^\d+$/), hash: sha256 }).nullable(),
  chain_key_id: z.number().int().positive(),
  /** Over everything above, with the key of the chain of acts: a manifest that somebody else wrote is refused. */
  mac: sha256,
})

export type Manifest = z.output<typeof manifestSchema>

export function fileOf(table: string): string {
  return `${table}.copy.gz`
}

export function withMac(manifest: Omit<Manifest, 'mac' | 'chain_key_id'>, keys: KeyRing): Manifest {
  const key = newestKey(keys, 'chain')
  const body = { ...manifest, chain_key_id: key.id }
  return { ...body, mac: macOf(body, key.secret) }
}

export function hasValidMac({ mac, ...body }: Manifest, keys: KeyRing): boolean {
  const key = keys.chain.find(({ id }) => id === body.chain_key_id)
  return key !== undefined && timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(macOf(body, key.secret), 'hex'))
}

function macOf(body: Omit<Manifest, 'mac'>, secret: Buffer): string {
  return createHmac('sha256', secret).update('backup manifest').update(canonicalJson(body)).digest('hex')
}

/** Bytes and SHA-256 of a file as it lies there. */
export async function digestOfFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
    }
  })
  return { bytes, sha256: hash.digest('hex') }
}
