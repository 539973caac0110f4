// A table as text, page by page: CSV after RFC 4180 or JSON. What a column holds is known by its type, so that a spreadsheet meets no
// formula in text and no apostrophe in a number: only text is disarmed, and a negative amount stays a number.

import { disarm } from '../base/csv.ts'

export const EXPORT_FORMATS = ['csv', 'ndjson', 'json'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
export const EXPORT_LANGUAGES = ['en', 'zh-CN'] as const
export type ExportLanguage = (typeof EXPORT_LANGUAGES)[number]

/** What a cell may be; null is an empty cell. An amount is a decimal string in units. */
export type Cell = string | number | Date | null

export interface Column<Row> {
  /** The key in JSON and the header in English. */
  readonly name: string
  /** The header in Chinese. */
  readonly chinese: string
  readonly type: 'text' | 'number' | 'amount' | 'time'
  readonly value: (row: Row) => Cell
}

export interface WriteOptions {
  readonly format: ExportFormat
  readonly language: ExportLanguage
  /** A byte order mark, by which some spreadsheets know UTF-8; CSV only. */
  readonly byteOrderMark: boolean
}

export const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson; charset=utf-8', json: 'application/json; charset=utf-8',
}

/** One piece of text per page, the head with the first: nothing is written before the first page was read. */
export async function* writeTable<Row>(columns: readonly Column<Row>[], pages: AsyncIterable<readonly Row[]>, options: WriteOptions): AsyncGenerator<string, void, void> {
  const { format } = options
  let before = format === 'csv' ? csvHead(columns, options) : format === 'json' ? '[\n' : ''
  let isEmpty = true
  for await (const page of pages) {
    yield before + page.map((row) => (format === 'csv' ? csvRow(columns, row) : jsonRow(columns, row))).join(format === 'json' ? ',\n' : format === 'ndjson' ? '\n' : '')
    before = format === 'json' ? ',\n' : format === 'ndjson' ? '\n' : ''
    isEmpty = false
  }
  if (isEmpty) yield format === 'json' ? '[]\n' : before
  else if (format !== 'csv') yield format === 'json' ? '\n]\n' : '\n'
}

function csvHead<Row>(columns: readonly Column<Row>[], { language, byteOrderMark }: WriteOptions): string {
  return `${byteOrderMark ? '\uFEFF' : ''}${columns.map(({ name, chinese }) => quoted(language === 'en' ? name : chinese)).join(',')}\r\n`
}

function csvRow<Row>(columns: readonly Column<Row>[], row: Row): string {
  return `${columns.map(({ type, value }) => csvCell(type, value(row))).join(',')}\r\n`
}

const NUMBER = /^-?\d+(\.\d+)?$/

function csvCell(type: Column<unknown>['type'], cell: Cell): string {
  if (cell === null) return ''
  if (cell instanceof Date) return cell.toISOString()
  if (type !== 'text') {
    // What is no number must not pass for one.
    if (!NUMBER.test(String(cell))) throw new Error('A column of numbers holds something else.')
    return String(cell)
  }
  return quoted(disarm(String(cell)))
}

function quoted(text: string): string {
  return /[",\r\n;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Amounts stay strings, because a reader's floating point would round them. */
function jsonRow<Row>(columns: readonly Column<Row>[], row: Row): string {
  return JSON.stringify(Object.fromEntries(columns.map(({ name, value }) => [name, value(row)])))
}

/** Smallest units as a decimal in units, from and to text, because exports write millions of them. */
export function unitsText(smallest: string | null, exponent: number): string | null {
  if (smallest === null || smallest === '0' || exponent === 0) return smallest
  const sign = smallest.startsWith('-') ? '-' : ''
  const digits = smallest.slice(sign.length).padStart(exponent + 1, '0')
  const fraction = digits.slice(-exponent)
  let end = fraction.length
  while (end > 0 && fraction[end - 1] === '0') end -= 1
  const whole = digits.slice(0, -exponent)
  return end === 0 ? sign + whole : `${sign}${whole}.${fraction.slice(0, end)}`
}
