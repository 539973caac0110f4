// The protocol as a whole on a small population with known operators: figures, baselines, pages; labels missing or partial.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { baselines } from '../../../scoring/evaluation/baselines.ts'
import { crossValidate } from '../../../scoring/evaluation/cross-validate.ts'
import { evaluate, falsePositiveRates, type Scores } from '../../../scoring/evaluation/evaluate.ts'
import { renderMarkdown, renderPlots } from '../../../scoring/evaluation/render.ts'
import { operatorSet } from '../model/operators.ts'

const set = operatorSet({ seed: 7 })
const { population, accountLabels, referralLabels } = set
const random = () => xoroshiro128plus(1)

/** Scores that know everything. */
const perfect: Scores = {
  referral: Float64Array.from(referralLabels!.isSelfInvite),
  account: Float64Array.from(accountLabels!.isAbuser),
  ring: accountLabels!.cluster,
}

describe('an evaluation', () => {
  const evaluation = evaluate(perfect, set, population, { random: random(), draws: 20 })

  test('of scores that know everything is perfect in every figure', () => {
    const { referrals, accounts, rings } = evaluation
    for (const subject of [referrals!, accounts!]) {
      expect(subject.ranking.averagePrecision).toBe(1)
      expect(subject.ranking.recalls.map((bounded) => bounded.recall)).toEqual(falsePositiveRates.map(() => 1))
      expect(subject.ranking.averagePrecisionInterval).toEqual({ low: 1, high: 1 })
      expect(subject.reliability.expectedCalibrationError).toBe(0)
    }
    expect(referrals!.money.atHalfPercent).toMatchObject({ savedShare: 1, honestFrozen: 0 })
    expect(rings!.bCubed).toEqual({ precision: 1, recall: 1 })
    expect(rings!.bands.map((band) => band.hitRate).filter((rate) => !Number.isNaN(rate))).toEqual([1, 1])
  })

  test('reports honest strata and kinds of abuse apart', () => {
    const strata = evaluation.referrals!.strata.map(({ name, isPositive, shareOverHalf }) => [name, isPositive, shareOverHalf])
    expect(strata).toEqual([['lazy', true, 1], ['friend', false, 0], ['household', false, 0]])
    const rows = evaluation.referrals!.strata.reduce((sum, stratum) => sum + stratum.rows, 0)
    expect(rows).toBe(population.referrals.count)
  })

  test('holds all seven plain rules, none of which sees labels', () => {
    expect(evaluation.referrals!.baselines.map((rule) => rule.name)).toEqual([
      'same IP', 'same device', 'device or payment', 'any shared identifier', 'components, degree capped',
      'rarity sum with components', 'Louvain communities',
    ])
    for (const rule of evaluation.referrals!.baselines) expect(rule.averagePrecision).toBeGreaterThan(0)
  })

  test('is null where labels are missing, and leaves unlabelled rows out', () => {
    const none = evaluate(perfect, {}, population, { random: random() })
    expect([none.referrals, none.accounts, none.rings]).toEqual([null, null, null])
    const isSelfInvite = referralLabels!.isSelfInvite.map((label, row) => (row % 3 === 0 ? -1 : label))
    const partial = evaluate(perfect, { referralLabels: { ...referralLabels!, isSelfInvite } }, population, {
      random: random(), draws: 5, withBaselines: false,
    })
    expect(partial.referrals!.ranking.rows).toBe(isSelfInvite.filter((label) => label >= 0).length)
    expect(partial.accounts).toBeNull()
  })

  test('counts referrals instead of money where no rebates are known', () => {
    const poor = { ...population, referrals: { ...population.referrals, atStake: population.referrals.atStake.map(() => 0) } }
    const { money } = evaluate(perfect, set, poor, { random: random(), draws: 5, withBaselines: false }).referrals!
    const selfInvites = referralLabels!.isSelfInvite.filter((label) => label === 1).length
    expect(money).toMatchObject({ unit: 'referrals', atHalfPercent: { saved: selfInvites } })
  })

  test('is a page with its provenance first and plots that are whole SVG documents', () => {
    const page = renderMarkdown(evaluation, { title: 'A <test>', provenance: 'in-sample' })
    expect(page.indexOf('in-sample')).toBeLessThan(page.indexOf('## Referrals'))
    expect(page).toContain('| rarity sum with components |')
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
    const plots = renderPlots(evaluation)
    expect(plots.map((plot) => plot.file)).toEqual([
      'referrals-precision-recall.svg', 'referrals-reliability.svg', 'accounts-precision-recall.svg',
      'accounts-reliability.svg', 'referrals-money.svg',
    ])
    for (const { svg } of plots) {
      expect(svg).toMatch(/^<svg [\s\S]*<\/svg>$/)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
      expect(svg.match(/<(g|text|title|svg)\b/g)!.length).toBe(svg.match(/<\/(g|text|title|svg)>/g)!.length)
    }
  })
})

describe('the plain rules', () => {
  test('score what their names say: household devices are shared, cards of households are not', () => {
    const rules = new Map(baselines(population, random()).map((rule) => [rule.name, rule]))
    population.referrals.inviter.forEach((_, referral) => {
      const stratum = referralLabels!.stratum[referral]!
      expect(rules.get('same device')!.referral[referral]).toBe(stratum === 'friend' ? 0 : 1)
      expect(rules.get('device or payment')!.referral[referral]).toBe({ friend: 0, household: 1, lazy: 2 }[stratum])
      expect(rules.get('components, degree capped')!.referral[referral]).toBe(stratum === 'friend' ? 0 : 1)
    })
  })
})

describe('cross-validation', () => {
  test('scores every row without its operator, and finds operators by what they share', () => {
    const { scores, rings } = crossValidate(set, {
      random: random(), folds: 2, train: { folds: 2, fit: { bags: 2, roundsMax: 40 } },
    })
    const figures = evaluate(scores, set, population, { random: random(), draws: 5, withBaselines: false })
    expect(figures.accounts!.ranking.averagePrecision).toBeGreaterThan(0.9)
    expect(figures.referrals!.ranking.averagePrecision).toBeGreaterThan(0.9)
    expect(figures.rings).toBeNull()
    expect(rings).toHaveLength(2)
  })

  test('cannot find what only labels know', () => {
    // Strangers called operators at random: no fact tells them from others, so no fold may be scored well.
    const isAbuser = accountLabels!.isAbuser.map((_, account) => (account % 5 === 0 ? 1 : 0))
    const unknown = { ...set, accountLabels: { isAbuser, cluster: accountLabels!.cluster.map(() => -1) } }
    const { referralLabels: _, ...accountsOnly } = unknown
    const { scores } = crossValidate(accountsOnly, { random: random(), folds: 2, train: { folds: 2, fit: { bags: 2, roundsMax: 40 } } })
    const figures = evaluate(scores, accountsOnly, population, { random: random(), draws: 5, withBaselines: false })
    expect(figures.accounts!.ranking.averagePrecision).toBeLessThan(0.35)
  })
})
