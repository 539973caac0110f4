// `ringfence apply`: does what a plan said, if that is still exactly what would happen.
import type { Command } from 'commander'
import {
  ABUSE_OUTCOMES, applyPlan, type ApplyOrder, type ApplyResult, differenceJson, GENUINE_OUTCOMES, namesOf, type Reviewer,
} from '../review/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE, type ReviewSession, withReviewSession } from './review-session.ts'

interface Options {
  readonly hash: string
  readonly reason: string
  readonly note?: string
  readonly as?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('apply')
    .description('Applies a plan by its hash; refused when an effect is no longer what the plan showed.')
    .argument('<plan>', 'the number of the plan', idOption)
    .requiredOption('--hash <hash>', 'the hash that `ringfence plan` printed')
    .requiredOption('--reason <code>', 'the reason code')
    .option('--note <text>', 'in words; kept apart, so that it can be erased')
    .option(...AS_OPTION)
    .option('--json', 'print the decision as JSON')
    .addHelpText('after', `
Examples:
  ringfence apply 12 --hash 4be1…9c --reason self_invitation
  ringfence apply 12 --hash 4be1…9c --reason household --note "one flat, two phones" --as dana

Reason codes for taking and freezing: ${ABUSE_OUTCOMES.join(', ')}.
Reason codes for giving back: ${GENUINE_OUTCOMES.join(', ')}, inconclusive.
${REFUSAL_NOTE}
Applied twice, the first answer is given again. A decision is taken back with: ringfence undo DECISION --reason correction`)
    .action((planId: string, options: Options) => apply(planId, options, context))
}

async function apply(planId: string, options: Options, context: CliContext): Promise<void> {
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    await applyAndReport({ reviewer, read }, { planId: BigInt(planId), hash: options.hash, reason: options.reason, note: options.note }, { context, isJson: options.json === true })
  })
}

/** Shared with undo: applies, prints the decision or the refusal, and sets the exit code. */
export async function applyAndReport(session: ReviewSession, order: ApplyOrder, out: { context: CliContext; isJson: boolean }): Promise<void> {
  const { context, isJson } = out
  const result = await applyPlan(session.reviewer, order)
  if (!result.ok) {
    await report(session, result, out)
    return
  }
  const { decision, isReplay } = result
  if (isJson) {
    context.print(JSON.stringify({
      ok: true, decision_id: decision.id.toString(), plan_id: decision.planId.toString(), case_id: decision.caseId?.toString() ?? null,
      undoes: decision.undoesId?.toString() ?? null, reason: decision.reason, recorded_at: decision.recordedAt.toISOString(), is_replay: isReplay,
    }, null, 2))
  } else {
    const what = decision.undoesId === null ? `Decision ${decision.id}` : `Decision ${decision.id} undoes decision ${decision.undoesId}`
    context.print(`${what}${isReplay ? ', as applied before' : ''}: ${decision.effects.length} effects of plan ${decision.planId} written.`)
  }
  context.exit(ExitCode.done)
}

async function report(session: { reviewer: Reviewer; read: ReviewSession['read'] }, result: Extract<ApplyResult, { ok: false }>, out: { context: CliContext; isJson: boolean }): Promise<void> {
  const changed = result.changed ?? []
  const effects = changed.flatMap((difference) => [difference.planned, difference.now].filter((each) => each !== null))
  const names = await session.read((transaction) => namesOf(transaction, { effects, preview: { balances: [], members: [], threshold: null, left: [] } }))
  const differences = changed.map((difference) => differenceJson(difference, names))
  refuse(out.context, result, { isJson: out.isJson, extra: changed.length === 0 ? {} : { changed: differences } })
  if (out.isJson) return
  for (const { planned, now } of differences) {
    out.context.printError(`  planned ${planned === null ? 'nothing' : JSON.stringify(planned)}\n      now ${now === null ? 'nothing' : JSON.stringify(now)}`)
  }
}
