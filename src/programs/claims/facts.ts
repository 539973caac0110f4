// The facts of a claim against what is known here: own instance, own e-mail and referral link must be the member's; the client's instance and
// e-mail name the client. Promises: only keyed hashes are compared and kept, with masks; who the client is stays inside.

import type { Transaction } from '../../base/database.ts'
import type { KeyRing } from '../../base/keys.ts'
import type { CLAIM_FACTS } from '../../policies/index.ts'
import { hashedValue } from '../../population/index.ts'
import { ownersOfResource, resourceHash } from '../attribution/account-resources.ts'
import type { OwnFault } from './claims.ts'
import { findCodes, type FoundCode } from '../attribution/invite-codes.ts'
import { codesIn } from '../attribution/invite-links.ts'

export type ClaimFact = (typeof CLAIM_FACTS)[number]

/** As given, by the programme's names for them. */
export type GivenFacts = Readonly<Partial<Record<ClaimFact, string>>>

interface HashedFact {
  readonly hash: Uint8Array<ArrayBuffer>
  readonly mask: string
}

export interface HashedFacts {
  readonly ownResource: HashedFact | null
  readonly clientResource: HashedFact | null
  readonly ownEmail: HashedFact | null
  readonly clientEmail: HashedFact | null
  /** What in the link may be a code. */
  readonly codes: readonly string[] | null
}

export function hashFacts(keys: KeyRing, given: GivenFacts): HashedFacts | { readonly refused: 'bad_email' } {
  const [ownEmail, clientEmail] = [emailOf(keys, given.own_email), emailOf(keys, given.client_email)]
  if (ownEmail === 'bad_email' || clientEmail === 'bad_email') return { refused: 'bad_email' }
  return {
    ownResource: resourceOf(keys, given.own_resource), clientResource: resourceOf(keys, given.client_resource), ownEmail, clientEmail,
    codes: given.referral_link === undefined ? null : codesIn(given.referral_link),
  }
}

function emailOf(keys: KeyRing, email: string | undefined): HashedFact | 'bad_email' | null {
  if (email === undefined) return null
  const hashed = hashedValue(keys, 'email', email)
  return hashed.ok && hashed.kind === 'email' ? { hash: hashed.hash, mask: hashed.mask } : 'bad_email'
}

function resourceOf(keys: KeyRing, resourceId: string | undefined): HashedFact | null {
  if (resourceId === undefined) return null
  // By characters: half of one is no text.
  const characters = Array.from(resourceId)
  return { hash: resourceHash(keys, resourceId), mask: `${characters.slice(0, Math.min(2, characters.length - 1)).join('')}…` }
}

/** As kept beside the claim: nothing of it can be read back but the masks. */
export function bodyOf({ ownResource, clientResource, ownEmail, clientEmail, codes }: HashedFacts): Record<string, Record<string, string> | string[]> {
  const kept = (name: ClaimFact, fact: HashedFact | null) => (fact === null ? {} : { [name]: { hash: Buffer.from(fact.hash).toString('hex'), mask: fact.mask } })
  return {
    ...kept('own_resource', ownResource), ...kept('client_resource', clientResource), ...kept('own_email', ownEmail), ...kept('client_email', clientEmail),
    ...(codes === null ? {} : { referral_link: [...codes] }),
  }
}

export interface Verified {
  readonly fault: OwnFault | null
  /** The one account that all facts about the client name; null where they name none, or several. */
  readonly clientId: bigint | null
}

/** The same statements whatever is found. */
export async function verifyFacts(transaction: Transaction, programId: bigint, inviterId: bigint, facts: HashedFacts): Promise<Verified> {
  const { ownResource, clientResource, ownEmail, clientEmail, codes } = facts
  const [owners, clients] = [await namedBy(transaction, ownResource, ownEmail), await namedBy(transaction, clientResource, clientEmail)]
  const known: readonly FoundCode[] = codes === null ? [] : await findCodes(transaction, codes)
  const fault: OwnFault | null = owners.byResource?.includes(inviterId) === false ? 'own_resource_unknown'
    : owners.byEmail?.includes(inviterId) === false ? 'own_email_unknown'
      : codes !== null && !known.some((code) => code.programId === programId && code.accountId === inviterId) ? 'referral_link_unknown' : null
  const both = clients.byResource === null ? clients.byEmail ?? [] : clients.byResource.filter((id) => clients.byEmail === null || clients.byEmail.includes(id))
  const [clientId = null, ...others] = new Set(both)
  return { fault, clientId: others.length > 0 ? null : clientId }
}

interface Named {
  /** Null where the fact was not given. */
  readonly byResource: readonly bigint[] | null
  readonly byEmail: readonly bigint[] | null
}

async function namedBy(transaction: Transaction, resource: HashedFact | null, email: HashedFact | null): Promise<Named> {
  const byResource = resource === null ? null : await ownersOfResource(transaction, resource.hash)
  const rows = email === null ? null : await transaction.$queryRaw<{ account_id: bigint }[]>`
    select distinct o.account_id from identifier i join observation o on o.identifier_id = i.id where i.kind = 'email' and i.hash = ${email.hash}`
  return { byResource, byEmail: rows === null ? null : rows.map(({ account_id: id }) => id) }
}
