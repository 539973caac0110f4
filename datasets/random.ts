// One seeded stream of random draws over pure-rand.
// It promises the same draws for the same seed and label; nothing else in the generator is random.
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export class Random {
  private readonly generator: ReturnType<typeof xoroshiro128plus>
  private readonly label: string

  /** Streams with different labels are independent: a draw added to one moves no draw of another. */
  constructor(label: string) {
    this.label = label
    this.generator = xoroshiro128plus(hashText(label))
  }

  fork(name: string): Random {
    return new Random(`${this.label}/${name}`)
  }

  /** Uniform in [0, 1). */
  float(): number {
    return uniformFloat64(this.generator)
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.float()
  }

  /** Uniform in the logarithm; both ends must be positive. */
  betweenLog(low: number, high: number): number {
    return low * Math.exp(Math.log(high / low) * this.float())
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.float() * count)
  }

  /** An unsigned integer of 32 bits. */
  bits(): number {
    return this.generator.next() >>> 0
  }

  chance(probability: number): boolean {
    return this.float() < probability
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('pick from an empty list')
    return item
  }

  /** The index drawn with probability in proportion to its weight. */
  weighted(weights: readonly number[]): number {
    let total = 0
    for (const weight of weights) total += weight
    let left = this.float() * total
    for (let index = 0; index < weights.length; index++) {
      left -= weights[index] ?? 0
      if (left < 0) return index
    }
    return weights.length - 1
  }

  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()))
    return radius * Math.cos(2 * Math.PI * this.float())
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.float())
  }

  /** Pareto with minimum 1: heavy-tailed for small `alpha`. */
  pareto(alpha: number): number {
    return Math.pow(1 - this.float(), -1 / alpha)
  }

  /** An index in [0, count) that prefers small ones, roughly as 1 / (index + 1). */
  ranked(count: number): number {
    return Math.min(count - 1, Math.floor(Math.pow(count + 1, this.float())) - 1)
  }

  shuffle<T>(items: T[]): T[] {
    for (let index = items.length - 1; index > 0; index--) {
      const other = this.below(index + 1)
      const kept = items[index] as T
      items[index] = items[other] as T
      items[other] = kept
    }
    return items
  }

  hex(length: number): string {
    let text = ''
    while (text.length < length) text += this.bits().toString(16).padStart(8, '0')
    return withoutCardNumbers(text.slice(0, length))
  }

  digits(length: number): string {
    let text = ''
    for (let index = 0; index < length; index++) text += String(this.below(10))
    return text
  }
}

/** Divides `count` into whole parts in proportion to the weights; the parts sum to `count`. */
export function apportion(weights: readonly number[], count: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let reached = 0
  let given = 0
  return weights.map((weight) => {
    reached += (weight / total) * count
    const part = Math.round(reached) - given
    given += part
    return part
  })
}

/** Mixes two integers into an unsigned one of 32 bits (finaliser of MurmurHash3, Appleby, 2011). */
export function mix(first: number, second: number): number {
  let value = (Math.imul(first | 0, 0x9e3779b1) ^ (second | 0)) | 0
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

/** A text of hexadecimal digits that looks like a hash and depends on all the numbers. */
export function mixHex(numbers: readonly number[], length: number): string {
  let state = 0x51ed270b
  for (const number of numbers) state = mix(state, number)
  let text = ''
  for (let block = 1; text.length < length; block++) {
    text += mix(state, Math.imul(block, 0x27d4eb2f)).toString(16).padStart(8, '0')
  }
  return withoutCardNumbers(text.slice(0, length))
}

/** Why: thirteen digits in a row may pass for a card number, and a careful reader of the folder refuses those. */
function withoutCardNumbers(text: string): string {
  return text.replace(/[0-9]{12}(?=[0-9])/g, (digits) => `${digits.slice(0, 11)}e`)
}

/** FNV-1a (Fowler, Noll and Vo, 1991) over the UTF-16 units of a text, mixed once more. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return mix(hash, text.length)
}
