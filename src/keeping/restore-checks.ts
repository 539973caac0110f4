// What a restore looks at before it touches anything: is the backup whole, ours, and not from the future; are the keys its own.
// Promises: reads only, and says what is wrong in one sentence.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { KEY_PURPOSES, keyDigest, type KeyPurpose, type KeyRing } from '../base/keys.ts'
import type { Migration } from '../base/migrations.ts'
import { BACKUP_FORMAT, digestOfFile, fileOf, hasValidMac, type Manifest, MANIFEST_FILE, manifestSchema } from './backup-format.ts'

export type RestoreRefusal =
  | 'no_backup' | 'manifest_damaged' | 'newer_format' | 'newer_migrations' | 'other_migrations' | 'file_missing' | 'file_damaged' | 'wrong_keys' | 'not_written_by_these_keys' | 'not_empty'

export interface Refused {
  readonly ok: false
  readonly why: RestoreRefusal
  readonly sentence: string
}

export function refused(why: RestoreRefusal, sentence: string): Refused {
  return { ok: false, why, sentence }
}

/** `migrations`: those that this program knows. */
export async function examineBackup(folder: string, keys: KeyRing, migrations: readonly Migration[]): Promise<{ readonly ok: true; readonly manifest: Manifest } | Refused> {
  const read = readManifest(folder)
  if (!read.ok) return read
  const { manifest } = read
  const strange = findStrangeMigration(manifest, migrations) ?? (await findDamagedFile(folder, manifest)) ?? findWrongKey(folder, manifest, keys)
  if (strange !== null) return strange
  if (!hasValidMac(manifest, keys)) return refused('not_written_by_these_keys', 'The manifest was changed after it was written, or written by another deployment.')
  return { ok: true, manifest }
}

function readManifest(folder: string): { readonly ok: true; readonly manifest: Manifest } | Refused {
  const path = join(folder, MANIFEST_FILE)
  if (!existsSync(path)) return refused('no_backup', `There is no backup in ${folder}: ${MANIFEST_FILE} is missing.`)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return refused('manifest_damaged', `${MANIFEST_FILE} is not JSON.`)
  }
  const format = typeof content === 'object' && content !== null && 'format' in content ? content.format : undefined
  if (typeof format === 'number' && format > BACKUP_FORMAT) return refused('newer_format', 'The backup was made by a newer version: restore it with that one.')
  const parsed = manifestSchema.safeParse(content)
  if (!parsed.success) return refused('manifest_damaged', `${MANIFEST_FILE} is damaged at ${parsed.error.issues[0]?.path.join('.') ?? ''}.`)
  return { ok: true, manifest: parsed.data }
}

function findStrangeMigration(manifest: Manifest, migrations: readonly Migration[]): Refused | null {
  for (const [place, { name, checksum }] of manifest.migrations.entries()) {
    const own = migrations[place]
    if (own === undefined || (own.name !== name && !migrations.some((each) => each.name === name))) {
      return refused('newer_migrations', `The backup has migration ${name}, which this version does not know: restore it with a newer version.`)
    }
    if (own.name !== name || own.checksum !== checksum) return refused('other_migrations', `Migration ${name} of the backup is not the one that this version has.`)
  }
  return null
}

async function findDamagedFile(folder: string, manifest: Manifest): Promise<Refused | null> {
  for (const { name, bytes, sha256 } of manifest.tables) {
    const path = join(folder, fileOf(name))
    if (!existsSync(path)) return refused('file_missing', `${fileOf(name)} is missing from the backup.`)
    if (statSync(path).size !== bytes || (await digestOfFile(path)).sha256 !== sha256) return refused('file_damaged', `${fileOf(name)} is not as it was written.`)
  }
  return null
}

/** The database knows a digest of every key that it was written with. */
function findWrongKey(folder: string, manifest: Manifest, keys: KeyRing): Refused | null {
  const table = manifest.tables.find(({ name }) => name === 'key_check')
  if (table === undefined) return refused('manifest_damaged', 'The backup does not say which keys it was written with.')
  const [purposeAt, idAt, digestAt] = ['purpose', 'key_id', 'digest'].map((column) => table.columns.indexOf(column))
  const lines = gunzipSync(readFileSync(join(folder, fileOf('key_check')))).toString('utf8').split('\n').filter((line) => line !== '')
  for (const line of lines) {
    const fields = line.split('\t')
    const purpose = KEY_PURPOSES.find((each): each is KeyPurpose => each === fields[purposeAt ?? 0])
    const key = purpose === undefined ? undefined : keys[purpose].find(({ id }) => id === Number(fields[idAt ?? 0]))
    // COPY writes bytes as \x…, its backslash doubled.
    const known = (fields[digestAt ?? 0] ?? '').replace(/^\\\\x/, '')
    if (purpose === undefined || key === undefined || keyDigest(purpose, key).toString('hex') !== known) {
      return refused('wrong_keys', `Key ${fields[idAt ?? 0]} for ${fields[purposeAt ?? 0]} is not the one that this backup was written with.`)
    }
  }
  return null
}
