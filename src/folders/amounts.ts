// Exact amounts: decimal text to whole smallest units (micros of a currency, whole days of DAY) and back, without floats.
import type { RefusalReason } from './refusals.ts'

/** Largest amount a signed 64-bit column holds, in smallest units. */
const largestUnits = 9_223_372_036_854_775_807n

export function decimalsOf(asset: string): number {
  return asset === 'DAY' ? 0 : 6
}

export type ParsedAmount = { ok: true; units: bigint } | { ok: false; reason: RefusalReason }

/** Accepts digits with an optional fraction; zeros beyond the precision are harmless and accepted. */
export function parseAmount(text: string, asset: string): ParsedAmount {
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text)
  if (match === null) return { ok: false, reason: 'amount_not_a_number' }
  const decimals = decimalsOf(asset)
  const fraction = match[3] ?? ''
  const excess = fraction.slice(decimals)
  const isZero = /^0*$/.test(`${match[2]}${fraction}`)
  if (match[1] === '-' && !isZero) return { ok: false, reason: 'amount_negative' }
  if (!/^0*$/.test(excess)) return { ok: false, reason: 'amount_over_precision' }
  const units = BigInt(`${match[2]}${fraction.slice(0, decimals).padEnd(decimals, '0')}`)
  if (units > largestUnits) return { ok: false, reason: 'amount_too_large' }
  return { ok: true, units }
}

/** Plain decimal text without trailing zeros beyond two decimals: `12.50`, `0.000125`, `3` for days. */
export function formatAmount(units: bigint, asset: string): string {
  const decimals = decimalsOf(asset)
  if (decimals === 0) return units.toString()
  const sign = units < 0n ? '-' : ''
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '').padEnd(2, '0')
  return `${sign}${digits.slice(0, -decimals)}.${fraction}`
}

/** For the detector, which compares amounts but keeps no books. */
export function toFloat(units: bigint, asset: string): number {
  return Number(units) / 10 ** decimalsOf(asset)
}

/** The detector's floating amount back in smallest units; for what is shown, never for what is booked. */
export function fromFloat(value: number, asset: string): bigint {
  return BigInt(Math.round(value * 10 ** decimalsOf(asset)))
}

/** units × parts per million, rounded half to even at the smallest unit. */
export function applyRate(units: bigint, partsPerMillion: bigint): bigint {
  const product = units * partsPerMillion
  const quotient = product / 1_000_000n
  const twice = (product % 1_000_000n) * 2n
  if (twice > 1_000_000n || (twice === 1_000_000n && quotient % 2n === 1n)) return quotient + 1n
  return quotient
}
