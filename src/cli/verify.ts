// `ringfence verify`: recomputes the books and the chain of acts and names the first wrong row of every rule.
import type { Command } from 'commander'
import { type AttentionLine, readAttention, type VerifyReport, verifyBooks } from '../ledger/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { MORE_VERIFIERS } from './verifiers.ts'

export function register(program: Command, context: CliContext): void {
  program.command('verify')
    .description('Recomputes every balance, rebate and act from what was posted; names the first wrong row of every rule.')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', `
Examples:
  ringfence verify
  ringfence verify --json | jq .faults

What waits for somebody (old debts, overdue holds) is listed and is no fault.
Exit codes: 0 everything holds; 1 a wrong row was found; 3 could not run.
It only reads and may run while the service works.`)
    .action((options: { json?: boolean }) => run(options, context))
}

async function run(options: { json?: boolean }, context: CliContext): Promise<void> {
  const { database, keys, close } = await context.openDatabase()
  const progress = context.progress()
  try {
    const report = await verifyBooks(database, keys, { more: MORE_VERIFIERS, onRule: (done, total) => progress.update('verifying', done, total) }).finally(() => progress.finish())
    const attention = await readAttention(database, context.clock.now())
    context.print(options.json === true ? JSON.stringify(jsonOf(report, attention), null, 2) : textOf(report, attention))
    if (!report.ok) context.exit(ExitCode.found)
  } finally {
    await close()
  }
}

function jsonOf({ ok, faults, rules, acts, counted }: VerifyReport, attention: readonly AttentionLine[]): Record<string, unknown> {
  const head = acts.ok && acts.head !== null ? { sequence: acts.head.sequence.toString(), hash: acts.head.hash } : null
  const waiting = attention.map(({ kind, asset, count, amount, oldestAt, oldest }) => ({ kind, asset, count, amount: amount?.toString() ?? null, oldest_at: oldestAt.toISOString(), oldest }))
  return { ok, faults, rules: rules.map(({ name }) => name), counted, head, attention: waiting }
}

const ATTENTION: Readonly<Record<AttentionLine['kind'], (line: AttentionLine) => string>> = {
  debts: ({ count, amount, asset }) => `${count} debts of ${amount} (smallest units of ${asset}) have stood for more than 90 days`,
  overdue_holds: ({ count }) => `${count} holds are past their due date`,
  waiting_events: ({ count }) => `${count} facts have waited for more than 30 days for what they are about`,
}

function textOf({ ok, faults, rules, acts, counted }: VerifyReport, attention: readonly AttentionLine[]): string {
  const number = (value: number): string => value.toLocaleString('en')
  const seen = `${number(counted.transfers)} transfers, ${number(counted.entries)} entries, ${number(counted.rebates)} rebates, ${number(counted.referrals)} referrals, ${number(counted.acts)} acts`
  const lines = [`Verified ${seen} by ${rules.length} rules.`]
  for (const { rule, place, found } of faults) lines.push(`WRONG  ${place}: ${found}.`, `       ${rules.find(({ name }) => name === rule)?.sentence ?? rule}`)
  lines.push(ok ? 'Everything holds.' : `${faults.length} of ${rules.length} rules are broken.`)
  for (const line of attention) lines.push(`Waits for somebody: ${ATTENTION[line.kind](line)}; the oldest is ${line.oldest}, since ${line.oldestAt.toISOString()}.`)
  if (acts.ok && acts.head !== null) lines.push(`Newest act: ${acts.head.sequence} ${acts.head.hash}`)
  return lines.join('\n')
}
