// `ringfence undo`: takes a decision back exactly, as long as nothing rests on it.
import { type Command, Option } from 'commander'
import { makePlan, namesOf, planJson, planText, UNDO_REASONS } from '../review/index.ts'
import { applyAndReport } from './apply.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE, withReviewSession } from './review-session.ts'

interface Options {
  readonly reason: string
  readonly note?: string
  readonly preview?: boolean
  readonly as?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('undo')
    .description('Takes a decision back exactly; refused with the reason once something rests on it.')
    .argument('<decision>', 'the number of the decision', idOption)
    .addOption(new Option('--reason <code>', 'why').choices(UNDO_REASONS).default('correction'))
    .option('--note <text>', 'in words; kept apart, so that it can be erased')
    .option('--preview', 'only show what it would do')
    .option(...AS_OPTION)
    .option('--json', 'print the decision, or with --preview the plan, as JSON')
    .addHelpText('after', `
Examples:
  ringfence undo 5 --preview
  ringfence undo 5 --reason appeal_granted --note "the phones are two" --as dana

${REFUSAL_NOTE}
Refused when money was moved on since, or when a later decision, hold or case names the same; accruals and refunds since do not matter.`)
    .action((decisionId: string, options: Options) => undo(decisionId, options, context))
}

async function undo(decisionId: string, options: Options, context: CliContext): Promise<void> {
  const isJson = options.json === true
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    const result = await makePlan(reviewer, { kind: 'undo', decisionId })
    if (!result.ok) {
      refuse(context, result, { isJson })
      return
    }
    const { plan } = result
    if (options.preview !== true) {
      await applyAndReport({ reviewer, read }, { planId: plan.id, hash: plan.hash, reason: options.reason, note: options.note }, { context, isJson })
      return
    }
    const names = await read((transaction) => namesOf(transaction, plan))
    context.print(isJson ? JSON.stringify(planJson(plan, names), null, 2) : planText(plan, names))
    context.exit(ExitCode.done)
  })
}
