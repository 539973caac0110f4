// Sums that do not depend on order: values are counted in whole 2^-20ths, which doubles add exactly up to 2^53.

/** Rounds to a multiple of 2^-20; sums of up to 2^33 such values of size 1 are exact. */
export function fixed(value: number): number {
  return Math.round(value * 1048576) / 1048576
}

/** The value below which a share of the sorted values lies, interpolated between neighbours; NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  const place = share * (sorted.length - 1)
  const low = Math.floor(place)
  const high = Math.ceil(place)
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!)
}
