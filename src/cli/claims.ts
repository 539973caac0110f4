// `ringfence claims`: the claims that wait for a person, one of them with its facts, and the decision on it.
import { userInfo } from 'node:os'
import { type Command, Option } from 'commander'
import { createChecks } from '../checks/index.ts'
import {
  approveClaim, CLAIM_STATES, type ClaimLine, type ClaimState, type ClaimVerdict, decideClaim, factsOf, findClaim, listClaims, REFUSAL_REASONS, type RefusalReason, type StepAnswer, type StepRefusal,
  withNames,
} from '../programs/index.ts'
import { ensureActor } from '../identities/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'
import { ExitCode } from './context.ts'
import { wholeNumberOption } from './folder-options.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE } from './review-session.ts'

interface Options {
  readonly program?: string
  readonly state: ClaimState
  readonly show?: string
  readonly accept?: string
  readonly refuse?: string
  readonly approve?: string
  readonly disapprove?: string
  readonly reason?: RefusalReason
  readonly note?: string
  readonly limit: number
  readonly as?: string
  readonly json?: boolean
}

const DEADLINE_MILLISECONDS = 10_000

export function register(program: Command, context: CliContext): void {
  program.command('claims')
    .description('Lists claims of lost links, and decides them.')
    .option('--program <key>', 'only those of this program')
    .addOption(new Option('--state <state>', 'which ones').choices([...CLAIM_STATES]).default('waiting_for_review'))
    .option('--show <claim>', 'one claim with its facts, masked', idOption)
    .option('--accept <claim>', 'accept it; above the program’s amount: propose that to a second person', idOption)
    .option('--refuse <claim>', 'refuse it; needs --reason', idOption)
    .option('--approve <claim>', 'as the second person, accept what another one proposed', idOption)
    .option('--disapprove <claim>', 'as the second person, refuse it; needs --reason', idOption)
    .addOption(new Option('--reason <word>', 'why it is refused').choices([...REFUSAL_REASONS]))
    .option('--note <text>', 'kept with the decision')
    .option('--limit <number>', 'at most so many', wholeNumberOption, 20)
    .option(...AS_OPTION)
    .option('--json', 'print them as JSON')
    .addHelpText('after', `
Examples:
  ringfence claims
  ringfence claims --state waiting_for_client --program chat-api
  ringfence claims --show 7
  ringfence claims --accept 7 --as dana --note "the client confirmed by telephone"
  ringfence claims --refuse 8 --reason claim_theft --as dana
  ringfence claims --approve 7 --as lee

${REFUSAL_NOTE}`)
    .action((options: Options) => claims(options, context))
}

async function claims(options: Options, context: CliContext): Promise<void> {
  const id = options.accept ?? options.refuse ?? options.approve ?? options.disapprove
  if ((options.refuse !== undefined || options.disapprove !== undefined) && options.reason === undefined) {
    context.printError('Say why with --reason.')
    context.exit(ExitCode.badInput)
    return
  }
  const opened = await context.openDatabase()
  try {
    if (id !== undefined) await decide(opened, options, BigInt(id), context)
    else if (options.show !== undefined) await show(opened, options, BigInt(options.show), context)
    else await list(opened, options, context)
  } finally {
    await opened.close()
  }
}

async function list({ database }: OpenDatabase, { program, state, limit, json }: Options, context: CliContext): Promise<void> {
  const lines = await database.inTransaction(async (transaction) => {
    const found = program === undefined ? undefined : await transaction.program.findUnique({ where: { key: program }, select: { id: true } })
    return found === null ? null : listClaims(transaction, { programId: found?.id, states: [state], limit })
  })
  if (lines === null) {
    refuse(context, { reason: 'unknown_program', detail: `There is no program ${program}.` }, { isJson: json === true })
    return
  }
  if (json === true) context.print(JSON.stringify({ claims: lines.map(claimJson) }, null, 2))
  else context.print(lines.length === 0 ? `No claims are ${state.replaceAll('_', ' ')}.` : lines.map(textOf).join('\n\n'))
  context.exit(ExitCode.done)
}

