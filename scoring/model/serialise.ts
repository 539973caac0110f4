// A model to and from JSON. Reading refuses everything that `detect` could not apply exactly: a malformed model must never
// score a population.
import type { Calibration } from './calibration.ts'
import type { CalibratedScorecard, Model, TrainingSource } from './model.ts'
import { BIT_QUANTUM, type Scorecard, type StepFunction } from './scorecard.ts'

export type ParseModelResult =
  | { readonly ok: true; readonly model: Model }
  | { readonly ok: false; readonly reason: ModelRefusal; readonly where: string }

export type ModelRefusal =
  | 'not_json'
  | 'unknown_format'
  | 'wrong_type'
  | 'not_finite'
  | 'not_quantised'
  | 'not_ascending'
  | 'not_monotone'
  | 'wrong_length'
  | 'duplicate_name'
  | 'too_large'

/** Far above any real model; keeps a hostile file from filling the memory. */
const charactersMax = 16 * 1024 * 1024

/** One line of JSON with a final newline; the same model gives the same bytes. */
export function serialiseModel(model: Model): string {
  return `${JSON.stringify({
    format: model.format,
    version: model.version,
    origin: model.origin,
    strength: plainCard(model.strength),
    referral: plainCard(model.referral),
    account: plainCard(model.account),
    training: model.training.map(({ name, digest, accounts, labelledAccounts, labelledReferrals }) => ({
      name, digest, accounts, labelledAccounts, labelledReferrals,
    })),
    card: model.card,
  })}\n`
}

/** Reads a model from JSON text. Unknown fields are ignored; anything else that is not as `Model` says is refused. */
export function parseModel(json: string): ParseModelResult {
  if (json.length > charactersMax) return { ok: false, reason: 'too_large', where: 'model' }
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { ok: false, reason: 'not_json', where: 'model' }
  }
  try {
    return { ok: true, model: readModel(value) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason, where: error.where }
    throw error
  }
}

/** Carries a refusal out of the nested readers to `parseModel`, and never further. */
class Refusal extends Error {
  readonly reason: ModelRefusal
  readonly where: string

  constructor(reason: ModelRefusal, where: string) {
    super(`${where}: ${reason}`)
    this.reason = reason
    this.where = where
  }
}

function plainCard(scored: CalibratedScorecard): CalibratedScorecard {
  const { card, calibration } = scored
  return {
    card: {
      base: card.base,
      steps: card.steps.map(({ name, monotone, edges, bits, missingBits }) => ({
        name, monotone, edges: [...edges], bits: [...bits], missingBits,
      })),
    },
    calibration: {
      method: calibration.method,
      knotBits: [...calibration.knotBits],
      knotLogOdds: [...calibration.knotLogOdds],
      slopeBelow: calibration.slopeBelow,
      slopeAbove: calibration.slopeAbove,
      positives: calibration.positives,
      negatives: calibration.negatives,
    },
  }
}

function readModel(value: unknown): Model {
  const model = readRecord(value, 'model')
  if (model['format'] !== 1) throw new Refusal('unknown_format', 'model.format')
  return {
    format: 1,
    version: readText(model['version'], 'model.version'),
    origin: readOneOf(model['origin'], ['general', 'local', 'prior'], 'model.origin'),
    strength: readCalibrated(model['strength'], 'model.strength'),
    referral: readCalibrated(model['referral'], 'model.referral'),
    account: readCalibrated(model['account'], 'model.account'),
    training: readList(model['training'], 'model.training').map(readSource),
    card: readText(model['card'], 'model.card'),
  }
}

function readSource(value: unknown, index: number): TrainingSource {
  const where = `model.training[${index}]`
  const source = readRecord(value, where)
  return {
    name: readText(source['name'], `${where}.name`),
    digest: readText(source['digest'], `${where}.digest`),
    accounts: readCount(source['accounts'], `${where}.accounts`),
    labelledAccounts: readCount(source['labelledAccounts'], `${where}.labelledAccounts`),
    labelledReferrals: readCount(source['labelledReferrals'], `${where}.labelledReferrals`),
  }
}

function readCalibrated(value: unknown, where: string): CalibratedScorecard {
  const scored = readRecord(value, where)
  return {
    card: readCard(scored['card'], `${where}.card`),
    calibration: readCalibration(scored['calibration'], `${where}.calibration`),
  }
}

