// One event as a host reports it becomes a fact of the books: times, whole smallest units, and what was charged but not received.

import { parseMicros } from '../base/money.ts'
import type { EventFact } from '../programs/index.ts'
import type { EventInput } from './event-form.ts'

type ExponentOf = (asset: string) => number

/** The fact, or why its amounts are refused. */
export function factOf(input: EventInput, accountId: bigint, exponentOf: ExponentOf): EventFact | string {
  const common = { source: input.source, eventId: input.event_id, type: input.type, accountId, occurredAt: new Date(input.occurred_at) }
  switch (input.type) {
    case 'signup': return { ...common, invitation: { code: input.code, clickId: input.click_id }, resourceIds: input.resource_ids, termsVersion: input.terms_version }
    case 'track_change': return input.program === undefined || input.track === undefined ? common : { ...common, track: { program: input.program, key: input.track } }
    case 'recharge': case 'payment': case 'spend': return paymentOf(input, common, exponentOf)
    case 'refund': case 'chargeback': case 'dispute_opened': case 'dispute_won': {
      const about = { ...common, originalEventId: input.original }
      if (input.amount === undefined || input.currency === undefined) return about
      const amount = unitsOf(input.amount, exponentOf(input.currency))
      return typeof amount === 'string' ? amount : { ...about, amount, asset: input.currency }
    }
    default: return common
  }
}

function paymentOf(input: Extract<EventInput, { type: 'recharge' | 'payment' | 'spend' }>, common: EventFact, exponentOf: ExponentOf): EventFact | string {
  const exponent = exponentOf(input.currency)
  const amount = unitsOf(input.amount, exponent)
  if (typeof amount === 'string') return amount
  const conversion = conversionOf(input.converted, exponentOf)
  if (typeof conversion === 'string') return conversion
  const priced = { ...common, amount, asset: input.currency, fundedBy: input.funded_by, item: input.item, conversion }
  if (input.type === 'spend') return priced
  let excluded = 0n
  for (const part of [input.tax, input.discount, input.bonus]) {
    const units = part === undefined ? 0n : unitsOf(part, exponent)
    if (typeof units === 'string') return units
    excluded += units
  }
  return { ...priced, excluded, periodUnit: input.period?.unit, periodCount: input.period?.count }
}

type ConvertedInput = Extract<EventInput, { type: 'spend' }>['converted']

function conversionOf(converted: ConvertedInput, exponentOf: ExponentOf): EventFact['conversion'] | string {
  if (converted === undefined) return undefined
  const { asset, rate, rate_source: rateSource } = converted
  const amount = unitsOf(converted.amount, exponentOf(asset))
  return typeof amount === 'string' ? amount : { amount, asset, rate, rateSource }
}

/** In the asset's smallest unit, or why not. */
function unitsOf(text: string, exponent: number): bigint | string {
  const parsed = parseMicros(text)
  if (!parsed.ok) return parsed.reason
  const unit = 10n ** BigInt(6 - exponent)
  return parsed.amount % unit === 0n ? parsed.amount / unit : 'too_precise'
}
