// `ringfence plan`: the exact effects of an action before anything is done, with the hash that apply asks for.
import { type Command, Option } from 'commander'
import {
  makePlan, namesOf, planJson, planText, type PlanAction, type PlanTarget, RESTRICTIONS, type Restriction, REVIEW_OUTCOMES, type ReviewOutcome,
} from '../review/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { refuseUse, timeOption } from './folder-options.ts'
import { accountsNamed, AS_OPTION, idListOption, idOption, listOption, refuse, REFUSAL_NOTE, withReviewSession } from './review-session.ts'

const ACTIONS = ['freeze', 'release', 'reclaim', 'cancel', 'restrict', 'dismiss', 'confirm'] as const

interface Options {
  readonly action: (typeof ACTIONS)[number]
  readonly ring?: string
  readonly case?: string
  readonly member?: readonly string[]
  readonly rebate?: readonly string[]
  readonly from: 'now' | 'start' | number
  readonly restriction?: Restriction
  readonly until?: number
  readonly outcome?: ReviewOutcome
  readonly signupCredit?: boolean
  readonly as?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('plan')
    .description('Shows exactly what an action would do: who, what, balances after, others concerned, total and hash. Changes nothing.')
    .addOption(new Option('--action <action>', 'what to do').choices(ACTIONS).makeOptionMandatory())
    .option('--ring <id>', 'the ring, as `ringfence rings` prints it', idOption)
    .option('--case <id>', 'the case, as `ringfence cases` prints it', idOption)
    .option('--member <name>', 'only this member, even below the threshold; may be repeated', listOption)
    .option('--rebate <id>', 'only this rebate; may be repeated', idListOption)
    .option('--from <time>', 'cancel: now, start, or a time; from earlier than now, what was earned since is reclaimed', fromOption, 'now' as const)
    .addOption(new Option('--restriction <kind>', 'restrict: which').choices(RESTRICTIONS))
    .option('--until <time>', 'restrict: its end', timeOption)
    .addOption(new Option('--outcome <code>', 'dismiss, confirm: what the case was').choices(REVIEW_OUTCOMES))
    .option('--signup-credit', "freeze, reclaim: the invitees' sign-up credit too, as far as it is not spent")
    .option(...AS_OPTION)
    .option('--json', 'print the plan as JSON, every posting of it')
    .addHelpText('after', `
Examples:
  ringfence plan --ring 3 --action freeze
  ringfence plan --ring 3 --action reclaim --member alice --member bob
  ringfence plan --case 7 --action cancel --from 2026-10-01T00:00:00Z --json
  ringfence plan --case 7 --action restrict --restriction no_transfer --until 2027-01-01T00:00:00Z
  ringfence plan --case 7 --action dismiss --outcome household
  ringfence plan --rebate 12,13 --action freeze

${REFUSAL_NOTE}
Members at or above the policy's threshold are selected; others only by name. Apply the plan with its hash: ringfence apply PLAN --hash HASH --reason CODE`)
    .action((options: Options) => plan(options, context))
}

async function plan(options: Options, context: CliContext): Promise<void> {
  const wrong = wrongUse(options)
  if (wrong !== null) {
    refuseUse(context, wrong)
    return
  }
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    const { ids, unknown } = await read((transaction) => accountsNamed(transaction, options.member ?? []))
    if (unknown !== null) {
      refuse(context, { reason: 'unknown_account', detail: `There is no account named ${unknown}.` }, { isJson: options.json === true })
      return
    }
    const target: PlanTarget = {
      ringId: options.ring, caseId: options.case, rebates: options.rebate, members: options.member === undefined ? undefined : ids,
    }
    const result = await makePlan(reviewer, actionOf(options, target))
    if (!result.ok) {
      refuse(context, result, { isJson: options.json === true })
      return
    }
    const names = await read((transaction) => namesOf(transaction, result.plan))
    if (options.json === true) context.print(JSON.stringify(planJson(result.plan, names), null, 2))
    else context.print(`${planText(result.plan, names)}\nApply it with: ringfence apply ${result.plan.id} --hash ${result.plan.hash} --reason ${options.outcome ?? 'CODE'}`)
    context.exit(ExitCode.done)
  })
}

function fromOption(text: string): 'now' | 'start' | number {
  return text === 'now' || text === 'start' ? text : timeOption(text)
}

function wrongUse(options: Options): string | null {
  if (options.ring === undefined && options.case === undefined && options.rebate === undefined) return 'Say what is meant: --ring, --case or --rebate.'
  if (options.ring !== undefined && options.case !== undefined) return 'Give --ring or --case, not both.'
  if (options.member !== undefined && options.rebate !== undefined) return 'Give --member or --rebate, not both.'
  if (options.action === 'restrict' && (options.restriction === undefined || options.until === undefined)) return 'A restriction needs --restriction and --until.'
  if ((options.action === 'dismiss' || options.action === 'confirm') && options.outcome === undefined) return `To ${options.action} a case, give its --outcome.`
  return null
}

function actionOf(options: Options, target: PlanTarget): PlanAction {
  const { action } = options
  const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString()
  switch (action) {
    case 'freeze':
    case 'reclaim':
      return { kind: action, target, signupCredit: options.signupCredit === true }
    case 'release':
      return { kind: action, target }
    case 'cancel':
      return { kind: action, target, from: typeof options.from === 'number' ? { date: timeOf(options.from) } : options.from }
    case 'restrict':
      return { kind: action, target, restriction: options.restriction ?? 'host_review', endsAt: timeOf(options.until ?? 0) }
    case 'dismiss':
    case 'confirm':
      return { kind: action, target, outcome: options.outcome ?? 'inconclusive' }
  }
}
