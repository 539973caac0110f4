// The smallest amounts that banks and processors can carry, by currency (ISO 4217), against the books' micros. The conversion is exact or refused.

/** Decimal places of the currencies of the asset table; a currency that is not here is not paid out. */
const DECIMALS: Readonly<Record<string, number>> = { USD: 2, EUR: 2, CNY: 2, GBP: 2, INR: 2, JPY: 0 }
const MICRO_DECIMALS = 6

/** Micros of the smallest amount that can be paid; null where the asset is no currency that is paid out. */
export function minorUnit(asset: string): bigint | null {
  const decimals = Object.hasOwn(DECIMALS, asset) ? DECIMALS[asset] : undefined
  return decimals === undefined ? null : 10n ** BigInt(MICRO_DECIMALS - decimals)
}

/** Throws for an amount that is not whole in minor units: such a payout cannot have been accepted. */
export function toMinor(amountMicros: bigint, asset: string): number {
  const unit = minorUnit(asset)
  if (unit === null || amountMicros % unit !== 0n) throw new Error('An amount is not whole in the units of its payment.')
  const minor = Number(amountMicros / unit)
  if (!Number.isSafeInteger(minor)) throw new Error('An amount is too large for a payment.')
  return minor
}

export function fromMinor(minor: number | bigint, asset: string): bigint {
  const unit = minorUnit(asset)
  if (unit === null) throw new Error('An asset is not paid out.')
  return BigInt(minor) * unit
}
