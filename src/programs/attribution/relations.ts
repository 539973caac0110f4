// Who is invited by whom already, as far as new relations need it: whether the invitee has an inviter, and the chains above the inviters.
// Promises: two statements for any number of relations; those made meanwhile count too.

import type { Transaction } from '../../base/database.ts'

export interface Relation {
  readonly programId: bigint
  readonly inviterId: bigint
  readonly inviteeId: bigint
}

export interface Relations {
  hasInviter(relation: Pick<Relation, 'programId' | 'inviteeId'>): boolean
  wouldCloseCircle(relation: Relation): boolean
  /** What is decided now and written later. */
  add(relation: Relation): void
}

/** The attribution lock of the programmes must be held. */
export async function readRelations(transaction: Transaction, asked: readonly Relation[]): Promise<Relations> {
  const inviterOf = new Map<string, bigint>()
  const programIds = asked.map(({ programId }) => programId)
  // Everybody has one inviter at most, so the chain above an account is a path; `union` ends it even if a circle had got in.
  const rows = await transaction.$queryRaw<{ program_id: bigint; inviter_id: bigint; invitee_id: bigint }[]>`
    with recursive asked as (
      select distinct program_id, account_id from unnest(${[...programIds, ...programIds]}::bigint[], ${[...asked.map(({ inviterId }) => inviterId), ...asked.map(({ inviteeId }) => inviteeId)]}::bigint[])
        as a (program_id, account_id)
    ), above as (
      select r.program_id, r.inviter_id, r.invitee_id from asked join referral r on r.program_id = asked.program_id and r.invitee_id = asked.account_id
      union
      select r.program_id, r.inviter_id, r.invitee_id from above join referral r on r.program_id = above.program_id and r.invitee_id = above.inviter_id
    )
    select program_id, inviter_id, invitee_id from above`
  const keyOf = (programId: bigint, accountId: bigint): string => `${programId} ${accountId}`
  for (const row of rows) inviterOf.set(keyOf(row.program_id, row.invitee_id), row.inviter_id)
  return {
    hasInviter: ({ programId, inviteeId }) => inviterOf.has(keyOf(programId, inviteeId)),
    wouldCloseCircle({ programId, inviterId, inviteeId }) {
      const seen = new Set<bigint>()
      for (let at: bigint | undefined = inviterId; at !== undefined && !seen.has(at); at = inviterOf.get(keyOf(programId, at))) {
        if (at === inviteeId) return true
        seen.add(at)
      }
      return false
    },
    add: ({ programId, inviterId, inviteeId }) => void inviterOf.set(keyOf(programId, inviteeId), inviterId),
  }
}

/** Referrals that are new find their facts, also those that were kept before as facts that pay nothing. */
export async function tieFacts(transaction: Transaction, referralIds: readonly bigint[]): Promise<void> {
  if (referralIds.length === 0) return
  await transaction.$executeRaw`
    update referral_fact f set referral_id = r.id, not_payable = null from referral r
      where r.id = any (${[...referralIds]}::bigint[]) and f.program_id = r.program_id and f.inviter_id = r.inviter_id and f.invitee_id = r.invitee_id and f.referral_id is null`
}
