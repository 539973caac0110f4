// `ringfence members`: how members stand in a programme, and what staff may change of it; the same as over HTTP.
import { type Command, Option } from 'commander'
import type { Transaction } from '../base/database.ts'
import {
  approveContract, changeEnrolment, changeTrack, type ContractAnswer, endContract, endExclusion, enterContract, excludeAccount, EXCLUSION_REASONS, type ExclusionReason, type MemberStanding,
  readMemberStanding, type StandingActor,
} from '../programs/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { timeOption } from './folder-options.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE, type ReviewSession, withReviewSession } from './review-session.ts'

interface Options {
  readonly as?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  const members = program.command('members').description('Shows how members stand in a programme, and changes it: enrolment, track, contracts, excluded accounts.').addHelpText('after', `
Examples:
  ringfence members show chat-api acme --json
  ringfence members close chat-api acme --as dana
  ringfence members track api-market acme partner
  ringfence members enter-contract chat-api acme --track money --signed-at 2026-06-01T09:00:00+03:00 --document "cabinet 3, folder 12" --as dana
  ringfence members approve-contract 4 --as lee
  ringfence members exclude staff-test-1 --reason test

${REFUSAL_NOTE}
Accounts are named as the platform names them. Who enters a contract cannot approve it.`)
  const sub = (name: string, description: string): Command =>
    members.command(name).description(description).option(...AS_OPTION).option('--json', 'as JSON').exitOverride()
  sub('show', 'Shows a member’s standing and its history.').argument('<program>').argument('<account>')
    .action((key: string, account: string, options: Options) => withReviewSession(context, options.as, (session) => show({ context, options, session }, key, account)))
  for (const [name, state, description] of [
    ['close', 'closed', 'Closes a member’s part: the code binds no longer, nothing accrues.'], ['suspend', 'suspended', 'Suspends a member: nothing accrues, the link still binds.'],
    ['reopen', 'active', 'Makes a closed or suspended member active again, from now on.'],
  ] as const) {
    sub(name, description).argument('<program>').argument('<account>')
      .action((key: string, account: string, options: Options) => act(context, options, (actor, find) => find(key, account, (member) => changeEnrolment(actor, { ...member, state, by: 'staff' }))))
  }
  sub('track', 'Puts a member onto another track, from now on.').argument('<program>').argument('<account>').argument('<track>')
    .action((key: string, account: string, track: string, options: Options) => act(context, options, (actor, find) => find(key, account, (member) => changeTrack(actor, { ...member, track }))))
  sub('enter-contract', 'Enters a signed contract; another person approves it.').argument('<program>').argument('<account>')
    .requiredOption('--track <key>', 'the track that the contract gives').requiredOption('--signed-at <time>', 'when it was signed, with its zone', timeOption).requiredOption('--document <reference>', 'where the paper is kept')
    .action((key: string, account: string, options: Options & { track: string; signedAt: number; document: string }) => act(context, options, (actor, find) =>
      find(key, account, async (member) => contractResult(await enterContract(actor, { ...member, track: options.track, signedAt: dateOf(options.signedAt), documentReference: options.document })))))
  sub('approve-contract', 'Approves a contract that another person entered: its track is in force from the signing.').argument('<contract>', 'its number', idOption)
    .action((id: string, options: Options) => act(context, options, async (actor) => contractResult(await approveContract(actor, BigInt(id)))))
  sub('end-contract', 'Ends a contract from now on, or withdraws one that waits.').argument('<contract>', 'its number', idOption)
    .action((id: string, options: Options) => act(context, options, async (actor) => contractResult(await endContract(actor, BigInt(id)))))
  sub('exclude', 'Excludes an account: it neither earns nor is earned from.').argument('<account>')
    .addOption(new Option('--reason <word>', 'why').choices(EXCLUSION_REASONS).makeOptionMandatory()).option('--program <key>', 'only in this programme')
    .option('--from <time>', 'start, with its zone; default: now', timeOption).option('--until <time>', 'end, with its zone', timeOption)
    .action((account: string, options: Options & ExcludeOptions) => act(context, options, (actor, _find, read) => exclude(actor, read, account, options)))
  sub('include', 'Ends an exclusion from now on.').argument('<exclusion>', 'its number', idOption)
    .action((id: string, options: Options) => act(context, options, async (actor) => {
      const answer = await endExclusion(actor, BigInt(id))
      return answer.ok ? { ok: true, exclusionId: answer.exclusion.id, endsAt: answer.exclusion.endsAt } : answer
    }))
}

interface ExcludeOptions {
  readonly reason: ExclusionReason
  readonly program?: string
  /** Seconds since 1970. */
  readonly from?: number
  readonly until?: number
}

type Result = { readonly ok: false; readonly reason: string } | { readonly ok: true; readonly [name: string]: unknown }
type Member = { readonly programId: bigint; readonly accountId: bigint }
type Find = (key: string, account: string, work: (member: Member) => Promise<Result>) => Promise<Result>

