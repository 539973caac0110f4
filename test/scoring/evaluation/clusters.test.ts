// Cluster figures agree with tables worked out by hand and with naive loops over accounts and pairs of accounts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusterQuality, type ClusterInput } from '../../../scoring/evaluation/clusters.ts'

interface Account { readonly ring: number; readonly cluster: number; readonly isAbuser: number }

const accountsArbitrary = fc.array(
  fc.constantFrom(-1, 0, 1, 2).chain((isAbuserOrOther) => fc.record({
    ring: fc.integer({ min: -1, max: 3 }),
    cluster: isAbuserOrOther === 1 ? fc.integer({ min: -1, max: 4 }) : fc.constant(-1),
    isAbuser: fc.constant(isAbuserOrOther === 2 ? 0 : isAbuserOrOther),
  })),
  { minLength: 2, maxLength: 40 },
)

const inputOf = (accounts: readonly Account[]): ClusterInput => ({
  ring: accounts.map((account) => account.ring),
  cluster: accounts.map((account) => account.cluster),
  isAbuser: accounts.map((account) => account.isAbuser),
})
const isKnown = (account: Account): boolean => account.isAbuser === 1 && account.cluster >= 0
const isTogether = (one: Account, other: Account): boolean => one === other || (one.ring >= 0 && one.ring === other.ring)
const isSame = (one: Account, other: Account): boolean => one.cluster >= 0 && one.cluster === other.cluster
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function pairsOf<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((one, i) => items.slice(i + 1).map((other): [T, T] => [one, other]))
}

describe('cluster quality', () => {
  test('is the table worked out by hand: one split operator, one merged ring, one clean account inside', () => {
    // Operator 0 has accounts a b c, operator 1 has d e. Ring 0 = a b d and the clean f; ring 1 = e; c is in no ring.
    const quality = clusterQuality(inputOf([
      { ring: 0, cluster: 0, isAbuser: 1 },
      { ring: 0, cluster: 0, isAbuser: 1 },
      { ring: -1, cluster: 0, isAbuser: 1 },
      { ring: 0, cluster: 1, isAbuser: 1 },
      { ring: 1, cluster: 1, isAbuser: 1 },
      { ring: 0, cluster: -1, isAbuser: 0 },
    ]))
    expect(quality.bCubed.precision).toBeCloseTo((2 / 4 + 2 / 4 + 1 + 1 / 4 + 1) / 5, 12)
    expect(quality.bCubed.recall).toBeCloseTo((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5, 12)
    expect(quality.pairwise).toEqual({ precision: 1 / 6, recall: 1 / 4 })
    // Pairs: together 1, in groups 3 (a b d), in operators 4, of 10.
    expect(quality.adjustedRandIndex).toBeCloseTo((1 - 1.2) / (3.5 - 1.2), 12)
    expect(quality.bands[0]).toEqual({ name: '2–3', operators: 2, hitRate: 1 / 2, coverage: 1 / 3 })
  })

  test('agrees with naive loops over all accounts and pairs', () => {
    fc.assert(fc.property(accountsArbitrary, (accounts) => {
      const known = accounts.filter(isKnown)
      const counted = accounts.filter((account) => isKnown(account) || account.isAbuser === 0)
      fc.pre(known.length > 0)
      const quality = clusterQuality(inputOf(accounts))
      const precision = mean(known.map((one) => {
        const group = counted.filter((other) => isTogether(one, other))
        return group.filter((other) => isSame(one, other)).length / group.length
      }))
      const recall = mean(known.map((one) => {
        const operator = known.filter((other) => isSame(one, other))
        return operator.filter((other) => isTogether(one, other)).length / operator.length
      }))
      expect(quality.bCubed.precision).toBeCloseTo(precision, 12)
      expect(quality.bCubed.recall).toBeCloseTo(recall, 12)
      const together = pairsOf(counted).filter(([one, other]) => isTogether(one, other))
      const same = pairsOf(known).filter(([one, other]) => isSame(one, other))
      const right = together.filter(([one, other]) => isSame(one, other)).length
      expect(quality.pairwise.precision).toBe(right / together.length)
      expect(quality.pairwise.recall).toBe(right / same.length)
    }))
  })

  test('is perfect for the operators themselves, and finds nothing where nothing is flagged', () => {
    const operators = [0, 0, 1, 1, 1, 2, 2].map((cluster) => ({ ring: cluster, cluster, isAbuser: 1 }))
    expect(clusterQuality(inputOf(operators))).toMatchObject({
      bCubed: { precision: 1, recall: 1 }, pairwise: { precision: 1, recall: 1 }, adjustedRandIndex: 1,
    })
    const unflagged = clusterQuality(inputOf(operators.map((account) => ({ ...account, ring: -1 }))))
    expect(unflagged.bCubed).toEqual({ precision: 1, recall: (2 / 2 + 3 / 3 + 2 / 2) / 7 })
    expect(unflagged.bands[0]).toMatchObject({ operators: 3, hitRate: 0, coverage: 0 })
  })
})
