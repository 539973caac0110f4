// Times as the contract allows them, ISO 8601 with a zone or seconds since 1970, to seconds; a time without zone is refused.
import type { RefusalReason } from './refusals.ts'

export type ParsedTime =
  | { ok: true; seconds: number; /** Offset as written in minutes east; null for epoch seconds. */ zoneMinutes: number | null }
  | { ok: false; reason: RefusalReason }

const earliestSeconds = Date.UTC(1990, 0, 1) / 1000
const latestSeconds = Date.UTC(2200, 0, 1) / 1000

const iso =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d\d(?::?\d\d)?)?$/

export function parseTime(text: string): ParsedTime {
  if (/^-?\d{1,16}(?:\.\d{1,9})?$/.test(text)) return within(Number(text), null)
  const match = iso.exec(text)
  if (match === null) {
    return { ok: false, reason: /^\d{4}-\d\d-\d\d$/.test(text) ? 'time_without_zone' : 'time_invalid' }
  }
  const zone = match[8]
  if (zone === undefined) return { ok: false, reason: 'time_without_zone' }
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((group) => Number(match[group]))
  return fromParts({
    year: year ?? 0, month: month ?? 0, day: day ?? 0, hour: hour ?? 0, minute: minute ?? 0,
    second: Number(match[6] ?? '0') + Number(`0.${match[7] ?? '0'}`),
    zoneMinutes: zoneMinutesOf(zone),
  })
}

interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly zoneMinutes: number
}

function fromParts(parts: Parts): ParsedTime {
  const { year, month, day, hour, minute, second, zoneMinutes } = parts
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
    && hour <= 23 && minute <= 59 && second < 61 && Math.abs(zoneMinutes) <= 18 * 60
  if (!exists) return { ok: false, reason: 'time_invalid' }
  const midnight = Date.UTC(year, month - 1, day) / 1000
  return within(midnight + hour * 3600 + (minute - zoneMinutes) * 60 + second, zoneMinutes)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function within(seconds: number, zoneMinutes: number | null): ParsedTime {
  if (!(seconds >= earliestSeconds && seconds < latestSeconds)) return { ok: false, reason: 'time_out_of_range' }
  return { ok: true, seconds, zoneMinutes }
}

function zoneMinutesOf(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return zone.startsWith('-') ? -minutes : minutes
}

/** `2026-11-20T21:44:02Z`; fractions only where there are any. */
export function formatTime(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString().replace('.000Z', 'Z')
}
