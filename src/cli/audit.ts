// `ringfence audit`: an export folder in, tables, a summary and a report out; no server, no database.
import type { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { auditFolder } from '../folders/audit.ts'
import type { AuditResult } from '../folders/audit.ts'
import { formatLoss, ringName, topReasonOf, worstFirst } from '../folders/audit-tables.ts'
import { describeRefusal } from '../folders/refusals.ts'
import type { Language } from '../folders/refusals.ts'
import { isSameFolder } from '../folders/written-files.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import {
  currencyOption, languageOption, loadedModel, openedFolder, probabilityOption, rateOption, refuseUse, thresholdsOf, timeOption,
} from './folder-options.ts'

interface Options {
  readonly out: string
  readonly asOf?: number
  readonly rate?: number
  readonly currency?: string
  readonly model?: string
  readonly hold?: number
  readonly deny?: number
  readonly ring?: number
  readonly strict?: boolean
  readonly lang: Language
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('audit')
    .description('Finds self-invitation in an export folder and writes what it found.')
    .argument('<dir>', 'the export folder')
    .requiredOption('--out <dir>', 'folder for referrals.csv, accounts.csv, rings.csv, summary.json and report.html')
    .option('--as-of <time>', '"now": later rows are refused (default: the latest time in the folder)', timeOption)
    .option('--rate <share>', 'rebate rate where the folder has no rebates (default: 5%)', rateOption)
    .option('--currency <code>', 'currency of the programme (default: the one of most money)', currencyOption)
    .option('--model <file>', 'a model written by train (default: the general model)')
    .option('--hold <probability>', 'referrals from here on are held (default: 0.5)', probabilityOption)
    .option('--deny <probability>', 'referrals from here on are denied (default: 0.9)', probabilityOption)
    .option('--ring <probability>', 'pairs from here on join a ring (default: 0.5)', probabilityOption)
    .option('--strict', 'stop at the first row that must be refused')
    .option('--lang <language>', 'language of the report: en or zh-CN', languageOption, 'en')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', `
Examples:
  ringfence audit ./export --out ./findings
  ringfence audit ./export --out ./findings --as-of 2026-11-01T00:00:00Z --rate 5% --currency USD
  ringfence audit ./export --out ./findings --model ours.json --lang zh-CN

Exit codes: 0 written; 2 wrong usage or a folder that cannot be read (with --strict: any refused row); 3 could not write.
A row that is refused is listed with file, line, column and reason in refusals.jsonl; the rest is analysed.`)
    .action((directory: string, options: Options) => audit(directory, options, context))
}

async function audit(directory: string, options: Options, context: CliContext): Promise<void> {
  const thresholds = thresholdsOf(options, context)
  if (thresholds === null) return
  if (await isSameFolder(directory, options.out)) {
    refuseUse(context, 'The folder of --out must not be the export folder itself.')
    return
  }
  const folder = await openedFolder(directory, context)
  const model = folder === null ? null : await loadedModel(options.model, context)
  if (folder === null || model === null) return
  const progress = context.progress()
  const result = await auditFolder(folder, {
    out: options.out, model, thresholds, language: options.lang, productVersion: packageJson.version,
    asOf: options.asOf, isStrict: options.strict, ratePartsPerMillion: options.rate, currency: options.currency,
    measure: context, onProgress: (stage, done, total) => progress.update(stage, done, total),
  }).finally(() => progress.finish())
  if (!result.ok) {
    context.printError(describeRefusal(result.refusal, options.lang))
    context.exit(ExitCode.badInput)
    return
  }
  context.print(options.json === true ? JSON.stringify(result.summary, null, 2) : shortText(result, options.out))
  context.exit(ExitCode.done)
}

const ringsShown = 10

/** What a person wants to see at once; the rest is in the files. */
function shortText(result: AuditResult & { ok: true }, out: string): string {
  const { contents, detection } = result
  const { population, money, summary } = contents
  const refused = [...summary.refusals.values()].reduce((sum, count) => sum + count, 0)
  const lines = [
    `${number(population.accounts.count)} accounts, ${number(population.referrals.count)} referrals, `
      + `${number(population.observations.count)} observations; ${number(refused)} refused.`,
    `${number(detection.rings.length)} rings.`,
  ]
  for (const { ring, index } of worstFirst(result).slice(0, ringsShown)) {
    const loss = population.referrals.count === 0 ? '' : `${formatLoss(ring.expectedLoss, money.currency)} ${money.currency}, `
    lines.push(`  ${ringName(index).padEnd(5)} ${String(ring.members.length).padStart(5)} accounts  `
      + `${loss}probability ${ring.probability.toFixed(3)}, ${topReasonOf(ring)?.code ?? 'no single reason'}`)
  }
  if (detection.rings.length > ringsShown) lines.push(`  … and ${number(detection.rings.length - ringsShown)} more`)
  lines.push(`Written to ${out}: ${result.files.join(', ')}`)
  return lines.join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}
