// The exact inverse of a decision as effects of its own, or the reason why something depends on the decision by now.
// Promises: later transfers, decisions or holds that rest on the decision refuse its undo; accruals and refunds do not.

import type { Transaction } from '../base/database.ts'
import { debtsOf, type EntryLine, entriesOf, inverseEntries, openHoldsOf, type Position, positionsOfRebates, releaseEntries, writeOffEntries } from '../ledger/index.ts'
import { defaultCheckPolicy } from '../policies/index.ts'
import { oppositeInstructions } from './host-effects.ts'
import { postingEffects } from './money-effects.ts'
import { earnedMeanwhile } from './relation-effects.ts'
import type { Computation } from './plan-effects.ts'
import type { CaseEffect, HoldEffect, PlanEffect, PlanRefusal, PostingEffect, ReferralEffect, Refused, Restriction, RestrictionEffect, SettleEffect } from './plan-types.ts'
import type { ScopeCase } from './scope.ts'
import { effectsFromJson } from './stored-effects.ts'
import { decidedAgain, heldSince } from './undo-dependencies.ts'

export interface DecisionToUndo {
  readonly id: bigint
  readonly caseId: bigint | null
  readonly recordedAt: Date
  readonly effects: readonly PlanEffect[]
}

export async function undoEffects(transaction: Transaction, decisionId: string, now: Date): Promise<Computation> {
  const found = await findDecision(transaction, BigInt(decisionId))
  if (!found.ok) return found
  const { decision } = found
  const heldAgain = new Set(decision.effects.flatMap((effect) => (effect.kind === 'hold' && effect.change === 'end' && effect.rebateId !== null ? [effect.rebateId] : [])))
  const opposite = await oppositeInstructions(transaction, decision.id, { postings: await inversePostings(transaction, decision.id), heldAgain })
  const { effects: instructions } = opposite
  const postings = [...(await restoredDebts(transaction, opposite.postings)), ...opposite.postings]
  const rebateIds = [...new Set(postings.map((posting) => BigInt(posting.rebateId)))]
  const refusal = (await decidedAgain(transaction, decision.id)) ?? (await moneyMoved(transaction, postings)) ?? (await heldSince(transaction, decision, rebateIds))
  if (refusal !== null) return refusal

  const relations = await inverseRelations(transaction, decision)
  if ('ok' in relations) return relations
  const reviewCase = await caseNow(transaction, decision.caseId)
  const cases = await reopened(transaction, reviewCase)
  if ('ok' in cases) return cases
  const settles = [...(await earnedMeanwhile(transaction, relations, decision.recordedAt)), ...(await refundedMeanwhile(transaction, rebateIds))]
  const restrictions = await liftedRestrictions(transaction, decision.id)
  const holds = await inverseHolds(transaction, decision)
  return {
    ok: true,
    effects: [...postings, ...(await freedWithThem(transaction, holds, postings, now)), ...instructions, ...holds, ...relations, ...restrictions, ...cases, ...settles],
    case: reviewCase,
    members: [],
    threshold: null,
    left: [],
    expiryMinutes: defaultCheckPolicy.planExpiryMinutes,
    concerned: {
      accountIds: [...new Set([...[...postings, ...instructions].map((each) => each.accountId), ...relations.flatMap((each) => [each.inviterId, each.inviteeId])])].map(BigInt),
      referralIds: relations.map((relation) => BigInt(relation.referralId)),
      rebateIds,
    },
  }
}

async function findDecision(transaction: Transaction, id: bigint): Promise<{ ok: true; decision: DecisionToUndo } | Refused<PlanRefusal>> {
  const row = await transaction.decision.findUnique({ where: { id }, include: { plan: { select: { effects: true } } } })
  if (row === null) return { ok: false, reason: 'unknown_decision', detail: `There is no decision ${id}.` }
  if (row.undoesId !== null) return { ok: false, reason: 'is_an_undo', detail: `Decision ${id} is itself an undo; decide anew instead.` }
  const undo = await transaction.decision.findUnique({ where: { undoesId: id }, select: { id: true } })
  if (undo !== null) return { ok: false, reason: 'already_undone', detail: `Decision ${id} was undone by decision ${undo.id}.` }
  return { ok: true, decision: { id, caseId: row.caseId, recordedAt: row.recordedAt, effects: effectsFromJson(row.plan.effects) } }
}

