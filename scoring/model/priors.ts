// The model before any label: what follows from the nature of identifiers and invitations, set by hand and deliberately
// blunt. It is where fitting starts from, and what detects where nobody has labels; its card says so.
import type { Calibration } from './calibration.ts'
import type { CalibratedScorecard, Model } from './model.ts'
import type { Monotone, Scorecard, StepFunction } from './scorecard.ts'

/** Bits are taken at their word: log-odds to the base 2. */
const identity: Calibration = {
  method: 'platt',
  knotBits: [-24, 24],
  knotLogOdds: [-24 * Math.LN2, 24 * Math.LN2],
  slopeBelow: Math.LN2,
  slopeAbove: Math.LN2,
  positives: 0,
  negatives: 0,
}

function step(name: string, monotone: Monotone, edges: readonly number[], bits: readonly number[]): StepFunction {
  if (bits.length !== edges.length + 1) throw new Error(`${name}: one step more than edges`)
  return { name, monotone, edges: edges.map(Math.fround), bits, missingBits: 0 }
}

function calibrated(base: number, ...steps: StepFunction[]): CalibratedScorecard {
  const card: Scorecard = { base, steps }
  return { card, calibration: identity }
}

/** Adds the feature's own value, in whole bits from 0 to 10: evidence that is already counted in bits. */
const asBits = (name: string) => step(name, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

const strength = calibrated(
  -0.5,
  step('kind_prior_bits', 1, [-6, -4.5, -3.5, -1, 0.5, 1.5, 2.25, 2.75, 3.5], [-7, -5, -4, -2.5, 0, 1, 2, 2.5, 3, 4]),
  step('accounts_log2', 0, [1.5, 2.5, 4, 6, 8], [0, -0.25, -0.75, -2, -4, -6]),
  step('arrival_share_within_6_hours', 1, [0.1, 0.3, 0.5, 0.8], [-0.75, -0.25, 0.5, 1, 1.5]),
  step('arrival_spread_hours_log2', -1, [0, 3, 6, 9, 11], [0.75, 0.5, 0.25, -0.25, -0.5, -0.75]),
  step('volume_share_alike', 1, [0.2, 0.5, 0.8], [-0.5, 0, 0.5, 1]),
  step('second_link_share', 1, [0.1, 0.3, 0.6, 0.9], [-0.5, 0.25, 0.75, 1.5, 1.75]),
  step('second_link_other_family_share', 1, [0.1, 0.5], [0, 0.5, 1.25]),
  step('inviter_inside_share', 1, [0.01, 0.3], [0, 0.5, 1]),
  step('model_accounts_log2', -1, [3, 6, 9], [0.5, -0.5, -1.5, -3]),
  step('suspect_network', -1, [0.5], [0, -2]),
  step('bare_or_masked', -1, [0.5], [0, -1]),
)

const referral = calibrated(
  -5.5,
  asBits('shared_device_bits'),
  asBits('shared_payment_bits'),
  asBits('shared_payout_bits'),
  asBits('shared_contact_bits'),
  asBits('shared_other_bits'),
  step('shared_network_bits_with_link', 1, [0.5, 1.5, 3], [0, 0.5, 1, 1.5]),
  step('shared_network_bits_alone', 1, [1.5, 4], [0, 0.5, 1]),
  step('shared_share_of_invitee', 1, [0.3, 0.7], [0, 0.5, 1]),
  step('shared_used_by_inviter_before', 1, [0.5, 1.5], [0, 0.5, 1]),
  step('sibling_bits_best', 1, [2, 5], [0, 1, 2]),
  step('disposable_email', 1, [0.5], [0, 1.5]),
  step('same_organisation', 1, [0.5], [0, 3]),
  step('mutual_invitation', 1, [0.5], [0, 2]),
  // Two seconds from click to sign-up: no person types that fast.
  step('click_to_signup_minutes_log2', 0, [-4.3], [2, 0]),
)

const account = calibrated(
  -3.5,
  step('strength_best', 1, [0.2, 0.4, 0.6, 0.8, 0.9, 0.97], [-1, 0, 0.75, 1.75, 3, 4, 5]),
  step('strength_second', 1, [0.3, 0.6, 0.9], [0, 0.5, 1.25, 2]),
  step('pair_bits_best', 1, [3, 6, 10], [0, 0.5, 1, 1.5]),
  step('linked_strength_mean', 1, [0.3, 0.6], [-0.5, 0, 0.75]),
  step('group_70_accounts_log2', 0, [1, 2.5], [0, 0.5, 1]),
)

export const priorModel: Model = {
  format: 1,
  version: 'prior-1',
  origin: 'prior',
  strength,
  referral,
  account,
  training: [],
  card: `# Model prior-1
Set by hand, fitted on no labels. It ranks by shared identifiers, weighs them by kind and coherence, and lets an address only
add to another link. Its probabilities are less sharp than those of a fitted model, and not calibrated on anything.
`,
}
