// Reasons as text, in English or Chinese: a sentence with its bits for analysts, and a short one that is safe to show a member,
// because it names kinds of checks and no measurement, number or other person.
import type { Reason } from '../detection.ts'
import { chinese } from './zh.ts'
import { english } from './en.ts'
import { memberCategory } from './texts.ts'
import type { ReasonTexts } from './texts.ts'

export type Language = 'en' | 'zh-CN'

const textsOf: Readonly<Record<Language, ReasonTexts>> = { en: english, 'zh-CN': chinese }

const FACT = /\{(\w+)\}/g
const BRACKETED = /\s?[((][^()()]*\{(\w+)\}[^()()]*[))]/g

/** One sentence for an analyst; where a fact that it is made of is not known, the sentence that needs none. */
export function analystSentence(reason: Reason, language: Language): string {
  const texts = textsOf[language]
  const text = texts.reasons[reason.code] ?? texts.unknown
  const whole = reason.bits >= 0 ? text.for : text.against
  const isKnown = [...whole.replace(BRACKETED, '').matchAll(FACT)].every(([, fact = '']) => reason.facts[fact] !== undefined)
  const sentence = isKnown ? whole : text.unmeasured ?? texts.unknown.for
  return sentence
    // A bracket whose fact is not known goes with it.
    .replace(BRACKETED, (bracket, fact: string) => (reason.facts[fact] === undefined ? '' : bracket))
    .replace(FACT, (_, fact: string) => String(reason.facts[fact]))
}

/** At most two sentences of the strongest kinds of checks that spoke against the reward; the same for everybody. */
export function memberSentences(reasons: readonly Reason[], language: Language): readonly string[] {
  const spoken = reasons.filter((reason) => reason.bits > 0 && reason.code !== 'base_rate')
  const categories = new Set(spoken.map((reason) => memberCategory(reason.code)))
  return [...categories].slice(0, 2).map((category) => textsOf[language].member[category])
}
