// Hosts that an account points at: callback addresses and allowed origins. Ten customers with one callback host are one.
import { accepted, refused } from './shape.ts'
import type { Normaliser } from './shape.ts'

export const normaliseHost: Normaliser = (identifier) => {
  const match = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@\s]*@)?(\[[^\]]+\]|[^/:?#\s]+)(?::\d{1,5})?(?:[/?#].*)?$/i.exec(identifier.value)
  const host = match?.[1]?.normalize('NFKC').toLowerCase().replace(/\.$/, '') ?? ''
  if (host === '' || host === '*' || host === 'null') return refused('not_a_host')
  return accepted({ kind: identifier.kind, value: host, flags: 0, model: null, attributes: identifier.attributes })
}
