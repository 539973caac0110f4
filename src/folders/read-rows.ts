// Streams one file of an export folder as rows of text cells with their line numbers, in blocks. It promises that every
// record of the file comes out once, as a row or as a refusal, in the order of lines, and that memory stays bounded.
import { createReadStream } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { RecordFraming } from './record-framing.ts'
import type { BadRecord, FramedBlock } from './record-framing.ts'
import { tables } from './tables.ts'
import type { FolderFile } from './open-folder.ts'
import type { Refusal, RefusalReason, RefusalScope } from './refusals.ts'

export const cellCharactersMax = 65_536

export interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

export interface Header {
  /** Position of each known column. */
  readonly positions: ReadonlyMap<string, number>
  /** Column names as far as they may be shown, by position. */
  readonly names: readonly string[]
  readonly unknownColumns: readonly string[]
}

export interface RowBlock {
  readonly header: Header | null
  readonly items: readonly (Row | Refusal)[]
  /** Bytes of the file on disk read so far. */
  readonly bytesRead: number
}

/** Yields blocks until the end of the file, or until a refusal of scope `file`, which is then the last item. */
export async function* readRows(file: FolderFile): AsyncGenerator<RowBlock> {
  const reader = new RowAssembler(file)
  const raw = createReadStream(file.path, { highWaterMark: 1 << 17 })
  const stream = file.isCompressed ? pipeline(raw, createGunzip({ chunkSize: 1 << 17 }), () => undefined) : raw
  let lead: Buffer | null = Buffer.alloc(0)
  try {
    for await (const piece of stream) {
      let chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece))
      if (lead !== null) {
        lead = Buffer.concat([lead, chunk])
        if (lead.length < 4) continue
        chunk = withoutMark(lead)
        if (isForeign(lead)) {
          yield reader.stop('wrong_encoding', 1)
          return
        }
        lead = null
      }
      yield { ...reader.take(reader.framing.push(chunk)), bytesRead: raw.bytesRead }
      if (reader.isStopped) return
    }
  } catch (error) {
    yield reader.stop(readFailure(error, file), reader.framing.lineReached)
    return
  } finally {
    raw.destroy()
  }
  if (lead !== null) yield reader.take(reader.framing.push(withoutMark(lead)))
  if (!reader.isStopped) yield { ...reader.finish(), bytesRead: file.sizeBytes }
}

/** UTF-16 and UTF-32 byte order marks, or gzip data under a plain name. */
function isForeign(lead: Buffer): boolean {
  const [first, second] = lead
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
    || (first === 0 && second === 0) || (first === 0x1f && second === 0x8b)
}

function withoutMark(lead: Buffer): Buffer {
  return lead[0] === 0xef && lead[1] === 0xbb && lead[2] === 0xbf ? lead.subarray(3) : lead
}

function readFailure(error: unknown, file: FolderFile): RefusalReason {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return file.isCompressed && code.startsWith('Z_') ? 'broken_compression' : 'unreadable_file'
}

class RowAssembler {
  readonly framing = new RecordFraming()
  isStopped = false
  private header: Header | null = null
  private readonly file: FolderFile

  constructor(file: FolderFile) {
    this.file = file
  }

  take(block: FramedBlock): RowBlock {
    const items: (Row | Refusal)[] = []
    const records = parseRecords(block.bytes)
    if (records.cells.length !== block.lines.length) throw new Error('framing and parser disagree on records')
    let nextBad = 0
    for (let index = 0; index <= records.cells.length && !this.isStopped; index += 1) {
      const line = block.lines[index] ?? Number.POSITIVE_INFINITY
      for (let bad = block.bad[nextBad]; bad !== undefined && bad.line < line; bad = block.bad[nextBad]) {
        items.push(this.refuseRecord(bad))
        nextBad += 1
        if (this.isStopped) break
      }
      const cells = records.cells[index]
      if (cells === undefined || this.isStopped) break
      const item = this.row(line, cells, records.isLatin)
      if (item !== null) items.push(item)
    }
    return { header: this.header, items, bytesRead: 0 }
  }

