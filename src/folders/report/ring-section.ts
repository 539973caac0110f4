// One ring on the page: what it costs, its graph, the evidence in bits, what its members share, who they are.
import type { Reason } from '../../../scoring/detection.ts'
import { analystSentence } from '../../../scoring/reasons/sentences.ts'
import { familyOf } from '../doctor/identifier-checks.ts'
import { accountName, bits, count, estimate, moment, money, score } from './format.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import type { ReportInput } from './render.ts'
import { ringGraph } from './ring-graph.ts'
import type { RingPicture } from './ring-picture.ts'
import { fill } from './texts.ts'
import type { ReportTexts } from './texts.ts'

const reasonsShown = 9
/** Longer tables are folded. */
const membersOpenMax = 15

export interface RingSectionOptions {
  readonly input: ReportInput
  readonly texts: ReportTexts
  /** `score` or `probability`, in the language of the page. */
  readonly scoreWord: string
  readonly isOpen: boolean
}

export function ringSection(picture: RingPicture, options: RingSectionOptions): Html {
  const { input, texts, scoreWord } = options
  const { ring, name } = picture
  const { population } = input.contents
  const title = fill(texts.graphTitle, { ring: name })
  const drawn = picture.members.length < ring.members.length
    ? `${fill(texts.graphShown, { shown: count(picture.members.length), total: count(ring.members.length) })} ` : ''
  return html`<article class="ring" id="${name}">
<header><h3>${name}</h3><span class="soft">${count(ring.members.length)} ${texts.accounts} · ${count(ring.referrals.length)}
${ring.referrals.length === 1 ? texts.invitationsOne : texts.invitations} · ${scoreWord} ${score(ring.probability)}</span></header>
${moneyLine(picture, options)}
<div class="pair">
<div>${ringGraph(picture, population, title)}<p class="small soft">${drawn}${texts.graphLegend}</p></div>
<div><h4>${texts.why}</h4>${evidenceTable(ring.reasons, options)}
<p class="small soft">${ring.referrals.length > 0 ? texts.whyReferrals : texts.whyAccounts}</p>
${counterfactual(picture, options)}</div>
</div>
${sharedTable(picture, options)}
${foldable(`${texts.members} · ${count(ring.members.length)}`, memberTable(picture, options), options.isOpen && picture.members.length <= membersOpenMax)}
${picture.invitations.length === 0 ? null : foldable(`${texts.invitationsInside} · ${count(ring.referrals.length)}`, invitationTable(picture, options), options.isOpen && picture.invitations.length <= membersOpenMax)}
</article>
`
}

function foldable(title: string, content: Html, isOpen: boolean): Html {
  return isOpen
    ? html`<details open><summary>${title}</summary>${content}</details>`
    : html`<details><summary>${title}</summary>${content}</details>`
}

function moneyLine(picture: RingPicture, { input, texts }: RingSectionOptions): Html | null {
  const { money: stake } = input.contents
  const { currency } = stake
  if (stake.basis === 'none') return null
  const entry = (value: string, label: string, loud = ''): Html => html`<div class="${loud}"><b>${value}</b><span>${label}</span></div>`
  return html`<div class="money">
${entry(estimate(picture.ring.expectedLoss, currency), texts.expectedLoss, 'loud')}
${entry(money(picture.atStakeUnits, currency), texts.atStake)}
${picture.goneUnits > 0n ? entry(money(picture.goneUnits, currency), texts.alreadyGone) : null}
${entry(estimate(picture.customerValue, currency), texts.customerValue)}
</div>`
}

export function evidenceTable(reasons: readonly Reason[], { input, texts }: RingSectionOptions): Html {
  const shown = reasons.slice(0, reasonsShown)
  const widest = Math.max(1, ...shown.map((reason) => Math.abs(reason.bits)))
  return html`<table class="evidence">${shown.map((reason) => {
    const side = reason.bits >= 0 ? 'for' : 'against'
    const width = Math.round((Math.abs(reason.bits) / widest) * 500) / 10
    const { seen_on: seen, rows } = reason.facts
    const partly = typeof seen === 'number' && typeof rows === 'number' && seen < rows ? ` (${seen} ${texts.of} ${rows})` : ''
    return html`<tr><td>${analystSentence(reason, input.language)}<span class="soft">${partly}</span></td>
<td class="axis"><div><i class="${side}" style="width:${width}%"></i></div></td><td class="n ${side}">${bits(reason.bits)}</td></tr>`
  })}</table>`
}

function counterfactual(picture: RingPicture, { input, texts, scoreWord }: RingSectionOptions): Html | null {
  const strongest = picture.invitations[0]
  if (strongest === undefined) return null
  const explanation = input.detection.explainReferral(strongest.referral)
  const change = explanation.counterfactual
  if (change === null) return null
  const without = explanation.reasons.filter((reason) => change.without.slice(0, 3).includes(reason.code))
    .map((reason) => analystSentence(reason, input.language).replace(/[.。]$/, '')).join(input.language === 'en' ? '”, “' : '”“')
  return html`<p class="small">${fill(texts.counterfactual, { without, score: scoreWord, value: score(change.probability) })}</p>`
}

