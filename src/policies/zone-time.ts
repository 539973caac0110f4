// Calendar time in a programme's zone: where its days, months and years begin, and what lies a calendar year on.
// Promises: exact to the millisecond, also on the days on which clocks are put forward or back.

/** What a span of the calendar may be. */
export type CalendarPeriod = 'day' | 'month' | 'year'

export interface LocalTime {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  /** Milliseconds since the local midnight, as a wall clock shows them. */
  readonly millisecondOfDay: number
}

const DAY_MILLISECONDS = 86_400_000

/** The period that a time lies in: its first instant, and the first instant of the next one. */
export function calendarPeriod(zone: string, period: CalendarPeriod, at: Date): { readonly from: Date; readonly until: Date } {
  const { year, month, day } = localTime(zone, at)
  const first = { year, month: period === 'year' ? 1 : month, day: period === 'day' ? day : 1, millisecondOfDay: 0 }
  const next = { ...first, year: period === 'year' ? year + 1 : year, month: period === 'month' ? month + 1 : first.month, day: period === 'day' ? day + 1 : 1 }
  return { from: instantOf(zone, first), until: instantOf(zone, next) }
}

/** The same wall-clock time so many calendar years later; the 29th of February becomes the 28th where there is none. */
export function yearsLater(zone: string, at: Date, years: number): Date {
  const local = localTime(zone, at)
  const year = local.year + years
  const daysInMonth = new Date(Date.UTC(year, local.month, 0)).getUTCDate()
  return instantOf(zone, { ...local, year, day: Math.min(local.day, daysInMonth) })
}

/** What a wall clock in the zone shows. */
export function localTime(zone: string, at: Date): LocalTime {
  const wall = wallMilliseconds(zone, at.getTime())
  const shown = new Date(wall)
  return { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate(), millisecondOfDay: wall - Math.floor(wall / DAY_MILLISECONDS) * DAY_MILLISECONDS }
}

/**
 * The instant at which the zone's clocks show a time; days and months beyond the end of theirs run on into the next.
 * A time that is shown twice is meant the first time; one that is left out, by as much later as the clocks were put forward.
 */
export function instantOf(zone: string, { year, month, day, millisecondOfDay }: LocalTime): Date {
  const wall = Date.UTC(year, month - 1, day) + millisecondOfDay
  // Clocks change at most once within two days, so that one of these offsets is the one in force.
  const before = wallMilliseconds(zone, wall - DAY_MILLISECONDS) - (wall - DAY_MILLISECONDS)
  const after = wallMilliseconds(zone, wall + DAY_MILLISECONDS) - (wall + DAY_MILLISECONDS)
  const shown = [wall - before, wall - after].filter((instant) => wallMilliseconds(zone, instant) === wall)
  return new Date(shown.length === 0 ? wall - before : Math.min(...shown))
}

/** A time as a person of the zone writes it, with its offset: `2026-05-15 00:00:00 +08:00`. */
export function formatInZone(zone: string, at: Date): string {
  const wall = wallMilliseconds(zone, at.getTime())
  const minutes = Math.round((wall - at.getTime()) / 60_000)
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => part.toString().padStart(2, '0'))
  return `${new Date(wall).toISOString().slice(0, 19).replace('T', ' ')} ${minutes < 0 ? '-' : '+'}${hours}:${rest}`
}

/** A time that says its offset, such as 2026-05-15T00:00:00+08:00; null for anything else: a time without one could be meant in any zone. */
export function timeWithOffset(text: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null
  const milliseconds = Date.parse(text)
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The wall clock's reading as if it were one of UTC. */
function wallMilliseconds(zone: string, instant: number): number {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, calendar: 'gregory', hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    })
    formats.set(zone, format)
  }
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
  const wall = new Date(0)
  wall.setUTCFullYear(parts.get('era') === 'BC' ? 1 - part('year') : part('year'), part('month') - 1, part('day'))
  wall.setUTCHours(part('hour'), part('minute'), part('second'))
  const milliseconds = instant - Math.floor(instant / 1000) * 1000
  return wall.getTime() + milliseconds
}
