// Places the nodes of a small graph on a page: springs and repulsion after Fruchterman and Reingold (1991), then a pass that
// pushes overlapping nodes apart. Deterministic: the start is a spiral in the order of the nodes, and nothing is drawn by lot.

export interface Point {
  readonly x: number
  readonly y: number
}

export interface LayoutEdge {
  readonly from: number
  readonly to: number
}

export interface LayoutBox {
  readonly width: number
  readonly height: number
  /** Distance kept from the border. */
  readonly margin: number
  /** Least distance between the centres of two nodes. */
  readonly gap: number
}

const rounds = 320
const goldenAngle = Math.PI * (3 - Math.sqrt(5))

export function layOut(count: number, edges: readonly LayoutEdge[], box: LayoutBox): Point[] {
  const x = Float64Array.from({ length: count }, (_, node) => Math.sqrt(node + 0.5) * Math.cos(node * goldenAngle))
  const y = Float64Array.from({ length: count }, (_, node) => Math.sqrt(node + 0.5) * Math.sin(node * goldenAngle))
  for (let round = 0; round < rounds; round += 1) relax(x, y, edges, 0.35 * (1 - round / rounds) + 0.004)
  fit(x, y, box)
  for (let round = 0; round < 60; round += 1) separate(x, y, box)
  return Array.from(x, (value, node) => ({ x: tenth(value), y: tenth(y[node] ?? 0) }))
}

function relax(x: Float64Array, y: Float64Array, edges: readonly LayoutEdge[], step: number): void {
  const forceX = new Float64Array(x.length)
  const forceY = new Float64Array(x.length)
  const push = (node: number, dx: number, dy: number): void => {
    forceX[node] = (forceX[node] ?? 0) + dx
    forceY[node] = (forceY[node] ?? 0) + dy
  }
  for (let one = 0; one < x.length; one += 1) {
    for (let other = one + 1; other < x.length; other += 1) {
      const { dx, dy, squared } = between(x, y, one, other)
      push(one, dx / squared, dy / squared)
      push(other, -dx / squared, -dy / squared)
    }
  }
  for (const { from, to } of edges) {
    const { dx, dy, squared } = between(x, y, from, to)
    const pull = Math.sqrt(squared)
    push(from, -dx * pull, -dy * pull)
    push(to, dx * pull, dy * pull)
  }
  for (let node = 0; node < x.length; node += 1) {
    // A little gravity keeps parts that nothing ties in the picture.
    const fx = (forceX[node] ?? 0) - (x[node] ?? 0) * 0.08
    const fy = (forceY[node] ?? 0) - (y[node] ?? 0) * 0.08
    const size = Math.sqrt(fx * fx + fy * fy)
    if (size === 0) continue
    const move = Math.min(size, step) / size
    x[node] = (x[node] ?? 0) + fx * move
    y[node] = (y[node] ?? 0) + fy * move
  }
}

function between(x: Float64Array, y: Float64Array, one: number, other: number): { dx: number; dy: number; squared: number } {
  const dx = (x[one] ?? 0) - (x[other] ?? 0)
  const dy = (y[one] ?? 0) - (y[other] ?? 0)
  return { dx, dy, squared: Math.max(1e-4, dx * dx + dy * dy) }
}

/** Turns the longer axis to the wider side and scales both alike, but for at most a third. */
function fit(x: Float64Array, y: Float64Array, box: LayoutBox): void {
  const spanOf = (values: Float64Array): number => Math.max(1e-6, Math.max(...values) - Math.min(...values))
  if (spanOf(y) > spanOf(x)) {
    const turned = x.slice()
    x.set(y)
    y.set(turned)
  }
  const across = (box.width - 2 * box.margin) / spanOf(x)
  const down = (box.height - 2 * box.margin) / spanOf(y)
  const scaleX = Math.min(across, down * 1.35)
  const scaleY = Math.min(down, across * 1.35)
  centre(x, scaleX, box.width)
  centre(y, scaleY, box.height)
}

function centre(values: Float64Array, scale: number, size: number): void {
  const middle = (Math.max(...values) + Math.min(...values)) / 2
  for (const [node, value] of values.entries()) values[node] = (value - middle) * scale + size / 2
}

function separate(x: Float64Array, y: Float64Array, box: LayoutBox): void {
  for (let one = 0; one < x.length; one += 1) {
    for (let other = one + 1; other < x.length; other += 1) {
      const { dx, dy, squared } = between(x, y, one, other)
      const distance = Math.sqrt(squared)
      if (distance >= box.gap) continue
      const shift = (box.gap - distance) / 2 / distance
      // Two nodes on one spot part sideways.
      const [sideX, sideY] = squared <= 1e-4 ? [box.gap / 2, 0] : [dx * shift, dy * shift]
      x[one] = clamp((x[one] ?? 0) + sideX, box.margin, box.width - box.margin)
      y[one] = clamp((y[one] ?? 0) + sideY, box.margin, box.height - box.margin)
      x[other] = clamp((x[other] ?? 0) - sideX, box.margin, box.width - box.margin)
      y[other] = clamp((y[other] ?? 0) - sideY, box.margin, box.height - box.margin)
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