  finish(): RowBlock {
    const last = this.take(this.framing.end())
    if (this.header !== null || this.isStopped) return last
    return this.stop('missing_header', 1)
  }

  stop(reason: RefusalReason, line: number): RowBlock {
    this.isStopped = true
    return { header: this.header, items: [this.refusal('file', line, '', reason)], bytesRead: this.file.sizeBytes }
  }

  private row(line: number, cells: readonly string[], isLatin: boolean): Row | Refusal | null {
    const invalid = isLatin ? cells.findIndex((cell) => !isUtf8(Buffer.from(cell, 'latin1'))) : -1
    if (invalid >= 0) return this.refuseRecord({ line, cell: invalid, reason: 'invalid_utf8' })
    const decoded = isLatin ? cells.map((cell) => Buffer.from(cell, 'latin1').toString('utf8')) : cells
    if (this.header === null) return this.readHeader(line, decoded)
    const width = this.header.names.length
    if (decoded.length !== width) {
      return this.refuseRecord({ line, cell: Math.min(decoded.length, width), reason: 'wrong_cell_count' })
    }
    const long = decoded.findIndex((cell) => cell.length > cellCharactersMax)
    if (long >= 0) return this.refuseRecord({ line, cell: long, reason: 'record_too_long' })
    return { line, cells: decoded }
  }

  private readHeader(line: number, cells: readonly string[]): Refusal | null {
    const { required, optional } = tables[this.file.table]
    const known = new Set<string>([...required, ...optional])
    const found = cells.map((cell) => cell.trim().toLowerCase())
    const positions = new Map<string, number>()
    for (const [position, name] of found.entries()) {
      if (!known.has(name)) continue
      if (positions.has(name)) return this.refuseFile(line, name, 'duplicate_column')
      positions.set(name, position)
    }
    if (positions.size === 0) return this.refuseFile(line, '', 'missing_header')
    const missing = required.find((name) => !positions.has(name))
    if (missing !== undefined) return this.refuseFile(line, missing, 'missing_column')
    const names = found.map((name, position) => (known.has(name) ? name : showableName(name, position)))
    this.header = { positions, names, unknownColumns: names.filter((name) => !known.has(name)) }
    return null
  }

  private refuseRecord(bad: BadRecord): Refusal {
    const isWholeFile = this.header === null || bad.reason === 'unclosed_quote'
    if (isWholeFile) this.isStopped = true
    const column = bad.cell < 0 ? '' : this.header?.names[bad.cell] ?? `column ${bad.cell + 1}`
    return this.refusal(isWholeFile ? 'file' : 'row', bad.line, column, bad.reason)
  }

  private refuseFile(line: number, column: string, reason: RefusalReason): Refusal {
    this.isStopped = true
    return this.refusal('file', line, column, reason)
  }

  private refusal(scope: RefusalScope, line: number, column: string, reason: RefusalReason): Refusal {
    return { refused: true, scope, file: this.file.name, line, column, reason }
  }
}

/** A header cell that does not look like a column name may be data of a file without header, and is not repeated. */
function showableName(name: string, position: number): string {
  return /^[a-z_][a-z0-9_ .-]{0,62}$/.test(name) ? name : `column ${position + 1}`
}

/** Parses whole records; where the bytes are not UTF-8 the cells come as Latin-1, so that each can be looked at alone. */
function parseRecords(bytes: Buffer): { cells: string[][]; isLatin: boolean } {
  if (bytes.length === 0) return { cells: [], isLatin: false }
  const isLatin = !isUtf8(bytes)
  const cells = parse(bytes, {
    encoding: isLatin ? 'latin1' : 'utf8',
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
  })
  return { cells, isLatin }
}
