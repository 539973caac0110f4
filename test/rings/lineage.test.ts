// Which ring of today is which of before, on small cases by hand and under every order of a random one.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KnownRing, traceRings } from '../../src/rings/index.ts'

const ring = (id: number, members: number[], isCurrent = true): KnownRing => ({ id, members, isCurrent })

describe('tracing rings', () => {
  test('a ring that gains and loses members keeps its id', () => {
    const lineage = traceRings([ring(1, [1, 2, 3])], [[2, 3, 4, 5]])
    expect(lineage.ids).toEqual([1])
    expect(lineage.links).toEqual([{ from: 1, to: 0, kind: 'continues', shared: 2 }])
    expect(lineage.ended).toEqual([])
  })

  test('one account in common does not make two rings one', () => {
    const lineage = traceRings([ring(1, [1, 2])], [[2, 3]])
    expect(lineage).toEqual({ ids: [null], links: [], ended: [{ id: 1, state: 'gone' }] })
  })

  test('of a ring that splits, the part with most members keeps the id and the other says where it came from', () => {
    const lineage = traceRings([ring(7, [1, 2, 3, 4, 5])], [[1, 2], [3, 4, 5]])
    expect(lineage.ids).toEqual([null, 7])
    expect(lineage.links).toEqual([{ from: 7, to: 1, kind: 'continues', shared: 3 }, { from: 7, to: 0, kind: 'split', shared: 2 }])
    expect(lineage.ended).toEqual([])
  })

  test('rings that merge go on under the id of the one that gave most, and the others end as merged', () => {
    const lineage = traceRings([ring(3, [1, 2]), ring(4, [3, 4, 5])], [[1, 2, 3, 4, 5]])
    expect(lineage.ids).toEqual([4])
    expect(lineage.links).toEqual([{ from: 4, to: 0, kind: 'continues', shared: 3 }, { from: 3, to: 0, kind: 'merged', shared: 2 }])
    expect(lineage.ended).toEqual([{ id: 3, state: 'merged' }])
  })

  test('a ring shared out among others that have heirs ends as split', () => {
    const lineage = traceRings([ring(1, [1, 2, 3, 4]), ring(2, [5, 6, 7]), ring(3, [8, 9, 10])], [[1, 2, 5, 6, 7], [3, 4, 8, 9, 10]])
    expect(lineage.ids).toEqual([2, 3])
    expect(lineage.ended).toEqual([{ id: 1, state: 'split' }])
  })

  test('a ring that was gone comes back under its id, unless a current one has the better claim', () => {
    expect(traceRings([ring(5, [1, 2, 3], false)], [[1, 2, 3]]).ids).toEqual([5])
    const contested = traceRings([ring(5, [1, 2], false), ring(6, [1, 2])], [[1, 2]])
    expect(contested.ids).toEqual([6])
    expect(contested.links.map((link) => link.from)).toEqual([6])
  })

  test('the order of rings and of members changes nothing', () => {
    const memberSets = fc.uniqueArray(fc.array(fc.integer({ min: 1, max: 14 }), { minLength: 2, maxLength: 6 }), { maxLength: 5 })
    fc.assert(fc.property(memberSets, memberSets, fc.infiniteStream(fc.nat()), (before, after, random) => {
      const disjoint = (sets: number[][]): number[][] => {
        const seen = new Set<number>()
        return sets.map((set) => [...new Set(set)].filter((id) => !seen.has(id) && Boolean(seen.add(id)))).filter((set) => set.length >= 2)
      }
      const known = disjoint(before).map((members, place) => ring(place + 1, members))
      const found = disjoint(after)
      const shuffled = <Item>(items: readonly Item[]): Item[] =>
        items.map((item) => ({ item, key: random.next().value ?? 0 })).sort((left, right) => left.key - right.key).map(({ item }) => item)
      const order = shuffled(found.map((_, place) => place))
      const one = traceRings(known, found)
      const other = traceRings(shuffled(known).map((each) => ({ ...each, members: shuffled(each.members) })), order.map((place) => shuffled(found[place] ?? [])))
      expect(order.map((place) => one.ids[place])).toEqual(other.ids)
      const links = (lineage: typeof one, placeOf: (to: number) => number) =>
        lineage.links.map((link) => `${link.from} ${placeOf(link.to)} ${link.kind} ${link.shared}`).sort()
      expect(links(one, (to) => to)).toEqual(links(other, (to) => order[to] ?? -1))
      expect(new Set(one.ended.map((each) => `${each.id} ${each.state}`))).toEqual(new Set(other.ended.map((each) => `${each.id} ${each.state}`)))
    }), { numRuns: 300, seed: 11 })
  })
})
