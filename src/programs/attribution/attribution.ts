// Attribution: who invited whom, decided at sign-up by the followed link or the typed code.
// Promises: one inviter per programme and invitee; nobody invites themselves, also not around a circle of any length, also not when
// two sign-ups meet; who does not count is kept as a fact with the reason; a constant number of statements for any number of sign-ups.

import type { Transaction } from '../../base/database.ts'
import { recordResources } from './account-resources.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { readRelations, type Relations, tieFacts } from './relations.ts'
import { type FoundClick, keepClickObservations } from './clicks.ts'
import { whoDoesNotCount } from './who-counts.ts'

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
  /** Instances, projects and the like that the account owns, each as `resourceHash` of its id. */
  readonly resourceHashes?: readonly Uint8Array[]
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

/** Writes the referral, or the fact alone, for every programme that the invitation names. */
export async function attribute(transaction: Transaction, signUp: SignUp): Promise<Attributed[]> {
  const [attributed = []] = await attributeAll(transaction, [signUp])
  return attributed
}

interface Judged {
  readonly candidate: Candidate
  readonly notPayable: NotPayable | null
}

/**
 * The same for many, in the order given, each seeing what those before it made; one list per sign-up. What was observed of the accounts
 * must be stored already. Takes the lock of every programme concerned until the transaction ends: call it once per transaction.
 */
export async function attributeAll(transaction: Transaction, signUps: readonly SignUp[]): Promise<Attributed[][]> {
  await recordResources(transaction, signUps.map(({ accountId, recordedAt, resourceHashes = [] }) => ({ accountId, recordedAt, resourceHashes })))
  const { candidates, clicks } = await candidatesOf(transaction, signUps)
  await keepClickObservations(transaction, followed(signUps, clicks))
  if (candidates.length === 0) return signUps.map(() => [])
  await lockAttribution(transaction, candidates.map(({ programId }) => programId))
  const judged = await judge(transaction, candidates)
  const referrals = await makeReferrals(transaction, judged)
  const facts = await keepFacts(transaction, judged, referrals)
  return signUps.map((signUp) => judged.filter(({ candidate }) => candidate.signUp === signUp).map(({ candidate, notPayable }) => {
    const { programId, inviterId, channel } = candidate
    const factId = facts.get(relationKey(candidate))
    if (factId === undefined) throw new Error('A relation was made without its fact.')
    return { programId, inviterId, channel, factId, referralId: notPayable === null ? referrals.get(inviteeKey(candidate)) ?? null : null, notPayable }
  }))
}

/** Relations of one programme are made one after another, also by imports and claims, which take this lock too: two transactions that do not see each other could close a circle. */
export async function lockAttribution(transaction: Transaction, programIds: readonly bigint[]): Promise<void> {
  const ordered = [...new Set(programIds)].sort((left, right) => (left < right ? -1 : 1))
  await transaction.$executeRaw`
    select pg_advisory_xact_lock(hashtextextended('attribution ' || id, 0)) from (select id from unnest(${ordered}::bigint[]) with ordinality as p (id, place) order by place offset 0) as ordered`
}

function followed(signUps: readonly SignUp[], clicks: ReadonlyMap<SignUp, FoundClick>): { accountId: bigint; clickId: bigint; recordedAt: Date; batchId: bigint }[] {
  return signUps.flatMap((signUp) => {
    const click = clicks.get(signUp)
    return click === undefined ? [] : [{ accountId: signUp.accountId, clickId: click.id, recordedAt: signUp.recordedAt, batchId: signUp.batchId }]
  })
}

async function judge(transaction: Transaction, candidates: readonly Candidate[]): Promise<Judged[]> {
  const relations = await readRelations(transaction, candidates)
  const restricted = await restrictedInviters(transaction, candidates)
  const notCounted = await whoDoesNotCount(transaction, candidates)
  return candidates.map((candidate) => {
    const notPayable = whyNotPayable(candidate, relations, !restricted.has(candidate) && !notCounted.has(candidate))
    if (notPayable === null) relations.add(candidate)
    return { candidate, notPayable }
  })
}

