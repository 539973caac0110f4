// Writes a set of files into a folder so that a reader sees each one whole: to a temporary name first, renamed at the end in
// the order given, the last being the one whose presence says that all are there.
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

export class WrittenFiles {
  private readonly directory: string
  private readonly open = new Map<string, WrittenFile>()

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Makes the folder if it is not there. */
  static async into(directory: string): Promise<WrittenFiles> {
    await mkdir(directory, { recursive: true })
    return new WrittenFiles(directory)
  }

  file(name: string): WrittenFile {
    const known = this.open.get(name)
    if (known !== undefined) return known
    const file = new WrittenFile(join(this.directory, `.${name}.partial`))
    this.open.set(name, file)
    return file
  }

  /** Renames all files to their names, in the order in which they were opened. */
  async publish(): Promise<string[]> {
    for (const file of this.open.values()) file.close()
    for (const [name, file] of this.open) await rename(file.path, join(this.directory, name))
    return [...this.open.keys()]
  }

  async discard(): Promise<void> {
    for (const file of this.open.values()) {
      file.close()
      await rm(file.path, { force: true })
    }
  }
}

const pendingMax = 1 << 18

export class WrittenFile {
  readonly path: string
  private readonly descriptor: number
  private pending = ''
  private isOpen = true

  constructor(path: string) {
    this.path = path
    this.descriptor = openSync(path, 'w')
  }

  write(text: string): void {
    this.pending += text
    if (this.pending.length >= pendingMax) this.flush()
  }

  close(): void {
    if (!this.isOpen) return
    this.flush()
    this.isOpen = false
    closeSync(this.descriptor)
  }

  private flush(): void {
    const bytes = Buffer.from(this.pending)
    this.pending = ''
    for (let written = 0; written < bytes.length;) written += writeSync(this.descriptor, bytes, written)
  }
}

/** Whether two paths are one folder, symbolic links followed; a path that does not exist is itself. */
export async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [left, right] = await Promise.all([one, other].map((path) => realpath(path).catch(() => resolve(path))))
  return left === right
}

/** One file, seen by readers either as it was or whole. */
export async function writeFileWhole(path: string, text: string): Promise<void> {
  const directory = dirname(resolve(path))
  await mkdir(directory, { recursive: true })
  const partial = join(directory, `.${basename(path)}.partial`)
  await writeFile(partial, text)
  await rename(partial, path)
}
