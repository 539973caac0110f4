// What detection promises whatever the numbers are: the same facts give the same scores, and every answer can be retraced.
import { describe, expect, test } from 'vitest'
import { detect } from '../../scoring/detect.ts'
import type { Detection } from '../../scoring/detect.ts'
import { extractFeatures, identifierStrengths, preparePopulation } from '../../scoring/features/extract.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import type { FeatureMatrix } from '../../scoring/model/scorecard.ts'
import { day, build, asOf, smallWorld, start } from './small-world.ts'
import type { Built, Facts } from './small-world.ts'

const options = { model: priorModel }

/** All scores by name, exactly. */
function scores(facts: Facts, built: Built, detection: Detection) {
  return {
    accounts: facts.accounts.map(({ key }) => [key, detection.accounts.score[built.account.get(key)!]]),
    referrals: facts.referrals.map(({ inviter, invitee }, position) => {
      const row = built.referral[position]!
      return [inviter, invitee, detection.referrals.probability[row], detection.referrals.bits[row], detection.referrals.decision[row], detection.referrals.topReason[row]]
    }),
    rings: detection.rings.map((ring) => {
      const names = new Map([...built.account].map(([key, index]) => [index, key] as const))
      return [ring.members.map((member) => names.get(member.account)!).sort(), ring.expectedLoss, ring.probability]
    }).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}

function detectFacts(facts: Facts, order = {}) {
  const built = build(facts, order)
  return scores(facts, built, detect(built.population, options))
}

/** Every feature of every account and referral by name, exactly: a fitted model may lean on any of them. */
function features(facts: Facts, order = {}) {
  const built = build(facts, order)
  const prepared = preparePopulation(built.population)
  const { account, referral } = extractFeatures(prepared, identifierStrengths(prepared, priorModel.strength))
  const rowOf = (matrix: FeatureMatrix, row: number) => matrix.columns.map((column, index) => [matrix.names[index], column[row]])
  return [
    ...facts.accounts.map(({ key }) => [key, rowOf(account, built.account.get(key)!)]),
    ...facts.referrals.map(({ inviter, invitee }, position) => [inviter, invitee, rowOf(referral, built.referral[position]!)]),
  ]
}

describe('features', () => {
  test.each([1, 2, 3, 4])('they do not depend on order, names or repetition (world %i)', (seed) => {
    const facts = smallWorld(seed)
    const expected = features(facts)
    expect(features(facts, { shuffle: 21 })).toEqual(expected)
    expect(features(facts, { shuffle: 22, repeat: 2, rename: (name: string) => `${name} renamed` })).toEqual(expected)
  })

  test('they hold numbers or nothing, never infinity', () => {
    const { population } = build(smallWorld(5))
    const prepared = preparePopulation(population)
    const { account, referral } = extractFeatures(prepared, identifierStrengths(prepared, priorModel.strength))
    for (const matrix of [account, referral]) {
      matrix.columns.forEach((column, index) => {
        for (const value of column) expect(Math.abs(value), matrix.names[index]).not.toBe(Infinity)
      })
    }
  })
})

describe('detection', () => {
  test.each([1, 2, 3, 4, 5, 6])('the order of rows and the numbering change no score (world %i)', (seed) => {
    const facts = smallWorld(seed)
    const expected = detectFacts(facts)
    for (const shuffle of [11, 12, 13]) expect(detectFacts(facts, { shuffle })).toEqual(expected)
  })

  test('other names for accounts, identifiers and items change no score', () => {
    const facts = smallWorld(7)
    expect(detectFacts(facts, { rename: (name: string) => `x${Array.from(name).reverse().join('')}` })).toEqual(detectFacts(facts))
  })

  test('repeated observations change no score', () => {
    const facts = smallWorld(8)
    expect(detectFacts(facts, { repeat: 3, shuffle: 5 })).toEqual(detectFacts(facts))
  })

  test('nothing later than now is known', () => {
    const facts = smallWorld(9)
    const now = start + 120 * day
    const past = {
      ...facts,
      observations: facts.observations.filter(({ at }) => at <= now),
      transactions: facts.transactions.filter(({ at }) => at <= now),
      referrals: facts.referrals.filter(({ at }) => at <= now),
    }
    expect(past.observations.length).toBeLessThan(facts.observations.length)
    expect(past.referrals.length).toBe(facts.referrals.length)
    expect(detectFacts(facts, { asOf: now })).toEqual(detectFacts(past, { asOf: now }))
  })

  test('operators who invite themselves are found, and guests of one café are not', () => {
    const facts = smallWorld(10)
    const built = build(facts)
    const detection = detect(built.population, options)
    facts.referrals.forEach(({ inviter }, position) => {
      const probability = detection.referrals.probability[built.referral[position]!]!
      if (inviter.startsWith('ring')) expect(probability, inviter).toBeGreaterThan(0.5)
      else expect(probability, inviter).toBeLessThan(0.3)
    })
    expect(detection.rings.length).toBe(4)
  })

  test('every referral has one row: self-referrals, cycles and second inviters too', () => {
    const facts = smallWorld(11)
    facts.referrals.push(
      { inviter: 'person 3', invitee: 'person 3', at: start + 99 * day, clickedAt: Number.NaN, atStake: 5 },
      { inviter: 'person 20', invitee: facts.referrals[9]!.inviter, at: start + 99 * day, clickedAt: Number.NaN, atStake: 5 },
      { inviter: 'person 5', invitee: 'person 20', at: start + 99 * day, clickedAt: Number.NaN, atStake: 5 },
    )
    const built = build(facts)
    const { referrals } = detect(built.population, options)
    expect(referrals.probability.length).toBe(facts.referrals.length)
    expect(referrals.decision[built.referral[facts.referrals.length - 3]!]).toBe('deny')
    expect(referrals.topReason[built.referral[facts.referrals.length - 3]!]).toBe('same_account')
    for (const probability of referrals.probability) expect(probability).toBeGreaterThanOrEqual(0)
  })

  test('an empty population gives an empty answer', () => {
    const { rings, referrals, alerts } = detect(build({ accounts: [], observations: [], transactions: [], referrals: [] }).population, options)
    expect([rings.length, referrals.probability.length, alerts.length]).toEqual([0, 0, 0])
  })

  test('stages are told in order, from the first to the end', () => {
    const told: string[] = []
    detect(build(smallWorld(1)).population, { ...options, onStage: (stage, done, total) => told.push(`${stage} ${done}/${total}`) })
    expect(told).toEqual(['linking 0/5', 'strength 1/5', 'features 2/5', 'probabilities 3/5', 'rings 4/5', 'done 5/5'])
  })
})

describe('rings', () => {
  test.each([1, 2, 3])('every member is tied by evidence that both ends carry, back to one root (world %i)', (seed) => {
    const built = build(smallWorld(seed))
    const { population } = built
    const detection = detect(population, options)
    const holds = new Set(Array.from(population.observations.account, (account, row) => `${account} ${population.observations.identifier[row]}`))
    const invited = new Set(Array.from(population.referrals.inviter, (inviter, row) => `${inviter} ${population.referrals.invitee[row]}`))
    expect(detection.rings.length).toBeGreaterThan(0)
    detection.rings.forEach((ring, index) => {
      const inside = new Map(ring.members.map((member) => [member.account, member] as const))
      expect(inside.size).toBe(ring.members.length)
      expect(ring.members.length).toBeGreaterThanOrEqual(2)
      expect(ring.members.filter((member) => member.tiedTo === member.account).length).toBe(1)
      for (const member of ring.members) {
        expect(detection.accounts.ring[member.account]).toBe(index)
        if (member.tiedTo === member.account) continue
        expect(inside.has(member.tiedTo)).toBe(true)
        if (member.identifier < 0) {
          expect(invited.has(`${member.account} ${member.tiedTo}`) || invited.has(`${member.tiedTo} ${member.account}`)).toBe(true)
        } else {
          expect(holds.has(`${member.account} ${member.identifier}`)).toBe(true)
          expect(holds.has(`${member.tiedTo} ${member.identifier}`)).toBe(true)
        }
        let up = member
        for (let steps = 0; up.tiedTo !== up.account; steps++) {
          expect(steps).toBeLessThan(ring.members.length)
          up = inside.get(up.tiedTo)!
        }
      }
    })
  })

  test('rings come by what they can cost, which is the sum of probability times what is at stake', () => {
    const built = build(smallWorld(4))
    const detection = detect(built.population, options)
    let previous = Infinity
    for (const ring of detection.rings) {
      const expected = ring.referrals.reduce((sum, row) => sum + detection.referrals.probability[row]! * built.population.referrals.atStake[row]!, 0)
      expect(ring.expectedLoss).toBeCloseTo(expected, 4)
      expect(ring.expectedLoss).toBeLessThanOrEqual(previous)
      previous = ring.expectedLoss
    }
  })
})

describe('weapons', () => {
  const friendOf = (facts: Facts) => facts.referrals.findIndex(({ inviter }) => inviter.startsWith('person'))

  test('no number of sign-ups through an honest inviter’s link takes the inviter’s own friends to deny', () => {
    const facts = smallWorld(20)
    const position = friendOf(facts)
    const victim = facts.referrals[position]!.inviter
    for (let attack = 0; attack < 80; attack++) {
      const key = `attacker ${attack}`
      const at = start + 110 * day + attack * 60
      facts.accounts.push({ key, createdAt: at })
      facts.observations.push(
        { account: key, kind: 'device:install', value: 'attack device', at, contextWord: 'signup' },
        { account: key, kind: 'payment:fingerprint', value: 'attack card', at, contextWord: 'payment' },
      )
      facts.referrals.push({ inviter: victim, invitee: key, at, clickedAt: at - 5, atStake: 1 })
    }
    const built = build(facts)
    const { referrals } = detect(built.population, options)
    facts.referrals.forEach(({ inviter, invitee }, index) => {
      if (inviter === victim && invitee.startsWith('person')) expect(referrals.decision[built.referral[index]!]).not.toBe('deny')
    })
  })

  test('the victim’s identifiers planted on the attacker’s accounts do not take the victim’s friends to deny', () => {
    const facts = smallWorld(21)
    const victim = facts.referrals[friendOf(facts)]!.inviter
    const friends = facts.referrals.filter(({ inviter }) => inviter === victim).map(({ invitee }) => invitee)
    const planted = facts.observations.filter(({ account }) => account === victim || friends.includes(account))
    for (let attack = 0; attack < 30; attack++) {
      const key = `poison ${attack}`
      const at = start + 110 * day + attack * 60
      facts.accounts.push({ key, createdAt: at })
      for (const { kind, value } of planted) facts.observations.push({ account: key, kind, value, at, contextWord: 'login' })
      facts.referrals.push({ inviter: victim, invitee: key, at, clickedAt: at - 5, atStake: 1 })
    }
    const built = build(facts)
    const { referrals } = detect(built.population, options)
    facts.referrals.forEach(({ inviter, invitee }, index) => {
      if (inviter === victim && friends.includes(invitee)) expect(referrals.decision[built.referral[index]!]).not.toBe('deny')
    })
  })

  test('a device pushed to 51 accounts raises an alert instead of vanishing', () => {
    const facts = smallWorld(22)
    const crowd = (accounts: number) => {
      const pushed = structuredClone(facts)
      for (let index = 0; index < accounts; index++) {
        const key = `crowd ${index}`
        pushed.accounts.push({ key, createdAt: start + 50 * day + index * day })
        pushed.observations.push({ account: key, kind: 'device:install', value: 'pushed device', at: start + 60 * day + index, contextWord: 'login' })
      }
      return detect(build(pushed).population, options).alerts.map(({ code, accounts: seen }) => [code, seen])
    }
    expect(crowd(50)).toEqual([])
    expect(crowd(51)).toEqual([['popular_device', 51]])
  })

  test('how many sign up through a link, and when, never decides, however strong the model takes it to be', () => {
    const believing = {
      ...priorModel,
      referral: {
        ...priorModel.referral,
        card: {
          base: -4,
          steps: [
            { name: 'siblings_log2', monotone: 0 as const, edges: [Math.fround(2)], bits: [0, 12], missingBits: 0 },
            { name: 'sibling_arrival_gap_hours_log2', monotone: 0 as const, edges: [Math.fround(3)], bits: [12, 0], missingBits: 0 },
            { name: 'shared_device_bits', monotone: 1 as const, edges: [Math.fround(0.001)], bits: [0, 4.5], missingBits: 0 },
          ],
        },
      },
    }
    const facts: Facts = { accounts: [{ key: 'host', createdAt: start }], observations: [], transactions: [], referrals: [] }
    facts.observations.push({ account: 'host', kind: 'device:install', value: 'tablet', at: start, contextWord: 'login' })
    for (let index = 0; index < 30; index++) {
      const key = `guest ${index}`
      const at = start + day + index * 60
      facts.accounts.push({ key, createdAt: at })
      facts.observations.push({ account: key, kind: 'device:install', value: index === 0 ? 'tablet' : key, at, contextWord: 'signup' })
      facts.referrals.push({ inviter: 'host', invitee: key, at, clickedAt: at - 60, atStake: 1 })
    }
    const detection = detect(build(facts).population, { model: believing })
    const { referrals } = detection
    expect(detection.decideReferral(1, { hold: 0.01, deny: 0.9, ring: 0.5 })).toBe('hold')
    expect(detection.explainReferral(1).counterfactual).toBeNull()
    expect(Math.min(...referrals.probability)).toBeGreaterThan(0.99)
    expect(referrals.decision[0]).toBe('hold')
    expect(new Set(referrals.decision.slice(1))).toEqual(new Set(['allow']))
  })

  test('an address alone never holds or denies, however strong the model takes it to be', () => {
    const believing = {
      ...priorModel,
      referral: {
        ...priorModel.referral,
        card: {
          base: 0,
          steps: [{ name: 'shared_network_bits_alone', monotone: 1 as const, edges: [Math.fround(0.001)], bits: [0, 20], missingBits: 0 }],
        },
      },
    }
    const facts: Facts = { accounts: [], observations: [], transactions: [], referrals: [] }
    for (const key of ['host', 'guest']) {
      facts.accounts.push({ key, createdAt: start })
      facts.observations.push({ account: key, kind: 'ip', value: 'one address', at: start, contextWord: 'signup' })
    }
    facts.referrals.push({ inviter: 'host', invitee: 'guest', at: start, clickedAt: start - 60, atStake: 1 })
    const { referrals } = detect(build(facts, { asOf }).population, { model: believing, thresholds: { hold: 0.6 } })
    expect(referrals.probability[0]).toBeGreaterThan(0.99)
    expect(referrals.decision[0]).toBe('allow')
  })
})
