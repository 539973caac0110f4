// A model survives the way to JSON and back to the byte; every malformed one is refused with its reason and place.
import { describe, expect, test } from 'vitest'
import { fitPlatt } from '../../../scoring/model/calibration.ts'
import type { CalibratedScorecard, Model } from '../../../scoring/model/model.ts'
import { parseModel, serialiseModel } from '../../../scoring/model/serialise.ts'

const scored: CalibratedScorecard = {
  card: {
    base: -2.5,
    steps: [
      { name: 'shared_devices', monotone: 1, edges: [0.5, 1.5], bits: [0, 2, 3.25], missingBits: 0 },
      { name: 'days', monotone: 0, edges: [], bits: [0], missingBits: -0.5 },
    ],
  },
  calibration: fitPlatt({ bits: Float64Array.of(-2, 1, 0, 3), labels: Uint8Array.of(0, 1, 0, 1) }),
}
const model: Model = {
  format: 1,
  version: 'test-1',
  origin: 'local',
  strength: scored,
  referral: scored,
  account: scored,
  training: [{ name: 'folder', digest: 'ab'.repeat(32), accounts: 10, labelledAccounts: 4, labelledReferrals: 0 }],
  card: '# A card\nwith “quotes”',
}

/** The model with one value replaced, at a path such as `referral.card.base`. */
function broken(path: string, value: unknown): string {
  const copy: unknown = JSON.parse(serialiseModel(model))
  const keys = path.split('.')
  let place = copy as Record<string, unknown>
  for (const key of keys.slice(0, -1)) place = place[key] as Record<string, unknown>
  place[keys.at(-1)!] = value
  return JSON.stringify(copy)
}

describe('a serialised model', () => {
  test('comes back equal, and to the same bytes', () => {
    const parsed = parseModel(serialiseModel(model))
    expect(parsed).toEqual({ ok: true, model })
    if (parsed.ok) expect(serialiseModel(parsed.model)).toBe(serialiseModel(model))
  })

  test.each([
    ['format', 2, 'unknown_format', 'model.format'],
    ['version', 7, 'wrong_type', 'model.version'],
    ['origin', 'guess', 'wrong_type', 'model.origin'],
    ['strength', null, 'wrong_type', 'model.strength'],
    ['referral.card.base', 0.0001, 'not_quantised', 'model.referral.card.base'],
    ['referral.card.base', null, 'wrong_type', 'model.referral.card.base'],
    ['referral.card.base', 1e300, 'not_quantised', 'model.referral.card.base'],
    ['referral.card.steps.0.bits', [0, 2], 'wrong_length', 'model.referral.card.steps[0].bits'],
    ['referral.card.steps.0.bits', [0, 2, 1], 'not_monotone', 'model.referral.card.steps[0].bits'],
    ['account.card.steps.0.edges', [1.5, 0.5], 'not_ascending', 'model.account.card.steps[0].edges'],
    ['account.card.steps.0.edges', [0.1, 0.5], 'not_quantised', 'model.account.card.steps[0].edges'],
    ['account.card.steps.1.name', 'shared_devices', 'duplicate_name', 'model.account.card.steps'],
    ['account.calibration.knotLogOdds', [1, 1], 'not_ascending', 'model.account.calibration.knotLogOdds'],
    ['account.calibration.knotBits', [1], 'wrong_length', 'model.account.calibration'],
    ['account.calibration.slopeAbove', 0, 'not_monotone', 'model.account.calibration'],
    ['account.calibration.positives', -1, 'wrong_type', 'model.account.calibration.positives'],
    ['training', {}, 'wrong_type', 'model.training'],
    ['training.0.accounts', 0.5, 'wrong_type', 'model.training[0].accounts'],
  ])('is refused with %s = %j', (path, value, reason, where) => {
    expect(parseModel(broken(path, value))).toEqual({ ok: false, reason, where })
  })

  test('is refused when it is not JSON, overflows a number or is not an object', () => {
    expect(parseModel('{')).toEqual({ ok: false, reason: 'not_json', where: 'model' })
    expect(parseModel('[]')).toEqual({ ok: false, reason: 'wrong_type', where: 'model' })
    const overflow = serialiseModel(model).replace('"slopeBelow":', '"slopeBelow":1e999,"unused":')
    expect(parseModel(overflow)).toEqual({ ok: false, reason: 'not_finite', where: 'model.strength.calibration.slopeBelow' })
  })
})
