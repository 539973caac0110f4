// report.html: one page without a request or a script, fit to be mailed: what the data is worth, what was found, why, and
// how it was made. It holds no raw identifier, and the same audit gives the same bytes.
import type { Thresholds } from '../../../scoring/detection.ts'
import type { Model } from '../../../scoring/model/model.ts'
import { analystSentence } from '../../../scoring/reasons/sentences.ts'
import type { AuditEvaluation } from '../audit-evaluation.ts'
import { ringName, topReasonOf, worstFirst } from '../audit-tables.ts'
import type { Audited } from '../audit-tables.ts'
import { describeFinding } from '../doctor/finding.ts'
import type { Finding } from '../doctor/finding.ts'
import type { Language } from '../refusals.ts'
import { evaluationSection } from './evaluation-section.ts'
import { count, estimate, moment, money, score, share } from './format.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { renderPage } from './page.ts'
import { graphDefinitions } from './ring-graph.ts'
import { pictureRings } from './ring-picture.ts'
import { ringSection } from './ring-section.ts'
import { fill, reportTexts } from './texts.ts'
import type { ReportTexts } from './texts.ts'

export interface ReportInput extends Audited {
  readonly language: Language
  readonly model: Model
  readonly thresholds: Thresholds
  readonly productVersion: string
  readonly findings: readonly Finding[]
  readonly evaluation: AuditEvaluation | null
}

/** Rings with a section of their own, rings in the list, and rings whose tables stand open. */
const ringsDrawn = 20
const ringsListed = 50
const ringsOpen = 3
const alertsShown = 10

export function renderReport(input: ReportInput): string {
  const texts = reportTexts[input.language]
  const { contents, evaluation } = input
  const scoreWord = input.model.origin === 'local' ? texts.probability : texts.score
  const asOf = `${texts.asOf} ${moment(contents.population.asOf)} UTC`
  const body = html`${headline(input, texts, scoreWord)}
${findingsSection(input, texts)}
${ringsSection(input, texts, scoreWord)}
${alertsSection(input, texts)}
${evaluation === null ? null : evaluationSection(evaluation.evaluation, evaluation.isInSample ? 'in-sample' : 'out-of-sample', texts)}
${readingSection(texts, scoreWord)}
${makingSection(input, texts)}`
  return renderPage({
    language: input.language, title: texts.title, subtitle: asOf, body,
    footer: html`${texts.version} ${input.productVersion} · ${texts.model} ${input.model.version}`,
  })
}

function headline(input: ReportInput, texts: ReportTexts, scoreWord: string): Html {
  const { contents, detection } = input
  const { population, referrals } = contents
  const { currency, basis } = contents.money
  const decided = (decision: string): number => detection.referrals.decision.filter((other) => other === decision).length
  const inRings = detection.accounts.ring.reduce((sum, ring) => sum + (ring >= 0 ? 1 : 0), 0)
  const loss = detection.rings.reduce((sum, ring) => sum + ring.expectedLoss, 0)
  const stake = referrals.atStakeUnits.reduce((sum, units) => sum + units, 0n)
  const hasReferrals = population.referrals.count > 0
  const values = {
    accounts: count(population.accounts.count), referrals: count(population.referrals.count), rings: count(detection.rings.length),
    inRings: count(inRings), held: count(decided('hold')), denied: count(decided('deny')),
    loss: estimate(loss, currency), stake: money(stake, currency), score: scoreWord,
  }
  const figure = (value: string, label: string, loud = ''): Html => {
    const [amount = '', unit] = value.split(' ')
    return html`<div class="figure ${loud}"><b>${amount}${unit === undefined ? null : html` <small>${unit}</small>`}</b><span>${label}</span></div>`
  }
  return html`<div class="figures">
${basis === 'none' ? null : figure(values.loss, texts.expectedLoss, 'loud')}
${basis === 'none' ? null : figure(values.stake, texts.atStake)}
${figure(values.rings, texts.rings)}${figure(values.inRings, texts.inRings)}
${hasReferrals ? figure(values.denied, texts.denied) : null}${hasReferrals ? figure(values.held, texts.held) : null}
${figure(values.accounts, texts.accounts)}${hasReferrals ? figure(values.referrals, texts.referrals) : null}
</div>
<p class="lead">${hasReferrals
    ? `${fill(texts.lead, values)} ${fill(texts.leadLoss, values)}` : `${fill(texts.leadAccounts, values)} ${fill(texts.leadNoReferrals, values)}`}</p>
<p class="soft">${basisText(input, texts)} ${input.model.origin === 'local' ? '' : texts.scoreNote}</p>`
}

function basisText({ contents }: ReportInput, texts: ReportTexts): string {
  const { basis, ratePartsPerMillion } = contents.money
  if (basis === 'rebates') return texts.basisRebates
  return basis === 'rate' ? fill(texts.basisRate, { rate: share(ratePartsPerMillion / 1e6) }) : ''
}

