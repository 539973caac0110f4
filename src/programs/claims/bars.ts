// What keeps a client from being attributed by a claim, and how much is at stake. Looked at under the programme's attribution lock, when
// the client has confirmed and again when the claim is accepted. Promises: the same rules as at sign-up, a closed list of reasons.

import type { Transaction } from '../../base/database.ts'
import { type ProgramRules, publishedUnits } from '../../policies/index.ts'
import { readRelations } from '../attribution/relations.ts'
import type { Claim, ClaimBar, ClaimRules } from './claims.ts'
import { readStandings } from '../standing/standing.ts'
import { whoDoesNotCount } from '../attribution/who-counts.ts'

export interface ClaimPair extends Pick<Claim, 'programId' | 'inviterId'> {
  readonly inviteeId: bigint
}

/** When the client signed up: by its first sign-up, else by its account; null where the host said neither. */
export async function signedUpAt(transaction: Transaction, inviteeId: bigint): Promise<Date | null> {
  const signUp = await transaction.event.findFirst({ where: { accountId: inviteeId, type: 'signup' }, orderBy: { occurredAt: 'asc' }, select: { occurredAt: true } })
  if (signUp !== null) return signUp.occurredAt
  return (await transaction.account.findUniqueOrThrow({ where: { id: inviteeId }, select: { occurredAt: true } })).occurredAt
}

export async function barOf(transaction: Transaction, pair: ClaimPair, rules: ProgramRules, now: Date): Promise<ClaimBar | null> {
  const { programId, inviterId, inviteeId } = pair
  if (inviterId === inviteeId) return 'self_referral'
  const relations = await readRelations(transaction, [pair])
  if (relations.hasInviter(pair)) return 'has_inviter'
  const signUpAt = await signedUpAt(transaction, inviteeId)
  if (signUpAt === null) return 'signup_unknown'
  const codeAt = await firstInvitedAt(transaction, programId, inviterId)
  if (codeAt === null || signUpAt < codeAt) return 'signed_up_before_code'
  if (relations.wouldCloseCircle(pair)) return 'cycle'
  const restricted = await transaction.accountRestriction.count({ where: { accountId: inviterId, kind: 'no_new_referrals', endedAt: null, startsAt: { lte: now }, endsAt: { gt: now } } })
  if (restricted > 0) return 'inviter_restricted'
  const standings = await readStandings(transaction, [{ programId, accountId: inviterId }])
  if (standings.enrolmentAt(programId, inviterId, now) === 'closed') return 'enrolment_closed'
  const notCounted = await whoDoesNotCount(transaction, [{ ...pair, rules, signUp: { occurredAt: signUpAt } }])
  return notCounted.size > 0 ? 'not_eligible' : null
}

/** From when on the inviter could invite: with its first code, or with its first invitee, where the code was imported later. */
async function firstInvitedAt(transaction: Transaction, programId: bigint, inviterId: bigint): Promise<Date | null> {
  const [first] = await transaction.$queryRaw<{ at: Date | null }[]>`
    select least((select min(recorded_at) from invite_code where program_id = ${programId} and account_id = ${inviterId}),
                 (select min(occurred_at) from referral_fact where program_id = ${programId} and inviter_id = ${inviterId})) as at`
  return first?.at ?? null
}

export interface Stake {
  /** Money received from the client so far, in the programme's asset. */
  readonly paid: bigint
  readonly needsSecondPerson: boolean
}

/** What was paid in other assets without a conversion cannot be said to be little: it needs a second person, where the rules have one at all. */
export async function stakeOf(transaction: Transaction, inviteeId: bigint, { asset }: ProgramRules, { secondPersonAbove }: ClaimRules): Promise<Stake> {
  const [row] = await transaction.$queryRaw<{ paid: bigint; unvalued: number }[]>`
    select coalesce(sum(case when asset = ${asset} then amount - excluded when converted_asset = ${asset} then round(converted_amount::numeric * (amount - excluded) / nullif(amount, 0)) end), 0)::bigint as paid,
           (count(*) filter (where asset <> ${asset} and converted_asset is distinct from ${asset}))::int as unvalued
      from event where account_id = ${inviteeId} and type in ('recharge', 'payment') and funded_by = 'paid'`
  const { paid, unvalued } = row ?? { paid: 0n, unvalued: 0 }
  return { paid, needsSecondPerson: secondPersonAbove !== undefined && (unvalued > 0 || paid > publishedUnits(secondPersonAbove, asset)) }
}
