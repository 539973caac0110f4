// Answers of people to what an event left open: the period that was paid, what the amount was in the programme's asset, or that nothing is earned.

import { z } from 'zod'
import type { QualifyingEvent } from '../qualification/qualification.ts'

export const questionAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('period'), unit: z.enum(['month', 'year']), count: z.number().int().min(1).max(1200) }),
  z.strictObject({
    /** The whole amount in another asset, in its smallest units as decimal digits. */
    kind: z.literal('conversion'), amount: z.string().regex(/^\d{1,18}$/), asset: z.string().regex(/^[A-Z]{3}$/), rate: z.string().min(1).max(40), rateSource: z.string().min(1).max(100),
  }),
  z.strictObject({ kind: z.literal('nothing') }),
])
export type QuestionAnswer = z.output<typeof questionAnswer>

/** The event with what a person said of it; null where it earns nothing. `stored`: null and undefined say nothing. */
export function withAnswer<Event extends QualifyingEvent>(event: Event, stored: unknown): Event | null {
  if (stored === null || stored === undefined) return event
  const answer = questionAnswer.parse(stored)
  switch (answer.kind) {
    case 'period': return { ...event, periodUnit: answer.unit, periodCount: answer.count }
    case 'conversion': return { ...event, convertedAmount: BigInt(answer.amount), convertedAsset: answer.asset }
    case 'nothing': return null
  }
}
