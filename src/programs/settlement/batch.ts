// A batch of facts in one transaction: read, worked out in the given order, written; then what follows from it beyond postings.
// Promises: one answer per fact, as if each had been told alone; a fact that is refused leaves nothing and hinders no other.

import type { Transaction } from '../../base/database.ts'
import type { KeyRing } from '../../base/keys.ts'
import type { Session } from '../../base/session.ts'
import type { Attributed } from '../attribution/attribution.ts'
import { type FactRefusal, isAboutAnOriginal, isMoney } from './event-facts.ts'
import { takeTrackChange } from '../standing/tracks.ts'
import { applyFact } from './apply-fact.ts'
import { type Asker, createAsker } from './asking.ts'
import { applyConsequences } from './consequences.ts'
import type { EventJson } from './document.ts'
import { qualifyAll } from './earning.ts'
import { type KnownRules, readRules, type RulesMemory } from './known-rules.ts'
import { byAge } from './positions.ts'
import { readFacts, readSheet } from './read-sheet.ts'
import { segmentsOf } from './segments.ts'
import type { Sheet } from './sheet.ts'
import { attributeSignUps } from './sign-ups.ts'
import { eventOfFact, type PreparedFact, whyRefusedHere, writeEvent } from './told-facts.ts'
import { writeSheet } from './write-sheet.ts'

export interface EarnedRebate {
  readonly rebateId: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  readonly amount: bigint
  readonly asset: string
}

export type EventAnswer =
  | {
    readonly ok: true
    readonly eventId: bigint
    /** False when the same event was known. */
    readonly isNew: boolean
    /** Whether the event waits for its original or for money. */
    readonly isWaiting: boolean
    /** What the event itself earned. */
    readonly rebates: readonly EarnedRebate[]
    /** On a new sign-up: the relations it made or could not make. */
    readonly attributed: readonly Attributed[]
  }
  | { readonly ok: false; readonly reason: FactRefusal }

/** One transaction's parts. Without Prisma's transaction only postings can follow from the facts. */
export interface Carrier {
  readonly session: Session
  readonly transaction: Transaction | null
  readonly keys: KeyRing
  readonly memory: RulesMemory
  readonly now: Date
}

/** Thrown where the facts need more than a plain session: the batch is to be started again with Prisma's transaction. */
export class NeedsTransaction extends Error {}

/** Whether facts of this kind, or the rules in force, ask for more than postings. */
export function needsTransaction(facts: readonly PreparedFact[], rules: KnownRules | null): boolean {
  return rules === null || rules.haveConsequences || facts.some(({ fact }) => fact.type === 'signup' || fact.type === 'verified' || fact.track !== undefined)
}

export async function recordBatch(carrier: Carrier, facts: readonly PreparedFact[]): Promise<EventAnswer[]> {
  const { session, transaction, keys, memory, now } = carrier
  const told = facts.filter(({ refusal }) => refusal === null)
  const accountIds = [...new Set(told.map(({ fact }) => fact.accountId))]
  memory.rules ??= await readRules(session)
  const { rules } = memory
  const known = await readFacts(session, accountIds, keysOf(told))
  const attributed = transaction === null ? new Map<PreparedFact, readonly Attributed[]>() : await attributeSignUps(transaction, keys, now, newSignUps(told, known))
  const batch: Batch = { ...carrier, attributed, concealed: new Set([...attributed.values()].flatMap((list) => list.flatMap(({ referralId }) => referralId ?? []))), asker: createAsker(session) }
  const answers = new Map<PreparedFact, EventAnswer>()
  const segments = segmentsOf(told, rules)
  for (const [place, segment] of segments.entries()) {
    const facts = place === 0 ? known : await readFacts(session, accountIds, keysOf(segment))
    for (const [fact, answer] of await recordSegment(batch, segment, facts, place === 0 ? accountIds : undefined)) answers.set(fact, answer)
    if (memory.rules !== rules && memory.rules.haveConsequences) throw new NeedsTransaction()
  }
  return facts.map((fact) => {
    if (fact.refusal !== null) return { ok: false, reason: fact.refusal }
    const answer = answers.get(fact)
    if (answer === undefined) throw new Error('A fact has no answer.')
    return answer
  })
}

const keysOf = (facts: readonly PreparedFact[]): string[] => [...new Set(facts.flatMap(({ key, originalKey }) => (originalKey === null ? [key] : [key, originalKey])))]

function newSignUps(facts: readonly PreparedFact[], known: ReadonlyMap<string, EventJson>): PreparedFact[] {
  const seen = new Set<string>()
  return facts.filter(({ fact, key }) => {
    const isNew = fact.type === 'signup' && !known.has(key) && !seen.has(key)
    seen.add(key)
    return isNew
  })
}

export interface Batch extends Carrier {
  readonly attributed: ReadonlyMap<PreparedFact, readonly Attributed[]>
  /** Relations whose sign-up is not applied yet. */
  readonly concealed: Set<bigint>
  readonly asker: Asker
}

/** What one fact led to on the sheet, with ids that may still be places. */
interface Outcome {
  readonly prepared: PreparedFact
  readonly answer: EventAnswer
}

