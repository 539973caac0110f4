// An evaluation as a page to read: Markdown tables and SVG plots, from nothing but the evaluation's own data.
import type { Interval } from './bootstrap.ts'
import type { ClusterQuality } from './clusters.ts'
import type { BaselineFigures, Evaluation, Money, Stratum, SubjectEvaluation } from './evaluate.ts'
import { plotSvg } from './plot.ts'
import type { Reliability } from './reliability.ts'

export interface RenderOptions {
  readonly title: string
  /** How the scores came about, e.g. `out of fold, 5 folds by cluster` or `in-sample`: said first, as all depends on it. */
  readonly provenance: string
}

export interface NamedPlot {
  /** File name without folder, e.g. `referrals-reliability.svg`. */
  readonly file: string
  readonly svg: string
}

/** The tables of an evaluation; sections without labels say so. */
export function renderMarkdown(evaluation: Evaluation, options: RenderOptions): string {
  const { referrals, accounts, rings, falsePositiveRates } = evaluation
  const sections = [`# ${options.title}`, `Scores: ${options.provenance}.`]
  if (referrals === null) sections.push('No labelled referrals.')
  else {
    sections.push(subjectSection('Referrals', referrals, referrals.baselines, falsePositiveRates), moneySection(referrals.money))
  }
  if (accounts === null) sections.push('No labelled accounts.')
  else sections.push(subjectSection('Accounts', accounts, accounts.baselines, falsePositiveRates))
  if (rings !== null) sections.push(ringSection(rings))
  return `${sections.join('\n\n')}\n`
}

/** The plots of an evaluation: precision over recall, reliability and money. */
export function renderPlots(evaluation: Evaluation): NamedPlot[] {
  const plots: NamedPlot[] = []
  for (const name of ['referrals', 'accounts'] as const) {
    const subject = evaluation[name]
    if (subject === null) continue
    plots.push({ file: `${name}-precision-recall.svg`, svg: precisionRecallPlot(name, subject) })
    plots.push({ file: `${name}-reliability.svg`, svg: reliabilityPlot(name, subject.reliability) })
  }
  if (evaluation.referrals !== null) plots.push({ file: 'referrals-money.svg', svg: moneyPlot(evaluation.referrals.money) })
  return plots
}

function subjectSection(
  title: string,
  subject: SubjectEvaluation,
  baselines: readonly BaselineFigures[],
  rates: readonly number[],
): string {
  const { ranking, reliability } = subject
  const rateHeads = rates.map((rate) => `recall at ${percent(rate)} FPR`)
  const own = [
    '**this model**',
    `**${figure(ranking.averagePrecision)}** ${interval(ranking.averagePrecisionInterval)}`,
    ...ranking.recalls.map((bounded, i) => `**${figure(bounded.recall)}** ${interval(ranking.recallIntervals[i]!)}`),
  ]
  const rules = baselines.map((rule) => [rule.name, figure(rule.averagePrecision), ...rule.recalls.map((recall) => figure(recall))])
  const { upper } = reliability
  return [
    `## ${title}`,
    `${ranking.rows} labelled, ${ranking.positives} of one operator (${percent(ranking.positives / ranking.rows)}); ROC area ${figure(ranking.rocArea)}.`
      + ' In brackets: 95 % intervals by drawing operators.',
    table(['', 'PR-AUC', ...rateHeads], [own, ...rules]),
    `Brier ${figure(reliability.brier, 4)}, expected calibration error ${figure(reliability.expectedCalibrationError, 4)}`
      + ` (15 bins of equal mass). Scored one half or more: ${upper.rows}, claimed ${figure(upper.claimed)}, observed ${figure(upper.observed)}.`,
    table(['claimed', 'observed', 'rows'], reliability.bins.map((bin) => [
      figure(bin.claimed, 4), figure(bin.observed, 4), String(bin.rows),
    ])),
    strataTable(subject.strata, rates),
  ].join('\n\n')
}

