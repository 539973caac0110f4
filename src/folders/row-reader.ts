// Reads the cells of one row into typed values and remembers the first fault, so that a table's parser reads like its shape.
// It promises that a faulty row is refused as a whole, save for cells that are declared droppable.
import { containsCardNumber, emptyLists, normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import type {
  IdentifierLists, IdentifierRefusal, NormalisedIdentifier, RawIdentifier,
} from '../../scoring/identifiers/index.ts'
import { parseAmount } from './amounts.ts'
import type { Header, Row } from './read-rows.ts'
import type { RefusalReason } from './refusals.ts'
import { parseTime } from './times.ts'

export interface Fault {
  readonly column: string
  readonly reason: RefusalReason
}

export interface TimeStatistics {
  /** Latest time read from any row. */
  latest: number
  /** Rows per offset from UTC as written, in minutes. */
  readonly zones: Map<number, number>
}


export class RowReader {
  /** Why the row is refused. */
  fault: Fault | null = null
  /** Optional cells that were left out, the row being kept. */
  dropped: Fault[] = []
  private readonly header: Header
  private readonly asOf: number
  private readonly times: TimeStatistics
  private readonly lists: IdentifierLists
  private cells: readonly string[] = []
  private latest = 0
  private zones: number[] = []

  constructor(options: { header: Header; asOf: number; times: TimeStatistics; lists?: IdentifierLists | undefined }) {
    this.header = options.header
    this.asOf = options.asOf
    this.times = options.times
    this.lists = options.lists ?? emptyLists
  }

  open(row: Row): void {
    this.cells = row.cells
    this.fault = null
    this.dropped = []
    this.latest = 0
    this.zones = []
  }

  /** Called once a row is accepted: times of refused rows must not move "now". */
  accept(): void {
    if (this.latest > this.times.latest) this.times.latest = this.latest
    for (const zone of this.zones) this.times.zones.set(zone, (this.times.zones.get(zone) ?? 0) + 1)
  }

  refuse(column: string, reason: RefusalReason): void {
    this.fault ??= { column, reason }
  }

  /** The cell without surrounding space; empty where the file has no such column. */
  raw(column: string): string {
    const position = this.header.positions.get(column)
    return position === undefined ? '' : (this.cells[position] ?? '').trim()
  }

  optionalText(column: string, charactersMax = 200): string | null {
    const text = this.raw(column)
    if (text === '') return null
    if (text.length > charactersMax) this.refuse(column, 'value_too_long')
    if (hasControlCharacter(text)) this.refuse(column, 'control_character')
    return text
  }

  text(column: string, charactersMax = 200): string {
    const text = this.optionalText(column, charactersMax)
    if (text === null) this.refuse(column, 'missing_value')
    return text ?? ''
  }

  /** Text that must not hold a card number: everything that may name or show a means of payment. */
  optionalCardless(column: string, charactersMax = 200): string | null {
    const text = this.optionalText(column, charactersMax)
    if (text !== null && containsCardNumber(text, 'numeric_ids')) this.refuse(column, 'raw_card_number')
    return text
  }

  /** A mask for people; one that gives the value away is left out, and reported. */
  optionalMask(column: string, value: string): string | null {
    const mask = this.optionalCardless(column, 100)
    if (mask === null || !mask.toLowerCase().includes(value.toLowerCase())) return mask
    this.dropped.push({ column, reason: 'display_shows_value' })
    return null
  }

  optionalTime(column: string): number | null {
    const text = this.raw(column)
    if (text === '') return null
    const time = parseTime(text)
    if (!time.ok) {
      this.refuse(column, time.reason)
      return null
    }
    if (time.seconds > this.asOf) this.refuse(column, 'time_after_as_of')
    if (time.seconds > this.latest) this.latest = time.seconds
    if (time.zoneMinutes !== null) this.zones.push(time.zoneMinutes)
    return time.seconds
  }

  time(column: string): number {
    if (this.raw(column) === '') this.refuse(column, 'missing_value')
    return this.optionalTime(column) ?? 0
  }

  asset(column: string): string {
    const code = this.raw(column).toUpperCase()
    if (code === '') this.refuse(column, 'missing_value')
    else if (!/^[A-Z]{3}$/.test(code)) this.refuse(column, 'bad_currency')
    return code
  }

  amount(column: string, asset: string): bigint {
    const text = this.raw(column)
    if (text === '') {
      this.refuse(column, 'missing_value')
      return 0n
    }
    const amount = parseAmount(text, asset)
    if (amount.ok) return amount.units
    this.refuse(column, amount.reason)
    return 0n
  }

  optionalWord<const Word extends string>(column: string, allowed: readonly Word[]): Word | null {
    const text = this.raw(column).toLowerCase()
    if (text === '') return null
    const word = allowed.find((candidate) => candidate === text)
    if (word === undefined) this.refuse(column, 'unknown_word')
    return word ?? null
  }

  word<const Word extends string>(column: string, allowed: readonly [Word, ...Word[]]): Word {
    if (this.raw(column) === '') this.refuse(column, 'missing_value')
    return this.optionalWord(column, allowed) ?? allowed[0]
  }

  optionalCount(column: string): number | null {
    const text = this.raw(column)
    if (text === '') return null
    if (!/^[1-9]\d{0,5}$/.test(text)) this.refuse(column, 'bad_count')
    return Number(text)
  }

  flag(column: string): boolean {
    const text = this.raw(column)
    if (text === '') this.refuse(column, 'missing_value')
    else if (text !== '0' && text !== '1') this.refuse(column, 'unknown_word')
    return text === '1'
  }

  /** What one raw value says of its account; a value that may not be kept refuses the row under this column. */
  identifiers(column: string, raw: RawIdentifier | null): readonly NormalisedIdentifier[] {
    if (raw === null || raw.value === '') return []
    const result = normaliseIdentifier(raw, this.lists)
    if (result.ok) return result.identifiers
    this.refuse(column, refusalOf[result.reason])
    return []
  }

  /** The same for a cell that the row can do without: only the cell is left out, and reported. */
  droppableIdentifiers(column: string, raw: RawIdentifier | null): readonly NormalisedIdentifier[] {
    if (raw === null) return []
    const result = normaliseIdentifier(raw, this.lists)
    if (result.ok) return result.identifiers
    this.dropped.push({ column, reason: refusalOf[result.reason] })
    return []
  }

  /** A JSON object of plain values, all as text; at most 4,096 characters and 40 entries. */
  attributes(column: string): Readonly<Record<string, string>> | null {
    const text = this.raw(column)
    if (text === '') return null
    if (text.length > 4096) {
      this.refuse(column, 'value_too_long')
      return null
    }
    const attributes = plainObject(text)
    if (attributes === null) this.refuse(column, 'bad_json')
    else if (Object.values(attributes).some((value) => containsCardNumber(value, 'numeric_ids'))) this.refuse(column, 'raw_card_number')
    return attributes
  }
}

const refusalOf = {
  bad_kind: 'bad_kind',
  empty_value: 'missing_value',
  value_too_long: 'value_too_long',
  control_character: 'control_character',
  raw_card_number: 'raw_card_number',
  not_an_address: 'not_an_address',
  not_an_email: 'not_an_email',
  not_a_phone_number: 'not_a_phone_number',
  not_a_host: 'not_a_host',
} as const satisfies Record<IdentifierRefusal, RefusalReason>

function plainObject(text: string): Record<string, string> | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null
  const entries = Object.entries(parsed)
  if (entries.length > 40) return null
  const plain: [string, string][] = []
  for (const [key, value] of entries) {
    if (value === null) continue
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null
    const shown = String(value)
    if (!/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(key) || shown.length > 500 || hasControlCharacter(shown)) return null
    plain.push([key, shown])
  }
  return Object.fromEntries(plain)
}

/** C0 and C1 controls and line separators: never part of a name, and trouble in logs and terminals. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029) return true
  }
  return false
}
