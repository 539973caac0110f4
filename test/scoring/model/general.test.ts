// The committed model is whole, small, says what it was fitted on, and fits the features that are extracted today.
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { extractFeatures, identifierStrengths, preparePopulation } from '../../../scoring/features/extract.ts'
import { detect } from '../../../scoring/detect.ts'
import { averagePrecision, operatingPoints } from '../../../scoring/evaluation/ranking.ts'
import { generalModel } from '../../../scoring/model/general.ts'
import { priorModel } from '../../../scoring/model/priors.ts'
import { parseModel } from '../../../scoring/model/serialise.ts'
import { versionOf } from '../../../scoring/model/version.ts'
import { operatorSet } from './operators.ts'

const file = new URL('../../../scoring/model/general.json', import.meta.url)
const card = new URL('../../../scoring/model/general.md', import.meta.url)

describe('the general model', () => {
  test('is the committed file, below 300 kB, under the version of its content', () => {
    expect(parseModel(readFileSync(file, 'utf8'))).toEqual({ ok: true, model: generalModel })
    expect(statSync(file).size).toBeLessThan(300_000)
    expect(generalModel.origin).toBe('general')
    const { version, card: _, ...content } = generalModel
    expect(version).toBe(versionOf(content))
  })

  test('has a card beside it that names every folder it was fitted on by digest', () => {
    expect(readFileSync(card, 'utf8')).toBe(generalModel.card)
    expect(generalModel.training.length).toBeGreaterThan(20)
    for (const source of generalModel.training) {
      expect(source.digest).toMatch(/^[0-9a-f]{64}$/)
      expect(generalModel.card).toContain(source.digest.slice(0, 16))
    }
  })

  test('knows no feature that extraction does not give, and the directions that extraction asks for', () => {
    const prepared = preparePopulation(operatorSet({ seed: 1 }).population)
    const features = extractFeatures(prepared, identifierStrengths(prepared, generalModel.strength))
    const directions = {
      strength: new Map(prepared.identifiers.matrix.names.map((name, i) => [name, prepared.identifierMonotone[i]])),
      referral: new Map(features.referral.names.map((name, i) => [name, features.referralMonotone[i]])),
      account: new Map(features.account.names.map((name, i) => [name, features.accountMonotone[i]])),
    }
    for (const subject of ['strength', 'referral', 'account'] as const) {
      expect(generalModel[subject].card.steps.length).toBeGreaterThan(5)
      for (const step of generalModel[subject].card.steps) {
        expect(directions[subject].get(step.name), `${subject} ${step.name}`).toBe(step.monotone)
      }
    }
  })

  test('finds the operators of a population that looks like none of its own, at least as well as the prior', () => {
    const { population, referralLabels } = operatorSet({ seed: 11 })
    const precision = (model: typeof generalModel): number => averagePrecision(operatingPoints({
      scores: detect(population, { model }).referrals.probability, labels: referralLabels!.isSelfInvite,
    }))
    expect(precision(generalModel)).toBeGreaterThan(0.9)
    expect(precision(generalModel)).toBeGreaterThan(precision(priorModel) - 0.05)
  })
})
