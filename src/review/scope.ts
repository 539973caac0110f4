// Whom and what an action is about: the case, the members with their scores, the relations and the rebates that are selected.
// Promises: an account below the threshold is touched only when it is named, and so is every relation it takes part in.

import type { Transaction } from '../base/database.ts'
import { type CheckPolicy, defaultCheckPolicy, policyAt, type ProgramRules, programVersionAt } from '../policies/index.ts'
import type { Relation } from '../programs/index.ts'
import type { PlanRefusal, PlanTarget, Refused } from './plan-types.ts'

export interface ScopeCase {
  readonly id: bigint
  readonly state: string
  readonly outcome: string | null
  readonly version: number
  readonly ownerId: bigint | null
}

export interface ScopeMember {
  readonly accountId: bigint
  readonly score: number
  readonly isSelected: boolean
}

export interface ScopeRebate {
  readonly id: bigint
  readonly kind: string
  readonly programId: bigint
  readonly programVersionId: bigint
  readonly referralId: bigint | null
  readonly accountId: bigint
  readonly asset: string
  readonly occurredAt: Date
}

export interface Scope {
  readonly case: ScopeCase | null
  readonly programId: bigint | null
  readonly policy: CheckPolicy
  readonly onSilence: ProgramRules['onSilence']
  readonly members: readonly ScopeMember[]
  /** All relations among the members. */
  readonly referrals: readonly Relation[]
  /** The relations that the action is about; empty when rebates were named. */
  readonly selectedReferrals: readonly Relation[]
  /** The rebates that the action is about. */
  readonly rebates: readonly ScopeRebate[]
}

export type ScopeResult = { readonly ok: true; readonly scope: Scope } | Refused<PlanRefusal>

export interface ScopeOptions {
  /** Giving back concerns everybody, whatever the score, and everything that is held under the case. */
  readonly isForEverybody: boolean
  /** Whether the invitees' sign-up credits are part of it. */
  readonly withSignupCredit: boolean
  readonly now: Date
}

export async function resolveScope(transaction: Transaction, target: PlanTarget, options: ScopeOptions): Promise<ScopeResult> {
  const found = await findCase(transaction, target)
  if (!found.ok) return found
  const { reviewCase, programId } = found
  const policy = programId === null ? defaultCheckPolicy : (await policyAt(transaction, programId, options.now)).policy

  const rules = programId === null ? null : await programVersionAt(transaction, programId, options.now)
  const group = await membersAndReferrals(transaction, found)
  const named = new Set((target.members ?? []).map(BigInt))
  const members = found.ringId === null && found.factId === null
    ? [...named].map((accountId) => ({ accountId, score: 0, isSelected: true }))
    : selectMembers(group.members, named, options.isForEverybody ? 0 : policy.thresholds.hold)
  const stranger = [...named].find((id) => !members.some((member) => member.accountId === id))
  if (stranger !== undefined) return { ok: false, reason: 'not_a_member', detail: `Account ${stranger} is not a member of what is reviewed here.` }

  const referrals = await referralsOf(transaction, group.referralIds)
  const threshold = options.isForEverybody ? 0 : policy.thresholds.hold
  const selectedReferrals = target.rebates === undefined ? selectReferrals(referrals, members, { named, threshold }) : []
  const rebates = target.rebates === undefined
    ? await rebatesOfReferrals(transaction, selectedReferrals, options.withSignupCredit)
    : await rebatesOf(transaction, target.rebates.map(BigInt))
  const isInside = (rebate: ScopeRebate): boolean => referrals.length === 0 || referrals.some((referral) => referral.id === rebate.referralId)
  const missing = (target.rebates ?? []).find((id) => !rebates.some((rebate) => rebate.id === BigInt(id) && isInside(rebate)))
  if (missing !== undefined) return { ok: false, reason: 'unknown_rebate', detail: `There is no rebate ${missing} in what is reviewed here.` }

  const scope: Scope = { case: reviewCase, programId, policy, onSilence: rules?.rules.onSilence ?? 'escalate', members, referrals, selectedReferrals, rebates }
  const isWhole = options.isForEverybody && named.size === 0 && target.rebates === undefined
  return { ok: true, scope: isWhole ? await withHeldUnderCase(transaction, scope) : scope }
}

interface FoundCase {
  readonly ok: true
  readonly reviewCase: ScopeCase | null
  readonly ringId: bigint | null
  readonly factId: bigint | null
  readonly programId: bigint | null
  readonly probability: number
}

async function findCase(transaction: Transaction, target: PlanTarget): Promise<FoundCase | Refused<PlanRefusal>> {
  if (target.caseId !== undefined) {
    const row = await transaction.reviewCase.findUnique({ where: { id: BigInt(target.caseId) } })
    if (row === null) return { ok: false, reason: 'unknown_case', detail: `There is no case ${target.caseId}.` }
    if (row.state !== 'open') return { ok: false, reason: 'case_closed', detail: `Case ${row.id} was closed as ${row.outcome}.` }
    return { ok: true, reviewCase: row, ringId: row.ringId, factId: row.factId, programId: row.programId, probability: row.probability }
  }
  if (target.ringId === undefined) return await withoutCase(transaction, target)
  const ringId = BigInt(target.ringId)
  const version = await transaction.ringVersion.findFirst({ where: { ringId }, orderBy: { scanId: 'desc' } })
  if (version === null) return { ok: false, reason: 'unknown_ring', detail: `There is no ring ${ringId}.` }
  const row = await transaction.reviewCase.findFirst({ where: { ringId }, orderBy: [{ closedAt: { sort: 'desc', nulls: 'first' } }, { id: 'desc' }] })
  if (row !== null && row.state !== 'open') {
    return { ok: false, reason: 'case_closed', detail: `Case ${row.id} of ring ${ringId} was closed as ${row.outcome}; undo that decision to act again.` }
  }
  return { ok: true, reviewCase: row, ringId, factId: null, programId: version.programId, probability: version.probability }
}

