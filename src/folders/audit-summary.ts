// summary.json: everything that an audit counted, chose and measured, in one object whose only changing part is `timings`.
import type { Thresholds } from '../../scoring/detection.ts'
import type { Model } from '../../scoring/detect.ts'
import { formatAmount } from './amounts.ts'
import type { AuditEvaluation } from './audit-evaluation.ts'
import { formatLoss, ringName, topReasonOf } from './audit-tables.ts'
import type { Audited } from './audit-tables.ts'
import { describeFinding } from './doctor/finding.ts'
import type { Finding } from './doctor/finding.ts'
import { refusalText } from './refusals.ts'
import type { Refusal } from './refusals.ts'
import { formatTime } from './times.ts'

export interface Timings {
  readonly seconds: Readonly<Record<string, number>>
  readonly totalSeconds: number
  readonly peakMemoryBytes: number
}

export interface SummaryInput extends Audited {
  readonly model: Model
  readonly thresholds: Thresholds
  readonly productVersion: string
  readonly findings: readonly Finding[]
  /** The first refusals; all of them are in refusals.jsonl. */
  readonly firstRefusals: readonly Refusal[]
  readonly evaluation: AuditEvaluation | null
  readonly timings: Timings
}

export function summaryOf(input: SummaryInput): Record<string, unknown> {
  return {
    format: 1,
    ringfence: input.productVersion,
    ...inputSection(input),
    results: resultsSection(input),
    money: moneySection(input),
    thresholds: input.thresholds,
    model: modelSection(input.model),
    findings: input.findings.map((finding) => ({ ...finding, ...describeFinding(finding) })),
    evaluation: evaluationSection(input.evaluation),
    timings: {
      seconds: input.timings.seconds,
      total_seconds: input.timings.totalSeconds,
      peak_memory_mb: Math.round(input.timings.peakMemoryBytes / 1e5) / 10,
    },
  }
}

function inputSection({ contents, firstRefusals }: SummaryInput): Record<string, unknown> {
  const { summary, population } = contents
  return {
    input: {
      digest: summary.digest,
      as_of: formatTime(population.asOf),
      files: summary.files.map(({ unknownColumns, ...counts }) => ({ ...counts, unknown_columns: unknownColumns })),
      unknown_files: summary.unknownFiles,
    },
    refused: {
      total: [...summary.refusals.values()].reduce((sum, count) => sum + count, 0),
      by_reason: Object.fromEntries([...summary.refusals].sort()),
      first: firstRefusals.map((refusal) => refusalRecord(refusal)),
    },
  }
}

export function refusalRecord({ scope, file, line, column, reason }: Refusal): Record<string, unknown> {
  return { file, line, column, reason, scope, text: refusalText(reason) }
}

function resultsSection({ contents, detection }: SummaryInput): Record<string, unknown> {
  const { standing } = contents.referrals
  const count = <Value>(values: Iterable<Value>, wanted: (value: Value) => boolean): number => {
    let total = 0
    for (const value of values) if (wanted(value)) total += 1
    return total
  }
  const decided = (decision: string): number => count(detection.referrals.decision, (other) => other === decision)
  const standings = (name: string): number => count(standing, (other) => other === name)
  return {
    accounts: contents.population.accounts.count,
    referrals: contents.population.referrals.count,
    not_payable: {
      self_referral: standings('self_referral'), second_inviter: standings('second_inviter'), cycle: standings('cycle'),
    },
    identifiers: contents.population.identifiers.count,
    observations: contents.population.observations.count,
    transactions: contents.population.transactions.count,
    decisions: { allow: decided('allow'), hold: decided('hold'), deny: decided('deny') },
    rings: detection.rings.length,
    accounts_in_rings: count(detection.accounts.ring, (ring) => ring >= 0),
    first_rings: detection.rings.slice(0, 10).map((ring, index) => ({
      ring_id: ringName(index), accounts: ring.members.length, referrals: ring.referrals.length,
      expected_loss: formatLoss(ring.expectedLoss, contents.money.currency), probability: ring.probability,
      top_reason: topReasonOf(ring)?.code ?? '',
    })),
    alerts: detection.alerts.map(({ code, identifier, accounts }) => ({
      code, accounts,
      kind: contents.population.identifiers.kinds[contents.population.identifiers.kind[identifier] ?? 0] ?? '',
      shown_as: contents.identifierMasks[identifier] ?? '',
    })),
  }
}

function moneySection({ contents, detection }: SummaryInput): Record<string, unknown> {
  const { money, referrals } = contents
  const { currency } = money
  const expectedLoss = detection.rings.reduce((sum, ring) => sum + ring.expectedLoss, 0)
  return {
    currency,
    basis: money.basis,
    basis_text: basisText[money.basis],
    rate: money.basis === 'rate' ? money.ratePartsPerMillion / 1e6 : null,
    at_stake: formatAmount(referrals.atStakeUnits.reduce((sum, units) => sum + units, 0n), currency),
    expected_loss_in_rings: formatLoss(expectedLoss, currency),
    not_valued: Object.fromEntries([...money.unvalued].map(([other, units]) => [other, formatAmount(units, other)])),
  }
}

const basisText = {
  rebates: 'rebates of the folder that are not reversed or paid out',
  rate: 'no rebates in the folder: the rate on what invitees paid after their invitation, less what was returned',
  none: 'no rebates and no referrals: nothing is at stake in this folder',
} as const

function modelSection(model: Model): Record<string, unknown> {
  return { version: model.version, origin: model.origin, training: model.training }
}

function evaluationSection(audited: AuditEvaluation | null): Record<string, unknown> | null {
  if (audited === null) return null
  return {
    sample: audited.isInSample ? 'in-sample' : 'out-of-sample',
    note: audited.isInSample
      ? 'in-sample: the model was fitted on this folder, so these figures flatter it'
      : 'the model was not fitted on this folder',
    ...audited.evaluation,
  }
}
