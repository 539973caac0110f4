// `ringfence statement`: exports of members and programs, the close of a period, and the tie-out with the bank's own list.
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Command, Option } from 'commander'
import { parse } from 'csv-parse'
import { formatAmount, parseMicros } from '../base/money.ts'
import { ensureActor } from '../identities/index.ts'
import { referenceOf } from '../payouts/index.ts'
import { PAYOUT_METHODS } from '../policies/index.ts'
import {
  closePeriod, EXPORT_FORMATS, EXPORT_LANGUAGES, type ExportContent, type Exporter, type ExportFormat, type ExternalRow, openExport, type Period, type PeriodInput, periodOf, readClosedPeriods, readPaidPayouts,
  type StatementDifference, type TieOut, tieOut, zoneOf,
} from '../statements/index.ts'
import { type CliContext, ExitCode } from './context.ts'
import { AS_OPTION } from './review-session.ts'

interface Common extends PeriodInput {
  readonly program?: string
  readonly platform?: boolean
  readonly as?: string
}
interface ExportOptions extends Common {
  readonly what: 'history' | 'invitees' | 'statement' | 'entries'
  readonly format: ExportFormat
  readonly language: (typeof EXPORT_LANGUAGES)[number]
  readonly byteOrderMark?: boolean
  readonly out: string
  readonly reason: string
}
interface CloseOptions extends Common {
  readonly reason: string
}
interface TieOutOptions extends Common {
  readonly method: (typeof PAYOUT_METHODS)[number]
  readonly asset: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  const statement = program.command('statement').description('Exports statements, closes periods, compares payouts with the bank’s list.').addHelpText('after', `
Examples:
  ringfence statement member ada --program apiyi --what history --format csv --out ada.csv --reason "asked by the member"
  ringfence statement program --program apiyi --what statement --month 2026-05 --format csv --out may.csv --reason "month close"
  ringfence statement program --platform --what entries --month 2026-05 --format ndjson --out may.ndjson.gz --reason audit
  ringfence statement close --program apiyi --month 2026-05 --reason "month close"
  ringfence statement periods --program apiyi
  ringfence statement tie-out bank.csv --program chat-api --method bank --asset USD --month 2026-05 --json

A period is --month, or --from and --until: times with their offset, or days of the program's zone. Exports and closings are acts with their reason.
Exit codes: 0 done; 1 the books do not close, the period cannot be closed, or the lists differ; 2 wrong usage; 3 could not run.`)
  const sub = (name: string, description: string): Command => withPeriod(statement.command(name).description(description).exitOverride())
  const exporting = (command: Command, what: readonly string[]): Command => command
    .addOption(new Option('--what <what>', what.join(' or ')).choices(what).makeOptionMandatory())
    .addOption(new Option('--format <format>', 'of the file').choices(EXPORT_FORMATS).default('csv'))
    .addOption(new Option('--language <language>', 'of the header of a CSV').choices(EXPORT_LANGUAGES).default('en'))
    .option('--byte-order-mark', 'begin a CSV with one, for spreadsheets that need it')
    .requiredOption('--out <file>', 'where to; compressed if it ends with .gz')
    .requiredOption('--reason <words>', 'why it is exported')
  exporting(sub('member', 'Writes a member’s history, invitees or statement.').argument('<account>', 'the account, as the platform names it'), ['history', 'invitees', 'statement'])
    .action((account: string, options: ExportOptions) => run(context, options, (session) => exportTo(session, options, account)))
  exporting(sub('program', 'Writes the statement of a program or the platform, or every entry of it.'), ['statement', 'entries'])
    .action((options: ExportOptions) => run(context, options, (session) => exportTo(session, options, null)))
  sub('close', 'Closes a period: nothing is posted into it any more, and its statement is kept.').requiredOption('--reason <words>', 'why it is closed')
    .action((options: CloseOptions) => run(context, options, (session) => close(session, options)))
  sub('periods', 'Lists the closed periods with the digests of their statements.').action((options: Common) => run(context, options, periods))
  sub('tie-out', 'Compares what the books paid with a CSV of reference, amount and fee.').argument('<file>', 'with a header: reference, amount, and fee if there is one')
    .addOption(new Option('--method <method>', 'of the payouts').choices(PAYOUT_METHODS).makeOptionMandatory()).requiredOption('--asset <code>', 'of the amounts').option('--json', 'print the rows as JSON')
    .action((file: string, options: TieOutOptions) => run(context, options, (session) => tie(session, file, options)))
}

