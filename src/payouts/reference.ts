// The reference of a payout as it stands on a bank statement: its id with two check digits (ISO 7064, mod 97-10), so that a
// mistyped one names no other payout.

/** E.g. `RF12-85`. */
export function referenceOf(payoutId: bigint): string {
  return `RF${payoutId}-${checkDigits(payoutId)}`
}

/** The id that a reference names, or null where it is none; spaces and case do not matter. */
export function payoutIdOf(reference: string): bigint | null {
  const match = /^RF(\d{1,18})-(\d{2})$/.exec(reference.replaceAll(/\s/g, '').toUpperCase())
  const id = match?.[1] === undefined ? null : BigInt(match[1])
  return id !== null && id > 0n && checkDigits(id) === match?.[2] ? id : null
}

function checkDigits(id: bigint): string {
  return (98n - (id * 100n) % 97n).toString().padStart(2, '0')
}
