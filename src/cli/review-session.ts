// What the commands of the review desk share: the database with a named reviewer, ids and names as options, refusals as exit codes.
import { userInfo } from 'node:os'
import { InvalidArgumentError } from 'commander'
import type { Transaction } from '../base/database.ts'
import { ensureActor } from '../identities/index.ts'
import type { Reviewer } from '../review/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'

export interface ReviewSession {
  readonly reviewer: Reviewer
  readonly read: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>
}

/** Every act has its person: the name given, else who is logged in on this machine. */
export const AS_OPTION = ['--as <name>', 'who acts, as kept in the audit chain (default: the user of this machine)'] as const

export const REFUSAL_NOTE = 'Exit codes: 0 done; 1 refused, with the reason; 2 wrong usage; 3 could not run.'

export async function withReviewSession(context: CliContext, name: string | undefined, work: (session: ReviewSession) => Promise<void>): Promise<void> {
  const opened = await context.openDatabase()
  const { database, keys } = opened
  try {
    const actorId = await database.inTransaction((transaction) => ensureActor(transaction, context.clock, 'person', name ?? userInfo().username))
    await work({ reviewer: { database, keys, clock: context.clock, actorId }, read: (reading) => database.inTransaction(reading) })
  } finally {
    await opened.close()
  }
}

/** A decimal internal id, as other commands print it. */
export function idOption(text: string): string {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new InvalidArgumentError('Give a number as cases, rings or plan print it.')
  return text
}

/** For options that may be repeated or hold several values with commas. */
export function listOption(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').map((each) => each.trim()).filter((each) => each !== '')]
}

export function idListOption(text: string, before: readonly string[] | undefined): readonly string[] {
  return listOption(text, before).map(idOption)
}

/** The accounts of external ids, in their order, and the first name that nobody has. */
export async function accountsNamed(transaction: Transaction, names: readonly string[]): Promise<{ ids: string[]; unknown: string | null }> {
  const rows = await transaction.accountIdentity.findMany({ where: { externalId: { in: [...names] } }, select: { accountId: true, externalId: true } })
  const ids = new Map(rows.map((row) => [row.externalId, row.accountId.toString()]))
  return { ids: names.flatMap((name) => ids.get(name) ?? []), unknown: names.find((name) => !ids.has(name)) ?? null }
}

/** Says no with the reason as a word and a sentence; as JSON where that was asked for. */
export function refuse(context: CliContext, refusal: { reason: string; detail: string }, more: { isJson: boolean; extra?: object }): void {
  if (more.isJson) context.print(JSON.stringify({ ok: false, reason: refusal.reason, detail: refusal.detail, ...more.extra }, null, 2))
  else context.printError(`Refused (${refusal.reason}): ${refusal.detail}`)
  context.exit(ExitCode.found)
}
