// The detector's input: one population as plain columns (structure of arrays), indexed by small integers.
// It promises nothing about order: `detect` gives the same answers however accounts, identifiers and rows are numbered.

/** What is known of an identifier from its raw value alone, computed at the door before the value is hashed. */
export const IdentifierFlag = {
  privateRange: 1, // RFC 1918, loopback, link-local: never an identity
  carrierNat: 2, // 100.64.0.0/10
  reserved: 4, // documentation, multicast, unspecified, 6to4, Teredo …
  hosting: 8, // on a hosting list
  vpn: 16, // on a VPN list
  relay: 32, // on a relay list (privacy relays)
  tor: 64,
  disposable: 128, // e-mail at a disposable domain
  masked: 256, // a masked number: BIN + last four, not an identity
  bare: 512, // kind given without subtype: counts as the weaker
  freeProvider: 1024, // e-mail domain of a public mailbox provider
} as const

/** Bits of `Observations.context`: where an identifier was seen. `own`: the identifier is the account's own name. */
export const ObservationContext = {
  click: 1, signup: 2, login: 4, payment: 8, api: 16, own: 32, payout: 64, other: 128,
} as const

export const TransactionType = {
  recharge: 0, payment: 1, spend: 2, refund: 3, dispute_opened: 4, dispute_won: 5, chargeback: 6,
} as const
export type TransactionTypeName = keyof typeof TransactionType

export const ReferralChannel = { unknown: 0, link: 1, code: 2, claim: 3 } as const

export interface Accounts {
  readonly count: number
  /** Seconds since the epoch; NaN where unknown. */
  readonly createdAt: Float64Array
  /** Accounts with the same non-negative number belong to one organisation of the host; -1: none. */
  readonly organisation: Int32Array
  /** Index of the parent account; -1: none. */
  readonly parent: Int32Array
}

export interface Identifiers {
  readonly count: number
  /** Names of kinds, e.g. `ip`, `ip:network`, `device:install`; unknown words are legal. */
  readonly kinds: readonly string[]
  /** Index into `kinds`, per identifier. */
  readonly kind: Uint8Array
  /** Sum of `IdentifierFlag` bits, per identifier. */
  readonly flags: Uint16Array
  /** Identifiers with the same non-negative number are devices of one model (browser, system and device class); -1: unknown. */
  readonly model: Int32Array
}

/** One row per account × identifier × time × context as it was reported; duplicates change nothing. */
export interface Observations {
  readonly count: number
  readonly account: Int32Array
  readonly identifier: Int32Array
  /** Seconds since the epoch; NaN where unknown. */
  readonly at: Float64Array
  /** Sum of `ObservationContext` bits. */
  readonly context: Uint16Array
  /** Index into `contextWords`: the context exactly as reported (`login`, `erc20:ethereum|native:xdai` …). */
  readonly contextWord: Int32Array
  readonly contextWords: readonly string[]
}

export interface Transactions {
  readonly count: number
  readonly account: Int32Array
  /** A value of `TransactionType`. */
  readonly type: Uint8Array
  /** In units of the currency; detection only, never money in books. */
  readonly amount: Float64Array
  readonly currency: Uint8Array
  readonly currencies: readonly string[]
  readonly at: Float64Array
  /** Same non-negative number = same item bought; -1: unknown. */
  readonly item: Int32Array
  /** Index of the transaction that this one refunds or disputes; -1: none or unknown. */
  readonly refunds: Int32Array
  /** 0 paid, 1 reward, 2 credit, 3 code, 4 staff. */
  readonly fundedBy: Uint8Array
}

/** Every reported relation inviter → invitee, self-referrals, cycles and second inviters included. */
export interface Referrals {
  readonly count: number
  readonly inviter: Int32Array
  readonly invitee: Int32Array
  readonly at: Float64Array
  /** A value of `ReferralChannel`. */
  readonly channel: Uint8Array
  /** When the link was followed; NaN where unknown. */
  readonly clickedAt: Float64Array
  /** Rebates not yet reversed, reclaimed, spent or paid out, in units of the program's currency: what a ring can still cost. */
  readonly atStake: Float64Array
}

export interface Population {
  /** "Now", seconds since the epoch: nothing later is known. */
  readonly asOf: number
  readonly accounts: Accounts
  readonly identifiers: Identifiers
  readonly observations: Observations
  readonly transactions: Transactions
  readonly referrals: Referrals
}