function whyNotPayable(candidate: Candidate, relations: Relations, isEligible: boolean): NotPayable | null {
  if (candidate.inviterId === candidate.inviteeId) return 'self_referral'
  if (relations.hasInviter(candidate)) return 'second_inviter'
  if (candidate.signUp.isLate) return 'after_signup'
  if (relations.wouldCloseCircle(candidate)) return 'cycle'
  return isEligible ? null : 'not_eligible'
}

async function restrictedInviters(transaction: Transaction, candidates: readonly Candidate[]): Promise<ReadonlySet<Candidate>> {
  const rows = await transaction.accountRestriction.findMany({
    where: { accountId: { in: candidates.map(({ inviterId }) => inviterId) }, kind: 'no_new_referrals', endedAt: null }, select: { accountId: true, startsAt: true, endsAt: true },
  })
  return new Set(candidates.filter(({ inviterId, signUp }) => rows.some((row) => row.accountId === inviterId && row.startsAt <= signUp.recordedAt && row.endsAt > signUp.recordedAt)))
}

const inviteeKey = ({ programId, inviteeId }: { programId: bigint; inviteeId: bigint }): string => `${programId} ${inviteeId}`
const relationKey = (relation: { programId: bigint; inviterId: bigint; inviteeId: bigint }): string => `${inviteeKey(relation)} ${relation.inviterId}`

/** Ids by programme and invitee. */
async function makeReferrals(transaction: Transaction, judged: readonly Judged[]): Promise<Map<string, bigint>> {
  const rows = await transaction.referral.createManyAndReturn({
    data: judged.filter(({ notPayable }) => notPayable === null).map(({ candidate: { programId, inviterId, inviteeId, channel, codeId, click, signUp } }) => ({
      programId, inviterId, inviteeId, state: 'active', source: channel, codeId, clickId: click?.id ?? null,
      occurredAt: signUp.occurredAt, recordedAt: signUp.recordedAt, effectiveAt: signUp.occurredAt, actorId: signUp.actorId,
    })),
    select: { id: true, programId: true, inviteeId: true },
  })
  return new Map(rows.map((row) => [inviteeKey(row), row.id]))
}

/** A relation that is known already keeps its first fact. Ids by programme, invitee and inviter. */
async function keepFacts(transaction: Transaction, judged: readonly Judged[], referrals: ReadonlyMap<string, bigint>): Promise<Map<string, bigint>> {
  const select = { id: true, programId: true, inviterId: true, inviteeId: true } as const
  const made = await transaction.referralFact.createManyAndReturn({
    data: judged.map(({ candidate, notPayable }) => {
      const { programId, inviterId, inviteeId, channel, click, signUp } = candidate
      return {
        programId, inviterId, inviteeId, channel, clickId: click?.id ?? null, clickedAt: clickedAt(candidate), notPayable,
        referralId: notPayable === null ? referrals.get(inviteeKey(candidate)) ?? null : null, occurredAt: signUp.occurredAt, recordedAt: signUp.recordedAt, batchId: signUp.batchId,
      }
    }),
    skipDuplicates: true, select,
  })
  const facts = new Map(made.map((row) => [relationKey(row), row.id]))
  if (judged.every(({ candidate }) => facts.has(relationKey(candidate)))) return facts
  await tieFacts(transaction, [...referrals.values()])
  const known = await transaction.referralFact.findMany({
    where: { inviteeId: { in: judged.map(({ candidate }) => candidate.inviteeId) }, inviterId: { in: judged.map(({ candidate }) => candidate.inviterId) } }, select,
  })
  return new Map(known.map((row) => [relationKey(row), row.id]))
}

/** Where the clocks of link and sign-up disagree the time between them is not known: a false zero would be evidence of a script. */
function clickedAt({ click, signUp }: Candidate): Date | null {
  return click === null || click.occurredAt > signUp.occurredAt ? null : click.occurredAt
}
