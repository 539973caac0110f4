// Events in: accounts and identifiers first, so that the check of a credit sees what came with the event that earned it.
// Promises: an identifier that must not be kept refuses its event before anything of it is stored; the others go on.

import { containsCardNumber, normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { maskIdentifier } from '../folders/identifier-mask.ts'
import { type AccountRow, findAccounts, IdentifierDoor, inBulkTransaction, type ObservedIdentifier, openBatch, recordAccounts, recordObservations, recordParents } from '../population/index.ts'
import { type EventAnswer, type EventFact, type PreCreditCheck, recordEvent, recordEvents } from '../programs/index.ts'
import { factOf } from './event-fact.ts'
import type { EventInput } from './event-form.ts'
import { noteSequences } from './source-sequences.ts'

export interface EventTaking {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  readonly check: PreCreditCheck
}

export interface EventResult {
  readonly input: EventInput
  readonly answer: EventAnswer | { readonly ok: false; readonly reason: string }
}

export interface EventsResult {
  readonly results: readonly EventResult[]
  /** Everything these events brought is in the check's index once it has passed this position. */
  readonly position: string
}

interface Stored {
  readonly batchId: bigint
  readonly position: string
  readonly accounts: ReadonlyMap<string, number>
}

export async function takeEvents(taking: EventTaking, events: readonly EventInput[]): Promise<EventsResult> {
  const exponentOf = await readExponents(taking.database)
  const door = new IdentifierDoor(taking.keys)
  const observed = events.map((event) => observationsOf(event))
  const accepted = events.filter((_, place) => observed[place]?.ok === true)
  const stored = await storeFacts(taking, door, accepted, new Map(events.map((event, place) => [event, observed[place]])))
  const brought = new Map<string, NonNullable<EventInput['observations']>>()
  for (const { account, observations = [] } of accepted) brought.set(account, [...(brought.get(account) ?? []), ...observations])
  const facts = accepted.map((input) => factOf(input, idOf(stored, input), exponentOf))
  const recorder = { ...taking, check: checkWith(taking.check, brought) }
  const answers = await record(recorder, stored.batchId, facts.filter((fact) => typeof fact !== 'string'))
  const answerTo = new Map<EventInput, EventResult['answer']>()
  for (const [place, input] of accepted.entries()) {
    const fact = facts[place]
    const answer = typeof fact === 'string' ? { ok: false as const, reason: fact } : answers.shift()
    if (answer === undefined) throw new Error('An event has no answer.')
    answerTo.set(input, answer)
  }
  await noteSequences(taking, events)
  const results = events.map((input, place) => {
    const seen = observed[place]
    return { input, answer: answerTo.get(input) ?? { ok: false as const, reason: seen?.ok === false ? seen.reason : 'observation' } }
  })
  return { results, position: stored.position }
}

function idOf(stored: Stored, { account }: EventInput): bigint {
  const accountId = stored.accounts.get(account)
  if (accountId === undefined) throw new Error('An account was not stored with its event.')
  return BigInt(accountId)
}

/** A single event may share its transaction with those of other requests. */
async function record(recorder: EventTaking, batchId: bigint, facts: readonly EventFact[]): Promise<EventAnswer[]> {
  const [only] = facts
  return only !== undefined && facts.length === 1 ? [await recordEvent(recorder, batchId, only)] : recordEvents(recorder, batchId, facts)
}

/** Observations of one question; the newest count. */
const OBSERVATIONS_MAX = 32

/**
 * The check sees what came with these events before it judges what they earn. The index has not read them yet, and waiting
 * for it would hold every credit while a long transaction, such as the end of a scan, keeps the log from being read on.
 */
function checkWith(check: PreCreditCheck, brought: ReadonlyMap<string, NonNullable<EventInput['observations']>>): PreCreditCheck {
  return (request, caller) => {
    const of = (side: 'inviter' | 'invitee') => (brought.get(request[side] ?? '') ?? []).map(({ kind, value, user_agent, context, attributes }) => ({ kind, value, user_agent, context, attributes, of: side }))
    return check({ ...request, observations: [...of('inviter'), ...of('invitee')].slice(-OBSERVATIONS_MAX) }, caller)
  }
}

type Observed = { readonly ok: true; readonly identifiers: readonly Omit<ObservedIdentifier, 'accountId'>[] } | { readonly ok: false; readonly reason: string }

const CONTEXT_OF: Readonly<Record<string, string>> = { signup: 'signup', login: 'login', recharge: 'payment', payment: 'payment', payout_destination_changed: 'payout' }

function observationsOf(event: EventInput): Observed {
  const identifiers: Omit<ObservedIdentifier, 'accountId'>[] = []
  for (const { kind, value, user_agent: userAgent, context = CONTEXT_OF[event.type] ?? '', attributes, display, occurred_at: occurredAt } of event.observations ?? []) {
    if (display !== undefined && containsCardNumber(display, 'strict')) return { ok: false, reason: 'raw_card_number' }
    const normalised = normaliseIdentifier({ kind, value, userAgent, attributes, context })
    if (!normalised.ok) return { ok: false, reason: normalised.reason }
    const at = new Date(occurredAt ?? event.occurred_at).getTime() / 1000
    for (const identifier of normalised.identifiers) identifiers.push({ identifier, shownAs: maskIdentifier(identifier, display ?? null), at, context })
  }
  return { ok: true, identifiers }
}

/** Accounts, parents and observations in one transaction, whose number is the position. */
async function storeFacts({ database, keys, clock, actorId }: EventTaking, door: IdentifierDoor, events: readonly EventInput[], observed: ReadonlyMap<EventInput, Observed | undefined>): Promise<Stored> {
  return inBulkTransaction(database, async (client) => {
    const batch = await openBatch(client, { source: events[0]?.source ?? 'api', actorId, kind: 'api', recordedAt: clock.now() })
    await recordAccounts(client, keys, batch, accountsOf(events))
    const accounts = await findAccounts(client, events.flatMap((event) => [event.account, ...parentOf(event)]))
    const numberOf = (name: string): number => accounts.get(name) ?? 0
    await recordParents(client, events.flatMap((event) => parentOf(event).map((parent) => ({ accountId: numberOf(event.account), parentId: numberOf(parent) }))))
    await recordObservations(client, door, batch, events.flatMap((event) => {
      const seen = observed.get(event)
      return seen?.ok === true ? seen.identifiers.map((each) => ({ ...each, accountId: numberOf(event.account) })) : []
    }))
    const position = await client.query<{ position: string }>('SELECT pg_current_xact_id()::text AS position')
    return { batchId: BigInt(batch.id), position: position.rows[0]?.position ?? '0', accounts }
  })
}

function parentOf(event: EventInput): string[] {
  return event.type === 'signup' && event.parent_account_id !== undefined && event.parent_account_id !== event.account ? [event.parent_account_id] : []
}

/** One row per account: what its sign-up says, where there is one. */
function accountsOf(events: readonly EventInput[]): AccountRow[] {
  const rows = new Map<string, AccountRow>()
  const nothing = { createdAt: null, status: null, organisationId: null, country: null }
  for (const event of events) {
    for (const externalId of [event.account, ...parentOf(event)]) if (!rows.has(externalId)) rows.set(externalId, { externalId, ...nothing })
    const known = rows.get(event.account) ?? { externalId: event.account, ...nothing }
    if (event.type === 'signup') {
      rows.set(event.account, { ...known, createdAt: new Date(event.occurred_at).getTime() / 1000, organisationId: event.org_id ?? null, country: event.country ?? null })
    }
    if (event.type === 'account_closed') rows.set(event.account, { ...known, status: 'closed' })
  }
  return [...rows.values()]
}

async function readExponents(database: Database): Promise<(asset: string) => number> {
  const assets = await database.prisma.asset.findMany({ select: { code: true, exponent: true } })
  const exponents = new Map(assets.map(({ code, exponent }) => [code, exponent]))
  return (asset) => exponents.get(asset) ?? 6
}
