// Positions and balances as they stand while a batch is worked out: read once, then moved by every posting of the batch.

import type { EntryLine, MainBalance, Position, PositionKind } from '../../ledger/index.ts'

/** What a position says of its rebate. */
export type RebateFacts = Pick<Position, 'programId' | 'rebateKind' | 'occurredAt' | 'maturesAt' | 'expiresAt'>

interface Held {
  readonly accountId: bigint
  readonly kind: PositionKind
  readonly asset: string
  readonly rebateId: bigint
  amount: bigint
}

/** Ids below zero are of what is not written yet: later than all others, in the order of their places. */
export function byAge(left: bigint, right: bigint): number {
  if (left < 0n !== right < 0n) return left < 0n ? 1 : -1
  const [first, second] = left < 0n ? [-left, -right] : [left, right]
  return first < second ? -1 : first > second ? 1 : 0
}

export class SheetPositions {
  readonly #facts = new Map<bigint, RebateFacts>()
  readonly #held = new Map<string, Held>()
  readonly #ofRebate = new Map<bigint, Held[]>()
  /** By member and kind: a member may have many, and most questions are about few of them. */
  readonly #ofMember = new Map<string, Held[]>()
  readonly #paid = new Map<string, bigint>()

  constructor(positions: readonly Position[], paid: readonly (readonly [string, string, string])[]) {
    for (const position of positions) {
      this.introduce(position.rebateId, position)
      this.#add(position, position.amount)
    }
    for (const [accountId, asset, balance] of paid) this.#paid.set(`${accountId} ${asset}`, BigInt(balance))
  }

  /** Tells of a rebate whose positions may follow. */
  introduce(rebateId: bigint, { programId, rebateKind, occurredAt, maturesAt, expiresAt }: RebateFacts): void {
    this.#facts.set(rebateId, { programId, rebateKind, occurredAt, maturesAt, expiresAt })
  }

  /** When what a rebate left ends; null where it has no end. */
  endOf(rebateId: bigint): Date | null {
    return this.#facts.get(rebateId)?.expiresAt ?? null
  }

  /** Where a rebate lies, whoever holds it. */
  ofRebate(rebateId: bigint): Position[] {
    return this.#read(this.#ofRebate.get(rebateId))
  }

  /** Of a member's accounts of these kinds; the oldest rebate first. */
  of(accountId: bigint, kinds: readonly PositionKind[], asset?: string): Position[] {
    return this.#read(kinds.flatMap((kind) => this.#ofMember.get(`${accountId} ${kind}`) ?? []).filter((held) => asset === undefined || held.asset === asset))
  }

  mainBalance(accountId: bigint, asset: string): MainBalance {
    return { accountId, asset, paid: this.#paid.get(`${accountId} ${asset}`) ?? 0n, positions: this.of(accountId, ['main_bonus', 'main_reward'], asset) }
  }

  apply(entries: readonly EntryLine[]): void {
    for (const { accountId, kind, asset, rebateId, amount } of entries) {
      if (accountId === null) continue
      if (rebateId !== null) {
        this.#add({ accountId, kind: kind as PositionKind, asset, rebateId }, amount)
      } else if (kind === 'main_paid') {
        const key = `${accountId} ${asset}`
        this.#paid.set(key, (this.#paid.get(key) ?? 0n) + amount)
      }
    }
  }

  /** The same line read twice, by its member and by its rebate, is one. */
  #add({ accountId, kind, asset, rebateId }: Omit<Held, 'amount'>, amount: bigint): void {
    const key = `${accountId} ${kind} ${asset} ${rebateId}`
    const known = this.#held.get(key)
    if (known !== undefined) {
      known.amount += amount
      return
    }
    const held: Held = { accountId, kind, asset, rebateId, amount }
    this.#held.set(key, held)
    push(this.#ofRebate, rebateId, held)
    push(this.#ofMember, `${accountId} ${kind}`, held)
  }

  #read(lines: readonly Held[] = []): Position[] {
    return lines.flatMap((held) => {
      const facts = this.#facts.get(held.rebateId)
      if (facts === undefined) throw new Error(`Rebate ${held.rebateId} is moved although nothing is known of it.`)
      return held.amount === 0n ? [] : [{ ...held, ...facts }]
    }).sort((left, right) => left.occurredAt.getTime() - right.occurredAt.getTime() || byAge(left.rebateId, right.rebateId) || (left.kind < right.kind ? -1 : left.kind > right.kind ? 1 : 0))
  }
}

function push<Key>(lists: Map<Key, Held[]>, key: Key, held: Held): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [held])
  else list.push(held)
}
