// The model as one plain value: the scorecards that `detect` applies, their calibrations, and what they were fitted on.
// It promises to hold nothing that belongs to one account: only features, steps, counts and digests.
import type { Calibration } from './calibration.ts'
import type { Scorecard } from './scorecard.ts'

/** A scorecard and the monotone map from its bits to probabilities. */
export interface CalibratedScorecard {
  readonly card: Scorecard
  readonly calibration: Calibration
}

export interface TrainingSource {
  readonly name: string
  /** SHA-256 of the folder's files, or of the parameters of a generated world, in hexadecimal. */
  readonly digest: string
  readonly accounts: number
  readonly labelledAccounts: number
  readonly labelledReferrals: number
}

export interface Model {
  readonly format: 1
  /** Changes whenever anything below changes. */
  readonly version: string
  /** `general`: fitted on generated worlds; `local`: on labels or decisions of one platform; `prior`: on no labels at all. */
  readonly origin: 'general' | 'local' | 'prior'
  /** Identifier features -> probability that the identifier belongs to one operator. */
  readonly strength: CalibratedScorecard
  /** Referral features -> probability that inviter and invitee are one operator. */
  readonly referral: CalibratedScorecard
  /** Account features -> probability that the account is one of several of one operator. */
  readonly account: CalibratedScorecard
  readonly training: readonly TrainingSource[]
  /** Markdown: what it was fitted on, how well it did out of fold, and what each feature adds. */
  readonly card: string
}
