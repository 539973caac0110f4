// Remembers ids with a 32-bit value each, in about twenty-five bytes an id however long the ids are.
// Ids are kept as 64-bit hashes: at ten million ids the chance that any two are confused is under one in a hundred thousand.

const highSeed = 0x9e3779b9
const lowSeed = 0x85ebca6b

export class IdTable {
  private count = 0
  private capacity = 1024
  private high = new Uint32Array(this.capacity)
  private low = new Uint32Array(this.capacity)
  private value = new Uint32Array(this.capacity)
  private isUsed = new Uint8Array(this.capacity)

  /** Keeps the value of an id that is new and returns null; else returns the value kept before. */
  keep(id: string, value: number): number | null {
    const high = hash32(id, highSeed)
    const low = hash32(id, lowSeed)
    const slot = this.slotOf(high, low)
    if (this.isUsed[slot] === 1) return this.value[slot] ?? 0
    this.isUsed[slot] = 1
    this.high[slot] = high
    this.low[slot] = low
    this.value[slot] = value
    this.count += 1
    if (this.count * 3 > this.capacity * 2) this.grow()
    return null
  }

  find(id: string): number | null {
    const slot = this.slotOf(hash32(id, highSeed), hash32(id, lowSeed))
    return this.isUsed[slot] === 1 ? this.value[slot] ?? 0 : null
  }

  private slotOf(high: number, low: number): number {
    const mask = this.capacity - 1
    let slot = (low ^ (high >>> 7)) & mask
    while (this.isUsed[slot] === 1 && (this.high[slot] !== high || this.low[slot] !== low)) slot = (slot + 1) & mask
    return slot
  }

  private grow(): void {
    const { high, low, value, isUsed } = this
    this.capacity *= 2
    this.high = new Uint32Array(this.capacity)
    this.low = new Uint32Array(this.capacity)
    this.value = new Uint32Array(this.capacity)
    this.isUsed = new Uint8Array(this.capacity)
    for (const [old, used] of isUsed.entries()) {
      if (used === 0) continue
      const slot = this.slotOf(high[old] ?? 0, low[old] ?? 0)
      this.isUsed[slot] = 1
      this.high[slot] = high[old] ?? 0
      this.low[slot] = low[old] ?? 0
      this.value[slot] = value[old] ?? 0
    }
  }
}

/** MurmurHash3's mixing (Appleby, 2011) over UTF-16 code units. */
export function hash32(text: string, seed: number): number {
  let hash = seed | 0
  for (let index = 0; index < text.length; index += 1) {
    let word = Math.imul(text.charCodeAt(index), 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  hash ^= text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