function withPeriod(command: Command): Command {
  return command.option('--program <key>', 'the program').option('--platform', 'the whole platform, with the money that members paid')
    .option('--month <month>', 'such as 2026-05, in the program’s zone').option('--from <time>', 'inclusive').option('--until <time>', 'exclusive').option(...AS_OPTION)
}

interface Session {
  readonly context: CliContext
  readonly exporter: Exporter
  readonly programId: bigint | null
  /** Null where none was given. */
  readonly period: Period | null
}

/** Refusals of use end with their sentence and exit code 2. */
class WrongUse extends Error {}

async function run(context: CliContext, options: Common, work: (session: Session) => Promise<void>): Promise<void> {
  const { database, keys, close: closeDatabase } = await context.openDatabase()
  try {
    if ((options.program === undefined) === (options.platform !== true)) throw new WrongUse('Give --program or --platform.')
    const found = options.program === undefined ? null : await database.prisma.program.findUnique({ where: { key: options.program }, select: { id: true } })
    if (found === null && options.program !== undefined) throw new WrongUse(`There is no program ${options.program}.`)
    const programId = found?.id ?? null
    const asked = options.month === undefined && options.from === undefined && options.until === undefined ? null : periodOf(await zoneOf(database.prisma, programId, context.clock.now()), options)
    if (asked !== null && !asked.ok) throw new WrongUse('A period is --month such as 2026-05, or --from and --until: times with their offset, or days.')
    const actorId = await database.inTransaction((transaction) => ensureActor(transaction, context.clock, 'person', options.as ?? userInfo().username))
    await work({ context, exporter: { database, keys, clock: context.clock, actorId }, programId, period: asked?.period ?? null })
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error
    context.printError(error.message)
    context.exit(ExitCode.badInput)
  } finally {
    await closeDatabase()
  }
}