function strataTable(strata: readonly Stratum[], rates: readonly number[]): string {
  const heads = ['stratum', 'of one operator', 'rows', 'mean score', 'scored ≥ .5', ...rates.map((rate) => `flagged at ${percent(rate)} FPR`)]
  return table(heads, strata.map((stratum) => [
    stratum.name === '' ? '(none)' : stratum.name,
    stratum.isPositive ? 'yes' : 'no',
    String(stratum.rows),
    figure(stratum.meanScore),
    percent(stratum.shareOverHalf),
    ...stratum.shareFlagged.map((share) => percent(share)),
  ]))
}

function moneySection(money: Money): string {
  const { atHalfPercent } = money
  return [
    '## Money',
    `Counted in ${money.unit}. With at most 0.5 % of the honest frozen, ${percent(atHalfPercent.savedShare)} of self-invited is saved`
      + ` (${figure(atHalfPercent.saved, 2)} against ${figure(atHalfPercent.honestFrozen, 2)} frozen; threshold ${figure(atHalfPercent.threshold)}).`,
    table(['cost of a wrongly frozen unit', 'best threshold', 'net value', 'share of a perfect answer'], money.netValues.map((value) => [
      String(value.costRatio), figure(value.threshold), figure(value.net, 2), percent(value.share),
    ])),
  ].join('\n\n')
}

function ringSection(rings: ClusterQuality): string {
  return [
    '## Rings',
    table(['', 'precision', 'recall'], [
      ['B-cubed', figure(rings.bCubed.precision), figure(rings.bCubed.recall)],
      ['pairwise', figure(rings.pairwise.precision), figure(rings.pairwise.recall)],
    ]),
    `Adjusted Rand index ${figure(rings.adjustedRandIndex)}.`,
    table(['accounts of the operator', 'operators', 'found (two or more in one ring)', 'mean share in one ring'], rings.bands.map((band) => [
      band.name, String(band.operators), percent(band.hitRate), percent(band.coverage),
    ])),
  ].join('\n\n')
}

function precisionRecallPlot(name: string, subject: SubjectEvaluation): string {
  return plotSvg({
    title: `Precision and recall, ${name}`,
    xLabel: 'recall',
    yLabel: 'precision',
    xMax: 1,
    yMax: 1,
    series: [{ name: 'model', colour: '#1c6dd0', points: subject.ranking.curve.map(({ recall, precision }) => [recall, precision]) }],
  })
}

/** The reliability plot alone, for pages that show nothing else. */
export function reliabilityPlot(name: string, reliability: Reliability): string {
  return plotSvg({
    title: `Claimed and observed, ${name}`,
    xLabel: 'mean probability claimed',
    yLabel: 'share observed',
    xMax: 1,
    yMax: 1,
    series: [
      { name: 'honest', colour: '#999', points: [[0, 0], [1, 1]], style: 'dashed' },
      { name: 'bins of equal mass', colour: '#1c6dd0', points: reliability.bins.map((bin) => [bin.claimed, bin.observed]), style: 'dots' },
    ],
  })
}

function moneyPlot(money: Money): string {
  const saved = Math.max(...money.curve.map((point) => point.saved), 1e-9)
  return plotSvg({
    title: `Saved against wrongly frozen, ${money.unit}`,
    xLabel: 'honest, wrongly frozen',
    yLabel: 'self-invited, saved',
    xMax: saved,
    yMax: saved,
    series: [{
      name: 'model',
      colour: '#1c6dd0',
      points: [[0, 0], ...money.curve.map((point): [number, number] => [point.honestFrozen, point.saved])],
    }],
  })
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

function interval({ low, high }: Interval): string {
  return Number.isNaN(low) ? '' : `[${figure(low)}, ${figure(high)}]`
}

function figure(value: number, digits = 3): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits)
}

function percent(value: number): string {
  return Number.isNaN(value) ? '–' : `${Number((value * 100).toPrecision(3))} %`
}
