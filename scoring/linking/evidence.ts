// Evidence in bits: what one shared identifier adds to a pair, and how correlated identifiers of one family are capped.

/** One identifier never adds more than this. */
export const identifierBitsMax = 10

/**
 * Bits that an identifier of this strength adds to a pair: none at strength 0, about 3 at one half, rising with the odds.
 * The form log2(1 + 7 s / (1 − s)) keeps weak identifiers harmless however many there are.
 */
export function identifierBits(strength: number): number {
  if (!(strength > 0)) return 0
  const odds = strength / Math.max(1 - strength, 1e-4)
  return Math.min(identifierBitsMax, Math.log2(1 + 7 * odds))
}