function findingsSection(input: ReportInput, texts: ReportTexts): Html {
  const grave = input.findings.filter((finding) => finding.severity !== 'note' || finding.code === 'all_well')
  const notes = input.findings.filter((finding) => !grave.includes(finding))
  const refused = [...input.contents.summary.refusals.values()].reduce((sum, number) => sum + number, 0)
  const list = (findings: readonly Finding[]): Html => html`<ul class="findings">${findings.map((finding) => {
    const { sentence, advice } = describeFinding(finding, input.language)
    return html`<li><span class="chip ${finding.severity}">${texts[finding.severity]}</span><span>${sentence}</span>${advice === '' ? null : html`<p>${advice}</p>`}</li>`
  })}</ul>`
  return html`<h2 id="data">${texts.findings}</h2><p class="soft">${texts.findingsLead}</p>
${grave.length === 0 ? null : list(grave)}
${notes.length === 0 ? null : html`<details><summary>${texts.note} · ${notes.length}</summary>${list(notes)}</details>`}
${refused === 0 ? null : html`<p class="soft">${fill(texts.refusedTotal, { count: count(refused) })}</p>`}`
}

function ringsSection(input: ReportInput, texts: ReportTexts, scoreWord: string): Html {
  const { detection, contents } = input
  const { rings } = detection
  if (rings.length === 0) return html`<h2 id="rings">${texts.ringsTitle}</h2><p class="soft">${texts.noRings}</p>`
  const hasLoss = contents.money.basis !== 'none'
  const order = worstFirst(input)
  const pictures = pictureRings(input, order.slice(0, ringsDrawn))
  const more = rings.length - Math.min(rings.length, ringsListed)
  return html`${graphDefinitions}<h2 id="rings">${texts.ringsTitle}</h2><p class="soft">${texts.ringsLead}</p>
<div class="scroll"><table><tr><th>${texts.ring}</th><th class="n">${texts.size}</th><th class="n">${texts.invitations}</th>
${hasLoss ? html`<th class="n">${texts.expectedLoss}</th>` : null}<th>${scoreWord}</th><th>${texts.topReason}</th></tr>
${order.slice(0, ringsListed).map(({ ring, index }, place) => {
    const name = ringName(index)
    const top = topReasonOf(ring)
    return html`<tr><td class="tight">${place < ringsDrawn ? html`<a href="#${name}">${name}</a>` : name}</td><td class="n">${count(ring.members.length)}</td>
<td class="n">${count(ring.referrals.length)}</td>${hasLoss ? html`<td class="n">${estimate(ring.expectedLoss, contents.money.currency)}</td>` : null}
<td class="tight"><span class="meter"><i style="width:${Math.round(ring.probability * 100)}%"></i></span>${score(ring.probability)}</td>
<td class="words">${top === null ? '–' : analystSentence(top, input.language)}</td></tr>`
  })}</table></div>
${more > 0 ? html`<p class="small soft">${fill(texts.ringsMore, { count: count(more) })}</p>` : null}
${pictures.map((picture, index) => ringSection(picture, { input, texts, scoreWord, isOpen: index < ringsOpen }))}`
}

function alertsSection({ detection, contents }: ReportInput, texts: ReportTexts): Html | null {
  if (detection.alerts.length === 0) return null
  const { identifiers } = contents.population
  return html`<h2 id="alerts">${texts.alerts}</h2><p class="soft">${texts.alertsLead}</p><div class="scroll"><table>
<tr><th>${texts.kind}</th><th>${texts.shownAs}</th><th class="n">${texts.accounts}</th><th class="n">${texts.strength}</th></tr>
${detection.alerts.slice(0, alertsShown).map(({ identifier, accounts }) => html`<tr><td>${identifiers.kinds[identifiers.kind[identifier] ?? 0] ?? ''}</td>
<td><code>${contents.identifierMasks[identifier] ?? ''}</code></td><td class="n">${count(accounts)}</td>
<td class="n">${score(detection.identifiers.strength[identifier] ?? 0)}</td></tr>`)}</table></div>`
}

function readingSection(texts: ReportTexts, scoreWord: string): Html {
  return html`<h2 id="how">${texts.how}</h2><ol class="how">${texts.howLines.map((line) => html`<li>${fill(line, { score: scoreWord })}</li>`)}</ol>
<h4>${texts.glossary}</h4><dl>${texts.glossaryLines.map(([word, meaning]) => html`<dt>${word ?? ''}</dt><dd>${meaning ?? ''}</dd>`)}</dl>`
}

function makingSection({ model, thresholds, contents, productVersion }: ReportInput, texts: ReportTexts): Html {
  const trainedOn = model.training.length === 0 ? texts.nothing : model.training.map((source) => source.name).join(', ')
  const files = contents.summary.files.map((file) => `${file.file} ${count(file.accepted)}`).join(' · ')
  return html`<h2 id="made">${texts.made}</h2><dl>
<dt>${texts.model}</dt><dd>${model.version} (${model.origin})</dd>
<dt>${texts.trainedOn}</dt><dd>${trainedOn}</dd>
<dt>${texts.thresholds}</dt><dd>${texts.hold} ≥ ${thresholds.hold} · ${texts.deny} ≥ ${thresholds.deny} · ${texts.ring} ≥ ${thresholds.ring}</dd>
<dt>${texts.files}</dt><dd>${files}</dd>
<dt>${texts.digest}</dt><dd><code>${contents.summary.digest}</code></dd>
<dt>${texts.version}</dt><dd>${productVersion}</dd>
</dl>`
}
