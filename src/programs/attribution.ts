// Attribution: who invited whom, decided at sign-up by the followed link or the typed code and never afterwards.
// Promises: one inviter per programme and invitee; nobody invites themselves, also not around a circle of any length, also not when
// two sign-ups meet; what the books refuse as a paying relation is kept as a fact for detection, with the reason.

import type { Transaction } from '../base/database.ts'
import { programVersionAt } from '../policies/index.ts'
import { type FoundClick, findClick } from './clicks.ts'
import { checkCode } from './invite-codes.ts'

/** What a sign-up says about its invitation. */
export interface Invitation {
  readonly code?: string | undefined
  readonly clickId?: string | undefined
  /** Limits the code to one programme; without it the code binds in every programme that knows it. */
  readonly programId?: bigint | undefined
}

export interface SignUp {
  readonly accountId: bigint
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly actorId: bigint
  readonly batchId: bigint
  readonly invitation: Invitation
  /** Whether another sign-up of this account is known already. */
  readonly isLate: boolean
}

export type NotPayable = 'self_referral' | 'cycle' | 'second_inviter' | 'not_eligible' | 'after_signup'

export interface Attributed {
  readonly programId: bigint
  readonly inviterId: bigint
  readonly channel: 'link' | 'code'
  readonly factId: bigint
  /** Null where the relation pays nothing; `notPayable` says why. */
  readonly referralId: bigint | null
  readonly notPayable: NotPayable | null
}

interface Candidate {
  readonly programId: bigint
  readonly inviterId: bigint
  readonly channel: 'link' | 'code'
  readonly codeId: bigint
  readonly click: FoundClick | null
}

/** Writes the referral, or the fact alone, for every programme that the invitation names. */
export async function attribute(transaction: Transaction, signUp: SignUp): Promise<Attributed[]> {
  const attributed: Attributed[] = []
  for (const candidate of await candidatesOf(transaction, signUp)) attributed.push(await bind(transaction, signUp, candidate))
  return attributed
}

/** Relations of one programme are made one after another, also by imports, which take this lock too: two transactions that do not see each other could close a circle. */
async function lockAttribution(transaction: Transaction, programId: bigint): Promise<void> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`attribution ${programId}`}, 0))`
}

/** At most one per programme, in the order of programme ids, which is the order of their locks. */
async function candidatesOf(transaction: Transaction, { invitation, occurredAt }: SignUp): Promise<Candidate[]> {
  const click = invitation.clickId === undefined ? null : await findClick(transaction, invitation.clickId)
  const programs = invitation.programId === undefined
    ? await transaction.program.findMany({ select: { id: true }, orderBy: { id: 'asc' } })
    : [{ id: invitation.programId }]
  const candidates: Candidate[] = []
  for (const { id: programId } of programs) {
    const version = await programVersionAt(transaction, programId, occurredAt)
    if (version === null) continue
    const { binding } = version.rules
    const answer = binding.code && invitation.code !== undefined ? await checkCode(transaction, programId, invitation.code) : { status: 'unknown' as const }
    const typed: Candidate | null = answer.status !== 'valid' ? null
      : { programId, inviterId: answer.found.accountId, channel: 'code', codeId: answer.found.id, click: click?.codeId === answer.found.id ? click : null }
    const followed: Candidate | null = !binding.link || click === null || click.programId !== programId || click.occurredAt > occurredAt ? null
      : { programId, inviterId: click.inviterId, channel: 'link', codeId: click.codeId, click }
    const chosen = binding.precedence === 'typed' ? typed ?? followed : followed ?? typed
    if (chosen !== null) candidates.push(chosen)
  }
  return candidates
}

async function bind(transaction: Transaction, signUp: SignUp, candidate: Candidate): Promise<Attributed> {
  const { programId, inviterId, channel } = candidate
  await lockAttribution(transaction, programId)
  const notPayable = await whyNotPayable(transaction, signUp, candidate)
  const referralId = notPayable === null ? await makeReferral(transaction, signUp, candidate) : null
  const factId = await keepFact(transaction, signUp, candidate, referralId, notPayable)
  return { programId, inviterId, channel, factId, referralId, notPayable }
}

async function whyNotPayable(transaction: Transaction, signUp: SignUp, { programId, inviterId }: Candidate): Promise<NotPayable | null> {
  const { accountId: inviteeId } = signUp
  if (inviterId === inviteeId) return 'self_referral'
  if ((await transaction.referral.count({ where: { programId, inviteeId } })) > 0) return 'second_inviter'
  if (signUp.isLate) return 'after_signup'
  if (await closesCircle(transaction, programId, inviterId, inviteeId)) return 'cycle'
  const restricted = await transaction.accountRestriction.count({
    where: { accountId: inviterId, kind: 'no_new_referrals', endedAt: null, startsAt: { lte: signUp.recordedAt }, endsAt: { gt: signUp.recordedAt } },
  })
  return restricted > 0 ? 'not_eligible' : null
}

/** Everybody has one inviter at most, so the chain above the inviter is a path; `union` ends it even if a circle had got in. */
async function closesCircle(transaction: Transaction, programId: bigint, inviterId: bigint, inviteeId: bigint): Promise<boolean> {
  const rows = await transaction.$queryRaw<{ found: boolean }[]>`
    with recursive above as (
      select inviter_id from referral where program_id = ${programId} and invitee_id = ${inviterId}
      union
      select r.inviter_id from above join referral r on r.program_id = ${programId} and r.invitee_id = above.inviter_id
    )
    select exists (select 1 from above where inviter_id = ${inviteeId}) as found`
  return rows[0]?.found ?? false
}

async function makeReferral(transaction: Transaction, signUp: SignUp, { programId, inviterId, channel, codeId, click }: Candidate): Promise<bigint> {
  const { accountId: inviteeId, occurredAt, recordedAt, actorId } = signUp
  const { id } = await transaction.referral.create({
    data: {
      programId, inviterId, inviteeId, state: 'active', source: channel, codeId, clickId: click?.id ?? null,
      occurredAt, recordedAt, effectiveAt: occurredAt, actorId,
    },
    select: { id: true },
  })
  return id
}

/** A relation that is known already keeps its first fact. */
async function keepFact(
  transaction: Transaction, signUp: SignUp, { programId, inviterId, channel, click }: Candidate, referralId: bigint | null, notPayable: NotPayable | null,
): Promise<bigint> {
  const { accountId: inviteeId, occurredAt, recordedAt, batchId } = signUp
  await transaction.referralFact.createMany({
    data: [{ programId, inviterId, inviteeId, channel, clickId: click?.id ?? null, clickedAt: click?.occurredAt ?? null, referralId, notPayable, occurredAt, recordedAt, batchId }],
    skipDuplicates: true,
  })
  const fact = await transaction.referralFact.findFirstOrThrow({ where: { programId, inviterId, inviteeId }, select: { id: true } })
  return fact.id
}
