// Finds the files of an export folder: which tables are there, plain or compressed, and which files mean nothing to us.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { tableNames } from './tables.ts'
import type { TableName } from './tables.ts'
import type { Refusal, RefusalReason } from './refusals.ts'

export interface FolderFile {
  readonly table: TableName
  /** Name as on the disk. */
  readonly name: string
  readonly path: string
  readonly isCompressed: boolean
  readonly sizeBytes: number
}

export interface ExportFolder {
  readonly path: string
  /** In reading order. */
  readonly files: readonly FolderFile[]
  /** Names of files that belong to no table; reported and ignored, as folders within are. */
  readonly unknownFiles: readonly string[]
}

export type OpenedFolder = { ok: true; folder: ExportFolder } | { ok: false; refusal: Refusal }

export async function openFolder(path: string): Promise<OpenedFolder> {
  let names: string[]
  try {
    const entries = await readdir(path, { withFileTypes: true })
    names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name).sort()
  } catch {
    return refuse('', 'missing_folder')
  }
  const files: FolderFile[] = []
  for (const table of tableNames) {
    const found = [`${table}.csv`, `${table}.csv.gz`].filter((name) => names.includes(name))
    const name = found[0]
    if (found.length > 1) return refuse(`${table}.csv`, 'ambiguous_file')
    if (name === undefined) continue
    const details = await stat(join(path, name)).catch(() => null)
    if (details === null || !details.isFile()) return refuse(name, 'unreadable_file')
    files.push({
      table, name, path: join(path, name), isCompressed: name.endsWith('.gz'), sizeBytes: details.size,
    })
  }
  if (files[0]?.table !== 'accounts') return refuse('accounts.csv', 'missing_file')
  const known = new Set(files.map((file) => file.name))
  return { ok: true, folder: { path, files, unknownFiles: names.filter((name) => !known.has(name)) } }
}

function refuse(file: string, reason: RefusalReason): OpenedFolder {
  return { ok: false, refusal: { refused: true, scope: 'folder', file, line: 0, column: '', reason } }
}
