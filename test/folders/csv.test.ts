// Goal: no text of a folder can act as a formula in a spreadsheet, and a CSV parser reads back what was written.
// Method: properties over text made of the characters that matter.
import fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { csvLine, disarm } from '../../src/folders/csv.ts'

const text = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', '\0', '1', 'a', '|', '%', '='), maxLength: 10 })

describe('cells of text', () => {
  it('never begin with what a spreadsheet takes for a formula', () => {
    fc.assert(fc.property(fc.array(text, { minLength: 2, maxLength: 5 }), (cells) => {
      const rows = parse(csvLine(cells), { record_delimiter: '\n' })
      expect(rows).toHaveLength(1)
      for (const cell of rows[0] ?? []) expect(cell).not.toMatch(/^[=+\-@\t\r\n\0|%=]/)
    }), { numRuns: 500 })
  })

  it('are read back as written, apart from the apostrophe', () => {
    fc.assert(fc.property(fc.array(text, { minLength: 2, maxLength: 5 }), (cells) => {
      expect(parse(csvLine(cells), { record_delimiter: '\n' })).toEqual([cells.map(disarm)])
    }), { numRuns: 500 })
  })

  it('leaves numbers alone, negative ones too', () => {
    expect(csvLine([-3.25, 0.5, 12n, Number.NaN, 'plain'])).toBe('-3.25,0.5,12,,plain\n')
  })
})
