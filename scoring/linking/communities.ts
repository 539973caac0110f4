// Splits components that are too large to be one operator's, by Louvain's method (Blondel et al. 2008) over their ties.
// Nodes enter in an order that follows from what they are, not from how they are numbered, so that the split is stable.
import { createRequire } from 'node:module'
import { UndirectedGraph } from 'graphology'
import type { LouvainOptions } from 'graphology-communities-louvain'
import type { PreparedPopulation } from '../features/extract.ts'
import { countingSort } from './postings.ts'
import type { Ties } from './ties.ts'

// The package is CommonJS whose types claim a default export that is not there at run time.
const louvain: (graph: UndirectedGraph, options: LouvainOptions) => Readonly<Record<string, number>> =
  createRequire(import.meta.url)('graphology-communities-louvain')

/** Components with more members than this are split. */
export const oversizedMembersMin = 400

/** The labels given, with oversized components split; every label stays the smallest index of its set. */
export function splitOversized(label: Int32Array, ties: Ties, prepared: PreparedPopulation): Int32Array {
  const accounts = Int32Array.from({ length: label.length }, (_, account) => account)
  const { order, start } = countingSort(accounts, label, label.length)
  const split = label.slice()
  for (let root = 0; root < label.length; root++) {
    const members = order.subarray(start[root], start[root + 1])
    if (members.length >= oversizedMembersMin) splitComponent(members, label, ties, prepared, split)
  }
  return split
}

function splitComponent(
  members: Int32Array, label: Int32Array, ties: Ties, prepared: PreparedPopulation, split: Int32Array,
): void {
  const own = label[members[0]!]!
  const inside: number[] = []
  for (let tie = 0; tie < ties.count; tie++) if (label[ties.members[ties.start[tie]!]!] === own) inside.push(tie)
  const order = canonicalOrder(members, inside, ties, prepared)
  const graph = new UndirectedGraph()
  for (const account of order) graph.addNode(account)
  const rank = new Map(order.map((account, index) => [account, index] as const))
  // Ties are nodes of their own, in the order of their first members: a tie of many is then no clique.
  const sortedTies = inside.map((tie) => ({ tie, ranks: membersOf(ties, tie).map((account) => rank.get(account)!).sort((a, b) => a - b) }))
    .sort((a, b) => a.ranks.length - b.ranks.length || compareLists(a.ranks, b.ranks) || ties.probability[b.tie]! - ties.probability[a.tie]!)
  for (const { tie, ranks } of sortedTies) {
    graph.addNode(`tie ${tie}`)
    for (const index of ranks) graph.addEdge(order[index]!, `tie ${tie}`, { weight: ties.probability[tie]! })
  }
  const communities = louvain(graph, { getEdgeWeight: 'weight', randomWalk: false })
  const smallest = new Map<number, number>()
  for (const account of members) {
    const community = communities[account]!
    smallest.set(community, Math.min(smallest.get(community) ?? account, account))
  }
  for (const account of members) split[account] = smallest.get(communities[account]!)!
}

function membersOf(ties: Ties, tie: number): number[] {
  return Array.from(ties.members.subarray(ties.start[tie], ties.start[tie + 1]))
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return a[index]! - b[index]!
  return 0
}

/**
 * Members ordered by birth, money and position in the ties, refined by their neighbours' (Weisfeiler, Leman 1968): accounts
 * that remain equal can be exchanged without changing anything that is known of them.
 */
function canonicalOrder(members: Int32Array, inside: readonly number[], ties: Ties, prepared: PreparedPopulation): number[] {
  const { facts } = prepared
  let colour = new Map(Array.from(members, (account) =>
    [account, mix(hashNumber(facts.bornAt[account]!), hashNumber(facts.logVolume[account]!))] as const))
  for (let round = 0; round < 4; round++) {
    const sums = new Map<number, number>()
    for (const tie of inside) {
      const accounts = membersOf(ties, tie)
      const total = mix(accounts.reduce((sum, account) => (sum + mix(colour.get(account)!, 1)) >>> 0, 0), hashNumber(ties.probability[tie]!))
      for (const account of accounts) sums.set(account, ((sums.get(account) ?? 0) + mix(total, colour.get(account)!)) >>> 0)
    }
    colour = new Map(Array.from(members, (account) => [account, mix(colour.get(account)!, sums.get(account) ?? 0)] as const))
  }
  return Array.from(members).sort((a, b) => colour.get(a)! - colour.get(b)! || a - b)
}

const scratch = new DataView(new ArrayBuffer(8))

function hashNumber(value: number): number {
  scratch.setFloat64(0, value)
  return mix(scratch.getUint32(0), scratch.getUint32(4))
}

/** The finaliser of MurmurHash3 (Appleby 2011) over two words. */
function mix(first: number, second: number): number {
  let hash = Math.imul(first ^ (first >>> 16), 0x85ebca6b) ^ Math.imul(second, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
