// Writes export folders into a temporary directory for one test file and removes them afterwards.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFolder } from '../../src/folders/open-folder.ts'
import type { ExportFolder } from '../../src/folders/open-folder.ts'
import type { FolderFact } from '../../src/folders/facts.ts'
import { FactStream } from '../../src/folders/read-facts.ts'
import type { ReadOptions, ReadingSummary } from '../../src/folders/read-facts.ts'
import { isRefusal } from '../../src/folders/refusals.ts'
import type { Refusal } from '../../src/folders/refusals.ts'

export type FileContents = Readonly<Record<string, string | Buffer>>

export class Folders {
  private root = ''
  private count = 0

  async open(): Promise<void> {
    this.root = await mkdtemp(join(tmpdir(), 'ringfence-folders-'))
  }

  async close(): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }

  async write(files: FileContents): Promise<string> {
    const path = this.path(`folder-${this.count++}`)
    await mkdir(path)
    for (const [name, contents] of Object.entries(files)) await writeFile(join(path, name), contents)
    return path
  }

  path(name: string): string {
    return join(this.root, name)
  }
}

export interface Reading {
  readonly facts: FolderFact[]
  readonly refusals: Refusal[]
  readonly summary: ReadingSummary
}

export async function readAll(path: string, options: ReadOptions = {}): Promise<Reading> {
  const stream = new FactStream(await opened(path), options)
  const reading: Reading = { facts: [], refusals: [], summary: stream.summary }
  for await (const batch of stream.batches()) {
    for (const item of batch.items) {
      if (isRefusal(item)) reading.refusals.push(item)
      else reading.facts.push(item)
    }
  }
  return reading
}

export async function opened(path: string): Promise<ExportFolder> {
  const result = await openFolder(path)
  if (!result.ok) throw new Error(`cannot open: ${result.refusal.reason}`)
  return result.folder
}

export const twoAccounts = 'account_id,created_at\na,2026-01-01T00:00:00Z\nb,2026-01-02T00:00:00Z\n'
