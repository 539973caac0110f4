// The evidence path of every member of a ring: the strongest ties that hold it together, as a tree rooted at the member that
// looks most like one of several. Kruskal's algorithm (1956) over ties in order of strength, then oriented from the root.
import { UnionFind } from './union-find.ts'
import type { Ties } from './ties.ts'

export interface MemberPath {
  readonly account: number
  /** The account it is tied to; itself for the root. */
  readonly tiedTo: number
  /** Through which identifier, -1 for an invitation or for the root. */
  readonly identifier: number
  /** Probability of the tie; 1 for the root. */
  readonly probability: number
}

interface TreeEdge {
  readonly first: number
  readonly second: number
  readonly tie: number
}

/** Ties must be ordered strongest first; only pairs inside `members` count, and they connect all members. */
export function memberPaths(members: Int32Array, ties: Ties, ordered: readonly number[], rank: (account: number) => number): MemberPath[] {
  const position = new Map(Array.from(members, (account, index) => [account, index] as const))
  const edges = spanningTree(members, position, ties, ordered)
  const neighbours: TreeEdge[][] = Array.from(members, () => [])
  for (const edge of edges) {
    neighbours[edge.first]!.push(edge)
    neighbours[edge.second]!.push(edge)
  }
  const root = members.reduce((best, account, index) => (rank(account) > rank(members[best]!) ? index : best), 0)
  const paths: MemberPath[] = []
  const reached = new Uint8Array(members.length)
  const queue = [root]
  reached[root] = 1
  paths.push({ account: members[root]!, tiedTo: members[root]!, identifier: -1, probability: 1 })
  for (const current of queue) {
    for (const { first, second, tie } of neighbours[current]!) {
      const next = first === current ? second : first
      if (reached[next] === 1) continue
      reached[next] = 1
      queue.push(next)
      paths.push({
        account: members[next]!, tiedTo: members[current]!,
        identifier: ties.identifier[tie]!, probability: ties.probability[tie]!,
      })
    }
  }
  return paths
}

function spanningTree(
  members: Int32Array, position: ReadonlyMap<number, number>, ties: Ties, ordered: readonly number[],
): TreeEdge[] {
  const sets = new UnionFind(members.length)
  const edges: TreeEdge[] = []
  for (const tie of ordered) {
    let first = -1
    for (let index = ties.start[tie]!; index < ties.start[tie + 1]!; index++) {
      const member = position.get(ties.members[index]!)
      if (member === undefined) continue
      if (first < 0) first = member
      else if (sets.find(first) !== sets.find(member)) {
        sets.union(first, member)
        edges.push({ first, second: member, tie })
      }
    }
  }
  return edges
}
