// Keys of the committed backup: known to everybody, used for nothing else.

import type { KeyRing } from '../../src/base/keys.ts'

export function fixedKeys(): KeyRing {
  const key = (letter: string) => [{ id: 1, secret: Buffer.from(letter.repeat(64), 'hex') }]
  return { identifiers: key('a'), sealing: key('b'), chain: key('c'), tokens: key('d') }
}
