// What a check-up of an export folder finds: a closed set of codes, each with a sentence and what to do, in each language.
// It promises that facts hold counts, shares, months, column names and masks, never a raw identifier.
import type { Language } from '../refusals.ts'
import { findingTexts } from './finding-texts.ts'
import type { FindingCode } from './finding-texts.ts'

/** `error`: results would mislead until it is fixed; `warning`: they are weaker; `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note'

export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** Values for the sentence, already fit to be shown. */
  readonly facts: Readonly<Record<string, string | number>>
}

export interface DescribedFinding {
  readonly sentence: string
  readonly advice: string
}

export function describeFinding(finding: Finding, language: Language = 'en'): DescribedFinding {
  const [sentence, advice] = findingTexts[finding.code][language]
  return { sentence: fill(sentence, finding), advice: fill(advice, finding) }
}

function fill(template: string, finding: Finding): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = finding.facts[name]
    if (value === undefined) throw new Error(`finding ${finding.code} has no fact ${name}`)
    return typeof value === 'number' ? formatNumber(value) : value
  })
}

/** Thousands apart; fractions are shares and become per cent. */
function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
  return String(value)
}

/** `0.4123` → `41 %`, `0.0041` → `0.4 %`, `0.00001` → `< 0.1 %`. */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.1) return '< 0.1 %'
  const digits = value !== 0 && Math.abs(value) < 10 ? 1 : 0
  return `${value.toFixed(digits)} %`
}
