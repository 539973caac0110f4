// How well rings match operators: B-cubed, pairwise, adjusted Rand index, and how many operators of each size are found.
// An account in no ring counts as alone; a clean account inside a ring counts against precision.

export interface ClusterInput {
  /** The ring of each account; -1: none. */
  readonly ring: ArrayLike<number>
  /** The operator of each account; -1: not known. */
  readonly cluster: ArrayLike<number>
  /** 1: one of several of one operator, 0: clean, -1: not labelled. */
  readonly isAbuser: ArrayLike<number>
}

export interface PrecisionRecall {
  readonly precision: number
  readonly recall: number
}

export interface SizeBand {
  readonly name: string
  readonly operators: number
  /** Share of operators with two or more of their accounts in one ring. */
  readonly hitRate: number
  /** Mean over operators of the largest share of their accounts that one ring holds (0 where none holds two). */
  readonly coverage: number
}

export interface ClusterQuality {
  readonly bCubed: PrecisionRecall
  readonly pairwise: PrecisionRecall
  readonly adjustedRandIndex: number
  readonly bands: readonly SizeBand[]
}

/**
 * Over labelled multi-accounts with a known operator. B-cubed after Bagga and Baldwin (1998), adjusted Rand index after
 * Hubert and Arabie (1985).
 */
export function clusterQuality(input: ClusterInput): ClusterQuality {
  const table = contingency(input)
  return {
    bCubed: bCubed(table),
    pairwise: pairwise(table),
    adjustedRandIndex: adjustedRandIndex(table),
    bands: sizeBands(table),
  }
}

/** Counts of accounts by predicted group and operator. Each account in no ring has a predicted group of its own. */
interface Contingency {
  /** Operator -> predicted group -> accounts. */
  readonly cells: ReadonlyMap<number, ReadonlyMap<number, number>>
  readonly operatorSizes: ReadonlyMap<number, number>
  /** Labelled accounts of each predicted group, clean ones included. */
  readonly groupSizes: ReadonlyMap<number, number>
  /** The same without the clean ones. */
  readonly abuserSizes: ReadonlyMap<number, number>
  readonly accounts: number
}

function contingency(input: ClusterInput): Contingency {
  const cells = new Map<number, Map<number, number>>()
  const operatorSizes = new Map<number, number>()
  const groupSizes = new Map<number, number>()
  const abuserSizes = new Map<number, number>()
  let accounts = 0
  for (let account = 0; account < input.ring.length; account++) {
    const operator = input.cluster[account]!
    const ring = input.ring[account]!
    const isKnown = input.isAbuser[account] === 1 && operator >= 0
    const isClean = input.isAbuser[account] === 0
    // Numbers below zero are free for the groups of one.
    const group = ring >= 0 ? ring : -1 - account
    if (isKnown || isClean) increment(groupSizes, group)
    if (!isKnown) continue
    const row = cells.get(operator) ?? new Map<number, number>()
    cells.set(operator, row)
    increment(row, group)
    increment(operatorSizes, operator)
    increment(abuserSizes, group)
    accounts++
  }
  return { cells, operatorSizes, groupSizes, abuserSizes, accounts }
}

function bCubed(table: Contingency): PrecisionRecall {
  let precision = 0
  let recall = 0
  for (const [operator, row] of table.cells) {
    for (const [group, count] of row) {
      precision += (count * count) / table.groupSizes.get(group)!
      recall += (count * count) / table.operatorSizes.get(operator)!
    }
  }
  return { precision: precision / table.accounts, recall: recall / table.accounts }
}

function pairwise(table: Contingency): PrecisionRecall {
  const together = sumOver(table.cells.values(), (row) => sumOver(row.values(), pairs))
  return {
    precision: together / sumOver(table.groupSizes.values(), pairs),
    recall: together / sumOver(table.operatorSizes.values(), pairs),
  }
}

function adjustedRandIndex(table: Contingency): number {
  const together = sumOver(table.cells.values(), (row) => sumOver(row.values(), pairs))
  const inGroups = sumOver(table.abuserSizes.values(), pairs)
  const inOperators = sumOver(table.operatorSizes.values(), pairs)
  const expected = (inGroups * inOperators) / pairs(table.accounts)
  const most = (inGroups + inOperators) / 2
  return most === expected ? Number.NaN : (together - expected) / (most - expected)
}

const bandLimits = [
  { name: '2–3', from: 2, to: 3 },
  { name: '4–7', from: 4, to: 7 },
  { name: '8–19', from: 8, to: 19 },
  { name: '20+', from: 20, to: Infinity },
] as const

function sizeBands(table: Contingency): SizeBand[] {
  return bandLimits.map(({ name, from, to }) => {
    const operators = [...table.operatorSizes].filter(([, size]) => size >= from && size <= to)
    let hits = 0
    let coverage = 0
    for (const [operator, size] of operators) {
      const inRings = [...table.cells.get(operator)!].filter(([group]) => group >= 0).map(([, count]) => count)
      const largest = Math.max(0, ...inRings)
      if (largest < 2) continue
      hits++
      coverage += largest / size
    }
    return { name, operators: operators.length, hitRate: hits / operators.length, coverage: coverage / operators.length }
  })
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function pairs(count: number): number {
  return (count * (count - 1)) / 2
}

function sumOver<T>(values: Iterable<T>, valueOf: (value: T) => number): number {
  let sum = 0
  for (const value of values) sum += valueOf(value)
  return sum
}
