// PostgreSQL's binary COPY format, written and read without an object per row.
// Promises: numbers, times and bytes cross exactly; a row cut by a chunk's end is read whole.

import { pipeline } from 'node:stream/promises'
import { Readable, Writable } from 'node:stream'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const END_OF_DATA = Buffer.from([0xff, 0xff])
const HEADER_BYTES = 19
/** Binary times count microseconds from 2000-01-01. */
const EPOCH_2000_SECONDS = 946_684_800
const TWO_32 = 4_294_967_296
const FLUSH_BYTES = 1 << 16

/** Rows to be copied in. Every row begins with `row`, followed by one call per column in order. */
export class BinaryRows {
  private buffer: Buffer = Buffer.allocUnsafe(FLUSH_BYTES)
  private length = 0
  private rows = 0

  constructor() {
    SIGNATURE.copy(this.buffer)
    this.length = HEADER_BYTES
  }

  get count(): number {
    return this.rows
  }

  row(columns: number): this {
    this.rows++
    this.reserve(2)
    this.length = this.buffer.writeInt16BE(columns, this.length)
    return this
  }

  null(): this {
    this.reserve(4)
    this.length = this.buffer.writeInt32BE(-1, this.length)
    return this
  }

  /** A whole number of at most 53 bits, or any bigint of 64. */
  int8(value: number | bigint | null): this {
    if (value === null) return this.null()
    this.reserve(12)
    this.length = this.buffer.writeInt32BE(8, this.length)
    this.length = this.buffer.writeBigInt64BE(BigInt(value), this.length)
    return this
  }

  int4(value: number | null): this {
    if (value === null) return this.null()
    this.reserve(8)
    this.length = this.buffer.writeInt32BE(4, this.length)
    this.length = this.buffer.writeInt32BE(value, this.length)
    return this
  }

  float8(value: number): this {
    this.reserve(12)
    this.length = this.buffer.writeInt32BE(8, this.length)
    this.length = this.buffer.writeDoubleBE(value, this.length)
    return this
  }

  text(value: string | null): this {
    if (value === null) return this.null()
    this.reserve(4 + value.length * 3)
    const bytes = this.buffer.write(value, this.length + 4, 'utf8')
    this.buffer.writeInt32BE(bytes, this.length)
    this.length += 4 + bytes
    return this
  }

  bytes(value: Uint8Array | null): this {
    if (value === null) return this.null()
    this.reserve(4 + value.length)
    this.length = this.buffer.writeInt32BE(value.length, this.length)
    this.buffer.set(value, this.length)
    this.length += value.length
    return this
  }

  /** For a column of type jsonb: a version byte, then the text. */
  json(value: unknown): this {
    const text = Buffer.from(JSON.stringify(value), 'utf8')
    this.reserve(5 + text.length)
    this.length = this.buffer.writeInt32BE(text.length + 1, this.length)
    this.buffer[this.length++] = 1
    this.buffer.set(text, this.length)
    this.length += text.length
    return this
  }

  /** Seconds since 1970, kept to the microsecond; null and NaN are no time. */
  time(seconds: number | null): this {
    if (seconds === null || Number.isNaN(seconds)) return this.null()
    return this.int8(Math.round(seconds * 1e6) - EPOCH_2000_SECONDS * 1e6)
  }

  /** The whole message; nothing may be added afterwards. */
  finish(): Buffer {
    this.reserve(2)
    END_OF_DATA.copy(this.buffer, this.length)
    return this.buffer.subarray(0, this.length + 2)
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

/** `target` names a table and its columns, e.g. `stage (account_id, kind)`. */
export async function copyIn(client: pg.PoolClient, target: string, rows: BinaryRows): Promise<void> {
  if (rows.count === 0) return
  await pipeline(Readable.from(slices(rows.finish())), client.query(copyFrom(`COPY ${target} FROM STDIN (FORMAT binary)`)))
}

function* slices(buffer: Buffer): Generator<Buffer> {
  for (let start = 0; start < buffer.length; start += FLUSH_BYTES) yield buffer.subarray(start, start + FLUSH_BYTES)
}

/** The columns of one row; valid only during the call that gives it. */
export class RowView {
  /** Where each column begins; the four bytes before hold its length, -1 for null. */
  readonly starts: number[] = []
  buffer: Buffer = Buffer.alloc(0)

  isNull(column: number): boolean {
    return this.buffer.readInt32BE((this.starts[column] ?? 4) - 4) < 0
  }

  /** Exact up to 53 bits. */
  int8(column: number): number {
    const start = this.starts[column] ?? 0
    return this.buffer.readInt32BE(start) * TWO_32 + this.buffer.readUInt32BE(start + 4)
  }

  bigint(column: number): bigint {
    return this.buffer.readBigInt64BE(this.starts[column] ?? 0)
  }

  int4(column: number): number {
    return this.buffer.readInt32BE(this.starts[column] ?? 0)
  }

  float8(column: number): number {
    return this.buffer.readDoubleBE(this.starts[column] ?? 0)
  }

  text(column: number): string {
    const start = this.starts[column] ?? 0
    return this.buffer.toString('utf8', start, start + this.buffer.readInt32BE(start - 4))
  }

  /** A copy, which outlives the row. */
  bytes(column: number): Buffer {
    const start = this.starts[column] ?? 0
    return Buffer.from(this.buffer.subarray(start, start + this.buffer.readInt32BE(start - 4)))
  }

  /** Bytes as text of one character each: a key for maps that costs no decoding. */
  latin1(column: number): string {
    const start = this.starts[column] ?? 0
    return this.buffer.toString('latin1', start, start + this.buffer.readInt32BE(start - 4))
  }

  /** Seconds since 1970, the nearest to the stored microseconds; NaN for null. */
  seconds(column: number): number {
    if (this.isNull(column)) return Number.NaN
    return (this.int8(column) + EPOCH_2000_SECONDS * 1e6) / 1e6
  }
}

/** Streams a query's rows; `onRow` must take what it needs before it returns. Resolves with the number of rows. */
export async function copyOut(client: pg.PoolClient, query: string, onRow: (row: RowView) => void): Promise<number> {
  const view = new RowView()
  let rest: Buffer = Buffer.alloc(0)
  let isHeaderRead = false
  let rows = 0
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      if (!isHeaderRead) {
        if (buffer.length < HEADER_BYTES) {
          rest = buffer
          done()
          return
        }
        isHeaderRead = true
        at = HEADER_BYTES
      }
      view.buffer = buffer
      for (let end = endOfRow(view, at); end > 0; end = endOfRow(view, at)) {
        onRow(view)
        rows++
        at = end
      }
      rest = buffer.subarray(at)
      done()
    },
  })
  await pipeline(client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`)), sink)
  return rows
}

/** Sets the view's columns to the row that begins here; 0 where the buffer does not hold it whole. */
function endOfRow(view: RowView, begin: number): number {
  const { buffer, starts } = view
  if (begin + 2 > buffer.length) return 0
  const columns = buffer.readInt16BE(begin)
  if (columns < 0) return 0
  starts.length = columns
  let at = begin + 2
  for (let column = 0; column < columns; column++) {
    if (at + 4 > buffer.length) return 0
    const length = buffer.readInt32BE(at)
    starts[column] = at + 4
    at += 4 + Math.max(length, 0)
  }
  return at <= buffer.length ? at : 0
}
