// The page of an evaluation: one self-contained HTML file that says first where its scores come from.
import type { Evaluation } from '../../../scoring/evaluation/evaluate.ts'
import type { Language } from '../refusals.ts'
import { evaluationSection } from './evaluation-section.ts'
import type { Sample } from './evaluation-section.ts'
import { html } from './html.ts'
import { renderPage } from './page.ts'
import { fill, reportTexts } from './texts.ts'

export interface EvaluationPage {
  readonly language: Language
  readonly evaluation: Evaluation
  readonly sample: Sample
  /** Name of the folder. */
  readonly folder: string
  readonly digest: string
  readonly model: string
  /** How the scores came about, in a sentence. */
  readonly provenance: string
  readonly productVersion: string
}

export function renderEvaluation(page: EvaluationPage): string {
  const texts = reportTexts[page.language]
  return renderPage({
    language: page.language, title: fill(texts.evaluationOf, { folder: page.folder }), subtitle: page.provenance,
    body: html`${evaluationSection(page.evaluation, page.sample, texts)}
<h2>${texts.made}</h2><dl><dt>${texts.model}</dt><dd>${page.model}</dd><dt>${texts.digest}</dt><dd><code>${page.digest}</code></dd></dl>`,
    footer: html`${texts.version} ${page.productVersion} · ${texts.model} ${page.model}`,
  })
}
