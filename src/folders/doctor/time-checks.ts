// Checks of time: zones, orders that cannot be, whole days in place of times, and months without rows.
import type { Population } from '../../../scoring/population.ts'
import type { FolderContents } from '../read-folder.ts'
import { formatTime } from '../times.ts'
import { percent } from './finding.ts'
import type { Finding } from './finding.ts'

/** Clocks of two systems may differ by this much without meaning anything. */
const skewSeconds = 300

/** `now`: seconds since 1970, where the check-up may depend on the hour. */
export function checkTimes(contents: FolderContents, now: number | null): Finding[] {
  return [
    ...checkZones(contents), ...checkWholeDays(contents.population), ...checkReferralOrder(contents.population),
    ...checkTransactionOrder(contents.population), ...checkMonths(contents), ...checkFuture(contents, now),
  ]
}

function checkZones({ summary }: FolderContents): Finding[] {
  const zones = [...summary.times.zones.keys()].sort((left, right) => left - right)
  // Two offsets an hour apart are summer and winter of one place.
  if (zones.length < 2 || (zones.length === 2 && (zones[1] ?? 0) - (zones[0] ?? 0) === 60)) return []
  const shown = zones.map((minutes) => offsetText(minutes)).join(', ')
  return [{ code: 'many_zones', severity: 'note', facts: { count: zones.length, offsets: shown } }]
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes)
  const sign = minutes < 0 ? '-' : '+'
  return `${sign}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
}

function checkWholeDays({ accounts }: Population): Finding[] {
  const share = accounts.createdAt.filter((at) => at % 86_400 === 0).length / accounts.count
  return share < 0.2 ? [] : [{ code: 'whole_days', severity: 'warning', facts: { share: percent(share) } }]
}

function checkReferralOrder({ accounts, referrals }: Population): Finding[] {
  if (referrals.count === 0) return []
  let early = 0
  const shifts = new Map<number, number>()
  for (let referral = 0; referral < referrals.count; referral += 1) {
    const gap = (referrals.at[referral] ?? Number.NaN) - (accounts.createdAt[referrals.invitee[referral] ?? 0] ?? Number.NaN)
    if (gap < -skewSeconds) early += 1
    const hours = Math.round(gap / 3600)
    if (hours !== 0 && Math.abs(hours) <= 14 && Math.abs(gap - hours * 3600) <= 2) {
      shifts.set(hours, (shifts.get(hours) ?? 0) + 1)
    }
  }
  const findings: Finding[] = []
  const earlyShare = early / referrals.count
  if (early > 0 && earlyShare >= 0.001) {
    const severity = earlyShare >= 0.2 ? 'error' : 'warning'
    findings.push({ code: 'referral_before_signup', severity, facts: { count: early, share: percent(earlyShare) } })
  }
  const [hours, count] = [...shifts].sort((left, right) => right[1] - left[1] || left[0] - right[0])[0] ?? [0, 0]
  if (count / referrals.count >= 0.2) {
    findings.push({ code: 'zone_shift', severity: 'error', facts: { hours, share: percent(count / referrals.count) } })
  }
  return findings
}

function checkTransactionOrder({ accounts, transactions }: Population): Finding[] {
  let early = 0
  for (let row = 0; row < transactions.count; row += 1) {
    const created = accounts.createdAt[transactions.account[row] ?? 0] ?? Number.NaN
    if ((transactions.at[row] ?? Number.NaN) < created - skewSeconds) early += 1
  }
  const share = early / Math.max(1, transactions.count)
  if (early === 0 || share < 0.001) return []
  return [{
    code: 'events_before_signup', severity: share >= 0.2 ? 'error' : 'warning', facts: { count: early, share: percent(share) },
  }]
}

export interface MonthCoverage {
  readonly month: string
  readonly accounts: number
  readonly referrals: number
  readonly transactions: number
  readonly observations: number
}

/** Rows per calendar month (UTC) from the first to the last, empty months included. */
export function coverageByMonth({ accounts, referrals, transactions, observations }: Population): MonthCoverage[] {
  const columns = [accounts.createdAt, referrals.at, transactions.at, observations.at].map(countMonths)
  const months = columns.flatMap((column) => [...column.keys()])
  if (months.length === 0) return []
  const first = months.reduce((least, month) => Math.min(least, month))
  const last = months.reduce((most, month) => Math.max(most, month))
  return Array.from({ length: last - first + 1 }, (_, offset) => {
    const [ofAccounts = 0, ofReferrals = 0, ofTransactions = 0, ofObservations = 0] =
      columns.map((column) => column.get(first + offset) ?? 0)
    return {
      month: monthText(first + offset),
      accounts: ofAccounts, referrals: ofReferrals, transactions: ofTransactions, observations: ofObservations,
    }
  })
}

/** By months since the year 0. */
function countMonths(times: Float64Array): Map<number, number> {
  const ofDay = new Map<number, number>()
  for (const time of times) {
    if (Number.isNaN(time)) continue
    const day = Math.floor(time / 86_400)
    ofDay.set(day, (ofDay.get(day) ?? 0) + 1)
  }
  const counts = new Map<number, number>()
  for (const [day, rows] of ofDay) {
    const [year = '', month = ''] = formatTime(day * 86_400).split('-')
    const key = Number(year) * 12 + Number(month) - 1
    counts.set(key, (counts.get(key) ?? 0) + rows)
  }
  return counts
}

function monthText(month: number): string {
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`
}

/** Months inside the range of a file with under a tenth of its median month; the first and last are rarely whole. */
function checkMonths({ population }: FolderContents): Finding[] {
  const months = coverageByMonth(population)
  const files = ['accounts', 'referrals', 'transactions', 'observations'] as const
  const findings: Finding[] = []
  for (const file of files) {
    const used = months.flatMap((month, index) => (month[file] > 0 ? [index] : []))
    const inner = months.slice((used[0] ?? 0) + 1, used.at(-1) ?? 0)
    if (inner.length < 3) continue
    const sorted = inner.map((month) => month[file]).sort((left, right) => left - right)
    const median = sorted[sorted.length >> 1] ?? 0
    const quiet = inner.filter((month) => month[file] * 10 < median).map((month) => month.month)
    if (quiet.length === 0 || median < 10) continue
    const shown = quiet.length > 6 ? `${quiet.slice(0, 6).join(', ')} …` : quiet.join(', ')
    findings.push({ code: 'quiet_months', severity: 'warning', facts: { file, months: shown } })
  }
  return findings
}

function checkFuture({ summary }: FolderContents, now: number | null): Finding[] {
  if (now === null || summary.times.latest <= now + skewSeconds) return []
  return [{ code: 'time_in_future', severity: 'error', facts: { latest: formatTime(summary.times.latest) } }]
}