async function inversePostings(transaction: Transaction, decisionId: bigint): Promise<PostingEffect[]> {
  const transfers = await transaction.transfer.findMany({ where: { decisionId }, select: { id: true }, orderBy: { id: 'asc' } })
  const effects: PostingEffect[] = []
  for (const { id } of transfers) {
    const lines = inverseEntries(await entriesOf(transaction, id))
    effects.push(...postingEffects('undo', lines, await ownersOf(transaction, lines), id.toString()))
  }
  return effects
}

/** Debts that the decision made and that were given up since stand again first, so that they can be taken away where they were made. */
async function restoredDebts(transaction: Transaction, postings: readonly PostingEffect[]): Promise<PostingEffect[]> {
  const repaid = postings.flatMap(({ lines }) => lines.flatMap(({ book, rebateId, amount }) => (book === 'debt' && rebateId !== null && BigInt(amount) > 0n ? [BigInt(rebateId)] : [])))
  const rows = await transaction.writeOff.findMany({ where: { rebateId: { in: repaid }, transferId: { not: null }, restoredBy: null }, orderBy: { id: 'asc' } })
  const effects: PostingEffect[] = []
  for (const row of rows) {
    const lines = inverseEntries(writeOffEntries(row, row.amount))
    effects.push(...postingEffects('write_off_restored', lines, await ownersOf(transaction, lines), row.transferId?.toString() ?? null))
  }
  return effects
}

async function ownersOf(transaction: Transaction, lines: readonly EntryLine[]): Promise<{ rebateId: bigint; accountId: bigint; programId: bigint }[]> {
  const ids = [...new Set(lines.flatMap((line) => line.rebateId ?? []))]
  const rows = await transaction.rebate.findMany({ where: { id: { in: ids } }, select: { id: true, accountId: true, programId: true } })
  return rows.map((row) => ({ rebateId: row.id, accountId: row.accountId, programId: row.programId }))
}

/** What the undo must take back has to lie where the decision put it. */
async function moneyMoved(transaction: Transaction, postings: readonly PostingEffect[]): Promise<Refused<PlanRefusal> | null> {
  const lines = postings.flatMap((posting) => posting.lines).filter((line) => line.accountId !== null && line.rebateId !== null)
  const keyOf = (line: { accountId: string | bigint | null; book: string; rebateId: string | bigint | null }): string => `${line.accountId} ${line.book} ${line.rebateId}`
  const after = new Map<string, bigint>()
  for (const position of await positionsOfRebates(transaction, [...new Set(lines.map((line) => BigInt(line.rebateId ?? 0)))])) {
    after.set(keyOf({ ...position, book: position.kind }), position.amount)
  }
  for (const line of lines) after.set(keyOf(line), (after.get(keyOf(line)) ?? 0n) + BigInt(line.amount))
  const short = lines.find((line) => {
    const amount = after.get(keyOf(line)) ?? 0n
    return line.book === 'debt' ? amount > 0n : amount < 0n
  })
  if (short === undefined) return null
  const later = await transaction.entry.findFirst({
    where: { rebateId: BigInt(short.rebateId ?? 0), bookAccount: { accountId: BigInt(short.accountId ?? 0), kind: short.book } },
    orderBy: { id: 'desc' }, select: { transfer: { select: { id: true, kind: true } } },
  })
  const by = later === null ? '' : ` by transfer ${later.transfer.id} (${later.transfer.kind})`
  return { ok: false, reason: 'money_moved', detail: `Of rebate ${short.rebateId}, what lay in ${short.book} was used since${by}.` }
}

async function inverseHolds(transaction: Transaction, decision: DecisionToUndo): Promise<HoldEffect[]> {
  const placed = await transaction.hold.findMany({ where: { decisionId: decision.id, endedAt: null }, orderBy: { id: 'asc' } })
  const ends = placed.map((hold): HoldEffect => ({
    kind: 'hold', change: 'end', holdId: hold.id.toString(), rebateId: hold.rebateId?.toString() ?? null, referralId: hold.referralId?.toString() ?? null,
    reason: hold.reason, as: 'superseded',
  }))
  const reopens = decision.effects.flatMap((effect): HoldEffect[] =>
    effect.kind === 'hold' && effect.change === 'end'
      ? [{ kind: 'hold', change: 'reopen', holdId: effect.holdId, rebateId: effect.rebateId, referralId: effect.referralId, reason: effect.reason }]
      : [])
  return [...ends, ...reopens]
}

