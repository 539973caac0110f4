// What refunds to date take back of a reward, exactly; the same in preview, posting and reversal.

import { scaleHalfEven } from '../../base/money.ts'

/** What of a reward is to be taken back in all, when so much of the original amount was given back; whole days are rounded down. */
export function reversedInAll(amount: bigint, asset: string, refunded: bigint, original: bigint): bigint {
  if (original === 0n) return 0n
  return asset === 'DAY' ? (amount * refunded) / original : scaleHalfEven(amount, refunded, original)
}
