// A request becomes a question: names become accounts, raw identifiers become hashes, and what is not known is said.

import { emptyLists, type IdentifierLists, type IdentifierRefusal, normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import { type AmountError, parseMicros } from '../base/money.ts'
import type { IdentifierDoor } from '../population/index.ts'
import type { CheckIndex, IndexedIdentifier } from './check-index.ts'
import { IDENTIFIERS_MAX, type Side } from './gather.ts'
import { sideOf } from './judgement.ts'
import type { LookedUpAccount } from './look-up.ts'
import type { StoredRequest } from './check-records.ts'
import type { CheckRequest } from './request.ts'

export interface SeenIdentifier {
  readonly kind: string
  readonly hash: Buffer
  readonly flags: number
  readonly of: 'inviter' | 'invitee'
}

export type SeenResult = { readonly ok: true; readonly identifiers: readonly SeenIdentifier[] } | { readonly ok: false; readonly reason: IdentifierRefusal; readonly place: number }

/** Hashes what the request brings; the raw values go no further. */
export function hashObservations(door: IdentifierDoor, request: Pick<CheckRequest, 'observations' | 'invitee'>, lists: IdentifierLists = emptyLists): SeenResult {
  const identifiers: SeenIdentifier[] = []
  for (const [place, { kind, value, user_agent: userAgent, context, attributes, of }] of (request.observations ?? []).entries()) {
    const normalised = normaliseIdentifier({ kind, value, userAgent, context, attributes }, lists)
    if (!normalised.ok) return { ok: false, reason: normalised.reason, place }
    // What was seen with a request about a referral is the new customer's, unless it says otherwise.
    const side = of ?? (request.invitee === undefined ? 'inviter' : 'invitee')
    for (const each of normalised.identifiers) identifiers.push({ kind: each.kind, hash: door.hash(each.kind, each.value).hash, flags: each.flags, of: side })
  }
  return { ok: true, identifiers }
}

export type ParsedAmount = { readonly ok: true; readonly amount: bigint } | { readonly ok: false; readonly reason: AmountError }

/** In the asset's smallest unit; days have no decimals. */
export function parseAmount(text: string, exponent: number): ParsedAmount {
  const parsed = parseMicros(text)
  if (!parsed.ok) return parsed
  const unit = 10n ** BigInt(6 - exponent)
  return parsed.amount % unit === 0n ? { ok: true, amount: parsed.amount / unit } : { ok: false, reason: 'too_precise' }
}

export interface Sides {
  readonly inviter: Side | null
  readonly invitee: Side | null | undefined
  describe(identifier: number): IndexedIdentifier | undefined
}

/** The two sides as the index and the look-up know them, with the request's own identifiers merged in. */
export function sidesOf(
  index: CheckIndex, names: { readonly inviter: string; readonly invitee?: string | null | undefined }, seen: readonly SeenIdentifier[], found: ReadonlyMap<string, LookedUpAccount>,
): Sides {
  const local = new Map<number, IndexedIdentifier>()
  const localIds = new Map<string, number>()
  const idOf = ({ kind, hash, flags }: SeenIdentifier): number => {
    const known = index.identifierByHash(kind, hash)
    if (known !== undefined) return known
    const name = `${kind} ${hash.toString('latin1')}`
    const id = localIds.get(name) ?? -1 - localIds.size
    localIds.set(name, id)
    local.set(id, { kind, flags })
    return id
  }
  const ids = { inviter: seen.filter(({ of }) => of === 'inviter').map(idOf), invitee: seen.filter(({ of }) => of === 'invitee').map(idOf) }
  const side = (name: string, own: readonly number[]): Side | null => {
    const indexed = index.account(name)
    if (indexed !== undefined) return sideOf(index, indexed, own, IDENTIFIERS_MAX)
    const looked = found.get(name)
    if (looked === undefined) return null
    for (const { id, kind, flags } of looked.identifiers) if (index.identifier(id) === undefined) local.set(id, { kind, flags })
    return sideOf(index, looked.account, [...looked.identifiers.map(({ id }) => id), ...own], IDENTIFIERS_MAX)
  }
  return {
    inviter: side(names.inviter, ids.inviter),
    invitee: names.invitee === undefined || names.invitee === null ? undefined : side(names.invitee, ids.invitee),
    describe: (identifier) => index.identifier(identifier) ?? local.get(identifier),
  }
}

/** The request as it is kept while a real answer is awaited: without raw identifiers. */
export function storedRequest({ program, subject, subject_id, inviter, invitee, amount, asset }: CheckRequest, seen: readonly SeenIdentifier[]): StoredRequest {
  return {
    program, subject, subject_id, inviter, invitee: invitee ?? null, amount, asset,
    identifiers: seen.map(({ kind, hash, flags, of }) => ({ kind, hash: hash.toString('hex'), flags, of })),
  }
}

