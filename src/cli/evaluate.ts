// `ringfence evaluate`: how well scores agree with the labels of a folder, with the plain rules in the same run.
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import packageJson from '../../package.json' with { type: 'json' }
import { renderMarkdown } from '../../scoring/evaluation/render.ts'
import { evaluateFolder } from '../folders/evaluate-folder.ts'
import type { FolderEvaluation } from '../folders/evaluate-folder.ts'
import { readFolder } from '../folders/read-folder.ts'
import type { FolderContents } from '../folders/read-folder.ts'
import { describeRefusal } from '../folders/refusals.ts'
import type { Language } from '../folders/refusals.ts'
import { renderEvaluation } from '../folders/report/render-evaluation.ts'
import { hasLabels } from '../folders/training-folder.ts'
import { isSameFolder, writeFileWhole } from '../folders/written-files.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { languageOption, loadedModel, openedFolder, refuseUse, timeOption, wholeNumberOption } from './folder-options.ts'

interface Options {
  readonly model?: string
  readonly folds: number
  readonly out?: string
  readonly seed: number
  readonly asOf?: number
  readonly lang: Language
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('evaluate')
    .description('Measures detection against the labels of an export folder.')
    .argument('<dir>', 'an export folder with labels.csv, referral_labels.csv or both')
    .option('--model <file>', 'a model written by train (default: the general model)')
    .option('--folds <count>', 'cross-validate: fit on the other folds, measure on each (default: measure the model as it is)', wholeNumberOption, 0)
    .option('--out <dir>', 'also write evaluation.html, evaluation.md and evaluation.json there')
    .option('--seed <number>', 'of folds and intervals', wholeNumberOption, 1)
    .option('--as-of <time>', '"now": later rows are refused', timeOption)
    .option('--lang <language>', 'language of the page: en or zh-CN', languageOption, 'en')
    .option('--json', 'print the evaluation as JSON')
    .addHelpText('after', `
Examples:
  ringfence evaluate ./labelled
  ringfence evaluate ./labelled --model ours.json --out ./report
  ringfence evaluate ./labelled --folds 5 --out ./report

The result says whether it is in-sample (the model was fitted on this folder), out of fold, or neither.
Exit codes: 0 measured; 2 wrong usage, unreadable folder or no labels; 3 could not write.`)
    .action((directory: string, options: Options) => evaluate(directory, options, context))
}

async function evaluate(directory: string, options: Options, context: CliContext): Promise<void> {
  if (options.folds === 1 || options.folds > 50) return refuseUse(context, 'Give between 2 and 50 folds.')
  if (options.out !== undefined && await isSameFolder(directory, options.out)) {
    return refuseUse(context, 'The folder of --out must not be the export folder itself.')
  }
  const folder = await openedFolder(directory, context)
  const model = folder === null ? null : await loadedModel(options.model, context)
  if (folder === null || model === null) return
  const progress = context.progress()
  const reading = await readFolder(folder, {
    asOf: options.asOf, onProgress: (done, total) => progress.update('reading', done, total),
  })
  if (!reading.ok || !hasLabels(reading.contents)) {
    progress.finish()
    return refuseUse(context, reading.ok
      ? `${directory} has no labels: add labels.csv or referral_labels.csv.` : describeRefusal(reading.refusal))
  }
  const { contents } = reading
  const measured = evaluateFolder(contents, {
    model, folds: options.folds, random: xoroshiro128plus(options.seed),
    onStage: (stage, done, total) => progress.update(stage, done, total),
  })
  progress.finish()
  if (!measured.ok) return refuseUse(context, 'The model was fitted on this folder: folds that start from it would not be unseen.')
  const report = { contents, result: measured.result, modelVersion: model.version, language: options.lang }
  if (options.out !== undefined) await writeReport(report, options.out)
  context.print(options.json === true ? asJson(report) : asMarkdown(report).trimEnd())
  context.exit(ExitCode.done)
}

interface EvaluationReport {
  readonly contents: FolderContents
  readonly result: FolderEvaluation
  readonly modelVersion: string
  readonly language: Language
}

async function writeReport(report: EvaluationReport, out: string): Promise<void> {
  const { contents, result, modelVersion, language } = report
  await writeFileWhole(join(out, 'evaluation.html'), renderEvaluation({
    ...result, language, folder: nameOf(contents), digest: contents.summary.digest, model: modelVersion,
    productVersion: packageJson.version,
  }))
  await writeFileWhole(join(out, 'evaluation.md'), asMarkdown(report))
  await writeFileWhole(join(out, 'evaluation.json'), `${asJson(report)}\n`)
}

function nameOf(contents: FolderContents): string {
  return basename(resolve(contents.folder.path))
}

function asMarkdown({ contents, result }: EvaluationReport): string {
  return renderMarkdown(result.evaluation, { title: `Evaluation of ${nameOf(contents)}`, provenance: result.provenance })
}

function asJson({ contents, result, modelVersion }: EvaluationReport): string {
  const { evaluation, sample, provenance } = result
  return JSON.stringify({
    folder: nameOf(contents), digest: contents.summary.digest, model: modelVersion, sample, provenance, ...evaluation,
  }, (_key, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? null : value), 2)
}
