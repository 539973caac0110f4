// The detector's output: calibrated probabilities per referral and account, rings with the evidence of each membership,
// and the means to explain any of them. Plain data, indexed as the population was.

export type Decision = 'allow' | 'hold' | 'deny'

/** One contribution to a score: additive, so that the sum of bits is the score before calibration. */
export interface Reason {
  /** Stable code, e.g. `device_shared`, `ip_shared_before_invitation`; sentences are made from it per language. */
  readonly code: string
  /** Signed contribution in bits; positive speaks for one operator. */
  readonly bits: number
  /** Values for the sentence: counts, days, kinds, population indices. Never a raw identifier. */
  readonly facts: Readonly<Record<string, number | string>>
}

export interface Counterfactual {
  /** Reason codes whose removal changes the decision, smallest set first found. */
  readonly without: readonly string[]
  readonly probability: number
}

export interface Explanation {
  readonly probability: number
  readonly bits: number
  /** Strongest first, for and against. */
  readonly reasons: readonly Reason[]
  /** Null where the decision is to allow. */
  readonly counterfactual: Counterfactual | null
}

export interface RingMember {
  readonly account: number
  readonly score: number
  /** The path of evidence that made it a member: the account it is tied to, through which identifier (or -1: behaviour), in bits. */
  readonly tiedTo: number
  readonly identifier: number
  readonly bits: number
}

export interface Ring {
  readonly members: readonly RingMember[]
  /** Indices of referrals with both ends inside. */
  readonly referrals: readonly number[]
  readonly probability: number
  /** Σ probability × amount at stake over its referrals. */
  readonly expectedLoss: number
  readonly reasons: readonly Reason[]
}

export interface Alert {
  /** e.g. `popular_device`: an identifier that should belong to few belongs to many. */
  readonly code: string
  readonly identifier: number
  readonly accounts: number
}

export interface Thresholds {
  /** Referrals at or above are held. */
  readonly hold: number
  /** Referrals at or above are denied. */
  readonly deny: number
  /** Pairs at or above this probability join a ring. */
  readonly ring: number
}

export interface Detection {
  readonly modelVersion: string
  readonly referrals: {
    readonly probability: Float64Array
    readonly bits: Float64Array
    /** What a decision may rest on, at most `probability`: neither an address alone nor what others do through an inviter's link counts. */
    readonly decidingProbability: Float64Array
    readonly ring: Int32Array
    readonly decision: readonly Decision[]
    /** Empty string if none speaks for one operator. */
    readonly topReason: readonly string[]
  }
  readonly accounts: { readonly score: Float64Array; readonly ring: Int32Array }
  /** Ordered by expected loss, then probability, then size: the first is the worst. */
  readonly rings: readonly Ring[]
  readonly identifiers: { readonly strength: Float64Array }
  readonly alerts: readonly Alert[]
  explainReferral(referral: number): Explanation
  /**
   * The decision for one referral under a programme's own thresholds. It may be milder than the probability suggests: neither
   * an address alone nor what others do through an inviter's link decides.
   */
  decideReferral(referral: number, thresholds: Thresholds): Decision
  explainAccount(account: number): Explanation
}
