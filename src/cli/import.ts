// `ringfence import`: an export folder into the database, as facts and opening entries.
import type { Command } from 'commander'
import { createChecks } from '../checks/index.ts'
import { describeRefusal } from '../folders/refusals.ts'
import type { ImportResult, ImportSummary } from '../intake/import-folder.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { importFolder } from '../intake/import-folder.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { currencyOption, refuseUse, timeOption } from './folder-options.ts'

interface Options {
  readonly program: string
  readonly accrueFrom?: number
  readonly source?: string
  readonly currency?: string
  readonly asOf?: number
  readonly strict?: boolean
  readonly json?: boolean
}

const refusalsShown = 20
/** Nobody waits for an answer here: better late than degraded. */
const CHECK_MILLISECONDS = 10_000

export function register(program: Command, context: CliContext): void {
  program.command('import')
    .description('Loads an export folder into the database; loading it again changes nothing.')
    .argument('<dir>', 'the export folder')
    .option('--program <key>', 'programme of the referrals that name none; made, in mode observe, if it is not there', 'main')
    .option('--accrue-from <time>', 'events from this time on earn rebates (default: the import earns none)', timeOption)
    .option('--source <name>', 'the system whose ids these are: an id is unique within its source (default: host)')
    .option('--currency <code>', 'currency of a programme that is made (default: the one of most money in the folder)', currencyOption)
    .option('--as-of <time>', 'rows with a later time are refused', timeOption)
    .option('--strict', 'stop at the first row that must be refused; what was stored before stays')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', `
Examples:
  ringfence import ./export --program apiyi
  ringfence import ./export --program apiyi --accrue-from 2026-12-01T00:00:00Z
  ringfence import ./export --json | jq .refused

Exit codes: 0 loaded; 2 wrong usage or a folder that cannot be read (with --strict: any refused row); 3 could not run.
Rows are refused as audit refuses them: with file, line, column and reason. Rebates and balances become opening entries.
A killed import is run again: it goes on where it stopped.`)
    .action((directory: string, options: Options) => run(directory, options, context))
}

async function run(directory: string, options: Options, context: CliContext): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(options.program)) {
    refuseUse(context, 'The key of a programme is made of small letters, digits and hyphens.')
    return
  }
  const { database, keys, close } = await context.openDatabase()
  const progress = context.progress()
  let refused = 0
  const checks = options.accrueFrom === undefined ? null : createChecks({ database, keys, clock: context.clock, log: context.log, deadlineMilliseconds: CHECK_MILLISECONDS })
  try {
    await checks?.start()
    const result = await importFolder(database, directory, {
      keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID, program: options.program, source: options.source, asset: options.currency,
      accrual: checks === null || options.accrueFrom === undefined ? undefined : { from: options.accrueFrom, check: checks.evaluate }, asOf: options.asOf, isStrict: options.strict,
      onProgress: (stage, done, total) => progress.update(stage, done, total),
      onRefusal: (refusal) => {
        refused++
        if (refused <= refusalsShown) context.printError(describeRefusal(refusal))
      },
    }).finally(() => progress.finish())
    report(directory, result, options, context)
  } finally {
    await checks?.stop()
    await close()
  }
}

function report(directory: string, result: ImportResult, options: Options, context: CliContext): void {
  if (result.summary !== null) {
    const { summary } = result
    context.print(options.json === true ? JSON.stringify(jsonOf(summary), null, 2) : textOf(directory, summary))
  }
  if (result.ok) {
    context.exit(ExitCode.done)
    return
  }
  context.printError(describeRefusal(result.refusal))
  context.exit(ExitCode.badInput)
}

function refusedIn({ reading }: ImportSummary): number {
  return [...reading.refusals.values()].reduce((sum, count) => sum + count, 0)
}

function jsonOf(summary: ImportSummary): Record<string, unknown> {
  const { reading, counts } = summary
  return {
    files: reading.files.map(({ unknownColumns, ...file }) => ({ ...file, unknown_columns: unknownColumns })),
    unknown_files: reading.unknownFiles,
    refused: { total: refusedIn(summary), by_reason: Object.fromEntries([...reading.refusals].sort()) },
    not_payable: counts.notPayable,
    clicks_without_code: counts.clicksWithoutCode,
    codes_taken: counts.codesTaken,
    rebates_without_referral: counts.rebatesWithoutReferral,
    opening_entries: counts.openings,
    accrued_rebates: counts.accrued,
  }
}

function textOf(directory: string, summary: ImportSummary): string {
  const { reading, counts } = summary
  const lines = [`Loaded ${directory}.`]
  for (const { file, rows, accepted, repeated, refused, unknownColumns } of reading.files) {
    const notes = [
      repeated > 0 ? `${number(repeated)} repeated` : '', refused > 0 ? `${number(refused)} refused` : '',
      unknownColumns.length > 0 ? `ignored columns: ${unknownColumns.join(', ')}` : '',
    ].filter((note) => note !== '')
    lines.push(`  ${file.padEnd(22)} ${number(rows).padStart(11)} rows, ${number(accepted)} accepted${notes.map((note) => `, ${note}`).join('')}`)
  }
  if (reading.unknownFiles.length > 0) lines.push(`  ignored files: ${reading.unknownFiles.join(', ')}`)
  const { self_referral: own, second_inviter: second, cycle } = counts.notPayable
  if (own + second + cycle > 0) lines.push(`Kept as facts, not payable: ${own} self-referrals, ${second} second inviters, ${cycle} cycles.`)
  if (counts.openings > 0) lines.push(`${number(counts.openings)} opening entries posted.`)
  if (counts.accrued > 0) lines.push(`${number(counts.accrued)} rebates earned.`)
  if (counts.rebatesWithoutReferral > 0) lines.push(`${number(counts.rebatesWithoutReferral)} rebates belong to no paying referral.`)
  if (counts.clicksWithoutCode > 0) lines.push(`${number(counts.clicksWithoutCode)} clicks name no known invite code and were not kept.`)
  if (counts.codesTaken > 0) lines.push(`${number(counts.codesTaken)} invite codes belong to another account already.`)
  const total = refusedIn(summary)
  lines.push(total === 0 ? 'Nothing was refused.' : `${number(total)} refused, the first ${Math.min(total, refusalsShown)} listed above.`)
  return lines.join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}
