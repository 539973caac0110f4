// The idle clock: calendar years in the programme's zone since the newest client, and the notices ahead of the suspension.
// Promises: pure; whole days of the zone, so that a notice can name the date, also across leap years and changed clocks.

import { calendarPeriod, instantOf, localTime, type ProgramRules, yearsLater } from '../../policies/index.ts'

/** From when on a member is suspended whose newest client came then: the day after so many years, at its first instant in the programme's zone. */
export function suspensionAfter({ zone, enrolment }: Pick<ProgramRules, 'zone' | 'enrolment'>, clientAt: Date): Date {
  if (enrolment.idle === null) throw new Error('This programme suspends nobody for idleness.')
  // The 29th of February ends with the 28th where there is none, so that the suspension begins on the first of March in either reading.
  return calendarPeriod(zone, 'day', yearsLater(zone, clientAt, enrolment.idle.years)).until
}

/** The same time of day in the zone, so many calendar days on; before, where the number is below zero. */
export function daysLater(zone: string, at: Date, days: number): Date {
  const local = localTime(zone, at)
  return instantOf(zone, { ...local, day: local.day + days })
}

/** The first instant of the day after the one that lies so many calendar days on: nobody loses hours of a day. */
export function dayAfter(zone: string, at: Date, days: number): Date {
  return calendarPeriod(zone, 'day', daysLater(zone, at, days)).until
}

export interface IdleFacts {
  readonly now: Date
  readonly newestClientAt: Date
  /** When the member became active by a new client or by staff last; null without such a change. */
  readonly activeSince: Date | null
  /** The newest change of enrolment, whatever it was. */
  readonly changedAt: Date | null
  /** When notices of a suspension at that time were given, by their days. */
  noticesOf(suspension: Date): ReadonlyMap<number, Date>
}

export type IdleStep =
  | { readonly kind: 'nothing' }
  /** `planned` is the suspension that the notice belongs to, `date` the day that it names. */
  | { readonly kind: 'notice'; readonly days: number; readonly planned: Date; readonly date: Date }
  | { readonly kind: 'suspend'; readonly from: Date }

/** How late a notice may be given without moving the suspension. */
const NOTICE_GRACE_MILLISECONDS = 86_400_000

/**
 * What is due for an active member. Nobody is suspended without the last notice: one that comes more than a day late, because the service
 * stood still or a client vanished by a refund, moves the suspension, so that its full days always lie between.
 */
export function idleStep(rules: Pick<ProgramRules, 'zone' | 'enrolment'>, facts: IdleFacts): IdleStep {
  const { now, activeSince, changedAt } = facts
  const days = [...(rules.enrolment.idle?.noticeDays ?? [])].sort((left, right) => left - right)
  const [last] = days
  const planned = latest(suspensionAfter(rules, facts.newestClientAt), activeSince === null ? null : dayAfter(rules.zone, activeSince, days.at(-1) ?? 0))
  if (last === undefined) return now >= planned ? { kind: 'suspend', from: latest(planned, changedAt) } : { kind: 'nothing' }
  const noticed = facts.noticesOf(planned)
  const due = days.find((each) => daysLater(rules.zone, planned, -each) <= now)
  if (due === undefined) return { kind: 'nothing' }
  if (!noticed.has(due)) return { kind: 'notice', days: due, planned, date: movedBy(rules.zone, planned, due, now) }
  const lastNoticeAt = noticed.get(last)
  if (lastNoticeAt === undefined) return { kind: 'nothing' }
  const from = latest(movedBy(rules.zone, planned, last, lastNoticeAt), changedAt)
  return now >= from ? { kind: 'suspend', from } : { kind: 'nothing' }
}

/** The day of a suspension whose notice of so many days was given at that time. */
function movedBy(zone: string, planned: Date, days: number, noticeAt: Date): Date {
  const isLate = noticeAt.getTime() > daysLater(zone, planned, -days).getTime() + NOTICE_GRACE_MILLISECONDS
  return isLate ? latest(planned, dayAfter(zone, noticeAt, days)) : planned
}

function latest(left: Date, right: Date | null): Date {
  return right === null || left > right ? left : right
}
