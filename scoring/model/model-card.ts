// The model card: what a model was fitted on, how well it did on rows it had not seen, and every step it takes.
import { featureImportance } from './importance.ts'
import type { Model } from './model.ts'
import type { Scorecard, StepFunction } from './scorecard.ts'
import type { SubjectFigures } from './training-figures.ts'
import type { Rows } from './training-rows.ts'
import type { TrainReport } from './train-report.ts'

export interface CardRows {
  readonly strength: Rows
  readonly referral: Rows
  readonly account: Rows
}

/** Markdown. */
export function modelCard(model: Omit<Model, 'card'>, report: TrainReport, rows: CardRows): string {
  const unit = report.foldUnit === 'set' ? 'whole folders' : 'operators; accounts without one go by themselves'
  return [
    `# Model ${model.version}`,
    purpose(model.origin),
    '## What it was fitted on',
    table(['folder', 'accounts', 'labelled accounts', 'labelled referrals', 'SHA-256'], model.training.map((source) => [
      source.name, String(source.accounts), String(source.labelledAccounts), String(source.labelledReferrals), `\`${source.digest.slice(0, 16)}…\``,
    ])),
    '## How well it does on what it has not seen',
    `Out of fold: ${report.folds} folds by ${unit}. Synthetic figures are not field accuracy.`,
    figuresTable('referrals', report, 'referral'),
    figuresTable('accounts', report, 'account'),
    ...(['referral', 'account', 'strength'] as const).map((name) => cardSection(name, model[name].card, rows[name])),
    `Calibration: referral ${model.referral.calibration.method}, account ${model.account.calibration.method},`
      + ` strength ${model.strength.calibration.method}; fitted on out-of-fold scores.`,
  ].join('\n\n') + '\n'
}

function purpose(origin: Model['origin']): string {
  const where = {
    general: 'Fitted on generated worlds of many kinds; for platforms that have no decisions of their own yet.',
    local: 'Fitted on labels of the folders below; for the platform that they come from.',
    prior: 'Set by hand from published sharing rates, fitted on no labels; less sharp than a fitted model.',
  }[origin]
  return `Three additive scorecards, in bits: how far an identifier belongs to one operator, whether inviter and invitee are one`
    + ` operator, and whether an account is one of several of one operator. ${where} Name, language and nationality are not`
    + ` features. Until it is calibrated on local decisions its probability is a score.`
}

function figuresTable(title: string, report: TrainReport, subject: 'referral' | 'account'): string {
  const rows = report.sets.flatMap((set): string[][] => {
    const figures = set[subject]
    return figures === null ? [] : [[set.name, ...figureCells(figures)]]
  })
  if (rows.length === 0) return `No labelled ${title}.`
  return table([title, 'rows', 'of one operator', 'PR-AUC', 'recall at 0.1 % FPR', 'at 1 %', 'at 3.5 %', 'Brier', 'ECE'], rows)
}

function figureCells(figures: SubjectFigures): string[] {
  return [
    String(figures.rows), String(figures.positives),
    ...[figures.averagePrecision, figures.recallAtTenthPercent, figures.recallAtOnePercent, figures.recallAtThreeAndHalfPercent]
      .map((value) => (Number.isNaN(value) ? '–' : value.toFixed(3))),
    figures.brier.toFixed(4), figures.expectedCalibrationError.toFixed(4),
  ]
}

function cardSection(name: string, card: Scorecard, rows: Rows): string {
  const steps = new Map(card.steps.map((step) => [step.name, step]))
  const lines = featureImportance(card, rows).map((feature) => [
    `\`${feature.name}\``, feature.onPositives.toFixed(2), feature.onNegatives.toFixed(2), describeSteps(steps.get(feature.name)!),
  ])
  return `## The ${name} scorecard\n\nBase ${card.base.toFixed(2)} bits. Mean absolute bits on rows of one operator and on all others; then`
    + ` each step from its lower edge.\n\n${table(['feature', 'one operator', 'others', 'steps'], lines)}`
}

/** `… 0.50 | 3: 1.25 | missing: 0.00`; long functions are cut to their first, middle and last steps. */
function describeSteps(step: StepFunction): string {
  const parts = step.bits.map((bits, index) => {
    const from = index === 0 ? '…' : `${Number(step.edges[index - 1]!.toPrecision(3))}:`
    return `${from} ${bits.toFixed(2)}`
  })
  const shown = parts.length <= 9 ? parts : [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => parts[Math.round((i * (parts.length - 1)) / 8)]!)
  return [...shown, `missing: ${step.missingBits.toFixed(2)}`].join('; ')
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}
