// The graph of one ring as SVG: accounts as numbered circles, invitations as arrows, what accounts share as lettered squares.
import type { Population } from '../../../scoring/population.ts'
import { familyOf } from '../doctor/identifier-checks.ts'
import { Html, html } from './html.ts'
import { layOut } from './layout.ts'
import type { LayoutEdge, Point } from './layout.ts'
import type { RingPicture } from './ring-picture.ts'

/** Define once per page; the graphs refer to it. */
export const graphDefinitions = new Html(
  '<svg width="0" height="0" aria-hidden="true" class="definitions"><defs>'
  + '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
  + '<path d="M0 0.6L7.4 4L0 7.4L1.6 4z" class="arrow-head"/></marker></defs></svg>',
)

const width = 560

export function ringGraph(picture: RingPicture, population: Population, title: string): Html {
  const members = picture.members.length
  const squares = picture.shared.filter((shared) => shared.members.length >= 2)
  const spokes = squares.flatMap((shared, index): LayoutEdge[] =>
    shared.members.map((number) => ({ from: number - 1, to: members + index })))
  const arrows = picture.invitations
    .filter(({ inviter, invitee }) => inviter > 0 && invitee > 0 && inviter !== invitee)
    .map(({ inviter, invitee }): LayoutEdge => ({ from: inviter - 1, to: invitee - 1 }))
  const drawn = new Set(squares.map((shared) => shared.identifier))
  // What ties a member and is not drawn as a square is drawn as a plain line to the member that it ties to.
  const ties = picture.members
    .filter(({ tiedTo, identifier }) => tiedTo > 0 && identifier >= 0 && !drawn.has(identifier))
    .map(({ number, tiedTo }): LayoutEdge => ({ from: number - 1, to: tiedTo - 1 }))
  const nodes = members + squares.length
  const radius = members > 30 ? 9 : members > 12 ? 11 : 13
  const height = nodes <= 4 ? 170 : nodes <= 8 ? 240 : nodes <= 20 ? 330 : 430
  const points = layOut(nodes, [...spokes, ...ties, ...arrows], { width, height, margin: radius + 6, gap: radius * (members <= 6 ? 4.6 : 2.4) })
  const at = (node: number): Point => points[node] ?? { x: 0, y: 0 }
  const families = squares.map((shared) =>
    familyOf(population.identifiers.kinds[population.identifiers.kind[shared.identifier] ?? 0] ?? ''))
  return html`<svg class="graph" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}"><title>${title}</title>
${spokes.map(({ from, to }) => {
    const family = families[to - members] ?? 'other'
    return html`<line class="spoke ${family}" x1="${at(from).x}" y1="${at(from).y}" x2="${at(to).x}" y2="${at(to).y}"/>`
  })}
${ties.map(({ from, to }) => html`<line class="tie" x1="${at(from).x}" y1="${at(from).y}" x2="${at(to).x}" y2="${at(to).y}"/>`)}
${arrows.map((edge) => arrow(at(edge.from), at(edge.to), radius))}
${squares.map((shared, index) => square(at(members + index), shared.letter, families[index] ?? 'other'))}
${picture.members.map((member) => circle(at(member.number - 1), { radius, number: member.number, score: member.score }))}
</svg>`
}

/** Bent a little, so that an arrow between two accounts does not lie on the lines of what they share. */
function arrow(from: Point, to: Point, radius: number): Html {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = Math.max(1, Math.sqrt(dx * dx + dy * dy))
  const bend = Math.min(26, length * 0.16)
  const middle = { x: (from.x + to.x) / 2 - (dy / length) * bend, y: (from.y + to.y) / 2 + (dx / length) * bend }
  const start = towards(from, middle, radius + 1)
  const end = towards(to, middle, radius + 2)
  return html`<path class="invitation" d="M${start.x} ${start.y}Q${tenth(middle.x)} ${tenth(middle.y)} ${end.x} ${end.y}" marker-end="url(#arrow)"/>`
}

function towards(from: Point, to: Point, distance: number): Point {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = Math.max(1, Math.sqrt(dx * dx + dy * dy))
  return { x: tenth(from.x + (dx / length) * distance), y: tenth(from.y + (dy / length) * distance) }
}

function square(at: Point, letter: string, family: string): Html {
  return html`<g class="shared ${family}"><rect x="${tenth(at.x - 9)}" y="${tenth(at.y - 9)}" width="18" height="18" rx="3.5"/>`
    .concat(html`<text x="${at.x}" y="${tenth(at.y + 4)}">${letter}</text></g>`)
}

function circle(at: Point, { radius, number, score }: { radius: number; number: number; score: number }): Html {
  const band = score >= 0.9 ? 'sure' : score >= 0.5 ? 'likely' : 'unsure'
  return html`<g class="account ${band}"><circle cx="${at.x}" cy="${at.y}" r="${radius}"/>`
    .concat(html`<text x="${at.x}" y="${tenth(at.y + 4)}">${number}</text></g>`)
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
