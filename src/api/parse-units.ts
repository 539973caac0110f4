// Amounts as callers write them, in units of their asset.

import { parseMicros } from '../base/money.ts'
import { Problem } from '../base/problems.ts'

/** The amount in the asset's smallest unit; throws the problem that says what is wrong. */
export function parseUnits(text: string, exponent: number): bigint {
  const parsed = parseMicros(text)
  if (!parsed.ok) throw new Problem('invalid_request', parsed.reason, 'The amount is refused.')
  const unit = 10n ** BigInt(6 - exponent)
  if (parsed.amount % unit !== 0n) throw new Problem('invalid_request', 'too_precise', 'The amount has more decimals than its asset.')
  return parsed.amount / unit
}