function sharedTable(picture: RingPicture, { input, texts }: RingSectionOptions): Html | null {
  if (picture.shared.length === 0) return null
  const { identifiers } = input.contents.population
  return html`<h4>${texts.shared}</h4><div class="scroll"><table>
<tr><th></th><th>${texts.kind}</th><th>${texts.shownAs}</th><th class="n">${texts.here}</th><th class="n">${texts.everywhere}</th><th class="n">${texts.strength}</th></tr>
${picture.shared.map((shared) => {
    const kind = identifiers.kinds[identifiers.kind[shared.identifier] ?? 0] ?? ''
    return html`<tr><td><span class="key ${familyOf(kind)}">${shared.letter}</span></td><td>${kind}</td>
<td><code>${input.contents.identifierMasks[shared.identifier] ?? ''}</code></td><td class="n">${count(shared.accountsInside)}</td>
<td class="n">${count(shared.accountsEverywhere)}</td><td class="n">${score(input.detection.identifiers.strength[shared.identifier] ?? 0)}</td></tr>`
  })}</table></div>`
}

function memberTable(picture: RingPicture, { input, texts, scoreWord }: RingSectionOptions): Html {
  const { accountIds, population, identifierMasks } = input.contents
  const invitedBy = new Map(picture.invitations.map(({ inviter, invitee }) => [invitee, inviter]))
  const more = picture.ring.members.length - picture.members.length
  const through = (identifier: number): string => {
    const letter = picture.shared.find((shared) => shared.identifier === identifier)?.letter
    const mask = `${population.identifiers.kinds[population.identifiers.kind[identifier] ?? 0] ?? ''} ${identifierMasks[identifier] ?? ''}`
    return letter === undefined ? mask : `${letter} · ${mask}`
  }
  return html`<div class="scroll"><table>
<tr><th class="n">#</th><th>${texts.member}</th><th>${texts.joined} (UTC)</th><th class="n">${scoreWord}</th><th class="n">${texts.invitedBy}</th><th class="n">${texts.tiedTo}</th><th>${texts.through}</th></tr>
${picture.members.map((member) => {
    const inviter = invitedBy.get(member.number) ?? 0
    const tie = member.tiedTo === 0 ? '' : member.identifier < 0 ? texts.invitation : through(member.identifier)
    return html`<tr><td class="n">${member.number}</td><td><code>${accountName(accountIds[member.account] ?? '')}</code></td>
<td class="tight">${moment(population.accounts.createdAt[member.account] ?? Number.NaN)}</td><td class="n">${score(member.score)}</td>
<td class="n">${inviter === 0 ? '' : inviter}</td><td class="n">${member.tiedTo === 0 ? '' : member.tiedTo}</td><td>${tie}</td></tr>`
  })}</table></div>${more > 0 ? html`<p class="small soft">${fill(texts.membersMore, { count: count(more) })}</p>` : null}`
}

function invitationTable(picture: RingPicture, { input, texts, scoreWord }: RingSectionOptions): Html {
  const { contents, detection } = input
  const { referrals } = contents.population
  const more = picture.ring.referrals.length - picture.invitations.length
  const name = (account: number | undefined, number: number): Html => {
    const id = html`<code>${accountName(contents.accountIds[account ?? -1] ?? '')}</code>`
    return number > 0 ? html`<span class="soft">${number}</span> ${id}` : id
  }
  return html`<div class="scroll"><table>
<tr><th>${texts.inviter}</th><th>${texts.invitee}</th><th class="n">${scoreWord}</th><th>${texts.decision}</th><th class="n">${texts.atStake}</th><th>${texts.reasons}</th></tr>
${picture.invitations.map(({ referral, inviter, invitee }) => {
    const decision = detection.referrals.decision[referral] ?? 'hold'
    const reasons = detection.explainReferral(referral).reasons
      .filter((reason) => reason.bits > 0 && reason.code !== 'base_rate').slice(0, 2)
    const isPayable = contents.referrals.standing[referral] === 'payable'
    return html`<tr><td class="tight">${name(referrals.inviter[referral], inviter)}</td><td class="tight">${name(referrals.invitee[referral], invitee)}</td>
<td class="n">${score(detection.referrals.probability[referral] ?? 0)}</td><td class="tight"><span class="chip ${decision}">${texts[decision]}</span></td>
<td class="n">${isPayable ? money(contents.referrals.atStakeUnits[referral] ?? 0n, contents.money.currency) : texts.notPayable}</td>
<td class="words">${reasons.map((reason) => analystSentence(reason, input.language)).join(' ')}</td></tr>`
  })}</table></div>${more > 0 ? html`<p class="small soft">${fill(texts.invitationsMore, { count: count(more) })}</p>` : null}`
}