async function show({ database }: OpenDatabase, { json }: Options, id: bigint, context: CliContext): Promise<void> {
  const found = await database.inTransaction(async (transaction) => {
    const claim = await findClaim(transaction, id)
    const [line] = claim === null ? [] : await withNames(transaction, [claim])
    return line === undefined ? null : { line, facts: await factsOf(transaction, id) }
  })
  if (found === null) {
    refuse(context, { reason: 'unknown_claim', detail: `There is no claim ${id}.` }, { isJson: json === true })
    return
  }
  const facts = Object.entries(found.facts).map(([name, value]) => `  ${name.replaceAll('_', ' ')}: ${value}`)
  context.print(json === true ? JSON.stringify({ ...claimJson(found.line), facts: found.facts }, null, 2) : [textOf(found.line), ...facts].join('\n'))
  context.exit(ExitCode.done)
}

async function decide({ database, keys }: OpenDatabase, options: Options, claimId: bigint, context: CliContext): Promise<void> {
  const { note, reason } = options
  const { clock, log } = context
  const actorId = await database.inTransaction((transaction) => ensureActor(transaction, clock, 'person', options.as ?? userInfo().username))
  const verdict: ClaimVerdict = reason !== undefined && (options.refuse ?? options.disapprove) !== undefined ? { accepts: false, reason, note } : { accepts: true, note }
  // What an acceptance credits is checked like any other credit.
  const checks = createChecks({ database, keys, clock, log, deadlineMilliseconds: DEADLINE_MILLISECONDS })
  try {
    await checks.refresh()
    const recorder = { database, keys, clock, actorId, check: checks.evaluate }
    const order = { claimId, verdict, isPerson: true }
    await report(database, (options.approve ?? options.disapprove) === undefined ? await decideClaim(recorder, order) : await approveClaim(recorder, order), options, context)
  } finally {
    await checks.stop()
  }
}

const DETAILS: Readonly<Record<StepRefusal, string>> = {
  unknown_claim: 'There is no such claim with a client.', claim_not_waiting: 'The claim does not wait for this.', another_claim_waits: 'Another claim for this client is being decided.',
  person_needed: 'A person is needed to decide.', own_entry: 'Who entered a claim does not accept it.', second_person_needed: 'Another person than those who entered and decided it is needed.',
}

async function report(database: OpenDatabase['database'], answer: StepAnswer, { json }: Options, context: CliContext): Promise<void> {
  if (!answer.ok) {
    refuse(context, { reason: answer.reason, detail: DETAILS[answer.reason] }, { isJson: json === true })
    return
  }
  const [line] = await database.inTransaction((transaction) => withNames(transaction, [answer.claim]))
  if (line === undefined) throw new Error('A claim has no line.')
  context.print(json === true ? JSON.stringify(claimJson(line), null, 2) : textOf(line))
  context.exit(ExitCode.done)
}

function textOf(line: ClaimLine): string {
  const { id, program, inviter, client, state, reason, probability, needsSecondPerson, enteredByName, dueAt, accruesFrom } = line
  const end = state === 'accepted' ? `accrues from ${accruesFrom?.toISOString()}` : state === 'refused' ? `because of ${reason}` : `due ${dueAt.toISOString().slice(0, 10)}`
  return [
    `Claim ${id}, ${program}: ${inviter ?? 'an erased member'} claims ${client ?? 'a client whom the facts do not name'}`,
    `  ${state.replaceAll('_', ' ')}, ${end}; entered by ${enteredByName}`,
    ...(probability === null ? [] : [`  probability of self-invitation ${probability.toFixed(3)}`]),
    ...(needsSecondPerson ? ['  needs a second person'] : []),
  ].join('\n')
}

function claimJson(line: ClaimLine): Record<string, unknown> {
  return {
    claim_id: line.id.toString(), program: line.program, inviter: line.inviter, client: line.client, state: line.state, reason: line.reason, probability: line.probability,
    needs_second_person: line.needsSecondPerson, entered_by: line.enteredByName, entered_at: line.recordedAt.toISOString(), confirmed_at: line.confirmedAt?.toISOString() ?? null,
    due_at: line.dueAt.toISOString(), accrues_from: line.accruesFrom?.toISOString() ?? null,
  }
}
