// Reasons are exact: they sum to the score, their counterfactual is the smallest there is, and both languages can say them.
import { describe, expect, test } from 'vitest'
import { detect } from '../../scoring/detect.ts'
import type { Reason } from '../../scoring/detection.ts'
import { extractFeatures, identifierStrengths, preparePopulation } from '../../scoring/features/extract.ts'
import { calibrateOne } from '../../scoring/model/calibration.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import { decisionOf } from '../../scoring/reasons.ts'
import { reasonOfFeature } from '../../scoring/reasons/codes.ts'
import { english } from '../../scoring/reasons/en.ts'
import { analystSentence, memberSentences } from '../../scoring/reasons/sentences.ts'
import { memberCategory } from '../../scoring/reasons/texts.ts'
import { chinese } from '../../scoring/reasons/zh.ts'
import { build, smallWorld } from './small-world.ts'

const built = build(smallWorld(31, 60, 8))
const detection = detect(built.population, { model: priorModel })
const thresholds = { hold: 0.5, deny: 0.9, ring: 0.5 }
const rows = Array.from({ length: built.population.referrals.count }, (_, row) => row)

describe('explanations', () => {
  test('the bits of the reasons add up to the score exactly, for referrals and accounts', () => {
    for (const row of rows) {
      const explanation = detection.explainReferral(row)
      expect(explanation.reasons.reduce((sum, reason) => sum + reason.bits, 0)).toBe(detection.referrals.bits[row])
      expect(explanation.bits).toBe(detection.referrals.bits[row])
      expect(explanation.probability).toBe(detection.referrals.probability[row])
    }
    for (let account = 0; account < built.population.accounts.count; account++) {
      expect(detection.explainAccount(account).probability).toBe(detection.accounts.score[account])
    }
  })

  test('no reason code appears twice, and the strongest comes first', () => {
    for (const row of rows) {
      const { reasons } = detection.explainReferral(row)
      expect(new Set(reasons.map(({ code }) => code)).size).toBe(reasons.length)
      const strengths = reasons.map(({ bits }) => Math.abs(bits))
      expect(strengths).toEqual([...strengths].sort((a, b) => b - a))
    }
  })

  test('the counterfactual changes the decision, and no smaller set of reasons would', () => {
    let found = 0
    for (const row of rows) {
      const { reasons, bits, counterfactual, probability } = detection.explainReferral(row)
      const decision = decisionOf(probability, thresholds)
      if (decision === 'allow') expect(counterfactual).toBeNull()
      if (counterfactual === null) continue
      found++
      const without = (codes: readonly string[]) => {
        const removed = reasons.filter(({ code }) => codes.includes(code)).reduce((sum, reason) => sum + reason.bits, 0)
        return calibrateOne(priorModel.referral.calibration, bits - removed)
      }
      expect(without(counterfactual.without)).toBe(counterfactual.probability)
      expect(decisionOf(counterfactual.probability, thresholds)).not.toBe(decision)
      const candidates = reasons.filter((reason) => reason.bits > 0 && reason.code !== 'base_rate').map(({ code }) => code)
      for (const smaller of subsets(candidates, counterfactual.without.length - 1)) {
        expect(decisionOf(without(smaller), thresholds)).toBe(decision)
      }
    }
    expect(found).toBeGreaterThan(5)
  })

  test('a row that does not exist is a bug of the caller', () => {
    expect(() => detection.explainReferral(rows.length)).toThrow(RangeError)
    expect(() => detection.explainAccount(-1)).toThrow(RangeError)
  })
})

function subsets(codes: readonly string[], size: number): string[][] {
  if (size <= 0) return [[]]
  return codes.flatMap((code, index) => [[code], ...subsets(codes.slice(index + 1), size - 1).map((rest) => [code, ...rest])])
    .filter((set) => set.length <= size)
}

describe('sentences', () => {
  const prepared = preparePopulation(built.population)
  const { account, referral } = extractFeatures(prepared, identifierStrengths(prepared, priorModel.strength))
  const codes = new Set([...account.names, ...referral.names].map((name) => reasonOfFeature(name).code).concat('base_rate', 'same_account'))

  test('every feature of both scorecards has a sentence in both languages, and no sentence is left over', () => {
    expect([...codes].filter((code) => english.reasons[code] === undefined)).toEqual([])
    expect(Object.keys(english.reasons).filter((code) => !codes.has(code))).toEqual([])
    expect(Object.keys(chinese.reasons).sort()).toEqual(Object.keys(english.reasons).sort())
  })

  test('a sentence names the same facts in both languages', () => {
    const facts = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
    for (const [code, text] of Object.entries(english.reasons)) {
      expect(facts(chinese.reasons[code]!.for), code).toEqual(facts(text.for))
      expect(facts(chinese.reasons[code]!.against), code).toEqual(facts(text.against))
    }
  })

  test('facts are filled in, and a bracket without its fact is left out', () => {
    const reason = (facts: Reason['facts']): Reason => ({ code: 'identifier_popularity', bits: -1, facts })
    expect(analystSentence(reason({ accounts: 212 }), 'en')).toBe('What they share belongs to many accounts (212).')
    expect(analystSentence(reason({}), 'en')).toBe('What they share belongs to many accounts.')
    expect(analystSentence(reason({ accounts: 212 }), 'zh-CN')).toBe('双方共用的标识属于很多账户(212 个)。')
    expect(analystSentence(reason({}), 'zh-CN')).toBe('双方共用的标识属于很多账户。')
  })

  test('no sentence has a hole where a fact is not known', () => {
    for (const [language, texts] of [['en', english], ['zh-CN', chinese]] as const) {
      for (const [code, text] of Object.entries(texts.reasons)) {
        const without = [text.for, text.against].some((sentence) => /\{\w+\}/.test(sentence.replace(/[((][^()()]*[))]/g, '')))
        expect(text.unmeasured !== undefined, `${language} ${code}`).toBe(without)
        for (const bits of [1, -1]) expect(analystSentence({ code, bits, facts: {} }, language)).not.toMatch(/[{}]|undefined|NaN/)
      }
    }
    const noted = { code: 'siblings_spend_alike', bits: 0.2, facts: {} }
    expect(analystSentence(noted, 'en')).toBe('The inviter has no other invitees whose amounts could be compared.')
  })

  test('a member is told kinds of checks: no number, no fact, no other person, nothing to steer by', () => {
    for (const row of rows) {
      const { reasons } = detection.explainReferral(row)
      for (const language of ['en', 'zh-CN'] as const) {
        const sentences = memberSentences(reasons, language)
        expect(sentences.length).toBeLessThanOrEqual(2)
        for (const sentence of sentences) expect(sentence).not.toMatch(/\d|\{|device|IP|card|address|设备|银行卡|地址/)
      }
    }
    expect(new Set([...codes].map(memberCategory)).size).toBe(4)
  })
})
