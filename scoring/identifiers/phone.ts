// Phone numbers as digits with country code where one was given (the order of E.164), without marks or extension.
import { asciiDigits } from './card-number.ts'
import { accepted, refused } from './shape.ts'
import type { Normaliser } from './shape.ts'

export const normalisePhone: Normaliser = (identifier) => {
  const plain = asciiDigits(identifier.value).replace(/\p{Cf}/gu, '').replace(/^tel:/i, '').replace(/(?:ext\.?|x|#|;).*$/i, '')
  if (!/^[\s+()\d./\p{Pd}]+$/u.test(plain)) return refused('not_a_phone_number')
  // "+44 (0)20" writes the trunk zero that is not dialled from abroad.
  const digits = plain.replace(/\(0\)/, '').replace(/\D/g, '')
  const canonical = /^\s*00/.test(plain) ? digits.replace(/^00/, '') : digits
  if (canonical.length < 6 || canonical.length > 15) return refused('not_a_phone_number')
  const attributes = { ...identifier.attributes, mask: `…${canonical.slice(-2)}` }
  return accepted({ kind: 'phone', value: canonical, flags: 0, model: null, attributes })
}
