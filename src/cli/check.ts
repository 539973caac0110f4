// `ringfence check`: one pre-credit check from options or from JSON on standard input.
import { text as readText } from 'node:stream/consumers'
import type { Command } from 'commander'
import { CHECK_SUBJECTS, type CheckAnswer, checkRequest, createChecks } from '../checks/index.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'

interface Options {
  readonly program?: string
  readonly subject: string
  readonly subjectId?: string
  readonly inviter?: string
  readonly invitee?: string
  readonly amount: string
  readonly asset: string
  readonly observation: readonly string[]
  readonly json?: boolean
  readonly stdin?: boolean
}

const DEADLINE_MILLISECONDS = 10_000

export function register(program: Command, context: CliContext, input: NodeJS.ReadableStream = process.stdin): void {
  program.command('check')
    .description('Asks the pre-credit check once: allow, hold or deny.')
    .option('--program <key>', 'the program')
    .option('--subject <kind>', CHECK_SUBJECTS.join(', '), 'rebate')
    .option('--subject-id <id>', 'the host’s id of what would be credited (default: cli)')
    .option('--inviter <account>', 'external id of the inviter')
    .option('--invitee <account>', 'external id of the invitee')
    .option('--amount <decimal>', 'in units of the asset', '1')
    .option('--asset <code>', 'the asset', 'USD')
    .option('--observation <kind=value>', 'an identifier seen with this request; may be repeated', (value: string, all: readonly string[]) => [...all, value], [])
    .option('--stdin', 'read the request as JSON from standard input instead')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', `
Examples:
  ringfence check --program apiyi --inviter u-17 --invitee u-99 --amount 12.5
  ringfence check --program apiyi --inviter u-17 --invitee u-99 --observation device:install=3f2a… --json
  echo '{"program":"apiyi","subject":"rebate","subject_id":"o-1","inviter":"u-17","invitee":"u-99","amount":"10","asset":"USD"}' | ringfence check --stdin

Exit codes: 0 allow; 1 hold or deny; 2 wrong usage; 3 could not run.`)
    .action((options: Options) => run(options, context, input))
}

async function run(options: Options, context: CliContext, input: NodeJS.ReadableStream): Promise<void> {
  const parsed = checkRequest.safeParse(options.stdin === true ? readJson(await readText(input)) : requestOf(options))
  if (!parsed.success) {
    for (const issue of parsed.error.issues) context.printError(`${issue.path.join('.') || 'request'}: ${issue.message}`)
    context.exit(ExitCode.badInput)
    return
  }
  const { database, keys, close } = await context.openDatabase()
  const checks = createChecks({ database, keys, clock: context.clock, log: context.log, deadlineMilliseconds: DEADLINE_MILLISECONDS })
  try {
    await checks.refresh()
    const outcome = await checks.evaluate(parsed.data, { actorId: SYSTEM_ACTOR_ID })
    if (!outcome.ok) {
      context.printError(outcome.detail)
      context.exit(ExitCode.badInput)
      return
    }
    context.print(options.json === true ? outcome.text : textOf(outcome.answer))
    if (outcome.answer.decision !== 'allow') context.exit(ExitCode.found)
  } finally {
    await checks.stop()
    await close()
  }
}

function requestOf({ program, subject, subjectId = 'cli', inviter, invitee, amount, asset, observation }: Options): Record<string, unknown> {
  const observations = observation.map((text) => {
    const [kind = '', ...rest] = text.split('=')
    return { kind, value: rest.join('=') }
  })
  return { program, subject, subject_id: subjectId, inviter, ...(invitee === undefined ? {} : { invitee }), amount, asset, ...(observations.length === 0 ? {} : { observations }) }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function textOf(answer: CheckAnswer): string {
  const would = answer.would === undefined ? '' : ` (would be ${answer.would})`
  const probability = answer.probability === null ? 'unknown' : `${(answer.probability * 100).toFixed(1)} %`
  return [
    `${answer.decision}${would}`,
    `probability of one operator: ${probability}; calibration: ${answer.calibration}${answer.degraded ? `; degraded, missing: ${answer.missing.join(', ')}` : ''}`,
    ...answer.reasons.map(({ bits, text }) => `${bits === 0 ? '      ' : `${bits > 0 ? '+' : ''}${bits.toFixed(1)}`.padStart(6)}  ${text}`),
    `check ${answer.check_id}`,
  ].join('\n')
}
