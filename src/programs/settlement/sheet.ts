// The sheet on which a batch of facts is worked out: the books as they were read, and everything that the batch adds to them.
// Promises: nothing here touches the database; what one fact did is what the next one sees.

import type { EntryLine, HoldEnd, TransferKind } from '../../ledger/index.ts'
import type { CheckRow } from '../../checks/index.ts'
import type { ProgramVersion } from '../../policies/index.ts'
import type { PayingReferral } from './paying-referral.ts'
import type { Standings } from '../standing/standing.ts'
import { type BooksJson, eventOf, type Move, moveOf, positionOf, rebateOf, referralOf, type SheetEvent, type SheetRebate } from './document.ts'
import type { KnownRules } from './known-rules.ts'
import { byAge, SheetPositions } from './positions.ts'

/** Of one transfer, as `write_facts` of the database takes it; ids below zero are places on this sheet. */
export interface SheetTransfer {
  readonly naturalKey: Uint8Array
  readonly kind: TransferKind
  readonly programId: bigint | null
  readonly eventId: bigint
  readonly reversesId: bigint | null
  readonly occurredAt: Date
  readonly actorId: bigint
  readonly entries: readonly EntryLine[]
}

export interface SheetHold {
  /** Null: placed on this sheet. */
  readonly id: bigint | null
  readonly rebateId: bigint
  readonly reason: string
  readonly placed?: {
    readonly ownerId: bigint
    readonly checkId: string | null
    readonly isDegraded: boolean
    readonly dueAt: Date
    readonly onSilence: string
    readonly transfer: number | null
  }
  ended?: { readonly as: HoldEnd; readonly actorId: bigint; readonly transfer: number | null }
}

export interface NewSheetRebate extends SheetRebate {
  readonly referralId: bigint | null
  readonly base: bigint
  readonly ratePpm: number
  readonly track: string
  readonly checkId: string | null
  readonly actorId: bigint
}

export interface SheetWait {
  readonly event: SheetEvent
  readonly waitsFor: 'original' | 'money'
  readonly isNew: boolean
}

export interface SheetQuestion {
  readonly event: SheetEvent
  readonly referral: PayingReferral
  readonly reason: string
}

/** A payment by which somebody may earn, whether it earned or not. */
export interface SheetClaim {
  readonly event: SheetEvent
  readonly referral: PayingReferral
  readonly version: ProgramVersion
}

/** Credit with an end that came back by a refund of what it had paid. */
export interface SheetReturn {
  readonly cause: SheetEvent
  readonly rebateId: bigint
  readonly amount: bigint
  /** When the spending was posted. */
  readonly spentAt: Date
}

/** What is read beside the books. */
export interface SheetParts {
  readonly rules: KnownRules
  readonly now: Date
  readonly standings: Standings | null
  /** Sums of caps by their keys; counted on by the sheet. */
  readonly usage: Map<string, bigint>
}

export class Sheet {
  readonly positions: SheetPositions
  readonly names: ReadonlyMap<bigint, string>
  readonly newEvents: { readonly event: SheetEvent; readonly row: object }[] = []
  readonly newRebates: NewSheetRebate[] = []
  readonly transfers: SheetTransfer[] = []
  readonly questions: SheetQuestion[] = []
  readonly claims: SheetClaim[] = []
  readonly returns: SheetReturn[] = []
  readonly checks: CheckRow[] = []
  readonly holds: SheetHold[] = []
  readonly waits = new Map<bigint, SheetWait>()
  readonly endedWaits = new Set<bigint>()
  readonly #parts: SheetParts
  readonly #referrals = new Map<bigint, PayingReferral[]>()
  readonly #events = new Map<string, SheetEvent>()
  readonly #about = new Map<string, SheetEvent[]>()
  readonly #rebates = new Map<bigint, SheetRebate[]>()
  readonly #rebateById = new Map<bigint, SheetRebate>()
  readonly #sums = new Map<string, bigint>()
  readonly #heldReferrals: ReadonlySet<string>
  readonly #heldAccounts: ReadonlySet<string>
  readonly #answers = new Map<string, unknown>()
  readonly #concealed = new Set<bigint>()
  readonly #open = new Set<string>()
  readonly hasListeners: boolean
  readonly #moves = new Map<bigint, Move[]>()
  readonly #holds = new Map<bigint, SheetHold[]>()

