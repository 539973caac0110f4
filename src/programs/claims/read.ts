// Claims as they are read: with names and masks, newest first, a page at a time; and as the claiming member may see them.

import type { Transaction } from '../../base/database.ts'
import { asClaim, type Claim, type ClaimReason, type ClaimState } from './claims.ts'

export interface ClaimLine extends Claim {
  readonly program: string
  /** External ids; null for who was erased, and for a client whom the facts do not name. */
  readonly inviter: string | null
  readonly client: string | null
  readonly enteredByName: string
}

export interface ClaimQuery {
  readonly programId?: bigint | undefined
  readonly inviterId?: bigint | undefined
  readonly clientId?: bigint | undefined
  readonly states?: readonly ClaimState[] | undefined
  readonly limit: number
  /** Claims with smaller ids than this one. */
  readonly after?: bigint | undefined
}

export async function listClaims(transaction: Transaction, { programId, inviterId, clientId, states, limit, after }: ClaimQuery): Promise<ClaimLine[]> {
  const rows = await transaction.claim.findMany({
    where: {
      ...(programId === undefined ? {} : { programId }), ...(inviterId === undefined ? {} : { inviterId }), ...(clientId === undefined ? {} : { inviteeId: clientId }),
      ...(states === undefined ? {} : { state: { in: [...states] } }), ...(after === undefined ? {} : { id: { lt: after } }),
    },
    orderBy: { id: 'desc' }, take: limit,
  })
  return withNames(transaction, rows.map(asClaim))
}

export async function withNames(transaction: Transaction, claims: readonly Claim[]): Promise<ClaimLine[]> {
  const accountIds = claims.flatMap(({ inviterId, inviteeId }) => (inviteeId === null ? [inviterId] : [inviterId, inviteeId]))
  const names = new Map((await transaction.accountIdentity.findMany({ where: { accountId: { in: accountIds } }, select: { accountId: true, externalId: true } }))
    .map(({ accountId, externalId }) => [accountId, externalId]))
  const programs = new Map((await transaction.program.findMany({ where: { id: { in: claims.map(({ programId }) => programId) } }, select: { id: true, key: true } })).map(({ id, key }) => [id, key]))
  const actors = new Map((await transaction.actor.findMany({ where: { id: { in: claims.map(({ enteredBy }) => enteredBy) } }, select: { id: true, name: true } })).map(({ id, name }) => [id, name]))
  return claims.map((claim) => ({
    ...claim, program: programs.get(claim.programId) ?? '', inviter: names.get(claim.inviterId) ?? null,
    client: claim.inviteeId === null ? null : names.get(claim.inviteeId) ?? null, enteredByName: actors.get(claim.enteredBy) ?? '',
  }))
}

/** Masks by fact, as they were given; empty once erased. */
export async function factsOf(transaction: Transaction, claimId: bigint): Promise<Record<string, string>> {
  const row = await transaction.claimBody.findUnique({ where: { claimId }, select: { body: true } })
  const body = (row?.body ?? {}) as Record<string, { mask: string } | string[]>
  return Object.fromEntries(Object.entries(body).map(([name, fact]) => [name, Array.isArray(fact) ? fact.join(' ') : fact.mask]))
}

/**
 * Until the client has confirmed, a claim looks the same to its member whether there is such a client or not; and who declined is not told
 * apart from who never answered.
 */
export function asMemberSees({ state, reason, confirmedAt, dueAt }: Claim, now: Date): { readonly state: ClaimState; readonly reason: ClaimReason | null } {
  if (reason !== 'declined_by_client') return { state, reason }
  return confirmedAt === null && now < dueAt ? { state: 'waiting_for_client', reason: null } : { state, reason: 'not_confirmed' }
}
