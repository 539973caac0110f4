// From database ids to the small integers that typed columns are indexed by; about twenty-four bytes an id, no object each.

/** Ids are positive whole numbers below 2^53. */
export class IdIndex {
  /** By index, in the order of `add`. */
  private values = new Float64Array(1024)
  private count = 0
  private slots = new Int32Array(2048).fill(-1)

  get size(): number {
    return this.count
  }

  /** Gives the id the next index, unless it has one. */
  add(id: number): number {
    let slot = this.slotOf(id)
    const known = this.slots[slot] ?? -1
    if (known >= 0) return known
    if (this.count === this.values.length) {
      this.grow()
      slot = this.slotOf(id)
    }
    this.values[this.count] = id
    this.slots[slot] = this.count
    return this.count++
  }

  /** The index of the id, or -1. */
  find(id: number): number {
    return this.slots[this.slotOf(id)] ?? -1
  }

  /** Ids by index. */
  ids(): Float64Array {
    return this.values.subarray(0, this.count)
  }

  private slotOf(id: number): number {
    const mask = this.slots.length - 1
    // Fibonacci hashing (Knuth, TAOCP 3, 6.4) of the low and the high half.
    let slot = (Math.imul(id | 0, 0x9e3779b1) ^ Math.imul((id / 4_294_967_296) | 0, 0x85ebca6b)) >>> 0
    for (slot = (slot ^ (slot >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot] ?? -1
      if (index < 0 || this.values[index] === id) return slot
    }
  }

  private grow(): void {
    const larger = new Float64Array(this.values.length * 2)
    larger.set(this.values)
    this.values = larger
    this.slots = new Int32Array(larger.length * 2).fill(-1)
    for (let index = 0; index < this.count; index++) this.slots[this.slotOf(this.values[index] ?? 0)] = index
  }
}