  constructor(books: BooksJson, parts: SheetParts) {
    this.#parts = parts
    this.hasListeners = books.has_listeners
    this.positions = new SheetPositions((books.positions ?? []).map(positionOf), books.paid ?? [])
    this.names = new Map((books.names ?? []).map(([id, name]) => [BigInt(id), name]))
    for (const { id, rebate, reason } of books.holds ?? []) this.hold({ id: BigInt(id), rebateId: BigInt(rebate), reason })
    for (const json of books.moves ?? []) this.#addMove(moveOf(json))
    this.#heldReferrals = new Set(books.held_referrals ?? [])
    this.#heldAccounts = new Set(books.held_accounts ?? [])
    for (const json of books.events ?? []) this.addEvent(eventOf(json))
    for (const json of books.referrals) this.#addReferral(referralOf(json))
    for (const json of books.rebates ?? []) this.#addRebate(rebateOf(json))
    for (const [rebateId, kind, amount] of books.sums ?? []) this.#sums.set(`${rebateId} ${kind}`, BigInt(amount))
    for (const { event, program, answer } of books.questions ?? []) this.#answers.set(`${event} ${program}`, answer)
    const byId = new Map([...this.#events.values()].map((event) => [event.id, event]))
    for (const { event: id, for: waitsFor } of books.waiting ?? []) {
      const event = byId.get(BigInt(id))
      if (event !== undefined) this.waits.set(event.id, { event, waitsFor, isNew: false })
    }
  }

  get rules(): KnownRules {
    return this.#parts.rules
  }

  get now(): Date {
    return this.#parts.now
  }

  get standings(): Standings | null {
    return this.#parts.standings
  }

  get usage(): Map<string, bigint> {
    return this.#parts.usage
  }

  eventOfKey(key: string): SheetEvent | undefined {
    return this.#events.get(key)
  }

  /** Refunds, chargebacks and disputes of the original, by when they occurred. */
  eventsAbout(original: SheetEvent): SheetEvent[] {
    return (this.#about.get(original.key) ?? []).filter((event) => event.accountId === original.accountId && (event.asset === null || event.asset === original.asset)).sort(byTime)
  }

  /** Payments of an account that came as events, not as imported history, since a time. */
  earlierPayments(accountId: bigint, since: Date): SheetEvent[] {
    return [...this.#events.values()].filter((event) => event.accountId === accountId && event.occurredAt >= since && !event.isImported && PAYMENTS.has(event.type)).sort(byTime)
  }

  /** Whether somebody who signed up then was known as verified already, and by which event. */
  verificationOf(accountId: bigint, since: Date): SheetEvent | undefined {
    return [...this.#events.values()].filter((event) => event.accountId === accountId && event.type === 'verified' && event.occurredAt >= since).sort(byTime)[0]
  }

  addEvent(event: SheetEvent): void {
    if (this.#events.has(event.key)) return
    this.#events.set(event.key, event)
    if (event.originalKey === null) return
    const about = this.#about.get(event.originalKey)
    if (about === undefined) this.#about.set(event.originalKey, [event])
    else about.push(event)
  }

  /** The id of the next new event. */
  get nextEventId(): bigint {
    return -BigInt(this.newEvents.length + 1)
  }

  write(event: SheetEvent, row: object): void {
    this.addEvent(event)
    this.newEvents.push({ event, row })
  }

  /** The relations by which an account's money may earn somebody something, in the order of programmes. */
  referralsOf(inviteeId: bigint): readonly PayingReferral[] {
    return (this.#referrals.get(inviteeId) ?? []).filter(({ id }) => !this.#concealed.has(id))
  }

  /** Until its sign-up is applied, a relation of the same batch is not there yet. */
  conceal(referralId: bigint): void {
    this.#concealed.add(referralId)
  }

  reveal(referralId: bigint): void {
    this.#concealed.delete(referralId)
  }

  #addReferral(referral: PayingReferral): void {
    const known = this.#referrals.get(referral.inviteeId) ?? []
    this.#referrals.set(referral.inviteeId, [...known, referral].sort((left, right) => (left.programId < right.programId ? -1 : 1)))
  }

  isRelationHeld({ id, inviterId, inviteeId }: PayingReferral): boolean {
    return this.#heldReferrals.has(id.toString()) || this.#heldAccounts.has(inviterId.toString()) || this.#heldAccounts.has(inviteeId.toString())
  }

  /** What an event earned, its opening rebates included. */
  rebatesOf(event: SheetEvent): readonly SheetRebate[] {
    return (this.#rebates.get(event.id) ?? []).filter(({ kind }) => kind === 'rebate' || kind === 'opening').sort((left, right) => byAge(left.id, right.id))
  }

  /** What a person said of the event; null or undefined where nobody did. */
  answerTo(event: SheetEvent, programId: bigint): unknown {
    return this.#answers.get(`${event.id} ${programId}`)
  }

  /** Once; what was asked or answered already is left as it is. */
  ask(question: SheetQuestion): void {
    const key = `${question.event.id} ${question.referral.programId}`
    this.#open.add(key)
    if (this.#answers.has(key)) return
    this.#answers.set(key, undefined)
    this.questions.push(question)
  }

  /** Whether it was found here that the event cannot be said to earn or not. */
  isOpen(eventId: bigint, programId: bigint): boolean {
    return this.#open.has(`${eventId} ${programId}`)
  }

  addRebate(rebate: Omit<NewSheetRebate, 'id'>): NewSheetRebate {
    const made = { ...rebate, id: -BigInt(this.newRebates.length + 1) }
    this.newRebates.push(made)
    this.#addRebate(made)
    this.positions.introduce(made.id, { ...made, rebateKind: made.kind })
    return made
  }

  rebateOf(id: bigint): SheetRebate | undefined {
    return this.#rebateById.get(id)
  }

  #addRebate(rebate: SheetRebate): void {
    this.#rebateById.set(rebate.id, rebate)
    if (rebate.eventId === null) return
    const known = this.#rebates.get(rebate.eventId)
    if (known === undefined) this.#rebates.set(rebate.eventId, [rebate])
    else known.push(rebate)
  }

  /** What the entries of a rebate sum to in an account of the platform. */
  sumOf(rebateId: bigint, kind: string): bigint {
    return this.#sums.get(`${rebateId} ${kind}`) ?? 0n
  }

  /** Its place, from 1. */
  post(transfer: SheetTransfer): number {
    const place = this.transfers.push(transfer)
    this.positions.apply(transfer.entries)
    for (const { accountId, kind, rebateId, asset, amount } of transfer.entries) {
      if (accountId === null && rebateId !== null) this.#sums.set(`${rebateId} ${kind}`, this.sumOf(rebateId, kind) + amount)
      this.#addMove({ transferId: -BigInt(place), kind: transfer.kind, eventId: transfer.eventId, reversesId: transfer.reversesId, book: kind, rebateId, asset, amount, at: this.now })
    }
    return place
  }

  /** Entries of the transfers that an event led to: receipts, spending, refunds. */
  movesOf(eventId: bigint): readonly Move[] {
    return this.#moves.get(eventId) ?? []
  }

  #addMove(move: Move): void {
    const known = this.#moves.get(move.eventId)
    if (known === undefined) this.#moves.set(move.eventId, [move])
    else known.push(move)
  }

  hold(hold: SheetHold): void {
    this.holds.push(hold)
    this.#holds.set(hold.rebateId, [...(this.#holds.get(hold.rebateId) ?? []), hold])
  }

  openHoldsOf(rebateId: bigint): SheetHold[] {
    return (this.#holds.get(rebateId) ?? []).filter((hold) => hold.ended === undefined)
  }

  wait(event: SheetEvent, waitsFor: SheetWait['waitsFor']): void {
    if (!this.waits.has(event.id)) this.waits.set(event.id, { event, waitsFor, isNew: true })
  }

  endWait(event: SheetEvent): void {
    if (this.waits.get(event.id)?.isNew === false) this.endedWaits.add(event.id)
    this.waits.delete(event.id)
  }
}

const PAYMENTS: ReadonlySet<string> = new Set(['recharge', 'payment', 'spend'])

export function byTime(left: SheetEvent, right: SheetEvent): number {
  return left.occurredAt.getTime() - right.occurredAt.getTime() || byAge(left.id, right.id)
}
