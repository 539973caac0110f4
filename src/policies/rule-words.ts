// The small forms that programme rules are made of: words, amounts, assets and zones as they are written in a version.

import { z } from 'zod'

/** Words that a person wrote, with line breaks but without other control characters: a database and a page refuse those. */
export const words = (most: number) => z.string().max(most).refine((text) => !/[\p{Cc}\p{Surrogate}]/u.test(text.replaceAll(/[\n\t]/g, ' ')), 'words without control characters')

/** Words for members: in one language for all, or in each. */
export const spoken = (most: number) => z.union([words(most), z.partialRecord(z.enum(['en', 'zh-CN']), words(most))])
export type Spoken = z.output<ReturnType<typeof spoken>>

/** In the language, else in English, else in what there is; empty where nothing was written. */
export function inLanguage(text: Spoken, language: 'en' | 'zh-CN'): string {
  return typeof text === 'string' ? text : text[language] ?? text.en ?? text['zh-CN'] ?? ''
}

/** Amounts in rules are decimal strings in units, such as "25" or "2.5". */
export const decimal = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'an amount such as 25 or 2.5')
export const wholeSeconds = z.number().int().min(0).max(10 * 366 * 86_400)
export const assetCode = z.string().regex(/^[A-Z]{3}$/, 'an asset code of three capital letters')
/** A word of the programme's own, such as the name of a track. */
export const ruleWord = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a word in small letters')
export const zone = z.string().refine(isTimeZone, 'a time zone of the IANA database, such as Asia/Shanghai')

/** Seconds as people say them: whole days, else begun hours. */
export function lengthOf(seconds: number): [number, 'day' | 'hour'] {
  return seconds % 86_400 === 0 ? [seconds / 86_400, 'day'] : [Math.ceil(seconds / 3600), 'hour']
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
