// The door for identifiers: one raw value in, canonical identifiers (or a named refusal) out.
// No raw card number passes it, whatever the kind says.
import { containsCardNumber } from './card-number.ts'
import type { CardScrutiny } from './card-number.ts'
import { normaliseDevice } from './device.ts'
import { normaliseEmail } from './email.ts'
import { normaliseHost } from './host.ts'
import { normaliseIp } from './ip.ts'
import { normaliseOther } from './other.ts'
import { normalisePayment } from './payment.ts'
import { normalisePayout } from './payout.ts'
import { normalisePhone } from './phone.ts'
import { refused } from './shape.ts'
import type { IdentifierLists, NormaliseResult, Normaliser, RawIdentifier } from './shape.ts'

export { parseAddressList } from './address-lists.ts'
export type { AddressList, AddressListPurpose, AddressLists } from './address-lists.ts'
export { containsCardNumber } from './card-number.ts'
export type { IdentifierLists, IdentifierRefusal, NormalisedIdentifier, NormaliseResult, RawIdentifier } from './shape.ts'

export const valueLengthMax = 512

export const emptyLists: IdentifierLists = { addresses: [], disposableDomains: new Set(), version: 'none' }

/** By the first word of the kind. */
const normalisers: ReadonlyMap<string, Normaliser> = new Map([
  ['ip', normaliseIp],
  ['device', normaliseDevice],
  ['payment', normalisePayment],
  ['payout', normalisePayout],
  ['email', normaliseEmail],
  ['phone', normalisePhone],
  ['callback', normaliseHost],
  ['origin', normaliseHost],
  ['host', normaliseHost],
])

const scrutinyByKind: ReadonlyMap<string, CardScrutiny> = new Map([
  ['ip', 'strict'], ['payment', 'strict'], ['payout', 'strict'], ['bank', 'strict'], ['wallet', 'strict'], ['email', 'strict'],
  ['phone', 'phone'],
])

/** Canonical identifiers of one reported value: an address gives itself and its network, an e-mail its domain, and so on. */
export function normaliseIdentifier(raw: RawIdentifier, lists: IdentifierLists = emptyLists): NormaliseResult {
  const kind = raw.kind.trim().toLowerCase()
  if (!/^[a-z][a-z0-9_.-]*(?::[a-z0-9_.-]+)*$/.test(kind) || kind.length > 64) return refused('bad_kind')
  const value = raw.value.trim()
  if (value === '') return refused('empty_value')
  if (value.length > valueLengthMax) return refused('value_too_long')
  if (hasControlCharacter(value)) return refused('control_character')

  const word = kind.split(':')[0] ?? kind
  const normalise = normalisers.get(word) ?? normaliseOther
  const attributes = raw.attributes ?? {}
  const fromApi = raw.context !== undefined && raw.context.split('|').some((part) => part.trim().toLowerCase() === 'api')
  if (containsCardNumber(value, scrutinyByKind.get(word) ?? 'numeric_ids')) return refused('raw_card_number')
  for (const attribute of Object.values(attributes)) {
    if (containsCardNumber(attribute, 'numeric_ids')) return refused('raw_card_number')
  }
  const result = normalise({ kind, value, userAgent: raw.userAgent ?? '', attributes, fromApi }, lists)
  return result.ok && result.identifiers.some((identifier) => identifier.value === '') ? refused('empty_value') : result
}

/** C0 and C1 controls and lone surrogates: nothing that a real value holds, and trouble in logs and databases. */
function hasControlCharacter(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code < 32 || (code >= 127 && code < 160)) return true
  }
  return /\p{Surrogate}/u.test(value)
}
