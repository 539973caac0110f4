// Amounts as rules write them, in smallest units of their asset: micros of money, whole days.

import { parseMicros } from '../base/money.ts'

/** Days of service are counted in whole days, every money in micros. */
export const DAY = 'DAY'
export const exponentOfAsset = (asset: string): number => (asset === DAY ? 0 : 6)

/** Null where the asset cannot be that fine: half a day. */
export function smallestUnits(decimal: string, asset: string): bigint | null {
  const parsed = parseMicros(decimal)
  if (!parsed.ok) return null
  const unit = 10n ** BigInt(6 - exponentOfAsset(asset))
  return parsed.amount % unit === 0n ? parsed.amount / unit : null
}

/** For rules that were checked when they were published. */
export function publishedUnits(decimal: string, asset: string): bigint {
  const units = smallestUnits(decimal, asset)
  if (units === null) throw new Error(`The published rules say ${decimal} ${asset}, which is no amount of it.`)
  return units
}

/** For comparing amounts of one asset. */
export function micros(decimal: string): bigint {
  const parsed = parseMicros(decimal)
  if (!parsed.ok) throw new Error(`The published rules say ${decimal}, which is no amount.`)
  return parsed.amount
}
