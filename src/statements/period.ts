// A period of the books: from an instant, inclusive, until another, exclusive; given as times, or as days or a month of the programme's zone.

import type { Transaction } from '../base/database.ts'
import { instantOf, programVersionAt } from '../policies/index.ts'

export interface Period {
  readonly startsAt: Date
  readonly endsAt: Date
}

/** `month`, or both `from` and `until`: a time with its offset, or a day, which means its first instant in the zone. */
export interface PeriodInput {
  /** `2026-05`. */
  readonly month?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}

export type PeriodRefusal = 'period_missing' | 'not_a_time' | 'ends_before_it_starts'
export type PeriodResult = { readonly ok: true; readonly period: Period } | { readonly ok: false; readonly reason: PeriodRefusal }

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/
const DAY = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/

export function periodOf(zone: string, { month, from, until }: PeriodInput): PeriodResult {
  if (month !== undefined) {
    const [, year, number] = MONTH.exec(month) ?? []
    if (year === undefined || from !== undefined || until !== undefined) return { ok: false, reason: 'not_a_time' }
    const first = { year: Number(year), month: Number(number), day: 1, millisecondOfDay: 0 }
    return { ok: true, period: { startsAt: instantOf(zone, first), endsAt: instantOf(zone, { ...first, month: first.month + 1 }) } }
  }
  if (from === undefined || until === undefined) return { ok: false, reason: 'period_missing' }
  const [startsAt, endsAt] = [timeOf(zone, from), timeOf(zone, until)]
  if (startsAt === null || endsAt === null) return { ok: false, reason: 'not_a_time' }
  return startsAt < endsAt ? { ok: true, period: { startsAt, endsAt } } : { ok: false, reason: 'ends_before_it_starts' }
}

/** The zone of the programme's rules at a time; UTC for the whole platform and before the first version. */
export async function zoneOf(reader: Transaction, programId: bigint | null, at: Date): Promise<string> {
  const version = programId === null ? null : await programVersionAt(reader, programId, at)
  return version?.rules.zone ?? 'UTC'
}

function timeOf(zone: string, text: string): Date | null {
  const [, year, month, day] = DAY.exec(text) ?? []
  if (year !== undefined) {
    const [y, m, d] = [Number(year), Number(month), Number(day)]
    return d > new Date(Date.UTC(y, m, 0)).getUTCDate() ? null : instantOf(zone, { year: y, month: m, day: d, millisecondOfDay: 0 })
  }
  const time = TIME.test(text) ? new Date(text) : null
  return time === null || Number.isNaN(time.getTime()) ? null : time
}
