// Writes CSV after RFC 4180 that is safe to open in a spreadsheet: text that would be taken for a formula gets an apostrophe
// in front (OWASP ASVS 5.0, 1.2.10). Numbers of our own making are written as they are.

export type CsvCell = string | number | bigint

export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\n`
}

export function csvCell(cell: CsvCell): string {
  if (typeof cell === 'bigint') return cell.toString()
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  const text = disarm(cell)
  return /[",\r\n;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Spreadsheets read cells that begin with these as formulas; full-width forms are folded to them by some. */
export function disarm(text: string): string {
  return /^[=+\-@\t\r\n\0|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text
}
