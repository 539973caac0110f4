// The door for identifiers: what every kind becomes, and that no card number passes it in any disguise.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passesLuhn } from '../../scoring/identifiers/card-number.ts'
import { containsCardNumber, emptyLists, normaliseIdentifier, parseAddressList } from '../../scoring/identifiers/index.ts'
import type { RawIdentifier } from '../../scoring/identifiers/index.ts'
import { IdentifierFlag } from '../../scoring/population.ts'

/** `kind value` of every identifier, or the reason of the refusal. */
function normalised(kind: string, value: string, more: Partial<RawIdentifier> = {}): string[] | string {
  const result = normaliseIdentifier({ kind, value, ...more })
  return result.ok ? result.identifiers.map((identifier) => `${identifier.kind} ${identifier.value}`) : result.reason
}

const flagsOf = (kind: string, value: string, lists = emptyLists): number => {
  const result = normaliseIdentifier({ kind, value }, lists)
  return result.ok ? result.identifiers[0]!.flags : -1
}

describe('addresses', () => {
  test.each([
    ['8.8.4.4', ['ip 8.8.4.4', 'ip:network 8.8.4.0/24']],
    ['8.8.4.4:443', ['ip 8.8.4.4', 'ip:network 8.8.4.0/24']],
    ['::ffff:8.8.4.4', ['ip 8.8.4.4', 'ip:network 8.8.4.0/24']],
    ['2A00:1450:4001:81B::200E', ['ip 2a00:1450:4001:81b::/64', 'ip:network 2a00:1450:4001::/48']],
    ['[2a00:1450:4001:81b::1]:8080', ['ip 2a00:1450:4001:81b::/64', 'ip:network 2a00:1450:4001::/48']],
    ['10.1.2.3', ['ip 10.1.2.3']],
    ['fe80::1%eth0', ['ip fe80::/64']],
    ['127.1', 'not_an_address'],
    ['0x7f.0.0.1', 'not_an_address'],
    ['8.8.4.4, 1.1.1.1', 'not_an_address'],
    ['256.1.1.1', 'not_an_address'],
    ['unknown', 'not_an_address'],
  ])('%s becomes %j', (value, expected) => expect(normalised('ip', value)).toEqual(expected))

  test('two addresses of one /64 are one identifier', () => {
    expect(normalised('ip', '2a00:1450:4001:81b::1')).toEqual(normalised('ip', '2a00:1450:4001:81b:ffff::9'))
  })

  test('an address that a customer’s server calls from is a kind of its own', () => {
    expect(normalised('ip', '8.8.4.4', { context: 'login|api' })).toEqual(['ip:api 8.8.4.4', 'ip:network 8.8.4.0/24'])
  })

  test.each([
    ['10.1.2.3', IdentifierFlag.privateRange], ['192.168.0.1', IdentifierFlag.privateRange], ['127.0.0.1', IdentifierFlag.privateRange],
    ['fd00::1', IdentifierFlag.privateRange], ['100.64.9.9', IdentifierFlag.carrierNat], ['203.0.113.9', IdentifierFlag.reserved],
    ['2002:808:404::1', IdentifierFlag.reserved], ['8.8.4.4', 0],
  ])('the range of %s is known', (value, flags) => expect(flagsOf('ip', value)).toBe(flags))

  test('lists are asked to their edges, and what is no range is named', () => {
    const { list, refused } = parseAddressList('vpn', '2024-05', '# comment\n8.8.0.0/16\n8.9.0.0/16 ; joined\nnonsense\n2a00:1450::/32\n1.1.1.1\n1.2.3.0/33')
    expect(refused).toEqual([{ line: 4, text: 'nonsense' }, { line: 7, text: '1.2.3.0/33' }])
    expect(list.ranges).toBe(3)
    const lists = { ...emptyLists, addresses: [list], version: '2024-05' }
    const isListed = (value: string) => (flagsOf('ip', value, lists) & IdentifierFlag.vpn) !== 0
    expect(['8.8.0.0', '8.9.255.255', '1.1.1.1', '2a00:1450:ffff::1'].map(isListed)).toEqual([true, true, true, true])
    expect(['8.7.255.255', '8.10.0.0', '1.1.1.2', '2a00:1451::1'].map(isListed)).toEqual([false, false, false, false])
  })
})

