// Payout destinations: where rewards leave. They also enter the space of payment instruments, so that an inviter who is paid
// to the account an invitee pays from is seen to share it.
import { looksLikeIban } from './bank.ts'
import { bankAccount, looksMasked, normalisePayment, wallet } from './payment.ts'
import { IdentifierFlag } from '../population.ts'
import { accepted } from './shape.ts'
import type { Normaliser } from './shape.ts'

export const normalisePayout: Normaliser = (identifier, lists) => {
  const { kind, value, attributes } = identifier
  const isBare = kind === 'payout'
  if (kind === 'payout:bank' || (isBare && looksLikeIban(value))) return bankAccount('payout:bank', value, attributes)
  if (kind === 'payout:wallet') return wallet('payout:wallet', value, attributes)
  const asPayment = normalisePayment({ ...identifier, kind: 'payment' }, lists)
  if (!asPayment.ok) return asPayment
  const isMasked = isBare && looksMasked(value)
  const flags = (isBare ? IdentifierFlag.bare : 0) | (isMasked ? IdentifierFlag.masked : 0)
  const own = { kind, value, flags, model: null, attributes }
  return accepted(own, ...asPayment.identifiers)
}
