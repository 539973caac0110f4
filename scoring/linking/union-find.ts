// Connected components by union-find with path halving; every root is the smallest index of its set, so that labels are
// canonical: the same links in any order give the same labels (Tarjan 1975; halving: van Leeuwen, van der Weide 1977).

export class UnionFind {
  readonly parent: Int32Array

  constructor(size: number) {
    this.parent = new Int32Array(size)
    for (let index = 0; index < size; index++) this.parent[index] = index
  }

  find(index: number): number {
    const { parent } = this
    let current = index
    let up = parent[current]!
    while (up !== current) {
      const upper = parent[up]!
      parent[current] = upper
      current = upper
      up = parent[current]!
    }
    return current
  }

  /** Joins the sets of two indices under the smaller root. */
  union(first: number, second: number): void {
    const a = this.find(first)
    const b = this.find(second)
    if (a < b) this.parent[b] = a
    else if (b < a) this.parent[a] = b
  }

  /** The root of every index. */
  labels(): Int32Array {
    for (let index = 0; index < this.parent.length; index++) this.parent[index] = this.find(index)
    return this.parent
  }
}