async function exportTo(session: Session, options: ExportOptions, account: string | null): Promise<void> {
  const { context, exporter } = session
  const result = await openExport(exporter, {
    content: await contentOf(session, options.what, account), format: options.format, language: options.language, byteOrderMark: options.byteOrderMark === true, reason: options.reason,
  })
  if (!result.ok) {
    sayDifferences(context, result.differences)
    return
  }
  // Under another name until it is whole.
  const partial = join(dirname(options.out), `.${basename(options.out)}.partial`)
  try {
    const source = Readable.from(result.export.chunks, { highWaterMark: 1 })
    await (options.out.endsWith('.gz') ? pipeline(source, createGzip(), createWriteStream(partial)) : pipeline(source, createWriteStream(partial)))
    await rename(partial, options.out)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  context.print(`Wrote ${options.out}.`)
}

async function contentOf({ exporter, programId, period }: Session, what: ExportOptions['what'], account: string | null): Promise<ExportContent> {
  const needed = (): Period => {
    if (period === null) throw new WrongUse('Give the period: --month, or --from and --until.')
    return period
  }
  if (account === null) return what === 'entries' ? { kind: 'entries', programId, period: needed() } : { kind: 'statement', scope: { programId, accountId: null }, period: needed() }
  const found = await exporter.database.prisma.accountIdentity.findUnique({ where: { externalId: account }, select: { accountId: true } })
  if (found === null) throw new WrongUse(`There is no account named ${account}.`)
  const { accountId } = found
  if (what === 'statement') return { kind: 'statement', scope: { programId, accountId }, period: needed() }
  if (programId === null) throw new WrongUse('A history and invitees are of one program: give --program.')
  return what === 'invitees' ? { kind: 'invitees', programId, accountId } : { kind: 'history', programId, accountId, period }
}

async function close({ context, exporter, programId, period }: Session, { reason }: CloseOptions): Promise<void> {
  if (period === null) throw new WrongUse('Give the period: --month, or --from and --until.')
  const result = await closePeriod(exporter, { programId, period, reason })
  if (!result.ok) {
    if (result.reason === 'does_not_close') sayDifferences(context, result.differences)
    else context.printError(`Refused (${result.reason})${result.expectedStart === null ? '' : `: the next period starts at ${result.expectedStart.toISOString()}`}.`)
    context.exit(ExitCode.found)
    return
  }
  const { stored } = result.closed
  context.print(stored === null ? 'Closed to postings; transactions of that time are still running. Run it again for the statement.'
    : `Closed ${period.startsAt.toISOString()} to ${period.endsAt.toISOString()}, ${stored.statement.entries} entries.\nDigest: ${stored.digest}`)
}

async function periods({ context, exporter, programId }: Session): Promise<void> {
  const found = await readClosedPeriods(exporter.database, programId)
  for (const { period, stored } of found) context.print(`${period.startsAt.toISOString()}  ${period.endsAt.toISOString()}  ${stored?.digest ?? 'not finished: close it again'}`)
  if (found.length === 0) context.print('No period is closed.')
}

function sayDifferences(context: CliContext, differences: readonly StatementDifference[]): void {
  context.printError('The books do not close:')
  for (const { account, asset, computed, found, difference } of differences) context.printError(`  ${account} ${asset}: computed ${computed}, found ${found}, difference ${difference} (smallest units)`)
  context.printError('Run ringfence verify.')
  context.exit(ExitCode.found)
}

async function tie({ context, exporter, programId, period }: Session, file: string, options: TieOutOptions): Promise<void> {
  if (period === null) throw new WrongUse('Give the period: --month, or --from and --until.')
  const reader = exporter.database.prisma
  const asset = await reader.asset.findUnique({ where: { code: options.asset } })
  if (asset === null) throw new WrongUse(`There is no asset ${options.asset}.`)
  const payouts = await readPaidPayouts(reader, { programId, method: options.method, asset: asset.code, period })
  const result = tieOut(payouts, await rowsOf(file, asset.exponent), ({ payoutId }) => [referenceOf(payoutId)])
  const amount = (value: bigint): string => formatAmount(value, asset.exponent)
  if (options.json === true) context.print(JSON.stringify(result, (_name, value: unknown) => (typeof value === 'bigint' ? amount(value) : value), 2))
  else context.print(tieOutText(result, amount))
  if (result.different.length + result.missing.length + result.unknown.length + result.repeated.length > 0) context.exit(ExitCode.found)
}

function tieOutText({ matched, different, missing, unknown, repeated }: TieOut, amount: (value: bigint) => string): string {
  return [
    `${matched.length} matched, ${different.length} different, ${missing.length} missing, ${unknown.length} unknown, ${repeated.length} repeated.`,
    ...different.map(({ payout, row }) => `different  ${row.reference}: books ${amount(payout.net)} (fee ${amount(payout.fee)}), list ${amount(row.amount)}${row.fee === null ? '' : ` (fee ${amount(row.fee)})`}`),
    ...missing.map((payout) => `missing    ${payout.references[0] ?? referenceOf(payout.payoutId)}: books ${amount(payout.net)}, not in the list`),
    ...unknown.map((row) => `unknown    ${row.reference}: list ${amount(row.amount)}, not paid in the books in this period`),
    ...repeated.map((row) => `repeated   ${row.reference}: list ${amount(row.amount)} once more`),
  ].join('\n')
}

async function rowsOf(file: string, exponent: number): Promise<ExternalRow[]> {
  const rows: ExternalRow[] = []
  const units = (text: string, line: number): bigint => {
    const parsed = parseMicros(text)
    const unit = 10n ** BigInt(6 - exponent)
    if (!parsed.ok || parsed.amount % unit !== 0n) throw new WrongUse(`Line ${line} of ${file}: ${text} is no amount.`)
    return parsed.amount / unit
  }
  const lines = createReadStream(file).pipe(parse({ columns: (names: string[]) => names.map((name) => name.trim().toLowerCase()), bom: true, trim: true, skip_empty_lines: true }))
  for await (const row of lines as AsyncIterable<Record<string, string | undefined>>) {
    const { reference, amount, fee } = row
    if (reference === undefined || reference === '' || amount === undefined) throw new WrongUse(`${file} needs the columns reference and amount.`)
    rows.push({ reference, amount: units(amount, rows.length + 2), fee: fee === undefined || fee === '' ? null : units(fee, rows.length + 2) })
  }
  return rows
}
