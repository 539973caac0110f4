// `ringfence train`: fits a model to labelled export folders and writes it as one JSON file.
import type { Command } from 'commander'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { SubjectFigures } from '../../scoring/model/training-figures.ts'
import { generalModel } from '../../scoring/model/general.ts'
import { serialiseModel } from '../../scoring/model/serialise.ts'
import { trainModel } from '../../scoring/model/train.ts'
import type { Trained } from '../../scoring/model/train.ts'
import type { TrainingSet } from '../../scoring/model/training-set.ts'
import { readFolder } from '../folders/read-folder.ts'
import { describeRefusal } from '../folders/refusals.ts'
import { hasLabels, trainingSetOf } from '../folders/training-folder.ts'
import { writeFileWhole } from '../folders/written-files.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { openedFolder, refuseUse, timeOption, wholeNumberOption } from './folder-options.ts'

interface Options {
  readonly out: string
  readonly folds: number
  readonly seed: number
  readonly asOf?: number
  readonly strict?: boolean
  readonly fresh?: boolean
  readonly general?: boolean
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('train')
    .description('Fits a model to the labels of export folders.')
    .argument('<dir...>', 'export folders with labels.csv, referral_labels.csv or both')
    .requiredOption('--out <file>', 'where to write the model')
    .option('--folds <count>', 'parts for calibration and honest figures, by operator or by folder', wholeNumberOption, 5)
    .option('--seed <number>', 'the same seed and folders give the same model', wholeNumberOption, 1)
    .option('--as-of <time>', '"now": later rows are refused', timeOption)
    .option('--strict', 'stop at the first row that must be refused')
    .option('--fresh', 'learn from these folders alone, not on top of the general model')
    .option('--general', 'for generated worlds: like --fresh, and the model says that it belongs to no platform')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', `
Examples:
  ringfence train ./labelled --out ours.json
  ringfence train ./2025 ./2026 --out ours.json --folds 10
  ringfence audit ./export --out ./findings --model ours.json

Figures printed are out of fold: no row helped to fit the score it is measured by.
Exit codes: 0 written; 2 wrong usage, unreadable folder or no labels; 3 could not write.`)
    .action((directories: string[], options: Options) => train(directories, options, context))
}

async function train(directories: readonly string[], options: Options, context: CliContext): Promise<void> {
  if (options.folds < 2 || options.folds > 50) return refuseUse(context, 'Give between 2 and 50 folds.')
  const progress = context.progress()
  const sets: TrainingSet[] = []
  for (const [index, directory] of directories.entries()) {
    progress.update('reading', index, directories.length)
    const set = await readTrainingSet(directory, options, context)
    if (set === null) return progress.finish()
    sets.push(set)
  }
  const trained = trainModel(sets, {
    random: xoroshiro128plus(options.seed), folds: options.folds,
    ...(options.general === true ? { origin: 'general' as const } : {}),
    ...(options.fresh === true || options.general === true ? {} : { prior: generalModel }),
    onStage: (stage, done, total) => progress.update(stage, done, total),
  })
  progress.finish()
  await writeFileWhole(options.out, serialiseModel(trained.model))
  context.print(options.json === true ? asJson(trained, options.out) : asText(trained, options.out))
  context.exit(ExitCode.done)
}

async function readTrainingSet(directory: string, options: Options, context: CliContext): Promise<TrainingSet | null> {
  const folder = await openedFolder(directory, context)
  if (folder === null) return null
  let refused = 0
  const reading = await readFolder(folder, {
    asOf: options.asOf, isStrict: options.strict, onRefusal: () => { refused += 1 },
  })
  if (!reading.ok) {
    refuseUse(context, `${directory}: ${describeRefusal(reading.refusal)}`)
    return null
  }
  if (!hasLabels(reading.contents)) {
    refuseUse(context, `${directory} has no labels: add labels.csv or referral_labels.csv.`)
    return null
  }
  if (refused > 0) context.printError(`${directory}: ${refused} rows refused; ringfence doctor names them.`)
  return trainingSetOf(reading.contents)
}

function figureRecord(figures: SubjectFigures | null): Record<string, number> | null {
  return figures === null ? null : { ...figures }
}

function asJson({ model, report }: Trained, out: string): string {
  return JSON.stringify({
    out, version: model.version, origin: model.origin, training: model.training, sample: 'out-of-fold',
    folds: report.folds, fold_unit: report.foldUnit,
    sets: report.sets.map(({ name, account, referral }) => ({
      name, account: figureRecord(account), referral: figureRecord(referral),
    })),
  }, null, 2)
}

function asText({ model, report }: Trained, out: string): string {
  const lines = [`Model ${model.version} written to ${out}. Figures out of fold, ${report.folds} folds by ${report.foldUnit}:`]
  for (const { name, account, referral } of report.sets) {
    for (const [subject, figures] of [['referrals', referral], ['accounts', account]] as const) {
      if (figures === null) continue
      lines.push(`  ${name}, ${subject}: ${figures.positives} of ${figures.rows}; PR-AUC ${figures.averagePrecision.toFixed(3)}, `
        + `recall ${figures.recallAtTenthPercent.toFixed(3)} at 0.1 % FPR, ${figures.recallAtOnePercent.toFixed(3)} at 1 %, `
        + `${figures.recallAtThreeAndHalfPercent.toFixed(3)} at 3.5 %; ECE ${figures.expectedCalibrationError.toFixed(4)}`)
    }
  }
  return lines.join('\n')
}
