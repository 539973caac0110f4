// `ringfence doctor`: says what is wrong with an export folder before anyone believes results made of it.
import type { Command } from 'commander'
import { coverageByMonth } from '../folders/doctor/time-checks.ts'
import type { MonthCoverage } from '../folders/doctor/time-checks.ts'
import { examine } from '../folders/doctor/examine.ts'
import { describeFinding } from '../folders/doctor/finding.ts'
import type { Finding, Severity } from '../folders/doctor/finding.ts'
import { RefusalTally } from '../folders/doctor/refused.ts'
import { readFolder } from '../folders/read-folder.ts'
import type { FolderContents } from '../folders/read-folder.ts'
import { describeRefusal, refusalText } from '../folders/refusals.ts'
import type { Language, Refusal } from '../folders/refusals.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { currencyOption, languageOption, openedFolder, refuseUse, timeOption, wholeNumberOption } from './folder-options.ts'

interface Options {
  readonly asOf?: number
  readonly currency?: string
  readonly refusals: number
  readonly lang: Language
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('doctor')
    .description('Checks an export folder: what is missing, wrong or suspicious in it, and what to do.')
    .argument('<dir>', 'the export folder')
    .option('--as-of <time>', '"now": later rows are refused', timeOption)
    .option('--currency <code>', 'currency of the programme (default: the one of most money)', currencyOption)
    .option('--refusals <count>', 'how many refused rows to list', wholeNumberOption, 20)
    .option('--lang <language>', 'en or zh-CN', languageOption, 'en')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', `
Examples:
  ringfence doctor ./export
  ringfence doctor ./export --as-of 2026-11-01T00:00:00Z --json

Exit codes: 0 no errors (there may be warnings); 1 errors found; 2 wrong usage or a folder that cannot be read.`)
    .action((directory: string, options: Options) => doctor(directory, options, context))
}

async function doctor(directory: string, options: Options, context: CliContext): Promise<void> {
  const folder = await openedFolder(directory, context)
  if (folder === null) return
  const refused = new RefusalTally()
  const listed: Refusal[] = []
  const progress = context.progress()
  const reading = await readFolder(folder, {
    asOf: options.asOf, currency: options.currency,
    onRefusal: (refusal) => {
      refused.add(refusal)
      if (listed.length < options.refusals) listed.push(refusal)
    },
    onProgress: (done, total) => progress.update('reading', done, total),
  }).finally(() => progress.finish())
  if (!reading.ok) return refuseUse(context, describeRefusal(reading.refusal, options.lang))
  const findings = examine(reading.contents, {
    refused, now: Math.floor(context.clock.now().getTime() / 1000), language: options.lang,
  })
  const report = { contents: reading.contents, findings, listed, language: options.lang }
  context.print(options.json === true ? asJson(report) : asText(report))
  context.exit(findings.some((finding) => finding.severity === 'error') ? ExitCode.found : ExitCode.done)
}

interface DoctorReport {
  readonly contents: FolderContents
  readonly findings: readonly Finding[]
  readonly listed: readonly Refusal[]
  readonly language: Language
}

function asJson({ contents, findings, listed, language }: DoctorReport): string {
  const { summary, population } = contents
  return JSON.stringify({
    digest: summary.digest,
    accounts: population.accounts.count,
    referrals: population.referrals.count,
    files: summary.files.map(({ unknownColumns, ...counts }) => ({ ...counts, unknown_columns: unknownColumns })),
    findings: findings.map((finding) => ({ ...finding, ...describeFinding(finding, language) })),
    refusals: listed.map((refusal) => ({ ...refusal, text: refusalText(refusal.reason, language) })),
    months: coverageByMonth(population),
  }, null, 2)
}

const marks: Readonly<Record<Language, Record<Severity, string>>> = {
  en: { error: 'ERROR  ', warning: 'warning', note: 'note   ' },
  'zh-CN': { error: '错误', warning: '警告', note: '提示' },
}

function asText({ contents, findings, listed, language }: DoctorReport): string {
  const lines = contents.summary.files.map((file) =>
    `${file.file.padEnd(24)} ${count(file.accepted)} accepted, ${count(file.repeated)} repeated, ${count(file.refused)} refused`)
  lines.push('')
  for (const finding of findings) {
    const { sentence, advice } = describeFinding(finding, language)
    lines.push(`${marks[language][finding.severity]}  ${sentence}`)
    if (advice !== '') lines.push(`         ${advice}`)
  }
  if (listed.length > 0) lines.push('', ...listed.map((refusal) => describeRefusal(refusal, language)))
  const months = coverageByMonth(contents.population)
  if (months.length > 0) lines.push('', ...monthTable(months))
  return lines.join('\n')
}

const monthsShown = 24

function monthTable(months: readonly MonthCoverage[]): string[] {
  const head = ['month  ', 'accounts', 'referrals', 'transactions', 'observations']
  const rows = months.slice(-monthsShown).map((month) =>
    [month.month, month.accounts, month.referrals, month.transactions, month.observations])
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, index) => (typeof cell === 'number' ? count(cell).padStart(12) : cell.padStart(index === 0 ? 7 : 12))).join(' ')
  return [line(head), ...rows.map(line)]
}

function count(value: number): string {
  return value.toLocaleString('en')
}
