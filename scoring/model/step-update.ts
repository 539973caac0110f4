// One small update of one feature's step function from a histogram of gradients: a tree of at most three leaves over the
// ordered bins (Lou, Caruana, Gehrke 2012), with leaves pooled where they would break monotonicity.
import type { Monotone } from './scorecard.ts'

/** Sums over the rows of each bin; the last bin is that of missing values. */
export interface Histogram {
  /** Σ weight × (label − probability), in nats. */
  readonly gradient: Float64Array
  /** Σ weight × probability × (1 − probability). */
  readonly hessian: Float64Array
  /** Σ weight. */
  readonly weight: Float64Array
}

export interface StepUpdateOptions {
  readonly monotone: Monotone
  /** A leaf lighter than this is not split off. */
  readonly leafWeightMin: number
  /** Added to the hessian of each leaf: the smaller a leaf, the less it may say. */
  readonly leafShrinkage: number
  /** A split must gain this much of twice the log-likelihood: chance alone gains about as much (cf. chi-squared tests). */
  readonly gainMin: number
}

interface Leaf {
  readonly from: number
  readonly to: number
  value: number
}

/**
 * Writes the Newton step of every bin into `update` (nats, not yet scaled by the learning rate). Answers false, and writes
 * nothing, where no split is worth making.
 */
export function stepUpdate(histogram: Histogram, options: StepUpdateOptions, update: Float64Array): boolean {
  const missing = histogram.weight.length - 1
  const sums = prefixSums(histogram, missing)
  const leaves = splitLeaves(sums, missing, options)
  if (options.monotone !== 0) poolLeaves(leaves, sums, options)
  const splitsMissing = missingGain(histogram, sums, options) >= options.gainMin
  if (leaves.length === 1 && !splitsMissing) return false
  for (const leaf of leaves) update.fill(leaf.value, leaf.from, leaf.to)
  const isHeavy = histogram.weight[missing]! >= options.leafWeightMin
  update[missing] = isHeavy ? histogram.gradient[missing]! / (histogram.hessian[missing]! + options.leafShrinkage) : 0
  return true
}

/** What is gained by treating missing values apart from all others. */
function missingGain(histogram: Histogram, sums: Sums, options: StepUpdateOptions): number {
  const missing = histogram.weight.length - 1
  const [weight, gradient, hessian] = [histogram.weight[missing]!, histogram.gradient[missing]!, histogram.hessian[missing]!]
  if (weight < options.leafWeightMin || sums.weight[missing]! < options.leafWeightMin) return 0
  const present = leafGain(sums, 0, missing, options.leafShrinkage)
  const apart = (gradient * gradient) / (hessian + options.leafShrinkage)
  const gradientSum = gradient + sums.gradient[missing]!
  const together = (gradientSum * gradientSum) / (hessian + sums.hessian[missing]! + options.leafShrinkage)
  return present + apart - together
}

interface Sums {
  readonly gradient: Float64Array
  readonly hessian: Float64Array
  readonly weight: Float64Array
}

function prefixSums(histogram: Histogram, bins: number): Sums {
  const running = (values: Float64Array): Float64Array => {
    const sums = new Float64Array(bins + 1)
    for (let bin = 0; bin < bins; bin++) sums[bin + 1] = sums[bin]! + values[bin]!
    return sums
  }
  return {
    gradient: running(histogram.gradient),
    hessian: running(histogram.hessian),
    weight: running(histogram.weight),
  }
}

const leavesMax = 3

/** Splits the widest gain first, up to three leaves. */
function splitLeaves(sums: Sums, bins: number, options: StepUpdateOptions): Leaf[] {
  const leaves: Leaf[] = [{ from: 0, to: bins, value: 0 }]
  while (leaves.length < leavesMax) {
    let best = { leaf: -1, cut: -1, gain: 0 }
    leaves.forEach((leaf, index) => {
      const split = bestCut(sums, leaf, options)
      if (split.gain > best.gain) best = { leaf: index, ...split }
    })
    if (best.leaf < 0) break
    const { from, to } = leaves[best.leaf]!
    leaves.splice(best.leaf, 1, { from, to: best.cut, value: 0 }, { from: best.cut, to, value: 0 })
  }
  for (const leaf of leaves) leaf.value = leafValue(sums, leaf.from, leaf.to, options.leafShrinkage)
  return leaves
}

function bestCut(sums: Sums, leaf: Leaf, options: StepUpdateOptions): { cut: number; gain: number } {
  const { from, to } = leaf
  const whole = leafGain(sums, from, to, options.leafShrinkage)
  let best = { cut: -1, gain: 0 }
  for (let cut = from + 1; cut < to; cut++) {
    if (sums.weight[cut]! - sums.weight[from]! < options.leafWeightMin) continue
    if (sums.weight[to]! - sums.weight[cut]! < options.leafWeightMin) break
    if (options.monotone !== 0) {
      const rise = leafValue(sums, cut, to, options.leafShrinkage) - leafValue(sums, from, cut, options.leafShrinkage)
      if (rise * options.monotone <= 0) continue
    }
    const parts = leafGain(sums, from, cut, options.leafShrinkage) + leafGain(sums, cut, to, options.leafShrinkage)
    if (parts - whole >= options.gainMin && parts - whole > best.gain) best = { cut, gain: parts - whole }
  }
  return best
}

/** Pools adjacent violators (Ayer et al. 1955): the leaves that remain rise, or fall, as the feature must. */
function poolLeaves(leaves: Leaf[], sums: Sums, options: StepUpdateOptions): void {
  let i = 1
  while (i < leaves.length) {
    const left = leaves[i - 1]!
    const right = leaves[i]!
    if ((right.value - left.value) * options.monotone >= 0) {
      i++
      continue
    }
    const pooled: Leaf = { from: left.from, to: right.to, value: leafValue(sums, left.from, right.to, options.leafShrinkage) }
    leaves.splice(i - 1, 2, pooled)
    i = Math.max(1, i - 1)
  }
}

function leafValue(sums: Sums, from: number, to: number, shrinkage: number): number {
  const gradient = sums.gradient[to]! - sums.gradient[from]!
  return gradient / (sums.hessian[to]! - sums.hessian[from]! + shrinkage)
}

function leafGain(sums: Sums, from: number, to: number, shrinkage: number): number {
  const gradient = sums.gradient[to]! - sums.gradient[from]!
  return (gradient * gradient) / (sums.hessian[to]! - sums.hessian[from]! + shrinkage)
}
