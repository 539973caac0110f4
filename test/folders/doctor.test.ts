// Goal: the check-up finds each fault of a folder that would mislead the results, says how grave it is, and finds none in a
// sound one.
// Method: a table of folders, one fault each, made by changing a sound one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examine } from '../../src/folders/doctor/examine.ts'
import { describeFinding } from '../../src/folders/doctor/finding.ts'
import type { Finding } from '../../src/folders/doctor/finding.ts'
import { RefusalTally } from '../../src/folders/doctor/refused.ts'
import { coverageByMonth } from '../../src/folders/doctor/time-checks.ts'
import { readFolder } from '../../src/folders/read-folder.ts'
import type { FolderContents, ReadFolderOptions } from '../../src/folders/read-folder.ts'
import { Folders, opened } from './folder-on-disk.ts'

const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

const dayOne = 1_767_225_600 // 2026-01-01T00:00:00Z
const at = (hours: number): string => String(dayOne + Math.round(hours * 3600) + 1234)

interface Tables {
  accounts: string[]
  referrals: string[]
  transactions: string[]
  observations: string[]
  rebates: string[]
}

/** Sixty accounts over two months, each with a device, a means of payment and an address of its own; every second invited. */
function soundTables(): Tables {
  const numbers = Array.from({ length: 60 }, (_, number) => number)
  return {
    accounts: ['account_id,created_at', ...numbers.map((n) => `a${n},${at(n * 24)}`)],
    referrals: ['inviter_id,invitee_id,created_at', ...numbers.filter((n) => n % 2 === 1).map((n) => `a${n - 1},a${n},${at(n * 24 + 0.02)}`)],
    transactions: ['transaction_id,account_id,type,amount,currency,occurred_at,refunds', ...numbers.map((n) => `t${n},a${n},recharge,10,USD,${at(n * 24 + 3)},`)],
    observations: ['account_id,kind,value,observed_at', ...numbers.flatMap((n) => [
      `a${n},ip,81.${n + 18}.7.${n + 1},${at(n * 24)}`, `a${n},device:install,device-${n},${at(n * 24)}`,
      `a${n},payment:fingerprint,card-${n},${at(n * 24)}`,
    ])],
    rebates: ['rebate_id,inviter_id,invitee_id,amount,currency,occurred_at', ...numbers.filter((n) => n % 2 === 1).map((n) => `r${n},a${n - 1},a${n},0.5,USD,${at(n * 24 + 4)}`)],
  }
}

async function examined(
  change: (tables: Tables) => Partial<Record<keyof Tables, string[]>> & Record<string, string[]>,
  options: ReadFolderOptions = {},
): Promise<{ findings: Finding[]; contents: FolderContents }> {
  const tables = soundTables()
  const files = Object.fromEntries(Object.entries({ ...tables, ...change(tables) }).map(([name, lines]) => [`${name}.csv`, `${lines.join('\n')}\n`]))
  const refused = new RefusalTally()
  const result = await readFolder(await opened(await folders.write(files)), { ...options, onRefusal: (refusal) => refused.add(refusal) })
  if (!result.ok) throw new Error(result.refusal.reason)
  return { findings: examine(result.contents, { refused, now: dayOne + 400 * 86_400 }), contents: result.contents }
}

/** The header, and the other lines changed. */
const lines = ([header = '', ...rest]: readonly string[], change: (line: string, index: number) => string): string[] => [header, ...rest.map(change)]
const replaced = (table: readonly string[], from: string | RegExp, to: string, every = 1): string[] =>
  lines(table, (line, index) => (index % every === 0 ? line.replace(from, to) : line))

