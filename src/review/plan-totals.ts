// A plan in sums: what moves between which books per member, and per asset in all.

import type { Id, PlanEffect, PostingEffect } from './plan-types.ts'

export interface MovedSum {
  readonly accountId: Id
  readonly asset: string
  /** The books that lose, joined with ` + `, e.g. `reward_available`. */
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly rebateIds: readonly Id[]
}

/** Per member, asset, source and destination, in the order of their first posting. */
export function movedSums(effects: readonly PlanEffect[]): MovedSum[] {
  const sums = new Map<string, MovedSum>()
  for (const effect of effects) {
    if (effect.kind !== 'posting') continue
    const { from, to, amount, asset } = movement(effect)
    const key = [effect.accountId, asset, from, to].join(' ')
    const known = sums.get(key) ?? { accountId: effect.accountId, asset, from, to, amount: 0n, rebateIds: [] }
    sums.set(key, { ...known, amount: known.amount + amount, rebateIds: [...new Set([...known.rebateIds, effect.rebateId])] })
  }
  return [...sums.values()]
}

function movement(effect: PostingEffect): { from: string; to: string; amount: bigint; asset: string } {
  const books = (isLoss: boolean): string =>
    [...new Set(effect.lines.filter((line) => line.amount.startsWith('-') === isLoss).map((line) => line.book))].join(' + ')
  const gains = effect.lines.filter((line) => !line.amount.startsWith('-'))
  return {
    from: books(true),
    to: books(false),
    amount: gains.reduce((sum, line) => sum + BigInt(line.amount), 0n),
    asset: effect.lines[0]?.asset ?? '',
  }
}

export interface AssetTotal {
  readonly asset: string
  /** Everything that changes its book, debts included. */
  readonly moved: bigint
  /** Of that, what becomes debt because it is gone. */
  readonly becomesDebt: bigint
  /** Of a sign-up credit, what is gone for good. */
  readonly lost: bigint
}

export function totalsOf(effects: readonly PlanEffect[]): AssetTotal[] {
  const totals = new Map<string, AssetTotal>()
  const add = (asset: string, part: Partial<AssetTotal>): void => {
    const known = totals.get(asset) ?? { asset, moved: 0n, becomesDebt: 0n, lost: 0n }
    totals.set(asset, {
      asset, moved: known.moved + (part.moved ?? 0n), becomesDebt: known.becomesDebt + (part.becomesDebt ?? 0n), lost: known.lost + (part.lost ?? 0n),
    })
  }
  for (const sum of movedSums(effects)) add(sum.asset, { moved: sum.amount })
  for (const effect of effects) {
    if (effect.kind === 'gone') add(effect.asset, effect.becomes === 'debt' ? { becomesDebt: BigInt(effect.amount) } : { lost: BigInt(effect.amount) })
  }
  return [...totals.values()].sort((left, right) => (left.asset < right.asset ? -1 : 1))
}
