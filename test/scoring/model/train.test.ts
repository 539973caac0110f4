// Training learns operators from labels, holds whole operators out together, and says honestly what it was fitted on.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { detect } from '../../../scoring/detect.ts'
import { averagePrecision, operatingPoints } from '../../../scoring/evaluation/ranking.ts'
import { hashToUnit } from '../../../scoring/model/boosting.ts'
import { groupsOf, planFolds } from '../../../scoring/model/folds.ts'
import { priorModel } from '../../../scoring/model/priors.ts'
import { parseModel, serialiseModel } from '../../../scoring/model/serialise.ts'
import { trainModel, type TrainOptions } from '../../../scoring/model/train.ts'
import type { TrainingSet } from '../../../scoring/model/training-set.ts'
import { operatorSet } from './operators.ts'

const options = (): TrainOptions => ({ random: xoroshiro128plus(1), folds: 3, fit: { bags: 3, roundsMax: 60 } })
const set = operatorSet({ seed: 1 })
const trained = trainModel([set], options())

describe('training', () => {
  test('gives a model that finds the operators of another population', () => {
    const other = operatorSet({ seed: 2 })
    const detection = detect(other.population, { model: trained.model })
    const referrals = operatingPoints({ scores: detection.referrals.probability, labels: other.referralLabels!.isSelfInvite })
    const accounts = operatingPoints({ scores: detection.accounts.score, labels: other.accountLabels!.isAbuser })
    expect(averagePrecision(referrals)).toBeGreaterThan(0.95)
    expect(averagePrecision(accounts)).toBeGreaterThan(0.95)
  })

  test('is the same for the same seed, to the byte, and the model survives the way to JSON', () => {
    const json = serialiseModel(trained.model)
    expect(serialiseModel(trainModel([set], options()).model)).toBe(json)
    expect(parseModel(json)).toEqual({ ok: true, model: trained.model })
  })

  test('reports figures on scores that no row helped to fit, for every labelled row and no other', () => {
    const report = trained.report.sets[0]!
    expect(report.referral).toMatchObject({ rows: set.population.referrals.count })
    expect(report.account!.averagePrecision).toBeGreaterThan(0.9)
    const half: TrainingSet = {
      ...set,
      accountLabels: { ...set.accountLabels!, isAbuser: set.accountLabels!.isAbuser.map((label, i) => (i % 2 === 0 ? label : -1)) },
    }
    const outOfFold = trainModel([half], options()).report.sets[0]!.outOfFold.account
    outOfFold.forEach((value, account) => expect(Number.isNaN(value)).toBe(account % 2 === 1))
  })

  test('cannot learn labels that are drawn at random: its out-of-fold figures say so', () => {
    const order = set.referralLabels!.isSelfInvite.map((_, row) => (Math.floor(hashToUnit(row, 5) * 4) === 0 ? 1 : 0))
    const { cluster } = set.accountLabels!
    const random: TrainingSet = {
      ...set,
      accountLabels: { isAbuser: Int8Array.from(cluster, (_, i) => (hashToUnit(i, 6) < 0.25 ? 1 : 0)), cluster: cluster.map(() => -1) },
      referralLabels: { ...set.referralLabels!, isSelfInvite: order },
    }
    const report = trainModel([random], options()).report.sets[0]!
    expect(report.account!.averagePrecision).toBeLessThan(0.4)
    expect(report.account!.expectedCalibrationError).toBeLessThan(0.08)
  })

  test('with account labels alone leaves the referral card of the prior as it was', () => {
    const { referralLabels: _, ...accountsOnly } = set
    const { model, report } = trainModel([accountsOnly], { ...options(), prior: priorModel })
    expect(model.referral).toEqual(priorModel.referral)
    expect(model.account).not.toEqual(priorModel.account)
    expect(report.sets[0]!.referral).toBeNull()
  })

  test('with no labels at all leaves the prior, or claims nothing', () => {
    const { referralLabels: _, accountLabels: __, ...unlabelled } = set
    expect(trainModel([unlabelled], { ...options(), prior: priorModel }).model.account).toEqual(priorModel.account)
    const silent = detect(set.population, { model: trainModel([unlabelled], options()).model })
    expect(Math.max(...silent.accounts.score)).toBeLessThan(0.05)
  })

  test('names its folders by digest on the card, after those of the prior, and changes its version with its content', () => {
    const { model } = trainModel([operatorSet({ seed: 3 })], { ...options(), prior: trained.model })
    expect(model.training.map((source) => source.name)).toEqual(['operators-1', 'operators-3'])
    expect(model.version).not.toBe(trained.model.version)
    expect(model.card).toContain(model.version)
    expect(model.card).toContain('0000000000000000')
    for (const step of model.referral.card.steps) expect(model.card).toContain(`\`${step.name}\``)
  })
})

describe('folds', () => {
  const plan = (sets: readonly TrainingSet[], folds: number) =>
    planFolds(sets, sets.map(groupsOf), { folds, salt: 3, hash: hashToUnit })

  test('never part an operator, whether known from accounts or from self-invitations', () => {
    for (const labels of [set, { ...set, accountLabels: undefined }] as const) {
      const { accountLabels: kept, ...rest } = labels
      const known: TrainingSet = kept === undefined ? rest : { ...rest, accountLabels: kept }
      const [accountFold, referralFold] = [plan([known], 4).account[0]!, plan([known], 4).referral[0]!]
      const foldOf = new Map<number, number>()
      set.accountLabels!.cluster.forEach((cluster, account) => {
        if (cluster < 0) return
        expect(foldOf.get(cluster) ?? accountFold[account]).toBe(accountFold[account])
        foldOf.set(cluster, accountFold[account]!)
      })
      set.referralLabels!.isSelfInvite.forEach((label, referral) => {
        if (label === 1) expect(referralFold[referral]).toBe(accountFold[set.population.referrals.inviter[referral]!])
      })
      expect(new Set(accountFold).size).toBe(4)
    }
  })

  test('are whole folders when there are enough of them', () => {
    const sets = [1, 2, 3].map((seed) => operatorSet({ seed, operators: 2, households: 2, strangers: 4 }))
    const whole = plan(sets, 3)
    expect(whole.unit).toBe('set')
    expect(whole.account.map((folds) => [...new Set(folds)])).toEqual([[0], [1], [2]])
    expect(plan(sets.slice(0, 2), 3).unit).toBe('group')
  })
})
