// Amounts: whole numbers of an asset's smallest unit (micros of money, whole days), never floating point.
// Promises: the one rounding of the project, half to even, is here, the same in preview, posting and reversal.

export const MICROS = 1_000_000n
const MICRO_DIGITS = 6

export type AmountError = 'not_a_number' | 'negative' | 'too_precise' | 'too_large'
export type AmountResult = { ok: true; amount: bigint } | { ok: false; reason: AmountError }

/** The largest amount of one event: 10^12 units of money, far from the limits of a bigint column even when summed. */
const AMOUNT_MAX = 10n ** 18n

/** Reads a decimal such as `12.5` into micros. No sign, exponent, grouping or more than six decimals. */
export function parseMicros(text: string): AmountResult {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim())
  if (match === null) return { ok: false, reason: 'not_a_number' }
  const [, sign = '', whole = '', fraction = ''] = match
  if (sign === '-') return { ok: false, reason: 'negative' }
  if (fraction.replace(/0+$/, '').length > MICRO_DIGITS) return { ok: false, reason: 'too_precise' }
  const amount = BigInt(whole) * MICROS + BigInt(fraction.slice(0, MICRO_DIGITS).padEnd(MICRO_DIGITS, '0'))
  return amount > AMOUNT_MAX ? { ok: false, reason: 'too_large' } : { ok: true, amount }
}

/** The shortest exact decimal, e.g. 12500000n → `12.5`. Days and other whole assets have exponent 0. */
export function formatAmount(amount: bigint, exponent: number = MICRO_DIGITS): string {
  const sign = amount < 0n ? '-' : ''
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  const fraction = exponent === 0 ? '' : digits.slice(-exponent).replace(/0+$/, '')
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

/** value × numerator ÷ denominator, rounded half to even at the smallest unit. */
export function scaleHalfEven(value: bigint, numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('the denominator must be positive')
  const product = value * numerator
  const magnitude = product < 0n ? -product : product
  const quotient = magnitude / denominator
  const twice = (magnitude % denominator) * 2n
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n)
  const rounded = up ? quotient + 1n : quotient
  return product < 0n ? -rounded : rounded
}
