// Cyclic gradient boosting of one bag: one feature at a time, round after round, until the held-out groups stop gaining
// (Lou, Caruana, Gehrke 2012). Sums run over fixed-point numbers, so that the order of rows changes nothing.
import type { BinnedFeature } from './binning.ts'
import type { Monotone } from './scorecard.ts'
import { stepUpdate, type Histogram } from './step-update.ts'

export interface BagInput {
  readonly features: readonly BinnedFeature[]
  readonly monotone: readonly Monotone[]
  readonly labels: Uint8Array
  readonly weights: Float64Array
  /** Scores to start from, in nats: those of the prior scorecard, or zero. */
  readonly offsets: Float64Array
  /** 1 where the row only measures when to stop. */
  readonly heldOut: Uint8Array
  readonly learningRate: number
  readonly roundsMax: number
  /** Rounds without gain on the held-out rows before stopping. */
  readonly patience: number
  readonly leafWeightMin: number
  readonly leafShrinkage: number
  readonly gainMin: number
  /** Pseudo-weight that holds every step at the prior: few labels against it change little. */
  readonly priorWeight: number
}

export interface BagResult {
  /** Added to the offsets, in nats. */
  readonly intercept: number
  /** Per feature, per bin, in nats; the common bin holds what its rows got. */
  readonly steps: readonly Float64Array[]
  readonly rounds: number
}

export function boostBag(input: BagInput): BagResult {
  const state = startState(input)
  fitIntercept(input, state)
  const stopsEarly = holdsBothClasses(input)
  let best = snapshot(state, 0)
  let bestLoss = stopsEarly ? heldOutLoss(input, state) : Infinity
  for (let round = 1; round <= input.roundsMax; round++) {
    boostRound(input, state, round)
    fitIntercept(input, state)
    if (!stopsEarly) continue
    const loss = heldOutLoss(input, state)
    if (loss < bestLoss) {
      bestLoss = loss
      best = snapshot(state, round)
    } else if (round - best.rounds >= input.patience) break
  }
  return stopsEarly ? best : snapshot(state, input.roundsMax)
}

/** A feature that had nothing to gain sleeps for some rounds, twice as long each time. */
function boostRound(input: BagInput, state: BagState, round: number): void {
  for (let feature = 0; feature < input.features.length; feature++) {
    if (round < state.wakesAt[feature]!) continue
    const moved = boostFeature(input, state, feature)
    state.sleep[feature] = moved ? 0 : Math.min(16, state.sleep[feature]! * 2 + 1)
    state.wakesAt[feature] = round + 1 + state.sleep[feature]!
  }
}

interface BagState {
  /** Σ of steps per row, in nats, without offset and intercept. */
  readonly scores: Float64Array
  readonly gradient: Float64Array
  readonly hessian: Float64Array
  /** Weight of the row in training: zero where held out. */
  readonly weight: Float64Array
  readonly total: { gradient: number; hessian: number; weight: number }
  /** Fixed-point unit of gradients and hessians. */
  readonly unit: number
  readonly steps: Float64Array[]
  readonly sleep: Int32Array
  readonly wakesAt: Int32Array
  intercept: number
}

function startState(input: BagInput): BagState {
  const rows = input.labels.length
  const weight = input.weights.map((value, row) => (input.heldOut[row] === 1 ? 0 : value))
  const totalWeight = weight.reduce((sum, value) => sum + value, 0)
  return {
    scores: new Float64Array(rows),
    gradient: new Float64Array(rows),
    hessian: new Float64Array(rows),
    weight,
    total: { gradient: 0, hessian: 0, weight: totalWeight },
    // Sums of multiples of this unit stay below 2^52 units, hence exact whatever their order.
    unit: 2 ** (Math.ceil(Math.log2(Math.max(1, totalWeight))) - 50),
    steps: input.features.map((feature) => new Float64Array(feature.binCount)),
    sleep: new Int32Array(input.features.length),
    wakesAt: new Int32Array(input.features.length),
    intercept: 0,
  }
}

/** Newton's method on the intercept alone, to convergence; leaves gradients and hessians fresh. */
function fitIntercept(input: BagInput, state: BagState): void {
  for (let iteration = 0; iteration < 20; iteration++) {
    refreshAll(input, state)
    const step = state.total.gradient / (state.total.hessian + 1e-3 + input.leafShrinkage * 1e-3)
    state.intercept += Math.max(-2, Math.min(2, step))
    if (Math.abs(step) < 1e-3) break
  }
  refreshAll(input, state)
}

function refreshAll(input: BagInput, state: BagState): void {
  let gradientSum = 0
  let hessianSum = 0
  for (let row = 0; row < state.scores.length; row++) {
    if (state.weight[row] === 0) continue
    refreshRow(input, state, row)
    gradientSum += state.gradient[row]!
    hessianSum += state.hessian[row]!
  }
  state.total.gradient = gradientSum
  state.total.hessian = hessianSum
}

