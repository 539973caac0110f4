// Writes a world as an export folder of CSV files.
// The same world gives the same bytes; a file without rows is left out, but for those that carry the labels.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './world.ts'

const files = {
  accounts: ['account_id', 'created_at', 'email', 'phone', 'status', 'invite_code', 'org_id', 'country'],
  referrals: ['inviter_id', 'invitee_id', 'created_at', 'channel'],
  observations: ['account_id', 'kind', 'value', 'observed_at', 'context', 'user_agent'],
  transactions: [
    'transaction_id', 'account_id', 'type', 'amount', 'currency', 'occurred_at', 'payment_instrument',
    'refunds', 'funded_by', 'item',
  ],
  rebates: [
    'rebate_id', 'inviter_id', 'invitee_id', 'amount', 'currency', 'occurred_at', 'status', 'transaction_id',
  ],
  clicks: ['click_id', 'invite_code', 'clicked_at', 'account_id'],
  payouts: ['payout_id', 'account_id', 'amount', 'currency', 'occurred_at', 'destination'],
  labels: ['account_id', 'is_abuser', 'cluster', 'source'],
  referral_labels: ['inviter_id', 'invitee_id', 'is_self_invite', 'stratum'],
} as const

type FileName = keyof typeof files
const timeColumns = new Set(['created_at', 'observed_at', 'occurred_at', 'clicked_at'])
const flushLength = 1 << 20

/** Writes the files of `world` into `directory`, which is made if it is not there. Returns their names. */
export function writeWorld(world: World, directory: string): string[] {
  mkdirSync(directory, { recursive: true })
  const written: string[] = []
  for (const name of Object.keys(files) as FileName[]) {
    const rows: readonly object[] = world[name]
    if (rows.length === 0) continue
    const absent = world.absentColumns[name] ?? []
    const columns = files[name].filter((column) => !absent.includes(column))
    const path = join(directory, `${name}.csv`)
    writeRows(path, columns, rows, world.zoneMinutes)
    written.push(`${name}.csv`)
  }
  return written
}

function writeRows(path: string, columns: readonly string[], rows: readonly object[], zoneMinutes: number): void {
  writeFileSync(path, `${columns.join(',')}\n`)
  let text = ''
  for (const row of rows) {
    const values = new Map<string, unknown>(Object.entries(row))
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] ?? ''
      text += (index > 0 ? ',' : '') + cell(column, values.get(column), zoneMinutes)
    }
    text += '\n'
    if (text.length > flushLength) {
      writeFileSync(path, text, { flag: 'a' })
      text = ''
    }
  }
  writeFileSync(path, text, { flag: 'a' })
}

function cell(column: string, value: unknown, zoneMinutes: number): string {
  if (typeof value === 'number') {
    if (timeColumns.has(column)) return isoTime(value, zoneMinutes)
    return column === 'amount' ? value.toFixed(2) : String(value)
  }
  const text = typeof value === 'string' ? value : ''
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** ISO 8601 with the zone of the platform; days to date after Hinnant's civil_from_days (2013). */
function isoTime(seconds: number, zoneMinutes: number): string {
  const local = seconds + zoneMinutes * 60
  const days = Math.floor(local / 86_400)
  const rest = local - days * 86_400
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const sign = zoneMinutes < 0 ? '-' : '+'
  const offset = Math.abs(zoneMinutes)
  return `${year}-${two(month)}-${two(day)}T${two(Math.floor(rest / 3600))}:${two(Math.floor((rest % 3600) / 60))}:${two(rest % 60)}`
    + `${sign}${two(Math.floor(offset / 60))}:${two(offset % 60)}`
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
