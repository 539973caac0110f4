// One scorecard: the features that the check tells from one hop are those that the detector measures. Method: random small populations,
// measured by both.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { extractFeatures, identifierStrengths, preparePopulation } from '../../scoring/features/extract.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import { PopulationBuilder } from '../../scoring/population-builder.ts'
import { CheckIndex } from '../../src/checks/check-index.ts'
import { gatherPair } from '../../src/checks/gather.ts'
import { sideOf } from '../../src/checks/judgement.ts'
import { pairFeatures } from '../../src/checks/pair-features.ts'
import { createRescoring } from '../../src/checks/rescoring.ts'

const KINDS = ['ip', 'ip:network', 'device:install', 'device:cookie', 'device:fingerprint', 'payment:fingerprint', 'payment:masked', 'email', 'email:domain', 'phone', 'callback']
const ACCOUNTS = 6

test('features from one hop equal the detector’s', () => {
  const links = fc.array(fc.tuple(fc.nat(ACCOUNTS - 1), fc.nat(KINDS.length - 1), fc.nat(2)), { minLength: 4, maxLength: 40 })
  fc.assert(fc.property(links, (seen) => {
    const builder = new PopulationBuilder()
    const index = new CheckIndex()
    const names = new Map<string, number>()
    for (let account = 0; account < ACCOUNTS; account++) builder.account(`a${account}`)
    for (const [account, kind, value] of seen) {
      const name = `${KINDS[kind]} ${value}`
      const id = names.get(name) ?? names.size
      names.set(name, id)
      const identifier = builder.identifier({ kind: KINDS[kind] ?? '', value: String(value), flags: 0, model: null })
      builder.observe({ account, identifier, at: 1_780_000_000, contextWord: '' })
      index.addIdentifier(id, KINDS[kind] ?? '', Buffer.from(name), 0)
      index.addObservation(account, id, 1n)
    }
    for (let invitee = 1; invitee < ACCOUNTS; invitee++) {
      builder.referral({ inviter: 0, invitee, at: 1_780_000_100, channel: 'unknown', clickedAt: Number.NaN, atStake: 1 })
      index.addReferral(0, invitee)
    }
    const population = builder.build(1_780_000_200)
    const prepared = preparePopulation(population)
    const strength = identifierStrengths(prepared, priorModel.strength)
    const { referral } = extractFeatures(prepared, strength)
    const idOf = new Map([...names].map(([name, id]) => [name, id]))
    const strengths = new Map<number, { strength: number; accounts: number }>()
    for (const [name, id] of idOf) {
      const [kind = '', value = ''] = name.split(' ')
      const identifier = builder.identifier({ kind, value, flags: 0, model: null })
      strengths.set(id, { strength: strength[identifier] ?? 0, accounts: index.holdersOf(id).length })
    }
    index.replaceFindings({ scan: { id: 1, hasSeen: (id) => id < 2n, modelVersion: 'x' }, verdicts: new Map(), strengths, ringOf: new Map() })
    const rescoring = createRescoring(priorModel)
    for (let row = 0; row < ACCOUNTS - 1; row++) {
      const gathered = gatherPair(index, (id) => index.identifier(id), rescoring, sideOf(index, 0), sideOf(index, row + 1))
      expect(gathered.isChanged).toBe(false)
      for (const evidence of [gathered.before, gathered.now]) {
        for (const [name, value] of pairFeatures(evidence)) {
          const column = referral.columns[referral.names.indexOf(name)]
          expect(column, name).toBeDefined()
          expect(Math.fround(value), `${name} of row ${row}`).toBe(column?.[row])
        }
      }
    }
  }), { numRuns: 150, seed: 20_260_601 })
})
