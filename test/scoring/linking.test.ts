// The linker against a second implementation that is slow and obvious, on random graphs.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preparePopulation } from '../../scoring/features/extract.ts'
import { identifierBits, identifierBitsMax } from '../../scoring/linking/evidence.ts'
import { memberPaths } from '../../scoring/linking/membership.ts'
import { buildPostings } from '../../scoring/linking/postings.ts'
import type { Ties } from '../../scoring/linking/ties.ts'
import { UnionFind } from '../../scoring/linking/union-find.ts'
import { PopulationBuilder } from '../../scoring/population-builder.ts'
import { IdentifierFlag } from '../../scoring/population.ts'

interface Seen {
  readonly account: number
  readonly identifier: number
  readonly at: number
}

const seenRows = fc.array(fc.record({
  account: fc.integer({ min: 0, max: 12 }), identifier: fc.integer({ min: 0, max: 8 }),
  at: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Number.NaN)),
}), { maxLength: 80 })

function populationOf(rows: readonly Seen[], asOf = 100) {
  const builder = new PopulationBuilder()
  for (let account = 0; account <= 12; account++) builder.account(`account ${account}`)
  for (let identifier = 0; identifier <= 8; identifier++) builder.identifier({ kind: 'device:install', value: `device ${identifier}` })
  for (const row of rows) builder.observe({ ...row, contextWord: row.at % 2 === 0 ? 'login' : 'signup' })
  return builder.build(asOf)
}

describe('postings', () => {
  test('they are the distinct pairs of rows known by now, in both directions, with all their times', () => {
    fc.assert(fc.property(seenRows, fc.integer({ min: 10, max: 60 }), (rows, asOf) => {
      const postings = buildPostings(populationOf(rows, asOf))
      const naive = new Map<string, Set<number>>()
      for (const { account, identifier, at } of rows) {
        if (at > asOf) continue
        const times = naive.get(`${account} ${identifier}`) ?? new Set()
        if (!Number.isNaN(at)) times.add(at)
        naive.set(`${account} ${identifier}`, times)
      }
      expect(postings.pairs).toBe(naive.size)
      const byAccount: string[] = []
      for (let account = 0; account < postings.accounts; account++) {
        for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
          const key = `${account} ${postings.identifierOf[pair]}`
          byAccount.push(key)
          const times = [...naive.get(key)!].sort((a, b) => a - b)
          expect([...postings.momentAt.subarray(postings.momentStart[pair], postings.momentStart[pair + 1])]).toEqual(times)
          expect(postings.firstAt[pair]).toBe(times[0] ?? Number.NaN)
          expect(postings.lastAt[pair]).toBe(times.at(-1) ?? Number.NaN)
        }
      }
      const byIdentifier: string[] = []
      for (let identifier = 0; identifier < postings.identifiers; identifier++) {
        for (let posting = postings.identifierStart[identifier]!; posting < postings.identifierStart[identifier + 1]!; posting++) {
          byIdentifier.push(`${postings.accountOf[posting]} ${identifier}`)
          expect(postings.identifierOf[postings.pairOf[posting]!]).toBe(identifier)
        }
      }
      expect(byAccount.sort()).toEqual([...naive.keys()].sort())
      expect(byIdentifier.sort()).toEqual([...naive.keys()].sort())
    }))
  })

  test('private addresses and public mail domains link nobody, and a bank account counts once', () => {
    const builder = new PopulationBuilder()
    const see = (kind: string, value: string, flags: number) => {
      for (const key of ['a', 'b']) builder.observe({ account: builder.account(key), identifier: builder.identifier({ kind, value, flags }) })
    }
    see('ip', '10.0.0.1', IdentifierFlag.privateRange)
    see('ip', '100.64.0.1', IdentifierFlag.carrierNat)
    see('email:domain', 'gmail.com', IdentifierFlag.freeProvider)
    see('payout:bank', 'DE1', 0)
    see('bank', 'DE1', 0)
    expect(buildPostings(builder.build(1)).pairs).toBe(2)
  })
})

