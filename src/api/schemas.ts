// Forms that several routes share: ids, amounts and times as every answer writes them.

import { z } from 'zod'
import { formatAmount } from '../base/money.ts'

/** An internal id as a decimal string. */
export const idText = z.string().regex(/^[1-9]\d{0,17}$/, 'must be an id as an answer gave it')

export const isPlainText = (text: string): boolean => !/[\p{Cc}\p{Surrogate}]/u.test(text)

/** One line of words by a person. */
export const line = (max: number) => z.string().trim().min(1).max(max).refine(isPlainText, 'must hold no control characters')

/** Words by a person, with line breaks. */
export const note = z.string().max(4000).refine((text) => isPlainText(text.replaceAll(/[\n\t]/g, ' ')), 'must hold no control characters')

export const time = z.iso.datetime({ offset: true })

export const amountAnswer = z.strictObject({ asset: z.string(), amount: z.string() })

export const page = z.strictObject({
  limit: z.string().regex(/^([1-9]\d?|100)$/, 'must be from 1 to 100').optional(),
  after: idText.optional(),
})

/** The page size that a query asks for. */
export function limitOf(query: { limit?: string | undefined }): number {
  return Number(query.limit ?? '50')
}

/** Decimal places of an asset. */
export type ExponentOf = (asset: string) => number

export function amountOf(amount: bigint, asset: string, exponentOf: ExponentOf): z.output<typeof amountAnswer> {
  return { asset, amount: formatAmount(amount, exponentOf(asset)) }
}
