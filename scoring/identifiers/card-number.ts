// Finds raw payment card numbers in any text, so that none is ever stored. It would rather refuse a number that is no card
// than keep one that is; what it leaves alone (hashes, UUIDs, IBANs, phone numbers) is named below with the reason.

/** How freely a value of some kind may hold long numbers that happen to pass the check digit. */
export type CardScrutiny = 'strict' | 'numeric_ids' | 'phone'

/** Characters that people and programs put between the digits of a card number, up to three in a row. */
const separators = String.raw`[\s\p{Pd}\p{Cf}.,_/|*'·•]{1,3}`
const digitGroups = new RegExp(String.raw`\d+(?:${separators}\d+)*`, 'gu')
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

/** Whether the text holds 13 to 19 digits, in any script and with separators, that pass the Luhn check (ISO/IEC 7812). */
export function containsCardNumber(text: string, scrutiny: CardScrutiny = 'strict'): boolean {
  if (!mayHoldThirteenDigits(text)) return false
  const plain = asciiDigits(text).replace(uuid, ' x ')
  if (isIban(plain)) return false
  for (const match of plain.matchAll(digitGroups)) {
    if (scrutiny === 'phone' && isPhoneLike(plain, match[0])) continue
    if (insideHash(plain, match.index, match[0].length)) continue
    if (groupsHoldCard(match[0], scrutiny)) return true
  }
  return false
}

function mayHoldThirteenDigits(text: string): boolean {
  let digits = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if ((code >= 48 && code <= 57) || code > 127) digits++
    if (digits >= 13) return true
  }
  return false
}

/** Compatibility forms folded, and decimal digits of every script as 0–9: digits of a script are ten code points in order. */
export function asciiDigits(text: string): string {
  return text.normalize('NFKC').replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    let value = 0
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++
    return String(value)
  })
}

/**
 * A hash or random name has digits and letters mixed throughout; a number stuck between words (`card4111…x`) does not.
 * About one SHA-256 in a hundred holds 13 digits in a row that pass the check, so hashes must be told apart.
 */
function insideHash(text: string, start: number, length: number): boolean {
  const isWord = (index: number) => /[0-9a-z]/i.test(text[index] ?? ' ')
  if (!isWord(start - 1) && !isWord(start + length)) return false
  let first = start
  while (isWord(first - 1)) first--
  let last = start + length
  while (isWord(last)) last++
  const token = text.slice(first, last)
  const runs = token.match(/\d+|[a-z]+/gi) ?? []
  return runs.length > 3
}

function groupsHoldCard(match: string, scrutiny: CardScrutiny): boolean {
  const groups = match.match(/\d+/g) ?? []
  for (let first = 0; first < groups.length; first++) {
    let digits = ''
    for (let last = first; last < groups.length && digits.length < 19; last++) {
      digits += groups[last] ?? ''
      if (digits.length >= 13 && digits.length <= 19 && passes(digits, scrutiny)) return true
      if (digits.length > 19 && scrutiny === 'strict' && startsWithCard(digits)) return true
    }
  }
  return false
}

/** A card number with expiry or verification digits written right behind it. */
function startsWithCard(digits: string): boolean {
  return [16, 15].some((length) => isIssuerRange(digits.slice(0, length)) && passesLuhn(digits.slice(0, length)))
}

function passes(digits: string, scrutiny: CardScrutiny): boolean {
  if (!passesLuhn(digits)) return false
  // Numeric ids of other services begin with 0, 1 or 7 (time-ordered ids, serial numbers), where no payment card does.
  return scrutiny === 'strict' || !/^[017]/.test(digits)
}

/** The large networks with their lengths: used only where chance hits would be many. */
function isIssuerRange(digits: string): boolean {
  if (digits.length === 15) return /^3[47]/.test(digits)
  if (digits.length === 16) return /^(?:4|5[0-8]|2[2-7]|6|35|81)/.test(digits)
  if (digits.length === 14) return /^3(?:0[0-5]|[689])/.test(digits)
  return digits.length === 13 ? digits.startsWith('4') : /^[4-6]/.test(digits)
}

/** One phone number in ten of 13 digits or more (China: 86 and eleven) passes the check: only issuers' ranges count there. */
function isPhoneLike(text: string, match: string): boolean {
  const digits = match.replace(/\D/g, '')
  if (digits.length > 15) return false
  const international = /^\s*(?:\+|00)/.test(text)
  if (international && digits.replace(/^00/, '').length <= 14) return true
  return !isIssuerRange(digits)
}

export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    let digit = digits.charCodeAt(digits.length - 1 - index) - 48
    if (index % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2
    sum += digit
  }
  return sum % 10 === 0
}

/** Whether the whole text is an IBAN with correct check digits (ISO 13616, modulus 97), spaces and case aside. */
export function isIban(text: string): boolean {
  const compact = text.replace(/[\s-]/g, '').toUpperCase()
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false
  let remainder = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = parseInt(character, 36)
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder === 1
}