/** Rebates or accounts alone: the programme of the first rebate gives the policy. */
async function withoutCase(transaction: Transaction, target: PlanTarget): Promise<FoundCase> {
  const [first] = target.rebates === undefined ? [] : await rebatesOf(transaction, target.rebates.map(BigInt))
  return { ok: true, reviewCase: null, ringId: null, factId: null, programId: first?.programId ?? null, probability: 0 }
}

interface Group {
  readonly members: readonly { accountId: bigint; score: number }[]
  readonly referralIds: readonly bigint[]
}

async function membersAndReferrals(transaction: Transaction, subject: { ringId: bigint | null; factId: bigint | null; probability: number }): Promise<Group> {
  if (subject.ringId !== null) {
    const version = await transaction.ringVersion.findFirstOrThrow({ where: { ringId: subject.ringId }, orderBy: { scanId: 'desc' }, select: { id: true } })
    const members = await transaction.ringMember.findMany({
      where: { ringVersionId: version.id }, select: { accountId: true, score: true }, orderBy: { accountId: 'asc' },
    })
    const facts = await transaction.$queryRaw<{ id: bigint }[]>`
      SELECT f.referral_id AS id FROM ring_referral r JOIN referral_fact f ON f.id = r.fact_id
        WHERE r.ring_version_id = ${version.id} AND f.referral_id IS NOT NULL ORDER BY 1`
    return { members, referralIds: facts.map((fact) => fact.id) }
  }
  if (subject.factId === null) return { members: [], referralIds: [] }
  const fact = await transaction.referralFact.findUniqueOrThrow({ where: { id: subject.factId } })
  const score = subject.probability
  return {
    members: [fact.inviterId, fact.inviteeId].map((accountId) => ({ accountId, score })),
    referralIds: fact.referralId === null ? [] : [fact.referralId],
  }
}

function selectMembers(members: Group['members'], named: ReadonlySet<bigint>, threshold: number): ScopeMember[] {
  return members.map((member) => ({ ...member, isSelected: named.size > 0 ? named.has(member.accountId) : member.score >= threshold }))
}

/** Both ends must be selected, by score or by name; with names, one of the two at least is named. */
function selectReferrals(referrals: readonly Relation[], members: readonly ScopeMember[], by: { named: ReadonlySet<bigint>; threshold: number }): Relation[] {
  const eligible = new Set(members.filter((member) => member.score >= by.threshold || by.named.has(member.accountId)).map((member) => member.accountId))
  return referrals.filter(({ inviterId, inviteeId }) =>
    eligible.has(inviterId) && eligible.has(inviteeId) && (by.named.size === 0 || by.named.has(inviterId) || by.named.has(inviteeId)))
}

async function referralsOf(transaction: Transaction, ids: readonly bigint[]): Promise<Relation[]> {
  return await transaction.referral.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, programId: true, inviterId: true, inviteeId: true, state: true, occurredAt: true, effectiveAt: true },
    orderBy: { id: 'asc' },
  })
}

const REBATE_FIELDS = { id: true, kind: true, programId: true, programVersionId: true, referralId: true, accountId: true, asset: true, occurredAt: true } as const

async function rebatesOf(transaction: Transaction, ids: readonly bigint[]): Promise<ScopeRebate[]> {
  return await transaction.rebate.findMany({ where: { id: { in: [...ids] } }, select: REBATE_FIELDS, orderBy: { id: 'asc' } })
}

async function rebatesOfReferrals(transaction: Transaction, referrals: readonly Relation[], withSignupCredit: boolean): Promise<ScopeRebate[]> {
  return await transaction.rebate.findMany({
    where: { referralId: { in: referrals.map((referral) => referral.id) }, ...(withSignupCredit ? {} : { kind: { not: 'signup_credit' } }) },
    select: REBATE_FIELDS,
    orderBy: { id: 'asc' },
  })
}

/** A ring may have changed since something was frozen under its case: that is given back with it. */
async function withHeldUnderCase(transaction: Transaction, scope: Scope): Promise<Scope> {
  if (scope.case === null) return scope
  const holds = await transaction.hold.findMany({ where: { caseId: scope.case.id, endedAt: null }, select: { rebateId: true, referralId: true } })
  const rebateIds = holds.flatMap((hold) => hold.rebateId ?? []).filter((id) => !scope.rebates.some((rebate) => rebate.id === id))
  const referralIds = holds.flatMap((hold) => hold.referralId ?? []).filter((id) => !scope.selectedReferrals.some((referral) => referral.id === id))
  const rebates = await rebatesOf(transaction, rebateIds)
  const referrals = await referralsOf(transaction, referralIds)
  return { ...scope, rebates: [...scope.rebates, ...rebates], selectedReferrals: [...scope.selectedReferrals, ...referrals] }
}