/** Does one change and prints what came of it, or why not. */
async function act(context: CliContext, options: Options, work: (actor: StandingActor, find: Find, read: ReviewSession['read']) => Promise<Result>): Promise<void> {
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    const { database, keys, clock, actorId } = reviewer
    const result = await work({ database, keys, clock, actorId }, (key, account, change) => findMember(read, key, account, change), read)
    if (!result.ok) return refuse(context, { reason: result.reason, detail: result.reason.replaceAll('_', ' ') }, { isJson: options.json === true })
    if (options.json === true) context.print(jsonOf(result))
    else context.print(Object.entries(result).filter(([name, value]) => name !== 'ok' && value !== null).map(([name, value]) => `${wordsOf(name)}: ${textOf(value)}`).join('\n'))
    context.exit(ExitCode.done)
  })
}

async function findMember(read: ReviewSession['read'], key: string, account: string, change: (member: Member) => Promise<Result>): Promise<Result> {
  const found = await read((transaction) => memberOf(transaction, key, account))
  return typeof found === 'string' ? { ok: false, reason: found } : change(found)
}

async function memberOf(transaction: Transaction, key: string, account: string): Promise<Member | 'unknown_program' | 'unknown_account'> {
  const program = await transaction.program.findUnique({ where: { key }, select: { id: true } })
  if (program === null) return 'unknown_program'
  const identity = await transaction.accountIdentity.findUnique({ where: { externalId: account }, select: { accountId: true } })
  return identity === null ? 'unknown_account' : { programId: program.id, accountId: identity.accountId }
}

async function exclude(actor: StandingActor, read: ReviewSession['read'], account: string, { reason, program: key, from, until }: ExcludeOptions): Promise<Result> {
  const found = await read(async (transaction) => ({
    program: key === undefined ? null : await transaction.program.findUnique({ where: { key }, select: { id: true } }),
    identity: await transaction.accountIdentity.findUnique({ where: { externalId: account }, select: { accountId: true } }),
  }))
  if (key !== undefined && found.program === null) return { ok: false, reason: 'unknown_program' }
  if (found.identity === null) return { ok: false, reason: 'unknown_account' }
  const answer = await excludeAccount(actor, { programId: found.program?.id ?? null, accountId: found.identity.accountId, reason, startsAt: from === undefined ? undefined : dateOf(from), endsAt: until === undefined ? undefined : dateOf(until) })
  return answer.ok ? { ok: true, exclusionId: answer.exclusion.id, startsAt: answer.exclusion.startsAt, endsAt: answer.exclusion.endsAt } : answer
}

function contractResult(answer: ContractAnswer): Result {
  if (!answer.ok) return answer
  const { id, track, signedAt, approvedAt, endedAt } = answer.contract
  return { ok: true, contractId: id, track, signedAt, approvedAt, endedAt }
}

interface Showing {
  readonly context: CliContext
  readonly options: Options
  readonly session: ReviewSession
}

async function show({ context, options, session: { read } }: Showing, key: string, account: string): Promise<void> {
  const found = await read(async (transaction) => {
    const member = await memberOf(transaction, key, account)
    return typeof member === 'string' ? member : readMemberStanding(transaction, member, context.clock.now())
  })
  if (typeof found === 'string') return refuse(context, { reason: found, detail: found.replaceAll('_', ' ') }, { isJson: options.json === true })
  context.print(options.json === true ? jsonOf({ program: key, account, ...found }) : linesOf(account, key, found).join('\n'))
  context.exit(ExitCode.done)
}

function linesOf(account: string, key: string, known: MemberStanding): string[] {
  const { enrolment, track, newestClientAt, suspendedFrom, enrolments, tracks, contracts, terms, exclusions } = known
  return [
    `${account} in ${key}: ${enrolment.state}${enrolment.since === null ? ' since always' : ` since ${enrolment.since.toISOString()} (${enrolment.reason})`}, track ${track ?? 'none'}`,
    ...(newestClientAt === null ? [] : [`newest client: ${newestClientAt.toISOString()}`]),
    ...(suspendedFrom === null ? [] : [`suspended without a new client from: ${suspendedFrom.toISOString()}`]),
    ...enrolments.map((each) => `enrolment: ${each.state} from ${each.effectiveFrom.toISOString()} (${each.reason})`),
    ...tracks.map((each) => `track: ${each.track} from ${each.effectiveFrom.toISOString()}${each.contractId === null ? '' : ` (contract ${each.contractId})`}`),
    ...contracts.map((each) => `contract ${each.id}: ${each.track}, signed ${each.signedAt.toISOString()}, ${each.endedAt === null ? (each.approvedAt === null ? 'waits for approval' : 'in force') : `ended ${each.endedAt.toISOString()}`}`),
    ...terms.map((each) => `terms: ${each.termsVersion} accepted ${each.acceptedAt.toISOString()}`),
    ...exclusions.map((each) => `excluded ${each.id}: ${each.reason} from ${each.startsAt.toISOString()}${each.endsAt === null ? '' : ` until ${each.endsAt.toISOString()}`}`),
  ]
}

/** Names as the API has them, ids as text. */
function jsonOf(value: object): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item !== null && typeof item === 'object' && !Array.isArray(item)
    ? Object.fromEntries(Object.entries(item).map(([name, inner]) => [snakeCase(name), inner as unknown])) : item), 2)
}

const dateOf = (seconds: number): Date => new Date(seconds * 1000)
const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const wordsOf = (name: string): string => snakeCase(name).replaceAll('_', ' ')

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
