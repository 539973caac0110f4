// What of an identifier may be shown in a report: the host's own mask, or as much of the value as names its neighbourhood.
import type { NormalisedIdentifier } from '../../scoring/identifiers/index.ts'
import { containsCardNumber } from '../../scoring/identifiers/index.ts'

/** Never the whole value: at most the network of an address, the domain of a mailbox, or the ends of a long id. */
export function maskIdentifier(identifier: NormalisedIdentifier, display: string | null): string {
  const { kind, value, attributes } = identifier
  const word = kind.split(':')[0]
  const isDerived = kind === 'ip:network' || kind.startsWith('email:')
  if (display !== null && !isDerived && display !== value) return display
  if (attributes.mask !== undefined) return attributes.mask
  if (word === 'ip') return maskAddress(value)
  if (kind === 'email:domain') return value
  if (kind === 'email:pattern') return maskPattern(value)
  if (attributes.last4 !== undefined && /^\d{4}$/.test(attributes.last4)) {
    return `${attributes.brand ?? ''} •••• ${attributes.last4}`.trim()
  }
  if (attributes.model !== undefined) {
    const model = attributes.model.split(' / ').filter((part) => part !== '').join(' / ')
    return `${model} (${maskEnds(value)})`
  }
  return containsCardNumber(value) ? '•••' : maskEnds(value)
}

function maskAddress(value: string): string {
  const [address = '', prefix] = value.split('/')
  const suffix = prefix === undefined ? '' : `/${prefix}`
  if (address.includes(':')) return `${address.split(':').slice(0, 2).join(':')}:…${suffix}`
  return `${address.split('.').slice(0, 2).join('.')}.•.•${suffix}`
}

function maskPattern(value: string): string {
  const [local = '', domain = ''] = value.split('@')
  return `${local.slice(0, 1)}…${/#+$/.exec(local)?.[0] ?? ''}@${domain}`
}

function maskEnds(value: string): string {
  const characters = Array.from(value)
  if (characters.length < 8) return `${characters[0] ?? ''}•••`
  return `${characters.slice(0, 2).join('')}…${characters.slice(-2).join('')}`
}
