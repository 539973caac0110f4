// Cuts a stream of bytes into CSV records after RFC 4180 and keeps only the well-formed ones for the parser. It promises
// bounded memory whatever the input: a record over 1 MiB is skipped, not buffered, and quotes decide where it ends, so
// that text inside an endless cell can never be taken for rows.
import type { RefusalReason } from './refusals.ts'

export const recordBytesMax = 1 << 20

/** A record that was dropped: its first line and the position of the cell at fault, -1 if none can be named. */
export interface BadRecord {
  readonly line: number
  readonly cell: number
  readonly reason: RefusalReason
}

/** Well-formed records as they stood in the file, each with its line end, and the line on which each begins. */
export interface FramedBlock {
  readonly bytes: Buffer
  readonly lines: readonly number[]
  readonly bad: readonly BadRecord[]
}

const comma = 44
const quote = 34
const lineFeed = 10
const carriageReturn = 13

const CellState = { start: 0, bare: 1, quoted: 2, quoteInQuoted: 3, carriageReturn: 4 } as const

export class RecordFraming {
  private state: number = CellState.start
  private cell = 0
  private line = 1
  private recordLine = 1
  private reason: RefusalReason | null = null
  private reasonCell = -1
  /** Bytes of the record that earlier chunks began. */
  private carried: Buffer = Buffer.alloc(0)
  /** Bytes of the current record, those already dropped included. */
  private recordBytes = 0
  private quoteLine = 0

  /** Takes the next chunk and returns the records that end in it. */
  push(chunk: Buffer): FramedBlock {
    const input = this.carried.length === 0 ? chunk : Buffer.concat([this.carried, chunk])
    const cut = new Cut(input)
    let start = 0
    for (let at = this.carried.length; at < input.length; at += 1) {
      const byte = input[at] ?? 0
      this.recordBytes += 1
      if (byte === lineFeed) this.line += 1
      if (!this.step(byte)) continue
      this.endRecord(cut, start, at + 1)
      start = at + 1
    }
    this.carry(input, start)
    return cut.finish()
  }

  /** The last record, if the file does not end with a line end. */
  end(): FramedBlock {
    const cut = new Cut(this.carried)
    if (this.recordBytes > 0) {
      if (this.state === CellState.quoted) this.fault('unclosed_quote', this.quoteLine)
      if (this.state === CellState.carriageReturn) this.fault('bare_carriage_return')
      this.endRecord(cut, 0, this.carried.length)
    }
    this.carried = Buffer.alloc(0)
    return cut.finish()
  }

  /** The line that the reader has reached. */
  get lineReached(): number {
    return this.line
  }

  /** Advances by one byte; true where it ends the record. */
  private step(byte: number): boolean {
    if (byte === 0) this.fault('nul_byte')
    switch (this.state) {
      case CellState.quoted:
        if (byte === quote) this.state = CellState.quoteInQuoted
        return false
      case CellState.carriageReturn:
        if (byte === lineFeed) return true
        this.fault('bare_carriage_return')
        this.state = CellState.bare
        return this.plain(byte)
      case CellState.quoteInQuoted:
        if (byte === quote) {
          this.state = CellState.quoted
          return false
        }
        if (byte !== comma && byte !== lineFeed && byte !== carriageReturn) this.fault('bad_quoting')
        return this.plain(byte)
      default:
        return this.plain(byte)
    }
  }

  private plain(byte: number): boolean {
    if (byte === lineFeed) return true
    if (byte === comma) {
      this.cell += 1
      this.state = CellState.start
    } else if (byte === carriageReturn) {
      this.state = CellState.carriageReturn
    } else if (byte === quote && this.state === CellState.start) {
      this.state = CellState.quoted
      this.quoteLine = this.line
    } else {
      if (byte === quote) this.fault('bad_quoting')
      this.state = CellState.bare
    }
    return false
  }

  private fault(reason: RefusalReason, line?: number): void {
    if (this.reason !== null && reason !== 'unclosed_quote') return
    this.reason = reason
    this.reasonCell = this.cell
    if (line !== undefined) this.recordLine = line
  }

  private endRecord(cut: Cut, start: number, end: number): void {
    if (this.recordBytes > recordBytesMax) this.fault('record_too_long')
    if (this.reason !== null) {
      cut.drop(end, { line: this.recordLine, cell: this.reasonCell, reason: this.reason })
    } else if (isBlank(cut.input, start, end)) {
      cut.skip(end)
    } else {
      cut.keep(this.recordLine, end)
    }
    this.state = CellState.start
    this.cell = 0
    this.recordLine = this.line
    this.reason = null
    this.reasonCell = -1
    this.recordBytes = 0
  }

  private carry(input: Buffer, start: number): void {
    const pending = input.length - start
    if (this.recordBytes > recordBytesMax) {
      this.fault('record_too_long')
      this.carried = Buffer.alloc(0)
    } else {
      this.carried = pending === 0 ? Buffer.alloc(0) : Buffer.from(input.subarray(start))
    }
  }
}

/** Collects what is kept of one stretch of bytes; without bad records it is one stretch of the input, uncopied. */
class Cut {
  readonly input: Buffer
  private readonly pieces: Buffer[] = []
  private readonly lines: number[] = []
  private readonly bad: BadRecord[] = []
  private pieceStart = 0
  private pieceEnd = 0

  constructor(input: Buffer) {
    this.input = input
  }

  keep(line: number, end: number): void {
    this.lines.push(line)
    this.pieceEnd = end
  }

  drop(end: number, bad: BadRecord): void {
    this.bad.push(bad)
    this.skip(end)
  }

  skip(end: number): void {
    this.closePiece()
    this.pieceStart = end
    this.pieceEnd = end
  }

  finish(): FramedBlock {
    this.closePiece()
    const bytes = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces)
    return { bytes: bytes ?? Buffer.alloc(0), lines: this.lines, bad: this.bad }
  }

  private closePiece(): void {
    if (this.pieceEnd > this.pieceStart) this.pieces.push(this.input.subarray(this.pieceStart, this.pieceEnd))
  }
}

function isBlank(input: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = input[at]
    if (byte !== lineFeed && byte !== carriageReturn) return false
  }
  return true
}
