// Writes what a plan said: the decision, its transfers, holds, relations, restrictions, its case and one row per thing touched.
// Promises: called under the locks of apply; every transfer has a natural key of its decision, so that nothing is posted twice.

import type { Transaction } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'
import { type EntryLine, endHolds, placeHold, postTransfer } from '../ledger/index.ts'
import { type PreCreditCheck, resettleEvents, withdrawInstruction, writeInstruction } from '../programs/index.ts'
import { decisionEffectRows } from './decision-effects.ts'
import type { ComputedPlan } from './plan-effects.ts'
import type { Decision, HoldEffect, InstructionEffect, Plan, PlanEffect, PostingEffect, ReferralEffect, RestrictionEffect } from './plan-types.ts'

export interface DecisionToWrite {
  readonly plan: Plan
  readonly computed: ComputedPlan
  readonly actorId: bigint
  readonly now: Date
  readonly reason: string
  readonly check?: PreCreditCheck | undefined
  readonly note: { readonly text: string; readonly salt: Uint8Array } | null
}

/** What later parts of the writing need to know of earlier ones. */
interface Writing extends DecisionToWrite {
  readonly decisionId: bigint
  /** The transfer that moved a rebate's money. */
  readonly transferOf: ReadonlyMap<string, bigint>
}

const DAY_MILLISECONDS = 86_400_000

export async function writeDecision(transaction: Transaction, order: DecisionToWrite): Promise<Decision> {
  const { plan, computed, actorId, now, reason } = order
  const row = await transaction.decision.create({
    data: {
      planId: plan.id,
      caseId: computed.case?.id ?? null,
      effectsHash: new Uint8Array(Buffer.from(plan.hash, 'hex')),
      actorId,
      reason,
      undoesId: plan.action.kind === 'undo' ? BigInt(plan.action.decisionId) : null,
      recordedAt: now,
    },
  })
  const rows = await decisionEffectRows(transaction, row.id, computed.effects)
  const transferOf = await postAll(transaction, order, row.id)
  const writing: Writing = { ...order, decisionId: row.id, transferOf }
  for (const effect of computed.effects) await writeEffect(transaction, effect, writing)
  const toSettle = computed.effects.flatMap((effect) => (effect.kind === 'settle' ? [BigInt(effect.eventId)] : []))
  if (toSettle.length > 0) await resettleEvents(transaction, { actorId, now, check: order.check ?? noCheck }, toSettle)
  await touchCase(transaction, writing)
  await transaction.decisionEffect.createMany({ data: rows.map((each) => ({ ...each, transferId: transferOf.get(each.rebateId?.toString() ?? '') ?? null })) })
  if (order.note !== null) {
    await transaction.decisionNote.create({ data: { decisionId: row.id, salt: new Uint8Array(order.note.salt), note: order.note.text } })
  }
  return { ...row, effects: computed.effects }
}

/** Without a check to ask, what is settled again is held as degraded and asked for later. */
const noCheck: PreCreditCheck = () => Promise.reject(new Error('There is no check here.'))

/** One transfer per member and programme, or per transfer that is taken back; returns the transfer of each rebate. */
async function postAll(transaction: Transaction, order: DecisionToWrite, decisionId: bigint): Promise<ReadonlyMap<string, bigint>> {
  const groups = new Map<string, PostingEffect[]>()
  for (const effect of order.computed.effects) {
    if (effect.kind !== 'posting') continue
    const key = effect.reversesId === null ? `${effect.transfer} ${effect.accountId} ${effect.programId}` : `undo of ${effect.reversesId}`
    groups.set(key, [...(groups.get(key) ?? []), effect])
  }
  const transferOf = new Map<string, bigint>()
  for (const [key, effects] of groups) {
    const [first] = effects
    if (first === undefined) continue
    const posted = await postTransfer(transaction, {
      naturalKey: digestOf('decision', decisionId.toString(), key),
      kind: first.transfer,
      programId: BigInt(first.programId),
      decisionId,
      reversesId: first.reversesId === null ? null : BigInt(first.reversesId),
      occurredAt: order.now,
      recordedAt: order.now,
      effectiveAt: order.now,
      actorId: order.actorId,
      entries: effects.flatMap((effect) => effect.lines.map(lineOf)),
    })
    for (const effect of effects) transferOf.set(effect.rebateId, posted.transferId)
    if (first.transfer === 'write_off_restored' && first.reversesId !== null) {
      await transaction.writeOff.updateMany({ where: { transferId: BigInt(first.reversesId), restoredBy: null }, data: { restoredBy: posted.transferId } })
    }
  }
  return transferOf
}

