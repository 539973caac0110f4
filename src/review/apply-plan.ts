// Applies a plan by its hash: computes the effects again under locks, refuses if one differs, and writes all of it or nothing.
// Promises: applied twice gives the first answer again; what is written is exactly what the plan showed.

import { appendAct } from '../acts/index.ts'
import type { Transaction } from '../base/database.ts'
import { saltedDigest } from '../base/hashing.ts'
import { lockMembers } from '../ledger/index.ts'
import { lockFacts } from '../programs/index.ts'
import { type Reviewer, planOf } from './make-plan.ts'
import { type ComputedPlan, computeEffects } from './plan-effects.ts'
import type { ApplyRefusal, ApplyResult, Decision, Plan, Refused } from './plan-types.ts'
import { isReasonFitting } from './reason-codes.ts'
import { differencesBetween, effectsFromJson, hashOfEffects } from './stored-effects.ts'
import { writeDecision } from './write-decision.ts'

export interface ApplyOrder {
  readonly planId: bigint
  /** The hash that the reviewer saw. */
  readonly hash: string
  /** One of the reason codes. */
  readonly reason: string
  /** Kept apart, so that it can be erased. */
  readonly note?: string | undefined
}

export async function applyPlan(reviewer: Reviewer, order: ApplyOrder): Promise<ApplyResult> {
  return await reviewer.database.inTransaction(async (transaction): Promise<ApplyResult> => {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`plan ${order.planId}`}, 0))`
    const row = await transaction.plan.findUnique({ where: { id: order.planId } })
    if (row === null) return refused('unknown_plan', `There is no plan ${order.planId}.`)
    const plan = planOf(row)
    if (plan.hash !== order.hash.toLowerCase()) return refused('wrong_hash', `Plan ${plan.id} has another hash: read it again.`)
    const first = await decisionOfPlan(transaction, plan)
    if (first !== null) return { ok: true, decision: first, isReplay: true }
    if (plan.expiresAt <= reviewer.clock.now()) return refused('plan_expired', `Plan ${plan.id} expired at ${plan.expiresAt.toISOString()}.`)
    if (!isReasonFitting(plan.action, order.reason)) return refused('reason_not_fitting', `The reason ${order.reason} does not fit ${plan.action.kind}.`)
    const stale = await lockCase(transaction, plan, row.caseVersion)
    if (stale !== null) return stale

    const computed = await computeUnderLocks(transaction, plan, reviewer.clock.now())
    if (!computed.ok) return computed.reason === 'nothing_to_do' ? changed(plan, []) : computed
    if (hashOfEffects(computed.effects) !== plan.hash) return changed(plan, computed.effects)

    const bound = order.note === undefined ? null : saltedDigest(order.note)
    const note = bound === null || order.note === undefined ? null : { text: order.note, salt: bound.salt }
    const decision = await writeDecision(transaction, { ...reviewer, now: reviewer.clock.now(), plan, computed, reason: order.reason, note })
    await appendAct(transaction, reviewer.keys, reviewer.clock, {
      actorId: reviewer.actorId,
      kind: decision.undoesId === null ? 'decision_applied' : 'decision_undone',
      objectKind: 'decision',
      objectId: decision.id,
      reason: order.reason,
      body: { planId: plan.id, effectsHash: plan.hash, action: plan.action, caseId: plan.caseId, undoesId: decision.undoesId, noteDigest: bound?.digest.toString('hex') },
    })
    return { ok: true, decision, isReplay: false }
  })
}

function refused(reason: ApplyRefusal, detail: string): Refused<ApplyRefusal> {
  return { ok: false, reason, detail }
}

function changed(plan: Plan, now: ComputedPlan['effects']): ApplyResult {
  const differences = differencesBetween(plan.effects, now)
  return { ok: false, reason: 'plan_changed', detail: `${differences.length} effects of plan ${plan.id} are not what they were: make a new plan.`, changed: differences }
}

async function decisionOfPlan(transaction: Transaction, plan: Plan): Promise<Decision | null> {
  const row = await transaction.decision.findUnique({ where: { planId: plan.id } })
  return row === null ? null : { ...row, effects: plan.effects }
}

/** A stored decision with its effects; null when there is none of this id. */
export async function readDecision(transaction: Transaction, decisionId: bigint): Promise<Decision | null> {
  const row = await transaction.decision.findUnique({ where: { id: decisionId }, include: { plan: { select: { effects: true } } } })
  return row === null ? null : { ...row, effects: effectsFromJson(row.plan.effects) }
}

/** Somebody else's act on the case makes the plan stale, whatever its effects are. */
async function lockCase(transaction: Transaction, plan: Plan, version: number | null): Promise<Refused<ApplyRefusal> | null> {
  if (plan.caseId === null) return null
  const rows = await transaction.$queryRaw<{ version: number; actor: string | null; acted_at: Date | null }[]>`
    SELECT c.version, a.name AS actor, c.acted_at FROM review_case c LEFT JOIN actor a ON a.id = c.acted_by
      WHERE c.id = ${plan.caseId} FOR UPDATE OF c`
  const current = rows[0]
  if (current === undefined || current.version === version) return null
  return refused('case_changed', `${current.actor ?? 'Somebody'} acted on case ${plan.caseId} at ${current.acted_at?.toISOString() ?? 'an unknown time'}: look again.`)
}

/** The first reading says what to lock; only what is read under the locks counts. */
async function computeUnderLocks(transaction: Transaction, plan: Plan, now: Date): ReturnType<typeof computeEffects> {
  if (plan.action.kind === 'undo') {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`decision ${plan.action.decisionId}`}, 0))`
  }
  const first = await computeEffects(transaction, plan.action, now)
  if (!first.ok) return first
  await lockPayments(transaction, first)
  const { referralIds, rebateIds } = first.concerned
  const accountIds = [...first.concerned.accountIds, ...(await settledAccounts(transaction, first))]
  await lockMembers(transaction, accountIds)
  await transaction.$executeRaw`SELECT 1 FROM account WHERE id = ANY (${[...accountIds]}::bigint[]) ORDER BY id FOR NO KEY UPDATE`
  await transaction.$executeRaw`SELECT 1 FROM referral WHERE id = ANY (${[...referralIds]}::bigint[]) ORDER BY id FOR UPDATE`
  await transaction.$executeRaw`
    SELECT 1 FROM hold WHERE ended_at IS NULL AND (rebate_id = ANY (${[...rebateIds]}::bigint[]) OR referral_id = ANY (${[...referralIds]}::bigint[]))
      ORDER BY id FOR UPDATE`
  return await computeEffects(transaction, plan.action, now)
}

/**
 * Payments of an account are recorded under this lock (src/programs, recordEvent), and read the relation's state under it: one that is
 * being recorded is waited for, so that none earns by a relation that is suspended at the same moment.
 */
async function lockPayments(transaction: Transaction, computed: ComputedPlan): Promise<void> {
  const payers = new Set(computed.effects.flatMap((effect) => (effect.kind === 'referral' ? effect.inviteeId : effect.kind === 'settle' ? effect.accountId : [])))
  await lockFacts(transaction, [...payers].map(BigInt))
}

/** Who pays and who earns in the payments that will be settled again, in every programme. */
async function settledAccounts(transaction: Transaction, computed: ComputedPlan): Promise<bigint[]> {
  const payers = computed.effects.flatMap((effect) => (effect.kind === 'settle' ? [BigInt(effect.accountId)] : []))
  if (payers.length === 0) return []
  const inviters = await transaction.referral.findMany({ where: { inviteeId: { in: payers } }, select: { inviterId: true } })
  return [...payers, ...inviters.map((row) => row.inviterId)]
}
