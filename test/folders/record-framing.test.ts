// Goal: records are cut after RFC 4180 however the bytes arrive, and what is well-formed comes through unchanged.
// Method: random cells written as CSV, then cut into random chunks; and the framing of the whole against that of its pieces.
import fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { RecordFraming } from '../../src/folders/record-framing.ts'

interface Framed {
  readonly rows: string[][]
  readonly lines: number[]
  readonly bad: string[]
}

function frame(bytes: Buffer, cuts: readonly number[]): Framed {
  const framing = new RecordFraming()
  const framed: Framed = { rows: [], lines: [], bad: [] }
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  let start = 0
  const blocks = ends.map((end) => {
    const block = framing.push(bytes.subarray(start, end))
    start = end
    return block
  })
  for (const block of [...blocks, framing.end()]) {
    const rows = parse(block.bytes, { record_delimiter: ['\r\n', '\n'], relax_column_count: true })
    framed.rows.push(...rows)
    framed.lines.push(...block.lines)
    framed.bad.push(...block.bad.map(({ line, cell, reason }) => `${line}/${cell}/${reason}`))
  }
  return framed
}

const cell = fc.string({ unit: fc.constantFrom('a', 'ü', '汉', '"', ',', '\n', '\r\n', ' ', '=', ';') , maxLength: 8 })

describe('cutting bytes into records', () => {
  it('gives back every cell that was written, with the line on which its record begins, in any chunks', () => {
    fc.assert(fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (rows, cuts, end) => {
        const lines: number[] = []
        let text = ''
        for (const row of rows) {
          lines.push(text.split('\n').length)
          text += row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',') + end
        }
        expect(frame(Buffer.from(text), cuts)).toEqual({ rows, lines, bad: [] })
      }), { numRuns: 300 })
  })

  it('finds the same records and faults in any chunks, whatever the bytes', () => {
    const byte = fc.constantFrom(...Array.from('a,,"\r\n\n').map((character) => character.charCodeAt(0)), 0, 0xc3)
    fc.assert(fc.property(fc.array(byte, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
      const whole = frame(Buffer.from(bytes), [])
      expect(frame(Buffer.from(bytes), cuts)).toEqual(whole)
      expect(whole.rows).toHaveLength(whole.lines.length)
    }), { numRuns: 1000 })
  })

  it('drops a record of more than a mebibyte even when it comes in one piece', () => {
    const bytes = Buffer.from(`a,b\n${'x,'.repeat(600_000)}\nc,d\n`)
    expect(frame(bytes, [])).toEqual({ rows: [['a', 'b'], ['c', 'd']], lines: [1, 3], bad: ['2/600000/record_too_long'] })
  })

  it('drops blank lines and counts them', () => {
    expect(frame(Buffer.from('a,b\n\n\r\nc,d'), [])).toEqual({ rows: [['a', 'b'], ['c', 'd']], lines: [1, 4], bad: [] })
  })
})