function lineOf(line: PostingEffect['lines'][number]): EntryLine {
  return {
    accountId: line.accountId === null ? null : BigInt(line.accountId),
    kind: line.book,
    asset: line.asset,
    rebateId: line.rebateId === null ? null : BigInt(line.rebateId),
    amount: BigInt(line.amount),
  }
}

async function writeEffect(transaction: Transaction, effect: PlanEffect, writing: Writing): Promise<void> {
  if (effect.kind === 'hold') await writeHold(transaction, effect, writing)
  else if (effect.kind === 'referral') await writeReferral(transaction, effect, writing)
  else if (effect.kind === 'restriction') await writeRestriction(transaction, effect, writing)
  else if (effect.kind === 'instruction') await writeInstructionOf(transaction, effect, writing)
}

/** What gives or reclaims names the transfer of the decision that put it in transit or made it owed. */
async function writeInstructionOf(transaction: Transaction, effect: InstructionEffect, { now, decisionId, transferOf }: Writing): Promise<void> {
  const { ask, programId, accountId, asset, lines, followsId } = effect
  const follows = followsId === null ? null : BigInt(followsId)
  if (ask === 'withdraw') {
    if (follows !== null) await withdrawInstruction(transaction, follows, now)
    return
  }
  const movesMoney = ask === 'give' || ask === 'reclaim'
  await writeInstruction(transaction, {
    naturalKey: digestOf('decision instruction', decisionId.toString(), ask, programId, accountId, asset, followsId ?? ''), programId: BigInt(programId), accountId: BigInt(accountId),
    kind: ask, asset, lines: lines.map((line) => ({ rebateId: BigInt(line.rebateId), amount: BigInt(line.amount) })), decisionId, followsId: follows,
    transferId: movesMoney ? transferOf.get(lines[0]?.rebateId ?? '') ?? null : null,
  }, now)
}

async function writeHold(transaction: Transaction, effect: HoldEffect, writing: Writing): Promise<void> {
  const { actorId, now, decisionId } = writing
  const caseId = writing.computed.case?.id ?? null
  const transferId = writing.transferOf.get(effect.rebateId ?? '') ?? null
  if (effect.change === 'end') {
    const ended = await endHolds(transaction, [BigInt(effect.holdId)], { as: effect.as, at: now, actorId, transferId })
    if (ended !== 1) throw new Error(`Hold ${effect.holdId} was not open although it was locked.`)
    return
  }
  if (effect.change === 'reopen') {
    const hold = await transaction.hold.findUniqueOrThrow({ where: { id: BigInt(effect.holdId) }, select: { caseId: true } })
    await transaction.hold.update({
      where: { id: BigInt(effect.holdId) },
      data: { endedAt: null, endedAs: null, endedBy: null, endedActorId: null, ...(hold.caseId === null ? {} : { caseId }) },
    })
    return
  }
  const subject = effect.rebateId === null
    ? { kind: 'referral', referralId: BigInt(effect.referralId ?? 0) } as const
    : { kind: 'rebate', rebateId: BigInt(effect.rebateId) } as const
  await placeHold(transaction, {
    subject, ownerId: actorId, reason: effect.reason, caseId, decisionId, placedBy: transferId,
    placedAt: now, dueAt: new Date(now.getTime() + effect.days * DAY_MILLISECONDS), onSilence: effect.onSilence,
  })
}

async function writeReferral(transaction: Transaction, effect: ReferralEffect, { now }: Writing): Promise<void> {
  await transaction.referral.update({
    where: { id: BigInt(effect.referralId) },
    data: {
      state: effect.after.state,
      effectiveAt: effect.after.effectiveAt === 'apply' ? now : new Date(effect.after.effectiveAt),
      version: { increment: 1 },
    },
  })
}

async function writeRestriction(transaction: Transaction, effect: RestrictionEffect, { now, decisionId }: Writing): Promise<void> {
  if (effect.change === 'lift') {
    await transaction.accountRestriction.update({ where: { id: BigInt(effect.restrictionId) }, data: { endedAt: now } })
    return
  }
  await transaction.accountRestriction.create({
    data: { accountId: BigInt(effect.accountId), kind: effect.restriction, startsAt: now, endsAt: new Date(effect.endsAt), decisionId },
  })
}

/** Who acts first on a case owns it; every act counts its version up. */
async function touchCase(transaction: Transaction, { computed, actorId, now }: Writing): Promise<void> {
  if (computed.case === null) return
  const change = computed.effects.find((effect) => effect.kind === 'case')
  await transaction.reviewCase.update({
    where: { id: computed.case.id },
    data: {
      version: { increment: 1 },
      actedBy: actorId,
      actedAt: now,
      ...(computed.case.ownerId === null ? { ownerId: actorId } : {}),
      ...(change === undefined ? {} : { state: change.after.state, outcome: change.after.outcome, closedAt: change.after.state === 'closed' ? now : null }),
    },
  })
}
