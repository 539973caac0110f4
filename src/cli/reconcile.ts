// `ringfence reconcile`: compares the host's own list of what it did with our instructions, and lets endpoints go on that wait after a restore.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parse } from 'csv-parse/sync'
import { formatAmount, parseMicros } from '../base/money.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { type Difference, type HostRow, runReconciliation, type RanReconciliation } from '../programs/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'

interface Options {
  readonly program?: string
  readonly inTransitHours: string
  readonly takeAnswers?: boolean
  readonly acceptDifferences?: boolean
  readonly json?: boolean
}

const DIFFERENCES_SHOWN_MAX = 50

export function register(program: Command, context: CliContext): void {
  program.command('reconcile')
    .description('Compares the host’s own list of what it did with our instructions.')
    .argument('<file>', 'CSV with the columns instruction_id, reference, account, asset, amount, status (done, refused, pending); or the same as JSON lines')
    .option('--program <key>', 'the list is of one program; default: of all')
    .option('--in-transit-hours <hours>', 'in transit for longer is a difference', '24')
    .option('--take-answers', 'answer open instructions by the list')
    .option('--accept-differences', 'let endpoints go on that wait after a restore, in spite of differences')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', `
Examples:
  ringfence reconcile host-list.csv --program apiyi
  ringfence reconcile host-list.csv --take-answers --json

The list is complete: every instruction that the host knows. Without differences, endpoints that wait after a restore go on.
Exit codes: 0 no difference is left; 1 there are differences; 2 wrong usage or a malformed list; 3 could not run.`)
    .action((file: string, options: Options) => run(file, options, context))
}

async function run(file: string, options: Options, context: CliContext): Promise<void> {
  const hours = Number(options.inTransitHours)
  if (!(hours >= 0 && hours <= 8760)) return refuse(context, 'Hours are a number from 0 to 8760.')
  const { database, keys, close } = await context.openDatabase()
  try {
    const program = options.program === undefined ? null : await database.prisma.program.findUnique({ where: { key: options.program }, select: { id: true } })
    if (options.program !== undefined && program === null) return refuse(context, 'There is no such program.')
    const exponents = new Map((await database.prisma.asset.findMany({ select: { code: true, exponent: true } })).map(({ code, exponent }) => [code, exponent]))
    const rows = readList(readFileSync(file, 'utf8'), exponents)
    if (typeof rows === 'string') return refuse(context, rows)
    const ran = await runReconciliation({ database, keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID }, {
      programId: program?.id ?? null, rows, inTransitHoursMax: hours, takeAnswers: options.takeAnswers === true, acceptDifferences: options.acceptDifferences === true,
    })
    const text = (amount: bigint | null, asset: string): string | null => (amount === null ? null : formatAmount(amount, exponents.get(asset)))
    context.print(options.json === true ? JSON.stringify(jsonOf(ran, text), null, 2) : textOf(ran, text))
    if (ran.differences > 0) context.exit(ExitCode.found)
  } finally {
    await close()
  }
}

type AmountText = (amount: bigint | null, asset: string) => string | null

function refuse(context: CliContext, sentence: string): void {
  context.printError(sentence)
  context.exit(ExitCode.badInput)
}

/** The rows, or one sentence about the first that is malformed. */
export function readList(text: string, exponents: ReadonlyMap<string, number>): HostRow[] | string {
  let records: Record<string, unknown>[]
  try {
    records = text.trimStart().startsWith('{')
      ? text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
      : parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true })
  } catch {
    return 'The list is neither CSV with a head nor JSON lines.'
  }
  const rows: HostRow[] = []
  for (const [place, record] of records.entries()) {
    const row = rowOf(record, exponents)
    if (typeof row === 'string') return `Row ${place + 1}: ${row}`
    rows.push(row)
  }
  return rows
}

function rowOf(record: Record<string, unknown>, exponents: ReadonlyMap<string, number>): HostRow | string {
  const field = (name: string): string => (typeof record[name] === 'string' ? record[name].trim() : '')
  const [instructionId, reference, account, asset, status] = [field('instruction_id'), field('reference'), field('account'), field('asset'), field('status')]
  if (instructionId === '' && reference === '') return 'it names neither the instruction nor a reference.'
  if (account === '') return 'it names no account.'
  if (status !== 'done' && status !== 'refused' && status !== 'pending') return 'its status is not done, refused or pending.'
  const exponent = exponents.get(asset)
  if (exponent === undefined) return 'its asset is not known.'
  const parsed = parseMicros(field('amount'))
  const micros = 10n ** BigInt(6 - exponent)
  if (!parsed.ok || parsed.amount % micros !== 0n) return 'its amount is no decimal of this asset.'
  return { account, asset, status, amount: parsed.amount / micros, ...(instructionId === '' ? {} : { instructionId }), ...(reference === '' ? {} : { reference }) }
}

function jsonOf(ran: RanReconciliation, text: AmountText): Record<string, unknown> {
  return {
    reconciliation_id: ran.reconciliationId.toString(), matched: ran.report.matched, waiting: ran.report.waiting, answers_taken: ran.answersTaken, differences_left: ran.differences,
    endpoints_released: ran.endpointsReleased, counts: ran.report.counts,
    differences: ran.report.differences.map(({ instructionId, ours, host, ...rest }) => ({ ...rest, instruction_id: instructionId, ours: text(ours, rest.asset), host: text(host, rest.asset) })),
  }
}

const SENTENCES: Readonly<Record<Difference['kind'], string>> = {
  missing_at_host: 'we have it done, the host does not list it', unknown_here: 'the host did it, we do not know it', other_account: 'another account or asset', other_amount: 'another amount',
  other_outcome: 'done here and refused there, or the reverse', twice_at_host: 'done more than once at the host', not_answered: 'the host ended it, we have no answer',
  too_long_in_transit: 'in transit for too long',
}

function textOf(ran: RanReconciliation, text: AmountText): string {
  const { matched, waiting, differences } = ran.report
  const lines = [`${matched} matched, ${waiting} in transit, ${differences.length} different; ${ran.answersTaken} answers taken, ${ran.differences} differences left.`]
  for (const { kind, instructionId, reference, account, asset, ours, host } of differences.slice(0, DIFFERENCES_SHOWN_MAX)) {
    lines.push(`  ${instructionId ?? reference ?? '-'}  ${account ?? 'erased'}  ours ${text(ours, asset) ?? '-'}  host ${text(host, asset) ?? '-'} ${asset}: ${SENTENCES[kind]}`)
  }
  if (differences.length > DIFFERENCES_SHOWN_MAX) lines.push(`  and ${differences.length - DIFFERENCES_SHOWN_MAX} more: see --json`)
  if (ran.endpointsReleased > 0) lines.push(`${ran.endpointsReleased} endpoints that waited go on.`)
  return lines.join('\n')
}
