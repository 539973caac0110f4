// Who counts: relations that are facts but pay nothing, because the customer is not new, not separate, or one of the accounts that never count.
// Promises: a constant number of statements for any number of relations; what is known when the relation is bound decides, and what
// comes to light later is the detector's and the desk's.

import type { Transaction } from '../../base/database.ts'
import type { ProgramRules } from '../../policies/index.ts'
import { accountsWithEarlierOnes } from '../../population/index.ts'
import { readStandings } from '../standing/standing.ts'

/** A relation that is about to be bound, under the rules of its sign-up. */
export interface Newcomer {
  readonly programId: bigint
  readonly inviterId: bigint
  readonly inviteeId: bigint
  readonly rules: Pick<ProgramRules, 'eligibility'>
  readonly signUp: { readonly occurredAt: Date }
}

export type DoesNotCount =
  /** Inviter or invitee is staff, a test or a sales-owned lead. */
  | 'excluded_account'
  /** An earlier account shares a mailbox, phone or payment instrument. */
  | 'known_customer'
  /** The invitee has the inviter's parent account, organisation or resources, or is the inviter's parent or child. */
  | 'same_account'

/** Why those of the relations that do not count do not: all of them are bound as facts that are `not_eligible`. Resources and observations must be stored already. */
export async function whoDoesNotCount<Relation extends Newcomer>(transaction: Transaction, relations: readonly Relation[]): Promise<ReadonlyMap<Relation, DoesNotCount>> {
  if (relations.length === 0) return new Map()
  const standings = await readStandings(transaction, relations.flatMap(({ programId, inviterId, inviteeId }) => [{ programId, accountId: inviterId }, { programId, accountId: inviteeId }]))
  const known = await accountsWithEarlierOnes(transaction, relations.filter(({ rules }) => rules.eligibility.newCustomer).map(({ inviteeId }) => inviteeId))
  const same = await pairsOfOneAccount(transaction, relations.filter(({ rules }) => rules.eligibility.separateAccount))
  return new Map(relations.flatMap((relation): [Relation, DoesNotCount][] => {
    const { programId, inviterId, inviteeId, rules: { eligibility }, signUp: { occurredAt } } = relation
    if ([inviterId, inviteeId].some((accountId) => standings.isExcluded(programId, accountId, occurredAt))) return [[relation, 'excluded_account']]
    if (eligibility.newCustomer && known.has(inviteeId)) return [[relation, 'known_customer']]
    return eligibility.separateAccount && same.has(keyOf(inviterId, inviteeId)) ? [[relation, 'same_account']] : []
  }))
}

const keyOf = (inviterId: bigint, inviteeId: bigint): string => `${inviterId} ${inviteeId}`

async function pairsOfOneAccount(transaction: Transaction, pairs: readonly Newcomer[]): Promise<ReadonlySet<string>> {
  if (pairs.length === 0) return new Set()
  const rows = await transaction.$queryRaw<{ inviter_id: bigint; invitee_id: bigint }[]>`
    select p.inviter_id, p.invitee_id from unnest(${pairs.map(({ inviterId }) => inviterId)}::bigint[], ${pairs.map(({ inviteeId }) => inviteeId)}::bigint[]) as p (inviter_id, invitee_id)
      join account inviter on inviter.id = p.inviter_id join account invitee on invitee.id = p.invitee_id
      where inviter.parent_id = invitee.id or invitee.parent_id = inviter.id or inviter.parent_id = invitee.parent_id or inviter.organisation_hash = invitee.organisation_hash
        or exists (select 1 from account_resource mine join account_resource theirs using (resource_hash) where mine.account_id = inviter.id and theirs.account_id = invitee.id)`
  return new Set(rows.map((row) => keyOf(row.inviter_id, row.invitee_id)))
}