function readCard(value: unknown, where: string): Scorecard {
  const card = readRecord(value, where)
  const steps = readList(card['steps'], `${where}.steps`).map((step, i) => readStep(step, `${where}.steps[${i}]`))
  if (new Set(steps.map((step) => step.name)).size < steps.length) throw new Refusal('duplicate_name', `${where}.steps`)
  return { base: readBits(card['base'], `${where}.base`), steps }
}

function readStep(value: unknown, where: string): StepFunction {
  const step = readRecord(value, where)
  const edges = readNumbers(step['edges'], `${where}.edges`)
  const bits = readList(step['bits'], `${where}.bits`).map((item, i) => readBits(item, `${where}.bits[${i}]`))
  const monotone = readOneOf(step['monotone'], [-1, 0, 1], `${where}.monotone`)
  if (bits.length !== edges.length + 1) throw new Refusal('wrong_length', `${where}.bits`)
  if (edges.some((edge) => Math.fround(edge) !== edge)) throw new Refusal('not_quantised', `${where}.edges`)
  requireAscending(edges, `${where}.edges`)
  if (bits.some((item, i) => i > 0 && (item - bits[i - 1]!) * monotone < 0)) {
    throw new Refusal('not_monotone', `${where}.bits`)
  }
  const missingBits = readBits(step['missingBits'], `${where}.missingBits`)
  return { name: readText(step['name'], `${where}.name`), monotone, edges, bits, missingBits }
}

function readCalibration(value: unknown, where: string): Calibration {
  const calibration = readRecord(value, where)
  const knotBits = readNumbers(calibration['knotBits'], `${where}.knotBits`)
  const knotLogOdds = readNumbers(calibration['knotLogOdds'], `${where}.knotLogOdds`)
  if (knotBits.length < 2 || knotBits.length !== knotLogOdds.length) throw new Refusal('wrong_length', where)
  requireAscending(knotBits, `${where}.knotBits`)
  requireAscending(knotLogOdds, `${where}.knotLogOdds`)
  const slopeBelow = readNumber(calibration['slopeBelow'], `${where}.slopeBelow`)
  const slopeAbove = readNumber(calibration['slopeAbove'], `${where}.slopeAbove`)
  if (slopeBelow <= 0 || slopeAbove <= 0) throw new Refusal('not_monotone', where)
  return {
    method: readOneOf(calibration['method'], ['platt', 'isotonic'], `${where}.method`),
    knotBits,
    knotLogOdds,
    slopeBelow,
    slopeAbove,
    positives: readCount(calibration['positives'], `${where}.positives`),
    negatives: readCount(calibration['negatives'], `${where}.negatives`),
  }
}

function requireAscending(values: readonly number[], where: string): void {
  if (values.some((value, i) => i > 0 && value <= values[i - 1]!)) throw new Refusal('not_ascending', where)
}

function readRecord(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal('wrong_type', where)
  return Object.fromEntries(Object.entries(value))
}

function readList(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refusal('wrong_type', where)
  return value
}

function readText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new Refusal('wrong_type', where)
  return value
}

function readNumber(value: unknown, where: string): number {
  if (typeof value !== 'number') throw new Refusal('wrong_type', where)
  if (!Number.isFinite(value)) throw new Refusal('not_finite', where)
  return value
}

function readNumbers(value: unknown, where: string): number[] {
  return readList(value, where).map((item, index) => readNumber(item, `${where}[${index}]`))
}

function readCount(value: unknown, where: string): number {
  const count = readNumber(value, where)
  if (!Number.isSafeInteger(count) || count < 0) throw new Refusal('wrong_type', where)
  return count
}

/** Bits must be whole quanta of a size whose sums stay exact. */
function readBits(value: unknown, where: string): number {
  const bits = readNumber(value, where)
  if (!Number.isInteger(bits / BIT_QUANTUM) || Math.abs(bits) > 1e6) throw new Refusal('not_quantised', where)
  return bits
}

function readOneOf<T extends string | number>(value: unknown, allowed: readonly T[], where: string): T {
  const found = allowed.find((item) => item === value)
  if (found === undefined) throw new Refusal('wrong_type', where)
  return found
}