describe('components', () => {
  test('labels are those of a search over all links, each named after its smallest member', () => {
    const links = fc.array(fc.tuple(fc.integer({ min: 0, max: 29 }), fc.integer({ min: 0, max: 29 })), { maxLength: 40 })
    fc.assert(fc.property(links, (edges) => {
      const sets = new UnionFind(30)
      for (const [a, b] of edges) sets.union(a, b)
      const expected = Array.from({ length: 30 }, (_, start) => {
        const reached = new Set([start])
        for (let grown = -1; grown !== reached.size;) {
          grown = reached.size
          for (const [a, b] of edges) if (reached.has(a) || reached.has(b)) reached.add(a).add(b)
        }
        return Math.min(...reached)
      })
      expect([...sets.labels()]).toEqual(expected)
    }))
  })
})

describe('coherence', () => {
  test('only identifiers of two accounts or more have a row, and every value is a number or known to be missing', () => {
    fc.assert(fc.property(seenRows, (rows) => {
      const { identifiers, postings } = preparePopulation(populationOf(rows))
      for (let identifier = 0; identifier < postings.identifiers; identifier++) {
        const accounts = new Set(rows.filter((row) => row.identifier === identifier).map((row) => row.account)).size
        expect(identifiers.row[identifier]! >= 0).toBe(accounts >= 2)
        if (accounts >= 2) {
          const column = identifiers.matrix.columns[identifiers.matrix.names.indexOf('accounts_log2')]!
          expect(column[identifiers.row[identifier]!]).toBeCloseTo(Math.log2(accounts), 5)
        }
      }
      for (const column of identifiers.matrix.columns) for (const value of column) expect(Math.abs(value)).not.toBe(Infinity)
    }))
  })

  test('accounts that meet again are second links, strangers on one identifier are not', () => {
    const builder = new PopulationBuilder()
    const see = (account: string, value: string) =>
      builder.observe({ account: builder.account(account), identifier: builder.identifier({ kind: 'device:install', value }) })
    for (const account of ['a', 'b', 'c', 'd']) see(account, 'common')
    for (const account of ['a', 'b']) see(account, 'again')
    see('c', 'own')
    for (const account of ['d', 'outsider']) see(account, 'elsewhere')
    const { identifiers } = preparePopulation(builder.build(1))
    const share = identifiers.matrix.columns[identifiers.matrix.names.indexOf('second_link_share')]!
    expect([...share]).toEqual([0.5, 1, 0])
  })
})

describe('evidence', () => {
  test('bits rise with strength from none to the cap', () => {
    expect(identifierBits(0)).toBe(0)
    expect(identifierBits(Number.NaN)).toBe(0)
    expect(identifierBits(0.5)).toBe(3)
    expect(identifierBits(1)).toBe(identifierBitsMax)
    for (let strength = 0; strength < 0.99; strength += 0.01) expect(identifierBits(strength + 0.01)).toBeGreaterThan(identifierBits(strength))
  })

  test('the path of a member takes the strongest ties that hold the ring together', () => {
    const ties: Ties = {
      count: 3, start: Int32Array.of(0, 3, 5, 7), members: Int32Array.of(4, 5, 6, 5, 6, 6, 9),
      identifier: Int32Array.of(70, 71, -1), probability: Float64Array.of(0.6, 0.9, 0.7),
    }
    const paths = memberPaths(Int32Array.of(4, 5, 6, 9), ties, [1, 2, 0], (account) => (account === 9 ? 1 : 0))
    expect(paths).toEqual([
      { account: 9, tiedTo: 9, identifier: -1, probability: 1 },
      { account: 6, tiedTo: 9, identifier: -1, probability: 0.7 },
      { account: 5, tiedTo: 6, identifier: 71, probability: 0.9 },
      { account: 4, tiedTo: 5, identifier: 70, probability: 0.6 },
    ])
  })
})
