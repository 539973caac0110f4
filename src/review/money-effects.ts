// What freeze, release and reclaim do to rebates: balanced postings, holds, and what is already gone.
// Promises: the postings come from the ledger's own computations, so that the plan is what the books would write.

import type { Transaction } from '../base/database.ts'
import {
  atStakeOf, debtsOf, type EntryLine, freezeEntries, type OpenHold, openHoldsOf, type Position, positionsOfRebates, type RebateState, rebateStates,
  releaseEntries, takeBackEntries,
} from '../ledger/index.ts'
import type { GoneEffect, HoldEffect, PlanEffect, PostingEffect, ThirdPartyEffect } from './plan-types.ts'
import type { ScopeRebate } from './scope.ts'

/** The reason of the holds that reviewers place. */
export const REVIEW_HOLD = 'freeze'
/** Holds that end with the payment dispute and not by a reviewer's hand. */
const DISPUTE_HOLD = 'dispute'

export interface MoneyEffects {
  readonly effects: readonly PlanEffect[]
  /** Rebates that stay as they are although they were asked for. */
  readonly left: readonly { rebateId: string; why: 'dispute_open' }[]
}

/** How long a new hold lasts, and what happens when nobody ends it. */
export interface NewHoldTerms {
  readonly days: number
  readonly onSilence: 'escalate' | 'release_recorded'
}

export async function freezeMoney(transaction: Transaction, rebates: readonly ScopeRebate[], hold: NewHoldTerms): Promise<MoneyEffects> {
  const books = await read(transaction, rebates)
  const postings = postingEffects('freeze', freezeEntries(books.positions), books.states)
  const frozen = new Set(books.holds.filter((hold) => hold.reason === REVIEW_HOLD).map((hold) => hold.rebateId))
  const withMoney = new Set(books.positions.filter((position) => position.amount > 0n && position.kind !== 'payout_in_transit').map((position) => position.rebateId))
  const holds = rebates.filter((rebate) => withMoney.has(rebate.id) && !frozen.has(rebate.id)).map((rebate): HoldEffect => ({
    kind: 'hold', change: 'place', rebateId: rebate.id.toString(), referralId: null, reason: REVIEW_HOLD, ...hold,
  }))
  return { effects: [...postings, ...holds, ...inTransit(books.states)], left: [] }
}

/** `at` decides between pending and available. */
export async function releaseMoney(transaction: Transaction, rebates: readonly ScopeRebate[], at: Date): Promise<MoneyEffects> {
  const books = await read(transaction, rebates)
  const disputed = new Set(books.holds.filter((hold) => hold.reason === DISPUTE_HOLD).map((hold) => hold.rebateId))
  const free = books.positions.filter((position) => !disputed.has(position.rebateId))
  const postings = postingEffects('release', releaseEntries(free, await debtsOf(transaction, free), at), books.states)
  const ends = books.holds.filter((hold) => hold.reason !== DISPUTE_HOLD).map((hold) => endOf(hold, 'released'))
  return {
    effects: [...postings, ...ends],
    left: [...disputed].map((rebateId) => ({ rebateId: rebateId.toString(), why: 'dispute_open' })),
  }
}

/** All that is outstanding of each rebate; of a sign-up credit only what is not yet spent. */
export async function reclaimMoney(transaction: Transaction, rebates: readonly ScopeRebate[]): Promise<MoneyEffects> {
  const books = await read(transaction, rebates)
  const credits = new Set(rebates.filter((rebate) => rebate.kind === 'signup_credit').map((rebate) => rebate.id))
  const entries = books.states.flatMap((state) => {
    const amount = credits.has(state.rebateId) ? least(atStakeOf(state), state.outstanding) : state.outstanding
    return takeBackEntries({ ...state, amount, sink: 'reclaimed' }, books.positions)
  })
  const gone = books.states.flatMap((state): GoneEffect[] => {
    const missing = state.outstanding - least(atStakeOf(state), state.outstanding)
    if (missing === 0n) return []
    const becomes = credits.has(state.rebateId) ? 'loss' : 'debt'
    return [{ kind: 'gone', accountId: state.accountId.toString(), rebateId: state.rebateId.toString(), asset: state.asset, amount: missing.toString(), becomes }]
  })
  const ends = books.holds.map((hold) => endOf(hold, 'reclaimed'))
  return { effects: [...postingEffects('reclaim', entries, books.states), ...ends, ...gone, ...inTransit(books.states)], left: [] }
}

interface Books {
  readonly states: readonly RebateState[]
  readonly positions: readonly Position[]
  readonly holds: readonly OpenHold[]
}

async function read(transaction: Transaction, rebates: readonly ScopeRebate[]): Promise<Books> {
  const ids = rebates.map((rebate) => rebate.id)
  return {
    states: await rebateStates(transaction, ids),
    positions: await positionsOfRebates(transaction, ids),
    holds: await openHoldsOf(transaction, ids),
  }
}

function endOf(hold: OpenHold, as: 'released' | 'reclaimed'): HoldEffect {
  return { kind: 'hold', change: 'end', holdId: hold.id.toString(), rebateId: hold.rebateId.toString(), referralId: null, reason: hold.reason, as }
}

function inTransit(states: readonly RebateState[]): ThirdPartyEffect[] {
  return states.filter((state) => state.inTransit > 0n).map((state) => ({
    kind: 'third_party', concern: 'payout_in_transit', accountId: state.accountId.toString(), rebateId: state.rebateId.toString(),
    asset: state.asset, amount: state.inTransit.toString(),
  }))
}

interface Owner {
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly programId: bigint
}

/** Cuts lines into the smallest balanced runs, in their order; the first line of a run names the rebate it is about. */
export function postingEffects(
  transfer: PostingEffect['transfer'], lines: readonly EntryLine[], owners: readonly Owner[], reversesId: string | null = null,
): PostingEffect[] {
  const byRebate = new Map(owners.map((owner) => [owner.rebateId, owner]))
  const effects: PostingEffect[] = []
  let run: EntryLine[] = []
  let sum = 0n
  for (const line of lines) {
    run.push(line)
    sum += line.amount
    if (sum !== 0n) continue
    const owner = byRebate.get(run.find((each) => each.accountId !== null && byRebate.has(each.rebateId ?? 0n))?.rebateId ?? 0n)
    if (owner === undefined) throw new Error('A posting is about no rebate of its plan.')
    effects.push({
      kind: 'posting', transfer, programId: owner.programId.toString(), accountId: owner.accountId.toString(), rebateId: owner.rebateId.toString(), reversesId,
      lines: run.map((each) => ({
        accountId: each.accountId?.toString() ?? null, book: each.kind, asset: each.asset, rebateId: each.rebateId?.toString() ?? null, amount: each.amount.toString(),
      })),
    })
    run = []
  }
  if (run.length > 0) throw new Error('The lines of a plan do not balance.')
  return effects
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}
