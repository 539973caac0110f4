// What freeze, release and reclaim do to rebates: balanced postings, holds, and what is already gone.
// Promises: the postings come from the ledger's own computations, so that the plan is what the books would write.

import type { Transaction } from '../base/database.ts'
import {
  atStakeOf, debtsOf, type EntryLine, freezeEntries, type OpenHold, openHoldsOf, type Position, positionsOfRebates, type RebateState, rebateStates,
  releaseEntries, takeBackEntries,
} from '../ledger/index.ts'
import { type HostHeld, hostHeldOf } from '../programs/index.ts'
import { freezeAtHost, reclaimAtHost, releaseAtHost } from './host-effects.ts'
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
  // Money on its way to a bank cannot be moved, but its hold keeps it from being sent, and keeps it held when it comes back.
  const ours = books.positions.filter((position) => position.amount > 0n).map((position) => position.rebateId)
  const withMoney = new Set([...ours, ...books.host.keys()])
  const holds = rebates.filter((rebate) => withMoney.has(rebate.id) && !frozen.has(rebate.id)).map((rebate): HoldEffect => ({
    kind: 'hold', change: 'place', rebateId: rebate.id.toString(), referralId: null, reason: REVIEW_HOLD, ...hold,
  }))
  return { effects: [...postings, ...freezeAtHost(books.states, books.host), ...holds, ...inTransit(books)], left: [] }
}

/** `at` decides between pending and available. */
export async function releaseMoney(transaction: Transaction, rebates: readonly ScopeRebate[], at: Date): Promise<MoneyEffects> {
  const books = await read(transaction, rebates)
  const disputed = new Set(books.holds.filter((hold) => hold.reason === DISPUTE_HOLD).map((hold) => hold.rebateId))
  const free = books.positions.filter((position) => !disputed.has(position.rebateId))
  const postings = postingEffects('release', releaseEntries(free, await debtsOf(transaction, free), at), books.states)
  const ends = books.holds.filter((hold) => hold.reason !== DISPUTE_HOLD).map((hold) => endOf(hold, 'released'))
  return {
    effects: [...postings, ...releaseAtHost(books.states.filter((state) => !disputed.has(state.rebateId)), books.host), ...ends],
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
  // What a host gave back of a rebate beyond its debt is the member’s own: it stays held until somebody releases it.
  const stillHeld = heldAfter(books.positions, entries)
  const ends = books.holds.filter((hold) => !stillHeld.has(hold.rebateId)).map((hold) => endOf(hold, 'reclaimed'))
  const asked = reclaimAtHost(books.states, books.host, entries)
  return { effects: [...postingEffects('reclaim', entries, books.states), ...asked, ...ends, ...gone, ...inTransit(books)], left: [] }
}

/** Rebates of which something lies in a held book after the entries. */
function heldAfter(positions: readonly Position[], entries: readonly EntryLine[]): ReadonlySet<bigint> {
  const left = new Map<bigint, bigint>()
  for (const { kind, rebateId, amount } of [...positions, ...entries]) {
    if ((kind === 'reward_held' || kind === 'main_held') && rebateId !== null) left.set(rebateId, (left.get(rebateId) ?? 0n) + amount)
  }
  return new Set([...left].filter(([, amount]) => amount > 0n).map(([id]) => id))
}

interface Books {
  readonly states: readonly RebateState[]
  readonly positions: readonly Position[]
  readonly holds: readonly OpenHold[]
  readonly host: ReadonlyMap<bigint, HostHeld>
}

async function read(transaction: Transaction, rebates: readonly ScopeRebate[]): Promise<Books> {
  const ids = rebates.map((rebate) => rebate.id)
  return {
    states: await rebateStates(transaction, ids),
    positions: await positionsOfRebates(transaction, ids),
    holds: await openHoldsOf(transaction, ids),
    host: await hostHeldOf(transaction, ids),
  }
}

function endOf(hold: OpenHold, as: 'released' | 'reclaimed'): HoldEffect {
  return { kind: 'hold', change: 'end', holdId: hold.id.toString(), rebateId: hold.rebateId.toString(), referralId: null, reason: hold.reason, as }
}

/** On its way to a bank; what is on its way to the host can still be asked back. */
function inTransit({ states, host }: Books): ThirdPartyEffect[] {
  return states.flatMap((state) => {
    const amount = state.inTransit - (host.get(state.rebateId)?.inTransit ?? 0n)
    return amount <= 0n ? [] : [{
      kind: 'third_party' as const, concern: 'payout_in_transit' as const, accountId: state.accountId.toString(), rebateId: state.rebateId.toString(), asset: state.asset, amount: amount.toString(),
    }]
  })
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