function refreshRow(input: BagInput, state: BagState, row: number): void {
  const weight = state.weight[row]!
  const probability = 1 / (1 + Math.exp(-(input.offsets[row]! + state.intercept + state.scores[row]!)))
  state.gradient[row] = Math.round((weight * (input.labels[row]! - probability)) / state.unit) * state.unit
  state.hessian[row] = Math.round((weight * probability * (1 - probability)) / state.unit) * state.unit
}

/**
 * Moves one feature's steps a little and answers true, or false where nothing is worth moving. Rows in its common bin stay
 * where they are, and the intercept follows later.
 */
function boostFeature(input: BagInput, state: BagState, index: number): boolean {
  const feature = input.features[index]!
  if (feature.rows.length === 0) return false
  const histogram = histogramOf(feature, state)
  const steps = state.steps[index]!
  for (let bin = 0; bin < feature.binCount; bin++) {
    const hold = (input.priorWeight * histogram.weight[bin]!) / Math.max(state.total.weight, 1e-9)
    histogram.gradient[bin] = histogram.gradient[bin]! - hold * steps[bin]!
    histogram.hessian[bin] = histogram.hessian[bin]! + hold
  }
  const update = new Float64Array(feature.binCount)
  const options = {
    monotone: input.monotone[index]!,
    leafWeightMin: input.leafWeightMin,
    leafShrinkage: input.leafShrinkage,
    gainMin: input.gainMin,
  }
  if (!stepUpdate(histogram, options, update)) return false
  const common = update[feature.commonBin]!
  const missing = feature.binCount - 1
  for (let bin = 0; bin < feature.binCount; bin++) {
    const unseen = bin === missing && histogram.weight[bin]! < input.leafWeightMin
    update[bin] = unseen ? 0 : (update[bin]! - common) * input.learningRate
    steps[bin] = steps[bin]! + update[bin]!
  }
  applyUpdate(input, state, feature, update)
  return true
}

function histogramOf(feature: BinnedFeature, state: BagState): Histogram {
  const gradient = new Float64Array(feature.binCount)
  const hessian = new Float64Array(feature.binCount)
  const weight = new Float64Array(feature.binCount)
  const { rows, bins, commonBin } = feature
  let gradientSum = 0
  let hessianSum = 0
  let weightSum = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const bin = bins[i]!
    const rowGradient = state.gradient[row]!
    const rowHessian = state.hessian[row]!
    const rowWeight = state.weight[row]!
    gradient[bin] = gradient[bin]! + rowGradient
    hessian[bin] = hessian[bin]! + rowHessian
    weight[bin] = weight[bin]! + rowWeight
    gradientSum += rowGradient
    hessianSum += rowHessian
    weightSum += rowWeight
  }
  gradient[commonBin] = state.total.gradient - gradientSum
  hessian[commonBin] = state.total.hessian - hessianSum
  weight[commonBin] = state.total.weight - weightSum
  return { gradient, hessian, weight }
}

function applyUpdate(input: BagInput, state: BagState, feature: BinnedFeature, update: Float64Array): void {
  const { rows, bins } = feature
  let gradientChange = 0
  let hessianChange = 0
  for (let i = 0; i < rows.length; i++) {
    const change = update[bins[i]!]!
    if (change === 0) continue
    const row = rows[i]!
    state.scores[row] = state.scores[row]! + change
    if (state.weight[row] === 0) continue
    gradientChange -= state.gradient[row]!
    hessianChange -= state.hessian[row]!
    refreshRow(input, state, row)
    gradientChange += state.gradient[row]!
    hessianChange += state.hessian[row]!
  }
  state.total.gradient += gradientChange
  state.total.hessian += hessianChange
}

function holdsBothClasses(input: BagInput): boolean {
  const seen = [0, 0]
  for (let row = 0; row < input.labels.length; row++) {
    if (input.heldOut[row] === 1 && input.weights[row]! > 0) seen[input.labels[row]!] = 1
  }
  return seen[0] === 1 && seen[1] === 1
}

/** Log loss over the held-out rows, as a whole number of small units so that it does not depend on their order. */
function heldOutLoss(input: BagInput, state: BagState): number {
  let units = 0
  for (let row = 0; row < input.labels.length; row++) {
    if (input.heldOut[row] === 0) continue
    const score = input.offsets[row]! + state.intercept + state.scores[row]!
    const margin = input.labels[row] === 1 ? score : -score
    const loss = margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin))
    units += Math.round(input.weights[row]! * loss * 2 ** 20)
  }
  return units
}

function snapshot(state: BagState, rounds: number): BagResult {
  return { intercept: state.intercept, steps: state.steps.map((step) => step.slice()), rounds }
}