/** `lockedAccounts`: everybody of the whole batch, so that all members are locked at once, in order. */
async function recordSegment(
  batch: Batch, segment: readonly PreparedFact[], known: ReadonlyMap<string, EventJson>, lockedAccounts: readonly bigint[] | undefined,
): Promise<(readonly [PreparedFact, EventAnswer])[]> {
  const sheet = await readSheetFor(batch, segment, known, lockedAccounts)
  const digests = new Map([...known.values()].map(({ key, digest }) => [key, digest]))
  const outcomes: Outcome[] = []
  for (const prepared of segment) outcomes.push({ prepared, answer: await recordOne(batch, sheet, prepared, digests) })
  const ids = await writeSheet(batch.session, sheet)
  const real = (id: bigint, written: readonly bigint[]): bigint => (id < 0n ? written[Number(-id) - 1] ?? id : id)
  const finished = outcomes.map(({ prepared, answer }): readonly [PreparedFact, EventAnswer] => [prepared, !answer.ok ? answer
    : { ...answer, eventId: real(answer.eventId, ids.events), rebates: answer.rebates.map((rebate) => ({ ...rebate, rebateId: real(rebate.rebateId, ids.rebates) })) }])
  const told = outcomes.flatMap(({ prepared, answer }) => {
    const event = answer.ok && answer.isNew ? sheet.eventOfKey(prepared.key) : undefined
    return event === undefined ? [] : [{ prepared, event }]
  })
  const later = await applyConsequences(batch, { sheet, ids, told })
  if (later.size === 0) return finished
  return finished.map(([prepared, answer]) => {
    const rebates = answer.ok && answer.isNew ? later.get(answer.eventId) ?? [] : []
    return [prepared, answer.ok && rebates.length > 0 ? { ...answer, rebates: [...answer.rebates, ...rebates] } : answer]
  })
}

async function readSheetFor(batch: Batch, segment: readonly PreparedFact[], known: ReadonlyMap<string, EventJson>, lockedAccounts: readonly bigint[] | undefined): Promise<Sheet> {
  const { session, memory, now, attributed } = batch
  const since = new Map(segment.flatMap((prepared) => ((attributed.get(prepared) ?? []).some(({ referralId }) => referralId !== null) ? [[prepared.fact.accountId, prepared.fact.occurredAt] as const] : [])))
  const fresh = segment.filter(({ fact, key }) => isMoney(fact.type) && !known.has(key))
  const sheet = await readSheet(session, memory, {
    accountIds: lockedAccounts ?? [...new Set(segment.map(({ fact }) => fact.accountId))], since, eventIds: [...known.values()].map(({ id }) => BigInt(id)),
    keys: fresh.map(({ key }) => key), now,
    payments: (read) => [...fresh.map((prepared) => eventOfFact(prepared, 0n, now)), ...[...since].flatMap(([accountId, from]) => read.earlierPayments(accountId, from))],
  })
  for (const referralId of batch.concealed) sheet.conceal(referralId)
  return sheet
}

async function recordOne(batch: Batch, sheet: Sheet, prepared: PreparedFact, digests: Map<string, string>): Promise<EventAnswer> {
  const { fact, key, originalKey, digest, actorId, check } = prepared
  const original = originalKey === null ? undefined : sheet.eventOfKey(originalKey)
  const refusal = whyRefusedHere(sheet.rules, fact, original)
  if (refusal !== null) return { ok: false, reason: refusal }
  const earlier = digests.get(key)
  if (earlier !== undefined) {
    const event = sheet.eventOfKey(key)
    if (earlier !== digest || event === undefined) return { ok: false, reason: 'key_reused' }
    return { ok: true, eventId: event.id, isNew: false, attributed: [], ...describe(sheet, event) }
  }
  const event = eventOfFact(prepared, sheet.nextEventId, sheet.now)
  const late = await whyNotNow(batch, sheet, prepared, event)
  if (late !== null) return { ok: false, reason: late }
  writeEvent(sheet, prepared, event)
  digests.set(key, digest)
  const attributed = batch.attributed.get(prepared) ?? []
  for (const { referralId } of attributed) {
    if (referralId === null) continue
    batch.concealed.delete(referralId)
    sheet.reveal(referralId)
  }
  await applyFact(sheet, { actorId, check, asker: batch.asker }, event, attributed)
  return { ok: true, eventId: event.id, isNew: true, attributed, ...describe(sheet, event) }
}

/** Refusals that depend on what the fact would do now. */
async function whyNotNow(batch: Batch, sheet: Sheet, { fact, actorId }: PreparedFact, event: Parameters<typeof qualifyAll>[1]): Promise<FactRefusal | null> {
  if (isMoney(fact.type)) return qualifyAll(sheet, event).some(({ qualified }) => qualified.kind === 'question' && qualified.reason === 'conversion_missing') ? 'conversion_missing' : null
  if (fact.track === undefined || isAboutAnOriginal(fact.type)) return null
  const programId = sheet.rules.programId(fact.track.program)
  if (programId === null) return 'unknown_program'
  if (batch.transaction === null) throw new NeedsTransaction()
  const change = { programId, accountId: fact.accountId, track: fact.track.key, occurredAt: fact.occurredAt }
  const answer = await takeTrackChange(batch.transaction, { now: batch.now, actorId }, change)
  return answer.ok ? null : answer.reason
}

function describe(sheet: Sheet, event: Parameters<typeof qualifyAll>[1]): { rebates: EarnedRebate[]; isWaiting: boolean } {
  const rebates = sheet.rebatesOf(event).filter(({ kind }) => kind === 'rebate').sort((left, right) => byAge(left.id, right.id))
    .map(({ id, programId, accountId, amount, asset }) => ({ rebateId: id, programId, inviterId: accountId, amount, asset }))
  return { rebates, isWaiting: sheet.waits.has(event.id) }
}
