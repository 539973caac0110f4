// The deployment's secret keys: made at first start as files of mode 0600 outside the database, or given by the environment.
// Promises: a start with keys other than the ones the database was written with is refused; keys never enter the database.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'

export const KEY_PURPOSES = ['identifiers', 'sealing', 'chain', 'tokens'] as const
export type KeyPurpose = (typeof KEY_PURPOSES)[number]

/** One generation of a key. Ids count up from 1; rotation adds a generation and never removes one. */
export interface Key {
  readonly id: number
  readonly secret: Buffer
}

/** All generations of every purpose, oldest first. */
export type KeyRing = Readonly<Record<KeyPurpose, readonly Key[]>>

const SECRET_BYTES = 32

/** Reads `<purpose>.keys` files (one `id:hex` per line) below the directory, making those that are missing. */
export function loadKeys(directory: string, given: Partial<Record<KeyPurpose, string>> = {}): KeyRing {
  const ring = {} as Record<KeyPurpose, readonly Key[]>
  for (const purpose of KEY_PURPOSES) ring[purpose] = parseKeys(given[purpose] ?? readOrMake(directory, purpose), purpose)
  return ring
}

export function newestKey(ring: KeyRing, purpose: KeyPurpose): Key {
  const key = ring[purpose].at(-1)
  if (key === undefined) throw new Error(`There is no key for ${purpose}.`)
  return key
}

/** Whether any key file lies in the directory. */
export function hasKeyFiles(directory: string): boolean {
  return KEY_PURPOSES.some((purpose) => existsSync(join(directory, `${purpose}.keys`)))
}

/** Every key on a line of its own, as `purpose id:hex`: what must be kept apart from a backup and is needed to restore it. */
export function formatKeys(ring: KeyRing): string {
  return KEY_PURPOSES.flatMap((purpose) => ring[purpose].map(({ id, secret }) => `${purpose} ${id}:${secret.toString('hex')}\n`)).join('')
}

/** The inverse of formatKeys; throws when a line is malformed or a purpose has no key. */
export function parseKeyRing(text: string): KeyRing {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const ring = {} as Record<KeyPurpose, readonly Key[]>
  for (const purpose of KEY_PURPOSES) {
    ring[purpose] = parseKeys(lines.filter((line) => line.startsWith(`${purpose} `)).map((line) => line.slice(purpose.length + 1)).join('\n'), purpose)
  }
  return ring
}

/** Writes the key files of a directory that has none, with mode 0600. */
export function writeKeyFiles(directory: string, ring: KeyRing): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const purpose of KEY_PURPOSES) {
    const lines = ring[purpose].map(({ id, secret }) => `${id}:${secret.toString('hex')}\n`)
    writeFileSync(join(directory, `${purpose}.keys`), lines.join(''), { mode: 0o600, flag: 'wx' })
  }
}

/** What a database keeps of a key, to know it again; nothing of the key can be told from it. */
export function keyDigest(purpose: KeyPurpose, key: Key): Buffer {
  return createHmac('sha256', key.secret).update(`ringfence key check ${purpose} ${key.id}`).digest()
}

function readOrMake(directory: string, purpose: KeyPurpose): string {
  const file = join(directory, `${purpose}.keys`)
  if (!existsSync(file)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(file, `1:${randomBytes(SECRET_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
  }
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`The key file ${file} can be read by others: chmod 600 it.`)
  return readFileSync(file, 'utf8')
}

function parseKeys(text: string, purpose: KeyPurpose): Key[] {
  const keys = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const match = /^(\d+):([0-9a-f]{64})$/.exec(line)
      if (match === null) throw new Error(`A key for ${purpose} is not of the form id:64 hexadecimal digits.`)
      return { id: Number(match[1]), secret: Buffer.from(match[2] ?? '', 'hex') }
    })
  if (keys.length === 0 || keys.some((key, place) => key.id !== place + 1)) throw new Error(`The keys for ${purpose} must be numbered 1, 2, … without a gap.`)
  return keys
}

/** Stores a digest per key at first use; throws when a key differs from the one the database was written with. */
export async function checkKeys(database: Database, ring: KeyRing, clock: Clock): Promise<void> {
  for (const purpose of KEY_PURPOSES) {
    for (const key of ring[purpose]) {
      const digest = keyDigest(purpose, key)
      await database.prisma.keyCheck.createMany({
        data: [{ purpose, keyId: key.id, digest: new Uint8Array(digest), createdAt: clock.now() }],
        skipDuplicates: true,
      })
      const known = await database.prisma.keyCheck.findUniqueOrThrow({ where: { purpose_keyId: { purpose, keyId: key.id } } })
      if (!timingSafeEqual(known.digest, digest)) {
        throw new Error(`Key ${key.id} for ${purpose} is not the one this database was written with: restore the right key files.`)
      }
    }
    const newest = await database.prisma.keyCheck.count({ where: { purpose } })
    if (newest > ring[purpose].length) throw new Error(`The database knows ${newest} keys for ${purpose}, but only ${ring[purpose].length} were given.`)
  }
}