describe('devices', () => {
  const iPhone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
  test.each([
    ['device:install', 'A1', ['device:install A1']],
    ['device', 'A1', ['device:fingerprint A1']],
    ['device', '5E1F0E5A-4C1E-4B9E-9F86-1D2C3B4A5968', ['device:cookie 5e1f0e5a-4c1e-4b9e-9f86-1d2c3b4a5968']],
  ])('%s %s becomes %j', (kind, value, expected) => expect(normalised(kind, value)).toEqual(expected))

  test('a fingerprint knows its model, whose browser’s minor version does not matter', () => {
    const model = (userAgent: string) => {
      const result = normaliseIdentifier({ kind: 'device:fingerprint', value: 'f', userAgent })
      return result.ok ? result.identifiers[0]!.model : undefined
    }
    expect(model(iPhone)).toBe('Mobile Safari 17 / iOS 17.0 / Apple iPhone')
    expect(model(iPhone.replace('Version/17.0', 'Version/17.3'))).toBe(model(iPhone))
    expect(model('')).toBeNull()
    expect(model(`${iPhone}${' '.repeat(500)}${'x'.repeat(100_000)}`)).toBe(model(iPhone))
  })
})

describe('payments and payouts', () => {
  test.each([
    ['payment:fingerprint', 'pm_1NX', ['payment:fingerprint pm_1NX']],
    ['payment', 'fp_9f8e7d', ['payment:fingerprint fp_9f8e7d']],
    ['payment', '411111******1111', ['payment:masked 411111*1111']],
    ['payment', '**** 4242', ['payment:masked *4242']],
    ['payment', '4242', ['payment:masked 4242']],
    ['payment:bank', 'DE89 3704 0044 0532 0130 00', ['payment:bank DE89370400440532013000', 'bank DE89370400440532013000']],
    ['payment', 'de89370400440532013000', ['payment:bank DE89370400440532013000', 'bank DE89370400440532013000']],
    ['payout:bank', 'IBAN: DE89-3704-0044-0532-0130-00', ['payout:bank DE89370400440532013000', 'bank DE89370400440532013000']],
    ['payout:wallet', '0xABCDEF', ['payout:wallet 0xabcdef', 'wallet 0xabcdef']],
    ['payment:wallet', 'Me@Example.com', ['payment:wallet me@example.com', 'wallet me@example.com']],
    ['payout', 'fp_9f8e7d', ['payout fp_9f8e7d', 'payment:fingerprint fp_9f8e7d']],
  ])('%s %s becomes %j', (kind, value, expected) => expect(normalised(kind, value)).toEqual(expected))

  test('what is shown of a bank account is its country and last four characters', () => {
    const result = normaliseIdentifier({ kind: 'payout:bank', value: 'DE89370400440532013000' })
    expect(result.ok && result.identifiers.map(({ attributes }) => attributes['mask'])).toEqual(['DE…3000', 'DE…3000'])
  })

  test('masks are marked as such, bare kinds too', () => {
    expect(flagsOf('payment', '411111******1111')).toBe(IdentifierFlag.masked | IdentifierFlag.bare)
    expect(flagsOf('payment:masked', '4242')).toBe(IdentifierFlag.masked)
    expect(flagsOf('payment', 'fp_9f8e7d')).toBe(IdentifierFlag.bare)
  })
})

describe('contacts', () => {
  test.each([
    ['email', 'John.Doe+news@GoogleMail.com', ['email johndoe@gmail.com', 'email:domain gmail.com']],
    ['email', 'j.doe@example.com', ['email j.doe@example.com', 'email:domain example.com']],
    ['email', 'abc001@example.com', ['email abc001@example.com', 'email:domain example.com', 'email:pattern abc###@example.com']],
    ['email', 'no-at-sign', 'not_an_email'],
    ['email', '+tag@example.com', 'not_an_email'],
    ['email', 'a@b', 'not_an_email'],
    ['phone', '+86 138-0013-8000', ['phone 8613800138000']],
    ['phone', '008613800138000', ['phone 8613800138000']],
    ['phone', '+44 (0)20 7946 0018 ext. 5', ['phone 442079460018']],
    ['phone', '12', 'not_a_phone_number'],
    ['phone', 'call me', 'not_a_phone_number'],
    ['callback', 'https://Hooks.Example.com:8443/a?b=c', ['callback hooks.example.com']],
    ['telegram', ' Some_User ', ['telegram Some_User']],
  ])('%s %s becomes %j', (kind, value, expected) => expect(normalised(kind, value)).toEqual(expected))

  test('a disposable domain is known by its list, below it too', () => {
    const lists = { ...emptyLists, disposableDomains: new Set(['trash.test']) }
    expect(flagsOf('email', 'a@trash.test', lists)).toBe(IdentifierFlag.disposable)
    expect(flagsOf('email', 'a@x.trash.test', lists)).toBe(IdentifierFlag.disposable)
    expect(flagsOf('email', 'a@gmail.com', lists)).toBe(IdentifierFlag.freeProvider)
  })
})

