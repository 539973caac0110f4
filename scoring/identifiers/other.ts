// Kinds that the product has no rule for are legal: the value as it is, of ordinary strength.
import { accepted } from './shape.ts'
import type { Normaliser } from './shape.ts'

export const normaliseOther: Normaliser = ({ kind, value, attributes }) =>
  accepted({ kind, value: value.normalize('NFC'), flags: 0, model: null, attributes })
