// One row per thing that a decision touches, with its state before and after: what audits read and later decisions depend on.

import type { Transaction } from '../base/database.ts'
import { positionsOfRebates } from '../ledger/index.ts'
import type { PlanEffect, PostingEffect } from './plan-types.ts'
import { toJson } from './stored-effects.ts'

export interface DecisionEffectRow {
  readonly decisionId: bigint
  readonly place: number
  readonly kind: string
  readonly referralId: bigint | null
  readonly rebateId: bigint | null
  readonly accountId: bigint | null
  readonly holdId: bigint | null
  readonly before: ReturnType<typeof toJson>
  readonly after: ReturnType<typeof toJson>
}

type Touched = Omit<DecisionEffectRow, 'decisionId' | 'place' | 'before' | 'after'> & { readonly before: unknown; readonly after: unknown }

const NOTHING = { referralId: null, rebateId: null, accountId: null, holdId: null }

/** Call it before anything is written: it reads where the rebates lie. */
export async function decisionEffectRows(transaction: Transaction, decisionId: bigint, effects: readonly PlanEffect[]): Promise<DecisionEffectRow[]> {
  const touched: Touched[] = [
    ...(await touchedRebates(transaction, effects.filter((effect) => effect.kind === 'posting'))),
    ...effects.flatMap((effect) => touchedBy(effect) ?? []),
  ]
  return touched.map((each, place) => ({ ...each, decisionId, place, before: toJson(each.before), after: toJson(each.after) }))
}

/** Per rebate, its amount in each book account of a member, zeros left out. */
async function touchedRebates(transaction: Transaction, postings: readonly PostingEffect[]): Promise<Touched[]> {
  const lines = postings.flatMap((posting) => posting.lines).filter((line) => line.accountId !== null && line.rebateId !== null)
  const ids = [...new Set(lines.map((line) => line.rebateId ?? ''))]
  const positions = await positionsOfRebates(transaction, ids.map(BigInt))
  return ids.map((id) => {
    const before = new Map(positions.filter((position) => position.rebateId === BigInt(id)).map((position): [string, bigint] => [position.kind, position.amount]))
    const after = new Map(before)
    for (const line of lines.filter((each) => each.rebateId === id)) after.set(line.book, (after.get(line.book) ?? 0n) + BigInt(line.amount))
    return { ...NOTHING, kind: 'rebate', rebateId: BigInt(id), before: amounts(before), after: amounts(after) }
  })
}

function amounts(byBook: ReadonlyMap<string, bigint>): Record<string, string> {
  return Object.fromEntries([...byBook].filter(([, amount]) => amount !== 0n).map(([book, amount]) => [book, amount.toString()]))
}

function touchedBy(effect: PlanEffect): Touched | null {
  switch (effect.kind) {
    case 'referral':
      return { ...NOTHING, kind: 'referral', referralId: BigInt(effect.referralId), before: effect.before, after: effect.after }
    case 'hold': {
      const subject = { rebateId: effect.rebateId === null ? null : BigInt(effect.rebateId), referralId: effect.referralId === null ? null : BigInt(effect.referralId) }
      if (effect.change === 'place') return { ...NOTHING, ...subject, kind: 'hold', before: { state: 'none' }, after: { state: 'open', reason: effect.reason } }
      const [before, after] = effect.change === 'end' ? ['open', effect.as] : ['ended', 'open']
      return { ...NOTHING, ...subject, kind: 'hold', holdId: BigInt(effect.holdId), before: { state: before }, after: { state: after } }
    }
    case 'restriction': {
      const isPlaced = effect.change === 'place'
      const standing = { restriction: effect.restriction, isInForce: isPlaced }
      return { ...NOTHING, kind: 'restriction', accountId: BigInt(effect.accountId), before: { ...standing, isInForce: !isPlaced }, after: standing }
    }
    case 'case':
      return { ...NOTHING, kind: 'case', before: effect.before, after: effect.after }
    case 'instruction':
      return { ...NOTHING, kind: 'instruction', before: { state: 'none' }, after: { ask: effect.ask, asset: effect.asset, amount: effect.amount, lines: effect.lines } }
    case 'posting':
    case 'gone':
    case 'settle':
    case 'third_party':
      return null
  }
}