describe('refusals', () => {
  test.each([
    ['device', '   ', 'empty_value'],
    ['device', 'a\u0000b', 'control_character'],
    ['device', 'a\nb', 'control_character'],
    ['device', 'a\ud800b', 'control_character'],
    ['device', 'x'.repeat(513), 'value_too_long'],
    ['', 'x', 'bad_kind'],
    ['No Such Kind', 'x', 'bad_kind'],
    ['1kind', 'x', 'bad_kind'],
  ])('%s %j is refused: %s', (kind, value, reason) => expect(normalised(kind, value)).toBe(reason))

  const cards = ['4111111111111111', '5555555555554444', '378282246310005', '6011111111111117', '3530111333300000', '30569309025904',
    '6200000000000005', '4222222222222', '6759649826438453', '2223003122003222', '9792020000000001']
  const disguises: readonly (readonly [string, (card: string) => string])[] = [
    ['as it is', (card) => card],
    ['in groups with spaces', (card) => card.replace(/(.{4})/g, '$1 ').trim()],
    ['with dashes', (card) => card.replace(/(.{4})/g, '$1-').replace(/-$/, '')],
    ['with dots, slashes and doubled spaces', (card) => `${card.slice(0, 4)}.${card.slice(4, 8)}/${card.slice(8, 12)}  ${card.slice(12)}`],
    ['with zero-width characters', (card) => card.replace(/(.{4})/g, '$1​').trim()],
    ['in full-width digits', (card) => card.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))],
    ['in Arabic digits', (card) => card.replace(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit)))],
    ['in mathematical digits', (card) => card.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit)))],
    ['in the middle of words', (card) => `visa card ${card} of John`],
    ['stuck to letters', (card) => `card${card}x`],
    ['with its expiry', (card) => `${card} 12/27`],
  ]
  test.each(disguises)('a card number %s is refused for every kind', (_, disguise) => {
    for (const card of cards) {
      expect(passesLuhn(card), card).toBe(true)
      for (const kind of ['payment', 'payment:masked', 'payment:fingerprint', 'payout', 'payout:bank', 'device', 'email', 'ip', 'callback', 'anything']) {
        expect(normalised(kind, disguise(card)), `${kind} ${disguise(card)}`).toBe('raw_card_number')
      }
      expect(normalised('device', 'ok', { attributes: { note: disguise(card) } })).toBe('raw_card_number')
    }
  })

  test('any 13 to 19 digits that pass the check are refused as a payment, and one digit off is not', () => {
    fc.assert(fc.property(fc.integer({ min: 12, max: 18 }).chain((length) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })), (digits) => {
      const head = digits.join('')
      const check = Array.from('0123456789').find((digit) => passesLuhn(head + digit))!
      expect(containsCardNumber(head + check)).toBe(true)
      expect(containsCardNumber(head + ((Number(check) + 1) % 10))).toBe(false)
    }))
  })

  test('what only looks like a card number is kept', () => {
    expect(normalised('device:fingerprint', '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8')).toHaveLength(1)
    expect(normalised('device', '12345678-1234-4123-8123-123456789012')).toHaveLength(1)
    expect(normalised('payment:bank', 'GB82 WEST 1234 5698 7654 32')).toHaveLength(2)
    expect(normalised('discord', '1234567890123452')).toHaveLength(1)
  })

  test('one phone number in ten passes the check digit, and none of them is taken for a card', () => {
    for (let index = 0; index < 200; index++) expect(normalised('phone', `+86138${String(10_000_000 + index * 7919).slice(0, 8)}`)).toHaveLength(1)
    expect(normalised('phone', '378282246310005')).toBe('raw_card_number')
    expect(normalised('phone', '4111 1111 1111 1111')).toBe('raw_card_number')
  })

  test('no value at all makes the door throw', () => {
    fc.assert(fc.property(fc.constantFrom('ip', 'device', 'payment', 'payout', 'email', 'phone', 'origin', 'x'), fc.string({ unit: 'binary', maxLength: 40 }), (kind, value) => {
      const result = normaliseIdentifier({ kind, value })
      if (result.ok) for (const identifier of result.identifiers) expect(identifier.value).not.toBe('')
    }))
  })

  test('what was normalised once stays the same', () => {
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (value) => {
      const first = normaliseIdentifier({ kind: 'ip', value })
      if (!first.ok) return
      const again = normaliseIdentifier({ kind: 'ip', value: first.identifiers[0]!.value })
      expect(again.ok && again.identifiers[0]!.value).toBe(first.identifiers[0]!.value)
    }))
  })
})
