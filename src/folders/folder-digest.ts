// Names the content of an export folder: SHA-256 of every accepted row, added up so that the order of rows and columns and
// compression do not matter. Labels are left out: a folder with and without them is the same population.
import { createHash } from 'node:crypto'

export class FolderDigest {
  private readonly sum = new Uint32Array(8)
  private count = 0

  /** Adds a row given as its canonical text; returns 32 bits of its hash to compare contents with. */
  add(content: string): number {
    const hash = createHash('sha256').update(content).digest()
    for (let lane = 0; lane < 8; lane += 1) this.sum[lane] = (this.sum[lane] ?? 0) + hash.readUInt32LE(lane * 4)
    this.count += 1
    return hash.readUInt32LE(0)
  }

  /** Hexadecimal, 64 characters. */
  value(): string {
    return createHash('sha256').update(`rows ${this.count}\n`).update(Buffer.from(this.sum.buffer)).digest('hex')
  }
}
