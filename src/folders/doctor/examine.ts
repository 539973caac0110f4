// The check-up of an export folder: what is wrong with it, what is weak, and what to do, worst first. It judges the data,
// not the people in it.
import { formatAmount } from '../amounts.ts'
import type { FolderContents } from '../read-folder.ts'
import { refusalText } from '../refusals.ts'
import type { Language } from '../refusals.ts'
import { percent } from './finding.ts'
import type { Finding, Severity } from './finding.ts'
import { checkIdentifiers } from './identifier-checks.ts'
import type { RefusalTally, RefusedInFile } from './refused.ts'
import { checkTimes } from './time-checks.ts'

export interface ExamineOptions {
  readonly refused: RefusalTally
  /** Seconds since 1970; null where the findings must not depend on the hour. */
  readonly now: number | null
  /** For reasons of refusals inside findings. */
  readonly language?: Language | undefined
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 }

export function examine(contents: FolderContents, options: ExamineOptions): Finding[] {
  const findings = [
    ...checkReading(contents, options), ...checkIdentifiers(contents), ...checkTimes(contents, options.now),
    ...checkReferrals(contents), ...checkMoney(contents),
  ]
  if (!findings.some((finding) => finding.severity !== 'note')) {
    findings.unshift({ code: 'all_well', severity: 'note', facts: {} })
  }
  return findings
    .map((finding, index) => ({ finding, index }))
    .sort((left, right) => rank[left.finding.severity] - rank[right.finding.severity] || left.index - right.index)
    .map(({ finding }) => finding)
}

function checkReading({ summary }: FolderContents, { refused, language }: ExamineOptions): Finding[] {
  const findings: Finding[] = []
  const where = ({ first, count }: RefusedInFile) => ({
    file: first.file, count, line: first.line, column: first.column === '' ? '–' : first.column,
    reason: refusalText(first.reason, language),
  })
  for (const inFile of refused.of('file')) findings.push({ code: 'refused_file', severity: 'error', facts: where(inFile) })
  for (const inFile of refused.of('row')) {
    const rows = summary.files.find((file) => file.file === inFile.first.file)?.rows ?? 0
    const share = inFile.count / Math.max(1, rows)
    const facts = { ...where(inFile), share: percent(share) }
    findings.push({ code: 'refused_rows', severity: share >= 0.01 ? 'error' : 'warning', facts })
  }
  for (const inFile of refused.of('cell')) findings.push({ code: 'refused_cells', severity: 'warning', facts: where(inFile) })
  for (const { file, repeated, unknownColumns } of summary.files) {
    if (repeated > 0) findings.push({ code: 'repeated_rows', severity: 'warning', facts: { file, count: repeated } })
    if (unknownColumns.length > 0) {
      findings.push({ code: 'unknown_columns', severity: 'note', facts: { file, columns: unknownColumns.join(', ') } })
    }
  }
  if (summary.unknownFiles.length > 0) {
    findings.push({ code: 'unknown_files', severity: 'note', facts: { files: summary.unknownFiles.join(', ') } })
  }
  return findings
}

function checkReferrals({ population, referrals, loose }: FolderContents): Finding[] {
  if (population.referrals.count === 0) return [{ code: 'no_referrals', severity: 'warning', facts: {} }]
  const findings: Finding[] = []
  const count = (standing: string): number => referrals.standing.filter((other) => other === standing).length
  const self = count('self_referral')
  const second = count('second_inviter')
  const cycles = count('cycle')
  if (self + second + cycles > 0) {
    findings.push({ code: 'not_payable', severity: 'note', facts: { count: self + second + cycles, self, second, cycles } })
  }
  const unnamed = referrals.program.filter((program) => program === '').length
  if (unnamed > 0 && unnamed < referrals.program.length) {
    const share = percent(unnamed / referrals.program.length)
    findings.push({ code: 'events_without_program', severity: 'warning', facts: { share } })
  }
  if (loose.rebatesWithoutReferral > 0) {
    findings.push({ code: 'loose_rebates', severity: 'warning', facts: { count: loose.rebatesWithoutReferral } })
  }
  return findings
}

function checkMoney({ population, money, loose }: FolderContents): Finding[] {
  const findings: Finding[] = []
  const { transactions, referrals, accounts } = population
  if (referrals.count > 0 && transactions.count > 0) {
    const isInvited = new Uint8Array(accounts.count)
    for (const invitee of referrals.invitee) isInvited[invitee] = 1
    const outside = transactions.account.filter((account) => isInvited[account] !== 1).length / transactions.count
    findings.push({ code: 'events_outside', severity: 'note', facts: { share: percent(outside) } })
  }
  if (loose.refundsWithoutOriginal > 0) {
    findings.push({ code: 'loose_refunds', severity: 'warning', facts: { count: loose.refundsWithoutOriginal } })
  }
  if (money.unvalued.size > 0) {
    const amounts = [...money.unvalued].map(([currency, units]) => `${formatAmount(units, currency)} ${currency}`).join(', ')
    findings.push({ code: 'unvalued_money', severity: 'warning', facts: { amounts } })
  }
  return findings
}
