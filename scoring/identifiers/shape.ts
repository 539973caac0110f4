// The one shape that every kind of identifier has: a raw value in, canonical identifiers or a refusal out.
import type { AddressLists } from './address-lists.ts'

/** A value as a host reported it. */
export interface RawIdentifier {
  /** `ip`, `device`, `payment:bank` …, or any other word. */
  readonly kind: string
  readonly value: string
  readonly userAgent?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** The context as reported (`login`, `api` …): an address seen with `api` becomes a kind of its own. */
  readonly context?: string | undefined
}

export interface NormalisedIdentifier {
  readonly kind: string
  /** Canonical: equal values are equal identifiers. Hashed by whoever keeps it. */
  readonly value: string
  /** Sum of `IdentifierFlag` bits. */
  readonly flags: number
  /** Devices with the same word are of one model; null where that means nothing. */
  readonly model: string | null
  /** Facts that are safe to keep and to show: masks, country, brand, model … */
  readonly attributes: Readonly<Record<string, string>>
}

export type IdentifierRefusal =
  | 'bad_kind'
  | 'empty_value'
  | 'value_too_long'
  | 'control_character'
  | 'raw_card_number'
  | 'not_an_address'
  | 'not_an_email'
  | 'not_a_phone_number'
  | 'not_a_host'

export type NormaliseResult =
  | { readonly ok: true; readonly identifiers: readonly NormalisedIdentifier[] }
  | { readonly ok: false; readonly reason: IdentifierRefusal }

/** What can be loaded at run time to know more of a value. Everything is optional; `version` goes into the evidence. */
export interface IdentifierLists {
  readonly addresses: AddressLists
  /** Lower-case domains. */
  readonly disposableDomains: ReadonlySet<string>
  readonly version: string
}

/** A value that has passed the checks common to all kinds: trimmed, no control characters, not too long, no card number. */
export interface CleanIdentifier {
  /** Lower case, e.g. `device:install`. */
  readonly kind: string
  readonly value: string
  readonly userAgent: string
  readonly attributes: Readonly<Record<string, string>>
  /** Whether the context names `api`. */
  readonly fromApi: boolean
}

/** One file per kind exports one of these. */
export type Normaliser = (identifier: CleanIdentifier, lists: IdentifierLists) => NormaliseResult

export const accepted = (...identifiers: NormalisedIdentifier[]): NormaliseResult => ({ ok: true, identifiers })
export const refused = (reason: IdentifierRefusal): NormaliseResult => ({ ok: false, reason })