describe('the check-up', () => {
  it('finds nothing wrong with a sound folder', async () => {
    const { findings } = await examined(() => ({}))
    expect(findings.map((finding) => `${finding.severity} ${finding.code}`)).toEqual(['note all_well', 'note coverage', 'note events_outside'])
  })

  const cases: [title: string, expected: string, change: (tables: Tables) => Record<string, string[]>][] = [
    ['no identifiers at all', 'error no_identifiers', ({ observations }) => ({ observations: observations.slice(0, 1) })],
    ['few devices', 'warning few_devices', ({ observations }) => ({ observations: observations.filter((line) => !line.includes('device') || line.startsWith('a1')) })],
    ['few means of payment', 'warning few_payments', ({ observations }) => ({ observations: observations.filter((line) => !line.includes('payment')) })],
    ['few addresses', 'warning few_addresses', ({ observations }) => ({ observations: observations.filter((line) => !line.includes(',ip,')) })],
    ['one address on every second account', 'error constant_address', ({ observations }) => ({ observations: lines(observations, (line) => (/^a\d*[02468],/.test(line) ? line.replace(/ip,[\d.]+/, 'ip,81.18.0.9') : line)) })],
    ['several addresses on a fifth of accounts each are one warning', 'warning popular_addresses',
      ({ accounts, observations }) => {
        const more = Array.from({ length: 120 }, (_, n) => `b${n},${at(n)}`)
        const seen = Array.from({ length: 120 }, (_, n) => `b${n},ip,81.18.${n < 36 ? 1 : n < 72 ? 2 : n}.9,${at(n)}`)
        return { accounts: [...accounts, ...more], observations: [...observations, ...seen] }
      }],
    ['one device on a fifth of accounts is a warning when enough have it', 'warning constant_identifier',
      ({ accounts, observations }) => {
        const more = Array.from({ length: 60 }, (_, n) => `b${n},${at(n)}`)
        return {
          accounts: [...accounts, ...more],
          observations: [...observations, ...more.map((line, n) => `b${n},device:install,${n < 24 ? 'same' : `own-${n}`},${at(n)}`)],
        }
      }],
    ['private addresses', 'warning private_addresses', ({ observations }) => ({ observations: replaced(observations, /ip,81\.\d+/, 'ip,10.0') })],
    ['masked cards', 'warning masked_cards', ({ observations }) => ({ observations: lines(observations, (line) => line.replace(/payment:fingerprint,card-(\d+)/, (_, n: string) => `payment,411111******${n.padStart(4, '0')}`)) })],
    ['devices of no named kind', 'note bare_devices', ({ observations }) => ({ observations: replaced(observations, 'device:install', 'device') })],
    ['observations without time', 'warning untimed_observations', ({ observations }) => ({ observations: replaced(observations, /,\d+$/, ',') })],
    ['several zones', 'note many_zones', ({ accounts }) => ({ accounts: [...accounts, 'z1,2026-02-01T08:00:01+08:00', 'z2,2026-02-01T00:00:01Z', 'z3,2026-02-01T00:00:01-05:00'] })],
    ['sign-ups at midnight', 'warning whole_days', ({ accounts }) => ({ accounts: lines(accounts, (line) => line.replace(/,(\d+)$/, (_, time: string) => `,${Number(time) - Number(time) % 86_400}`)) })],
    ['referrals before sign-up', 'warning referral_before_signup', ({ referrals }) => ({ referrals: lines(referrals, (line, index) => (index === 3 ? line.replace(/\d+$/, String(dayOne)) : line)) })],
    ['most referrals before sign-up', 'error referral_before_signup', ({ referrals }) => ({ referrals: replaced(referrals, /\d+$/, String(dayOne)) })],
    ['a zone mistake', 'error zone_shift', ({ referrals }) => ({ referrals: lines(referrals, (line) => line.replace(/\d+$/, (time) => String(Number(time) - 72 + 8 * 3600))) })],
    ['transactions before sign-up', 'warning events_before_signup', ({ transactions }) => ({ transactions: lines(transactions, (line, index) => (index === 50 ? line.replace(/\d+,$/, `${dayOne},`) : line)) })],
    ['no referrals', 'warning no_referrals', ({ referrals, rebates }) => ({ referrals: referrals.slice(0, 1), rebates: rebates.slice(0, 1) })],
    ['a second inviter', 'note not_payable', ({ referrals }) => ({ referrals: [...referrals, `a50,a1,${at(2000)}`] })],
    ['referrals of which some name a programme', 'warning events_without_program', ({ referrals }) => ({ referrals: ['inviter_id,invitee_id,created_at,program', ...referrals.slice(1).map((line, index) => `${line},${index > 4 ? 'one' : ''}`)] })],
    ['rows that repeat', 'warning repeated_rows', ({ accounts }) => ({ accounts: [...accounts, accounts[7] ?? ''] })],
    ['one refused row in a hundred', 'error refused_rows', ({ accounts }) => ({ accounts: [...accounts, 'x,never'] })],
    ['one refused row in thousands', 'warning refused_rows', ({ observations }) => ({ observations: [...observations, ...Array.from({ length: 300 }, () => observations[1] ?? ''), 'a1,ip,not-an-address,'] })],
    ['a cell left out', 'warning refused_cells', ({ accounts }) => ({ accounts: lines(accounts, (line) => `${line},nobody`).with(0, 'account_id,created_at,email') })],
    ['a file that cannot be read', 'error refused_file', () => ({ payouts: ['payout'] })],
    ['unknown columns', 'note unknown_columns', ({ accounts }) => ({ accounts: lines(accounts, (line) => `${line},red`).with(0, 'account_id,created_at,colour') })],
    ['unknown files', 'note unknown_files', () => ({ acounts: [''] })],
    ['a month without rows', 'warning quiet_months', ({ observations }) => ({ observations: [...observations, ...[1, 2, 4, 5, 6].flatMap((month) => Array.from({ length: 30 }, (_, n) => `a${n},ip,81.51.${month}.${n},${at(month * 31 * 24 + 700)}`))] })],
    ['times to come', 'error time_in_future', ({ accounts }) => ({ accounts: [...accounts, 'z,2100-01-01T00:00:00Z'] })],
    ['refunds of nothing', 'warning loose_refunds', ({ transactions }) => ({ transactions: [...transactions, `t99,a1,refund,1,USD,${at(900)},gone`] })],
    ['rebates of nobody', 'warning loose_rebates', ({ rebates }) => ({ rebates: [...rebates, `r99,a1,a0,1,USD,${at(900)}`] })],
    ['money in another currency', 'warning unvalued_money', ({ rebates }) => ({ rebates: [...rebates, `r99,a0,a1,1,EUR,${at(900)}`] })],
  ]

  it.each(cases)('finds %s', async (_, expected, change) => {
    const { findings } = await examined(change)
    expect(findings.map((finding) => `${finding.severity} ${finding.code}`)).toContain(expected)
    for (const finding of findings) {
      for (const language of ['en', 'zh-CN'] as const) {
        const { sentence, advice } = describeFinding(finding, language)
        expect(sentence).not.toMatch(/\{|undefined|NaN/)
        expect(advice).not.toMatch(/\{|undefined|NaN/)
      }
    }
    expect(JSON.stringify(findings)).not.toMatch(/81\.18\.0\.9|card-1|device-1/)
  })

  it('puts errors first and shows constants masked', async () => {
    const { findings } = await examined(({ observations }) => ({ observations: replaced(observations, /ip,[\d.]+/, 'ip,81.18.0.9') }))
    expect(findings[0]).toMatchObject({ code: 'constant_address', severity: 'error', facts: { mask: '81.18.•.•', share: '100 %', accounts: 60 } })
    expect(describeFinding(findings[0] ?? { code: 'all_well', severity: 'note', facts: {} }).sentence)
      .toBe('One address (81.18.•.•) is on 100 % of accounts: your own proxy?')
  })

  it('does not ask about the hour where findings must not depend on it', async () => {
    const { contents } = await examined(({ accounts }) => ({ accounts: [...accounts, 'z,2100-01-01T00:00:00Z'] }))
    const findings = examine(contents, { refused: new RefusalTally(), now: null })
    expect(findings.map((finding) => finding.code)).not.toContain('time_in_future')
  })

  it('counts rows by month, empty months included', async () => {
    const { contents } = await examined(({ accounts }) => ({ accounts: [...accounts, 'z,2026-05-01T00:00:00Z'] }))
    expect(coverageByMonth(contents.population).map(({ month, accounts }) => `${month} ${accounts}`))
      .toEqual(['2026-01 31', '2026-02 28', '2026-03 1', '2026-04 0', '2026-05 1'])
  })
})
