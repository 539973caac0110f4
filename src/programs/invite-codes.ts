// Invite codes: every account has one per programme without applying. Unguessable, read aloud without mistakes, case-insensitive.
// Promises: one current code per account and programme, also when two ask at once; a retired code keeps its trail.

import { randomInt } from 'node:crypto'
import type { Transaction } from '../base/database.ts'

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

export function newCode(random: RandomIndex): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[random(CODE_ALPHABET.length)]).join('')
}

/** What a person typed, as codes are stored: upper case, without the spaces and hyphens that people add. */
export function normaliseCode(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase()
}

export interface FoundCode extends InviteCode {
  readonly programId: bigint
  readonly accountId: bigint
}

export type CodeAnswer = { status: 'valid'; found: FoundCode } | { status: 'closed'; found: FoundCode } | { status: 'unknown' }

/** Says whether a typed code may bind in this programme; a retired one is closed, not unknown. */
export async function checkCode(transaction: Transaction, programId: bigint, typed: string): Promise<CodeAnswer> {
  const row = await transaction.inviteCode.findUnique({ where: { programId_code: { programId, code: normaliseCode(typed) } } })
  if (row === null) return { status: 'unknown' }
  const found = { id: row.id, code: row.code, programId: row.programId, accountId: row.accountId }
  return { status: row.retiredAt === null ? 'valid' : 'closed', found }
}
