// Calendar time in zones: days, months and years begin where the wall clocks of the zone say so, also on days of changed clocks.

import { describe, expect, test } from 'vitest'
import { calendarPeriod, formatInZone, instantOf, localTime, yearsLater } from '../../src/policies/index.ts'

const PERIODS: readonly [string, string, 'day' | 'month' | 'year', string, string, string][] = [
  ['a day of UTC', 'UTC', 'day', '2026-06-01T12:00:00Z', '2026-06-01T00:00:00Z', '2026-06-02T00:00:00Z'],
  ['a day of UTC+8 begins sixteen hours before the date in UTC', 'Asia/Shanghai', 'day', '2026-05-14T16:00:00Z', '2026-05-14T16:00:00Z', '2026-05-15T16:00:00Z'],
  ['the millisecond before belongs to the day before', 'Asia/Shanghai', 'day', '2026-05-14T15:59:59.999Z', '2026-05-13T16:00:00Z', '2026-05-14T16:00:00Z'],
  ['a day on which clocks are put forward has 23 hours', 'America/New_York', 'day', '2026-03-08T12:00:00Z', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'],
  ['a day on which clocks are put back has 25 hours', 'America/New_York', 'day', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['a month over a change of clocks', 'Europe/Berlin', 'month', '2026-03-31T12:00:00Z', '2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z'],
  ['a month at the end of a year', 'Asia/Shanghai', 'month', '2026-12-31T15:59:59.999Z', '2026-11-30T16:00:00Z', '2026-12-31T16:00:00Z'],
  ['a year', 'Europe/Berlin', 'year', '2026-07-01T00:00:00Z', '2025-12-31T23:00:00Z', '2026-12-31T23:00:00Z'],
  ['a day that begins at one, because midnight was left out', 'Africa/Cairo', 'day', '2026-04-24T10:00:00Z', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
  ['a day whose first hour is shown twice begins the first time', 'America/Havana', 'day', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['a half-hour zone', 'Asia/Kolkata', 'day', '2026-06-01T18:30:00Z', '2026-06-01T18:30:00Z', '2026-06-02T18:30:00Z'],
]
describe('a period of the calendar', () => {
  for (const [what, zone, period, at, from, until] of PERIODS) {
    test(`is known to the millisecond: ${what}`, () => {
      expect(calendarPeriod(zone, period, new Date(at))).toEqual({ from: new Date(from), until: new Date(until) })
    })
  }

  test('follows the one before it without a gap, for every day of a year with changes of clocks', () => {
    for (const zone of ['Europe/Berlin', 'America/Havana', 'Africa/Cairo', 'Australia/Lord_Howe']) {
      let { from, until } = calendarPeriod(zone, 'day', new Date('2026-01-01T00:00:00Z'))
      for (let day = 0; day < 370; day++) {
        const next = calendarPeriod(zone, 'day', until)
        expect(next.from).toEqual(until)
        expect(calendarPeriod(zone, 'day', new Date(until.getTime() - 1)).from).toEqual(from)
        ;({ from, until } = next)
      }
    }
  })
})

describe('a calendar year later', () => {
  const YEARS: readonly [string, string, string, string][] = [
    ['is the same time on the wall, though a leap day lies between', 'UTC', '2027-06-01T08:00:00Z', '2028-06-01T08:00:00Z'],
    ['after the 29th of February is the 28th', 'UTC', '2028-02-29T08:00:00Z', '2029-02-28T08:00:00Z'],
    ['keeps the wall clock where summer time began meanwhile', 'America/New_York', '2026-03-08T06:30:00Z', '2027-03-08T06:30:00Z'],
    ['keeps the wall clock where summer time starts on another day', 'America/New_York', '2026-03-10T12:00:00Z', '2027-03-10T13:00:00Z'],
    ['keeps the milliseconds', 'Asia/Shanghai', '2026-05-14T15:59:59.999Z', '2027-05-14T15:59:59.999Z'],
  ]
  for (const [what, zone, at, later] of YEARS) {
    test(what, () => expect(yearsLater(zone, new Date(at), 1)).toEqual(new Date(later)))
  }
})

test('a time that the clocks leave out is as much later as they were put forward; one shown twice is the first', () => {
  expect(instantOf('Europe/Berlin', { year: 2026, month: 3, day: 29, millisecondOfDay: 2.5 * 3_600_000 })).toEqual(new Date('2026-03-29T01:30:00Z'))
  expect(instantOf('Europe/Berlin', { year: 2026, month: 10, day: 25, millisecondOfDay: 2.5 * 3_600_000 })).toEqual(new Date('2026-10-25T00:30:00Z'))
})

test('a time is shown in the zone with its offset, and read back from its parts', () => {
  const at = new Date('2026-05-14T16:00:00Z')
  expect(formatInZone('Asia/Shanghai', at)).toBe('2026-05-15 00:00:00 +08:00')
  expect(formatInZone('America/New_York', at)).toBe('2026-05-14 12:00:00 -04:00')
  expect(instantOf('Asia/Kolkata', localTime('Asia/Kolkata', at))).toEqual(at)
})
