// Oversized components are split where they hang together by little, and the split does not depend on the numbering.
import { describe, expect, test } from 'vitest'
import { preparePopulation } from '../../scoring/features/extract.ts'
import { oversizedMembersMin, splitOversized } from '../../scoring/linking/communities.ts'
import type { Ties } from '../../scoring/linking/ties.ts'
import { PopulationBuilder } from '../../scoring/population-builder.ts'

const half = oversizedMembersMin / 2 + 10

/** Two halves of ties of five, chained, with one tie between them; `at` gives the number of each account. */
function twoHalves(at: (account: number) => number, order: (ties: number[][]) => number[][]) {
  const groups: number[][] = []
  for (const start of [0, half]) {
    for (let first = 0; first < half; first++) groups.push([0, 1, 2, 7, 31].map((step) => start + ((first + step) % half)))
  }
  groups.push([0, half])
  const ordered = order(groups).map((group) => group.map(at).sort((a, b) => a - b))
  const start = Int32Array.of(0, ...ordered.map(((sum) => (group: number[]) => (sum += group.length))(0)))
  const ties: Ties = {
    count: ordered.length, start, members: Int32Array.from(ordered.flat()),
    identifier: Int32Array.from(ordered, (_, index) => index), probability: new Float64Array(ordered.length).fill(0.8),
  }
  const builder = new PopulationBuilder()
  for (let index = 0; index < 2 * half; index++) builder.account(`${index}`)
  for (let account = 0; account < 2 * half; account++) builder.describeAccount(at(account), { createdAt: 1_700_000_000 + account * 60 })
  return { ties, prepared: preparePopulation(builder.build(1_800_000_000)) }
}

function partition(at: (account: number) => number, order: (ties: number[][]) => number[][]): number[][] {
  const { ties, prepared } = twoHalves(at, order)
  const label = splitOversized(new Int32Array(2 * half), ties, prepared)
  const groups = new Map<number, number[]>()
  for (let account = 0; account < 2 * half; account++) {
    const own = label[at(account)]!
    groups.set(own, [...(groups.get(own) ?? []), account])
    expect(own).toBeLessThanOrEqual(at(account))
  }
  return [...groups.values()].sort((a, b) => a[0]! - b[0]!)
}

describe('oversized components', () => {
  const expected = partition((account) => account, (ties) => ties)

  test('no part reaches over the one tie between the halves, and small components stay whole', () => {
    expect(expected.length).toBeGreaterThan(1)
    for (const part of expected) expect(new Set(part.map((account) => account < half)).size).toBe(1)
    const { ties, prepared } = twoHalves((account) => account, (groups) => groups)
    const apart = Int32Array.from({ length: 2 * half }, (_, account) => (account < half ? 0 : half))
    expect(splitOversized(apart, ties, prepared)).toEqual(apart)
  })

  test('other numbers and another order of ties give the same parts', () => {
    const size = 2 * half
    expect(partition((account) => size - 1 - account, (ties) => ties)).toEqual(expected)
    expect(partition((account) => (account * 11) % size, (ties) => ties.toReversed())).toEqual(expected)
  })
})
