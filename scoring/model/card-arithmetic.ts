// Arithmetic on scorecards: the sum of two, and the same card written with fewer steps. Both are exact in whole quanta.
import { quantiseBits, stepIndex, type Scorecard, type StepFunction } from './scorecard.ts'

/** A card that scores every row as the sum of the two, each quantised first. */
export function addCards(first: Scorecard, second: Scorecard): Scorecard {
  const secondByName = new Map(second.steps.map((step) => [step.name, step]))
  const shared = first.steps.map((step) => {
    const other = secondByName.get(step.name)
    return other === undefined ? quantiseStep(step) : addSteps(step, other)
  })
  const names = new Set(first.steps.map((step) => step.name))
  const rest = second.steps.filter((step) => !names.has(step.name)).map(quantiseStep)
  return { base: quantiseBits(first.base) + quantiseBits(second.base), steps: [...shared, ...rest] }
}

/** Joins neighbouring steps of equal bits; a feature that always adds the same becomes part of the base. */
export function trimCard(card: Scorecard): Scorecard {
  let base = card.base
  const steps: StepFunction[] = []
  for (const step of card.steps.map(joinEqualSteps)) {
    if (step.edges.length > 0 || step.bits[0] !== step.missingBits) steps.push(step)
    else base += step.missingBits
  }
  return { base, steps }
}

function quantiseStep(step: StepFunction): StepFunction {
  return { ...step, bits: step.bits.map(quantiseBits), missingBits: quantiseBits(step.missingBits) }
}

function addSteps(first: StepFunction, second: StepFunction): StepFunction {
  const edges = [...new Set([...first.edges, ...second.edges])].sort((a, b) => a - b)
  const firstEdges = Float32Array.from(first.edges)
  const secondEdges = Float32Array.from(second.edges)
  // A step is known by any value in it; minus infinity lies in the first one.
  const bits = [-Infinity, ...edges].map((value) => {
    const firstBits = first.bits[stepIndex(firstEdges, value)]!
    return quantiseBits(firstBits) + quantiseBits(second.bits[stepIndex(secondEdges, value)]!)
  })
  const missingBits = quantiseBits(first.missingBits) + quantiseBits(second.missingBits)
  const monotone = first.monotone === second.monotone ? first.monotone : 0
  return { name: first.name, monotone, edges, bits, missingBits }
}

function joinEqualSteps(step: StepFunction): StepFunction {
  const edges: number[] = []
  const bits: number[] = [step.bits[0]!]
  step.edges.forEach((edge, index) => {
    const next = step.bits[index + 1]!
    if (next === bits[bits.length - 1]) return
    edges.push(edge)
    bits.push(next)
  })
  return { ...step, edges, bits }
}
