// report.html.
import type { AuditEvaluation } from '../audit-evaluation.ts'
import type { Audited } from '../audit-tables.ts'
import type { Finding } from '../doctor/finding.ts'
import type { Language } from '../refusals.ts'
import type { Thresholds } from '../../../scoring/detection.ts'
import type { Model } from '../../../scoring/model/model.ts'

export interface ReportInput extends Audited {
  readonly language: Language
  readonly model: Model
  readonly thresholds: Thresholds
  readonly productVersion: string
  readonly findings: readonly Finding[]
  readonly evaluation: AuditEvaluation | null
}

export function renderReport(_input: ReportInput): string {
  return '<!doctype html>\n'
}
