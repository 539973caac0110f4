// Invite codes: every account has one per programme without applying. Unguessable, read aloud without mistakes, case-insensitive.
// Promises: one current code per account and programme, also when two ask at once; a retired code keeps its trail.

import { randomInt } from 'node:crypto'
import { appendAct } from '../../acts/index.ts'
import type { Clock } from '../../base/clock.ts'
import type { Transaction } from '../../base/database.ts'
import type { KeyRing } from '../../base/keys.ts'
import { readStandings } from '../standing/standing.ts'

/** Digits and letters without 0, O, 1 and I. */
export const CODE_ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
/** 32¹⁰ = 2⁵⁰ codes: with a million members, one guess in a thousand million hits. */
const CODE_LENGTH = 10
const ATTEMPTS = 5

export interface CodeRequest {
  readonly programId: bigint
  readonly accountId: bigint
  readonly actorId: bigint
  readonly recordedAt: Date
}

export interface InviteCode {
  readonly id: bigint
  readonly code: string
}

/** A whole number from 0 up to the bound, exclusive; must be unguessable in production. */
export type RandomIndex = (bound: number) => number

/** The account's current code, made at first asking. */
export async function inviteCodeOf(transaction: Transaction, request: CodeRequest, random: RandomIndex = randomInt): Promise<InviteCode> {
  const { programId, accountId, actorId, recordedAt } = request
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await transaction.inviteCode.findFirst({ where: { programId, accountId, retiredAt: null }, select: { id: true, code: true } })
    if (known !== null) return known
    // A twin's code, or one that another account happens to have, makes this insert nothing.
    await transaction.inviteCode.createMany({ data: [{ programId, accountId, code: newCode(random), actorId, recordedAt }], skipDuplicates: true })
  }
  throw new Error('No free invite code was found.')
}

/** From now on the account's code binds nobody, and the next asking makes another; null where it has none. An act. */
export async function retireCode(
  transaction: Transaction, { keys, clock, actorId }: { keys: KeyRing; clock: Clock; actorId: bigint }, { programId, accountId }: { programId: bigint; accountId: bigint },
): Promise<InviteCode | null> {
  const current = await transaction.inviteCode.findFirst({ where: { programId, accountId, retiredAt: null }, select: { id: true, code: true } })
  if (current === null) return null
  const { count } = await transaction.inviteCode.updateMany({ where: { id: current.id, retiredAt: null }, data: { retiredAt: clock.now() } })
  if (count === 0) return null
  await appendAct(transaction, keys, clock, { actorId, kind: 'invite_code_retired', objectKind: 'invite_code', objectId: current.id })
  return current
}

export function newCode(random: RandomIndex): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[random(CODE_ALPHABET.length)]).join('')
}

/** What a person typed, as codes are stored: in upper case, as it is (imported codes may have hyphens) and without the spaces and hyphens that people add. */
export function codeForms(typed: string): string[] {
  const upper = typed.trim().toUpperCase()
  return [...new Set([upper, upper.replace(/[\s-]/g, '')])]
}

export interface FoundCode extends InviteCode {
  readonly programId: bigint
  readonly accountId: bigint
  readonly retiredAt: Date | null
}

export type CodeAnswer = { status: 'valid'; found: FoundCode } | { status: 'closed'; found: FoundCode } | { status: 'unknown' }

/** Whether the code had not been retired by then. */
export const isCurrentAt = ({ retiredAt }: FoundCode, at: Date): boolean => retiredAt === null || at < retiredAt

/**
 * Says whether a typed code may bind in this programme at this time. A retired one, and the one of a member who left the programme, is
 * closed, not unknown; one of a member who is suspended for bringing nobody still binds.
 */
export async function checkCode(transaction: Transaction, programId: bigint, typed: string, at: Date): Promise<CodeAnswer> {
  const found = namedBy(typed, (await findCodes(transaction, [typed])).filter((each) => each.programId === programId))
  if (found === undefined) return { status: 'unknown' }
  if (!isCurrentAt(found, at)) return { status: 'closed', found }
  const standings = await readStandings(transaction, [{ programId, accountId: found.accountId }])
  return { status: standings.enrolmentAt(programId, found.accountId, at) === 'closed' ? 'closed' : 'valid', found }
}

/** In every programme that knows one of them, retired ones included. */
export async function findCodes(transaction: Transaction, typed: readonly string[]): Promise<FoundCode[]> {
  return transaction.inviteCode.findMany({
    where: { code: { in: [...new Set(typed.flatMap(codeForms))] } }, select: { id: true, code: true, programId: true, accountId: true, retiredAt: true }, orderBy: { id: 'asc' },
  })
}

/** The one that these words name, as typed rather than without its hyphens. */
export function namedBy(typed: string, codes: readonly FoundCode[]): FoundCode | undefined {
  return codeForms(typed).map((form) => codes.find(({ code }) => code === form)).find((code) => code !== undefined)
}
