// Fits an additive scorecard by cyclic gradient boosting on histogram bins, bagged over groups (Lou, Caruana, Gehrke 2012;
// Lou et al. 2013). The same rows in any order and the same random source give the same card.
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { boostBag, type BagInput, type BagResult } from './bag.ts'
import { binFeature, type BinnedFeature } from './binning.ts'
import { addCards, trimCard } from './card-arithmetic.ts'
import { scorecardBits, type FeatureMatrix, type Monotone, type Scorecard } from './scorecard.ts'

export interface FitOptions {
  /** Rows of one group (one operator, one cluster) are held out together. */
  readonly groups: Int32Array
  /** Non-negative; rounded to 1/1024. Default: all one. */
  readonly weights?: Float64Array
  /** One per feature. */
  readonly monotone: readonly Monotone[]
  readonly random: RandomGenerator
  /** The card to start from: boosting adds only what the labels pay for. */
  readonly prior?: Scorecard
  readonly bags?: number
  readonly heldOutShare?: number
  readonly learningRate?: number
  readonly roundsMax?: number
  readonly patience?: number
  readonly binsMax?: number
  readonly leafWeightMin?: number
  readonly leafShrinkage?: number
  readonly gainMin?: number
  readonly priorWeight?: number
}

export const fitDefaults = {
  bags: 4,
  heldOutShare: 0.2,
  learningRate: 0.15,
  roundsMax: 300,
  patience: 12,
  binsMax: 48,
  leafWeightMin: 8,
  leafShrinkage: 2,
  gainMin: 3,
  priorWeight: 4,
} as const

/** Labels are 0 or 1, one per row. */
export function fitScorecard(matrix: FeatureMatrix, labels: Uint8Array, options: FitOptions): Scorecard {
  checkInput(matrix, labels, options)
  const settings = { ...fitDefaults, ...options }
  const weights = Float64Array.from(labels, (_, row) => Math.round((options.weights?.[row] ?? 1) * 1024) / 1024)
  const binning = { binsMax: settings.binsMax, binWeightMin: settings.leafWeightMin }
  const features = matrix.columns.map((column) => binFeature(column, weights, binning))
  const prior = options.prior ?? { base: 0, steps: [] }
  const offsets = scorecardBits(prior, matrix).map((bits) => bits * Math.LN2)
  const results: BagResult[] = []
  for (let bag = 0; bag < settings.bags; bag++) {
    const heldOut = holdOutGroups(options.groups, settings.heldOutShare, options.random)
    const input: BagInput = { features, labels, weights, offsets, heldOut, ...settings, monotone: options.monotone }
    results.push(boostBag(input))
  }
  const fitted = averageBags(matrix.names, options.monotone, features, results)
  return centreOnHonest(trimCard(addCards(prior, fitted)), matrix, labels, weights)
}

function checkInput(matrix: FeatureMatrix, labels: Uint8Array, options: FitOptions): void {
  const columnsFit = matrix.columns.length === matrix.names.length && options.monotone.length === matrix.names.length
  if (!columnsFit) throw new Error('Names, columns and monotone signs of the features differ in number.')
  if (labels.length !== matrix.rows || options.groups.length !== matrix.rows) {
    throw new Error('Labels, groups and rows of the feature matrix differ in number.')
  }
}

/** Chooses groups by a hash of their number, so that the choice does not depend on which row comes first. */
function holdOutGroups(groups: Int32Array, share: number, random: RandomGenerator): Uint8Array {
  const salt = Math.floor(uniformFloat64(random) * 2 ** 32)
  return Uint8Array.from(groups, (group) => (hashToUnit(group, salt) < share ? 1 : 0))
}

/** A number in [0, 1) that looks random in both arguments (finaliser of MurmurHash3, Appleby 2011). */
export function hashToUnit(value: number, salt: number): number {
  let hash = Math.imul(value ^ salt, 0x9e3779b1) ^ salt
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

function averageBags(
  names: readonly string[],
  monotone: readonly Monotone[],
  features: readonly BinnedFeature[],
  results: readonly BagResult[],
): Scorecard {
  const mean = (valueOf: (result: BagResult) => number): number =>
    results.reduce((sum, result) => sum + valueOf(result), 0) / results.length / Math.LN2
  const steps = features.map((feature, index) => {
    const bits = Array.from({ length: feature.binCount }, (_, bin) => mean((result) => result.steps[index]![bin]!))
    const missingBits = bits.pop()!
    return { name: names[index]!, monotone: monotone[index]!, edges: [...feature.edges], bits, missingBits }
  })
  return { base: mean((result) => result.intercept), steps }
}

/**
 * Shifts every step function so that it adds nothing for the typical honest row (the weighted median over negatives), and
 * the base pays for it: reasons then speak of what is unusual.
 */
function centreOnHonest(
  card: Scorecard,
  matrix: FeatureMatrix,
  labels: Uint8Array,
  weights: Float64Array,
): Scorecard {
  let base = card.base
  const steps = card.steps.map((step) => {
    const column = matrix.columns[matrix.names.indexOf(step.name)]!
    const centre = medianBits(scorecardBits({ base: 0, steps: [step] }, { names: [step.name], columns: [column], rows: matrix.rows }), labels, weights)
    base += centre
    return { ...step, bits: step.bits.map((bits) => bits - centre), missingBits: step.missingBits - centre }
  })
  return { base, steps }
}

function medianBits(bits: Float64Array, labels: Uint8Array, weights: Float64Array): number {
  const weightOf = new Map<number, number>()
  let total = 0
  bits.forEach((value, row) => {
    if (labels[row] === 1) return
    weightOf.set(value, (weightOf.get(value) ?? 0) + weights[row]!)
    total += weights[row]!
  })
  let below = 0
  for (const [value, weight] of [...weightOf].sort((a, b) => a[0] - b[0])) {
    below += weight
    if (below * 2 >= total) return value
  }
  return 0
}