/** What came to lie under the decision's holds since, e.g. a credit that the host refused, is free with the last of them. */
async function freedWithThem(transaction: Transaction, holds: readonly HoldEffect[], postings: readonly PostingEffect[], now: Date): Promise<PostingEffect[]> {
  const ended = new Set(holds.flatMap((hold) => (hold.change === 'end' && hold.rebateId !== null ? [BigInt(hold.rebateId)] : [])))
  const stays = new Set(holds.flatMap((hold) => (hold.change === 'reopen' && hold.rebateId !== null ? [BigInt(hold.rebateId)] : [])))
  const endedIds = new Set(holds.flatMap((hold) => (hold.change === 'end' ? [BigInt(hold.holdId)] : [])))
  for (const hold of await openHoldsOf(transaction, [...ended])) if (!endedIds.has(hold.id)) stays.add(hold.rebateId)
  const moved = (position: Position): bigint => postings.flatMap((posting) => posting.lines)
    .filter((line) => line.book === position.kind && line.rebateId === position.rebateId.toString() && line.accountId === position.accountId.toString())
    .reduce((sum, line) => sum + BigInt(line.amount), 0n)
  const left = (await positionsOfRebates(transaction, [...ended].filter((id) => !stays.has(id)))).flatMap((position) => {
    const amount = position.amount + moved(position)
    return (position.kind === 'reward_held' || position.kind === 'main_held') && amount > 0n ? [{ ...position, amount }] : []
  })
  return postingEffects('release', releaseEntries(left, await debtsOf(transaction, left), now), left)
}

async function inverseRelations(transaction: Transaction, decision: DecisionToUndo): Promise<ReferralEffect[] | Refused<PlanRefusal>> {
  const changes = decision.effects.filter((effect) => effect.kind === 'referral')
  const rows = await transaction.referral.findMany({ where: { id: { in: changes.map((change) => BigInt(change.referralId)) } } })
  const effects: ReferralEffect[] = []
  for (const change of changes) {
    const row = rows.find((each) => each.id === BigInt(change.referralId))
    if (row === undefined || row.state !== change.after.state) {
      return { ok: false, reason: 'decided_again', detail: `Referral ${change.referralId} is ${row?.state ?? 'gone'} by now, not ${change.after.state}.` }
    }
    effects.push({ ...change, before: { state: row.state, effectiveAt: row.effectiveAt.toISOString() }, after: change.before })
  }
  return effects
}

async function liftedRestrictions(transaction: Transaction, decisionId: bigint): Promise<RestrictionEffect[]> {
  const rows = await transaction.accountRestriction.findMany({ where: { decisionId, endedAt: null }, orderBy: { id: 'asc' } })
  return rows.map((row) => ({
    kind: 'restriction', change: 'lift', accountId: row.accountId.toString(), restriction: row.kind as Restriction, restrictionId: row.id.toString(),
  }))
}

/** Refunds and disputes may have found less of a rebate than the undo gives back: their payments are settled again. */
async function refundedMeanwhile(transaction: Transaction, rebateIds: readonly bigint[]): Promise<SettleEffect[]> {
  if (rebateIds.length === 0) return []
  const rows = await transaction.$queryRaw<{ id: bigint; account_id: bigint }[]>`
    SELECT DISTINCT e.id, e.account_id FROM rebate r JOIN event e ON e.id = r.event_id
      JOIN event about ON about.original_key = e.natural_key AND about.type IN ('refund', 'chargeback', 'dispute_opened', 'dispute_won')
      WHERE r.id = ANY (${[...rebateIds]}::bigint[]) ORDER BY e.id`
  return rows.map((row) => ({ kind: 'settle', why: 'refunded_meanwhile', accountId: row.account_id.toString(), eventId: row.id.toString() }))
}

/** The case of the decision, or the one that it was merged into since. */
async function caseNow(transaction: Transaction, caseId: bigint | null): Promise<(ScopeCase & { ringId: bigint | null; factId: bigint | null }) | null> {
  for (let id = caseId; id !== null;) {
    const row = await transaction.reviewCase.findUniqueOrThrow({ where: { id } })
    if (row.mergedIntoId === null) return row
    id = row.mergedIntoId
  }
  return null
}

/** A case that the decision or a scan closed is open again after the undo. */
async function reopened(transaction: Transaction, reviewCase: Awaited<ReturnType<typeof caseNow>>): Promise<CaseEffect[] | Refused<PlanRefusal>> {
  if (reviewCase === null || reviewCase.state === 'open') return []
  const { id, ringId, factId, state, outcome } = reviewCase
  const other = await transaction.reviewCase.findFirst({ where: { state: 'open', ...(ringId === null ? { factId } : { ringId }) }, select: { id: true } })
  if (other !== null) return { ok: false, reason: 'decided_again', detail: `Case ${other.id} was opened since; act there.` }
  return [{ kind: 'case', caseId: id.toString(), before: { state, outcome }, after: { state: 'open', outcome: null } }]
}
