// Small line plots as SVG text, without a library: the same figures give the same bytes.

export interface Series {
  readonly name: string
  readonly colour: string
  /** In data units, in the order in which they are joined. */
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly style?: 'line' | 'dashed' | 'dots'
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly xMax: number
  readonly yMax: number
  readonly series: readonly Series[]
}

const width = 420
const height = 320
const margin = { left: 56, right: 16, top: 32, bottom: 44 }
const tickCount = 5

/** One SVG element, readable on a light page, with its title for screen readers. */
export function plotSvg(plot: Plot): string {
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(plot.title)}</title>`,
    `<g font-family="system-ui, sans-serif" font-size="11" fill="#333">`,
    text(width / 2, 18, plot.title, 'middle', 13),
    ...axes(plot),
    ...plot.series.map((series) => draw(plot, series)),
    ...plot.series.map((series, index) => legend(series, index)),
    '</g></svg>',
  ]
  return parts.join('\n')
}

function axes(plot: Plot): string[] {
  const parts: string[] = []
  for (let tick = 0; tick <= tickCount; tick++) {
    const xValue = (plot.xMax * tick) / tickCount
    const yValue = (plot.yMax * tick) / tickCount
    const x = place(plot, xValue, 0).x
    const y = place(plot, 0, yValue).y
    parts.push(`<path d="M${margin.left} ${y}H${width - margin.right}M${x} ${margin.top}V${height - margin.bottom}" stroke="#ddd" fill="none"/>`)
    parts.push(text(x, height - margin.bottom + 14, shortNumber(xValue), 'middle'))
    parts.push(text(margin.left - 6, Number(y) + 4, shortNumber(yValue), 'end'))
  }
  parts.push(text((margin.left + width - margin.right) / 2, height - 8, plot.xLabel, 'middle'))
  const middle = (margin.top + height - margin.bottom) / 2
  parts.push(`<g transform="rotate(-90 14 ${middle})">${text(14, middle, plot.yLabel, 'middle')}</g>`)
  return parts
}

function draw(plot: Plot, series: Series): string {
  const points = series.points.map(([x, y]) => place(plot, x, y))
  if (series.style === 'dots') {
    return points.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="3" fill="${series.colour}"/>`).join('')
  }
  const dashes = series.style === 'dashed' ? ' stroke-dasharray="4 4"' : ''
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('')
  return path === '' ? '' : `<path d="${path}" fill="none" stroke="${series.colour}" stroke-width="1.5"${dashes}/>`
}

function legend(series: Series, index: number): string {
  const y = height - margin.bottom - 10 - index * 15
  const x = width - margin.right - 8
  return `${text(x - 14, y + 4, series.name, 'end')}<rect x="${x - 8}" y="${y - 4}" width="8" height="8" fill="${series.colour}"/>`
}

function place(plot: Plot, x: number, y: number): { x: string; y: string } {
  const across = (width - margin.left - margin.right) * Math.min(1, Math.max(0, x / plot.xMax))
  const up = (height - margin.top - margin.bottom) * Math.min(1, Math.max(0, y / plot.yMax))
  return { x: (margin.left + across).toFixed(1), y: (height - margin.bottom - up).toFixed(1) }
}

function text(x: number | string, y: number, content: string, anchor: 'middle' | 'end', size = 11): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${escapeText(content)}</text>`
}

function shortNumber(value: number): string {
  if (value >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
