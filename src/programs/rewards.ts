// What one event earns under one version of the rules: base, rate and amount, exactly; or nothing.

import type { EventType } from '../population/index.ts'
import { MICROS, parseMicros, scaleHalfEven } from '../base/money.ts'
import type { ProgramRules } from '../policies/index.ts'
import type { MoneyEvent } from './event-facts.ts'

export interface Reward {
  /** Money received: what was charged without tax, discount, coupon and bonus. */
  readonly base: bigint
  readonly ratePpm: number
  readonly amount: bigint
  readonly asset: string
}

const QUALIFYING: Readonly<Record<ProgramRules['base'], readonly EventType[]>> = {
  recharge: ['recharge'],
  payment: ['payment'],
  spend: ['spend'],
  both: ['recharge', 'spend'],
}

/** Null where the event earns nothing: of another kind, not paid with money, in another asset, or too small to give a smallest unit. */
export function rewardOf(rules: ProgramRules, event: MoneyEvent): Reward | null {
  if (!QUALIFYING[rules.base].includes(event.type) || event.fundedBy !== 'paid' || event.asset !== rules.asset) return null
  const base = moneyReceived(event)
  if (base <= 0n) return null
  const reward = amountOf(rules, event, base)
  return reward === null || reward.amount === 0n ? null : { base, ...reward }
}

export function moneyReceived(event: MoneyEvent): bigint {
  return (event.amount ?? 0n) - event.excluded
}

function amountOf({ reward, asset }: ProgramRules, event: MoneyEvent, base: bigint): Omit<Reward, 'base'> | null {
  switch (reward.kind) {
    case 'rate':
      return { ratePpm: reward.ratePpm, amount: scaleHalfEven(base, BigInt(reward.ratePpm), MICROS), asset }
    case 'fixed': {
      const parsed = parseMicros(reward.amount)
      if (!parsed.ok) throw new Error('A fixed reward of stored rules is not an amount.')
      return { ratePpm: 0, amount: parsed.amount, asset }
    }
    case 'days': {
      const count = BigInt(event.periodCount ?? 1)
      // Without a period nothing is guessed.
      if (event.periodUnit === 'month') return { ratePpm: 0, amount: BigInt(reward.daysPerMonth) * count, asset: 'DAY' }
      if (event.periodUnit === 'year') return { ratePpm: 0, amount: BigInt(reward.daysPerYear) * count, asset: 'DAY' }
      return null
    }
  }
}

/** What of a reward is to be taken back in all, when so much of the original amount was given back; whole days are rounded down. */
export function reversedInAll(amount: bigint, asset: string, refunded: bigint, original: bigint): bigint {
  if (original === 0n) return 0n
  return asset === 'DAY' ? (amount * refunded) / original : scaleHalfEven(amount, refunded, original)
}
