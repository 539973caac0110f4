// Amounts and the one rounding, by table and against exact rational arithmetic.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAmount, parseMicros, scaleHalfEven } from '../../src/base/money.ts'

describe('parseMicros', () => {
  test.each([
    ['0', 0n], ['1', 1_000_000n], ['12.5', 12_500_000n], ['0.000001', 1n], ['3.9000000000', 3_900_000n], [' 7 ', 7_000_000n],
  ])('reads %s exactly', (text, amount) => {
    expect(parseMicros(text)).toEqual({ ok: true, amount })
  })

  test.each([
    ['-1', 'negative'], ['NaN', 'not_a_number'], ['Infinity', 'not_a_number'], ['1e3', 'not_a_number'], ['1,000', 'not_a_number'],
    ['', 'not_a_number'], ['.5', 'not_a_number'], ['0.0000001', 'too_precise'], ['1000000000001', 'too_large'], ['٣', 'not_a_number'],
  ])('refuses %s as %s', (text, reason) => {
    expect(parseMicros(text)).toEqual({ ok: false, reason })
  })

  test('what is formatted is read back as the same amount', () => {
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 18n), (amount) => {
      expect(parseMicros(formatAmount(amount))).toEqual({ ok: true, amount })
    }))
  })
})

describe('scaleHalfEven', () => {
  test.each([
    [1n, 1n, 2n, 0n], [3n, 1n, 2n, 2n], [5n, 1n, 2n, 2n], [-1n, 1n, 2n, 0n], [-3n, 1n, 2n, -2n], [7n, 1n, 3n, 2n], [8n, 1n, 3n, 3n],
    [100_000_000n, 50_000n, 1_000_000n, 5_000_000n], [10n, 50_000n, 1_000_000n, 0n], [30n, 50_000n, 1_000_000n, 2n],
  ])('%i × %i ÷ %i is %i', (value, numerator, denominator, expected) => {
    expect(scaleHalfEven(value, numerator, denominator)).toBe(expected)
  })

  test('the result is never further than half a unit from the exact quotient, and ties are even', () => {
    const part = fc.bigInt(-(10n ** 15n), 10n ** 15n)
    fc.assert(fc.property(part, part, fc.bigInt(1n, 10n ** 9n), (value, numerator, denominator) => {
      const rounded = scaleHalfEven(value, numerator, denominator)
      const remainder = 2n * (value * numerator - rounded * denominator)
      expect(remainder <= denominator && remainder >= -denominator).toBe(true)
      if (remainder === denominator || remainder === -denominator) expect(rounded % 2n).toBe(0n)
    }))
  })
})
