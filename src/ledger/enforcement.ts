// Freeze, release and reclaim of whole rebates: one reading and one computation serve preview and posting.
// Promises: applying locks the members first; a rebate held for several reasons is released when the last of them ends.

import type { Transaction } from '../base/database.ts'
import type { EntryLine, Position } from './book-accounts.ts'
import { freezeEntries, releaseEntries } from './freeze.ts'
import { type HoldEnd, endHolds, openHoldsOf, placeHold } from './holds.ts'
import { positionsOf, positionsOfRebates } from './positions.ts'
import { type Posted, lockMembers, postTransfer } from './post.ts'
import { type RebateState, rebateStates } from './rebate-states.ts'
import { takeBackEntries } from './take-back.ts'

export type Enforcement =
  | { readonly kind: 'freeze'; readonly rebateIds: readonly bigint[] }
  /** Ends the holds of the given reasons; all of them when none is given. */
  | { readonly kind: 'release'; readonly rebateIds: readonly bigint[]; readonly reasons?: readonly string[] }
  /** Takes back what is outstanding of each rebate. */
  | { readonly kind: 'reclaim'; readonly rebateIds: readonly bigint[] }

/** Exactly what would be posted now, with the states it starts from and the holds that it would end. */
export interface EnforcementPlan {
  readonly entries: readonly EntryLine[]
  readonly states: readonly RebateState[]
  readonly endedHoldIds: readonly bigint[]
}

/** Reads and computes; writes nothing. `at` decides between pending and available on a release. */
export async function planEnforcement(transaction: Transaction, enforcement: Enforcement, at: Date): Promise<EnforcementPlan> {
  const rebateIds = [...new Set(enforcement.rebateIds)].sort(ascending)
  const [states, positions, holds] = [
    await rebateStates(transaction, rebateIds),
    await positionsOfRebates(transaction, rebateIds),
    await openHoldsOf(transaction, rebateIds),
  ]
  switch (enforcement.kind) {
    case 'freeze':
      return { entries: freezeEntries(positions), states, endedHoldIds: [] }
    case 'release': {
      const ends = holds.filter((hold) => enforcement.reasons === undefined || enforcement.reasons.includes(hold.reason))
      const stillHeld = new Set(holds.filter((hold) => !ends.includes(hold)).map((hold) => hold.rebateId))
      const free = positions.filter((position) => !stillHeld.has(position.rebateId))
      return { entries: releaseEntries(free, await debtsOf(transaction, free), at), states, endedHoldIds: ends.map((hold) => hold.id) }
    }
    case 'reclaim': {
      const entries = states.flatMap((state) => takeBackEntries({ ...state, amount: state.outstanding, sink: 'reclaimed' }, positions))
      return { entries, states, endedHoldIds: holds.map((hold) => hold.id) }
    }
  }
}

/** The debts of the members whose positions these are, oldest first. */
export async function debtsOf(transaction: Transaction, positions: readonly Pick<Position, 'accountId'>[]): Promise<Position[]> {
  const debts: Position[] = []
  for (const accountId of [...new Set(positions.map((position) => position.accountId))].sort(ascending)) {
    debts.push(...(await positionsOf(transaction, accountId, { kinds: ['debt'] })))
  }
  return debts
}

/** Who does it, when, and under which key; `hold` describes the hold rows of a freeze. */
export interface EnforcementOrder {
  /** Unique for ever, e.g. a digest of the decision and its part. */
  readonly naturalKey: Uint8Array
  readonly actorId: bigint
  readonly at: Date
  readonly decisionId?: bigint | null
  readonly programId?: bigint | null
  readonly hold?: { readonly reason: string; readonly ownerId: bigint; readonly dueAt: Date; readonly onSilence: 'escalate' | 'release_recorded'; readonly caseId?: bigint | null }
}

export interface Enforced extends EnforcementPlan {
  /** Null when no money had to move, e.g. because all was held already. */
  readonly posted: Posted | null
  readonly placedHoldIds: readonly bigint[]
}

/** Plans again under the members' locks, lets `accept` compare (throw to refuse), then posts and writes the holds. */
export async function applyEnforcement(
  transaction: Transaction, enforcement: Enforcement, order: EnforcementOrder, accept: (plan: EnforcementPlan) => void = () => undefined,
): Promise<Enforced> {
  await lockBeneficiaries(transaction, enforcement.rebateIds)
  const plan = await planEnforcement(transaction, enforcement, order.at)
  accept(plan)
  const posted = plan.entries.length === 0 ? null : await postTransfer(transaction, {
    ...order, kind: enforcement.kind, occurredAt: order.at, recordedAt: order.at, effectiveAt: order.at, entries: plan.entries,
  })
  const transferId = posted?.transferId ?? null
  if (enforcement.kind !== 'freeze') {
    const as: HoldEnd = enforcement.kind === 'release' ? 'released' : 'reclaimed'
    await endHolds(transaction, plan.endedHoldIds, { as, at: order.at, actorId: order.actorId, transferId })
    return { ...plan, posted, placedHoldIds: [] }
  }
  return { ...plan, posted, placedHoldIds: await placeFreezeHolds(transaction, plan, order, transferId) }
}

async function placeFreezeHolds(transaction: Transaction, plan: EnforcementPlan, order: EnforcementOrder, transferId: bigint | null): Promise<bigint[]> {
  if (order.hold === undefined) throw new Error('A freeze needs its hold: reason, owner, due date and policy on silence.')
  const held = new Set((await openHoldsOf(transaction, plan.states.map((state) => state.rebateId)))
    .filter((hold) => hold.reason === order.hold?.reason).map((hold) => hold.rebateId))
  const ids: bigint[] = []
  for (const { rebateId } of plan.states) {
    if (held.has(rebateId)) continue
    ids.push(await placeHold(transaction, {
      ...order.hold, subject: { kind: 'rebate', rebateId }, placedAt: order.at, placedBy: transferId, decisionId: order.decisionId ?? null,
    }))
  }
  return ids
}

async function lockBeneficiaries(transaction: Transaction, rebateIds: readonly bigint[]): Promise<void> {
  const rows = await transaction.rebate.findMany({ where: { id: { in: [...rebateIds] } }, select: { accountId: true }, distinct: ['accountId'] })
  await lockMembers(transaction, rows.map((row) => row.accountId))
}

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}
