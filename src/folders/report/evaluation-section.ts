// An evaluation as HTML: ranking with intervals, plain rules, calibration with its plot, groups and rings.
import type { Evaluation, Stratum, SubjectEvaluation } from '../../../scoring/evaluation/evaluate.ts'
import type { BaselineFigures } from '../../../scoring/evaluation/evaluate.ts'
import { renderPlots } from '../../../scoring/evaluation/render.ts'
import { count, figure, share } from './format.ts'
import { Html, html } from './html.ts'
import { fill } from './texts.ts'
import type { ReportTexts } from './texts.ts'

export type Sample = 'in-sample' | 'out-of-sample' | 'out-of-fold'

export function evaluationSection(evaluation: Evaluation, sample: Sample, texts: ReportTexts): Html {
  const plots = renderPlots(evaluation)
  const { chip, note } = {
    'in-sample': { chip: texts.inSample, note: texts.inSampleNote },
    'out-of-sample': { chip: texts.outOfSample, note: texts.outOfSampleNote },
    'out-of-fold': { chip: texts.outOfFold, note: texts.outOfFoldNote },
  }[sample]
  return html`<h2 id="evaluation">${texts.evaluation} <span class="chip ${sample === 'in-sample' ? 'warning' : 'note'}">${chip}</span></h2>
<p class="soft">${note}</p>
${evaluation.referrals === null ? null : subject(texts.referrals, evaluation.referrals, evaluation.falsePositiveRates, texts)}
${evaluation.accounts === null ? null : subject(texts.accounts, evaluation.accounts, evaluation.falsePositiveRates, texts)}
${evaluation.rings === null ? null : rings(evaluation, texts)}
<div class="plots">${plots.map(({ svg }) => html`<figure>${new Html(svg)}</figure>`)}</div>`
}

function subject(
  title: string, evaluated: SubjectEvaluation & { readonly baselines: readonly BaselineFigures[] },
  rates: readonly number[], texts: ReportTexts,
): Html {
  const { ranking, reliability, strata, baselines } = evaluated
  const interval = ({ low, high }: { low: number; high: number }): string => `${figure(low)} – ${figure(high)}`
  const { averagePrecisionInterval } = ranking
  return html`<h3 style="margin-top:26px">${title}</h3>
<p class="soft">${count(ranking.positives)} ${texts.positives} ${texts.of} ${count(ranking.rows)}</p>
<div class="scroll"><table><tr><th>${texts.figure}</th><th class="n">${texts.value}</th><th class="n">${texts.interval}</th></tr>
<tr><td>PR-AUC</td><td class="n"><b>${figure(ranking.averagePrecision)}</b></td><td class="n">${interval(averagePrecisionInterval)}</td></tr>
${rates.map((rate, index) => html`<tr><td>${texts.recall} · FPR ${share(rate)}</td><td class="n">${figure(ranking.recalls[index]?.recall ?? Number.NaN)}</td>
<td class="n">${interval(ranking.recallIntervals[index] ?? { low: Number.NaN, high: Number.NaN })}</td></tr>`)}
<tr><td>ROC</td><td class="n">${figure(ranking.rocArea)}</td><td></td></tr>
<tr><td>Brier</td><td class="n">${figure(reliability.brier, 4)}</td><td></td></tr>
<tr><td>ECE</td><td class="n">${figure(reliability.expectedCalibrationError, 4)}</td><td></td></tr>
<tr><td>${fill(texts.upper, { rows: count(reliability.upper.rows), claimed: figure(reliability.upper.claimed) })}</td><td class="n">${figure(reliability.upper.observed)}</td><td></td></tr>
</table></div>
${baselines.length === 0 ? null : rules(ranking, baselines, rates, texts)}
${strata.length < 2 ? null : strataTable(strata, texts)}`
}

function rules(
  own: SubjectEvaluation['ranking'], baselines: readonly BaselineFigures[], rates: readonly number[], texts: ReportTexts,
): Html {
  const cells = (name: string, precision: number, recalls: readonly number[]): Html => html`<tr><td>${name}</td><td class="n">${figure(precision)}</td>
${recalls.map((recall) => html`<td class="n">${figure(recall)}</td>`)}</tr>`
  return html`<h4>${texts.byRule}</h4><div class="scroll"><table><tr><th>${texts.rule}</th><th class="n">PR-AUC</th>
${rates.map((rate) => html`<th class="n">${texts.recall} · FPR ${share(rate)}</th>`)}</tr>
${cells(texts.thisModel, own.averagePrecision, own.recalls.map((bounded) => bounded.recall))}
${baselines.map((rule) => cells(rule.name, rule.averagePrecision, rule.recalls))}</table></div>`
}

function strataTable(strata: readonly Stratum[], texts: ReportTexts): Html {
  return html`<details><summary>${texts.byStratum} · ${strata.length}</summary><div class="scroll"><table><tr><th>${texts.stratum}</th><th>${texts.oneOperator}</th><th class="n">${texts.rows}</th>
<th class="n">${texts.meanScore}</th><th class="n">${texts.overHalf}</th></tr>
${strata.map((stratum) => html`<tr><td>${stratum.name === '' ? `(${texts.none})` : stratum.name}</td><td>${stratum.isPositive ? texts.yes : texts.no}</td>
<td class="n">${count(stratum.rows)}</td><td class="n">${figure(stratum.meanScore)}</td><td class="n">${share(stratum.shareOverHalf)}</td></tr>`)}</table></div></details>`
}

function rings(evaluation: Evaluation, texts: ReportTexts): Html {
  const quality = evaluation.rings
  if (quality === null) return html``
  const line = (name: string, { precision, recall }: { precision: number; recall: number }): Html =>
    html`<tr><td>${name}</td><td class="n">${figure(precision)}</td><td class="n">${figure(recall)}</td></tr>`
  return html`<h3 style="margin-top:26px">${texts.ringsTitle}</h3><div class="scroll"><table><tr><th></th><th class="n">${texts.precision}</th><th class="n">${texts.recall}</th></tr>
${line('B-cubed', quality.bCubed)}${line('pairwise', quality.pairwise)}</table>
<table><tr><th>${texts.size}</th><th class="n">${texts.operators}</th><th class="n">${texts.found}</th><th class="n">${texts.share}</th></tr>
${quality.bands.map((band) => html`<tr><td>${band.name}</td><td class="n">${count(band.operators)}</td>
<td class="n">${figure(band.hitRate, 2)}</td><td class="n">${figure(band.coverage, 2)}</td></tr>`)}</table></div>`
}
