// How the invitation and the invitee's life went in time and money: from click to sign-up to first recharge, how small the
// amounts were, and whether anything followed once the reward was earned.
import { IdentifierFlag, ReferralChannel } from '../population.ts'
import type { LinkingInput } from './account-features.ts'
import type { ReferralFeatureGroup, ReferralSubject } from './referral-features.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

export function timingFeatures({ population, postings, facts }: LinkingInput): ReferralFeatureGroup {
  const { accounts, referrals, identifiers, asOf } = population
  const disposable = Uint8Array.from(identifiers.flags, (flags) => ((flags & IdentifierFlag.disposable) !== 0 ? 1 : 0))
  const mutual = invitationPairs(population)
  const log = (value: number) => (value >= 0 ? Math.log2(value + 1 / 64) : Number.NaN)
  const usesDisposable = (account: number): number => {
    for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
      if (disposable[postings.identifierOf[pair]!] === 1) return 1
    }
    return 0
  }
  const measure = ({ row, inviter, invitee, at }: ReferralSubject): number[] => {
    const born = facts.bornAt[invitee]!
    const from = facts.activityStart[invitee]!
    const to = facts.activityStart[invitee + 1]!
    const last = to > from ? facts.activityAt[to - 1]! : Number.NaN
    const age = asOf - born
    const organisation = accounts.organisation[invitee]!
    const sameOrganisation = organisation >= 0 && organisation === accounts.organisation[inviter]!
    const isFamily = accounts.parent[invitee] === inviter || accounts.parent[inviter] === invitee
    return [
      log((born - referrals.clickedAt[row]!) / minute),
      log(Math.abs(at - born) / hour),
      log((at - facts.bornAt[inviter]!) / day),
      log((facts.firstRechargeAt[invitee]! - born) / hour),
      facts.firstRechargeLog[invitee]!,
      Math.log2(1 + facts.recharges[invitee]!),
      facts.logVolume[invitee]!,
      facts.logSpend[invitee]!,
      facts.logSpend[invitee]! - facts.logVolume[invitee]!,
      facts.reversals[invitee]!,
      Math.log2(1 + to - from),
      age > 0 ? (last - born) / age : Number.NaN,
      log((asOf - last) / day),
      log(age / day),
      facts.logVolume[inviter]!,
      Math.log2(1 + facts.recharges[inviter]!),
      usesDisposable(invitee),
      sameOrganisation || isFamily ? 1 : 0,
      mutual.has(invitee * population.accounts.count + inviter) ? 1 : 0,
      referrals.channel[row] === ReferralChannel.claim ? 1 : 0,
    ]
  }
  return {
    features: [
      { name: 'click_to_signup_minutes_log2', monotone: 0 },
      { name: 'signup_to_referral_hours_log2', monotone: 0 },
      { name: 'inviter_age_days_log2', monotone: 0 },
      { name: 'signup_to_recharge_hours_log2', monotone: 0 },
      { name: 'first_recharge_log2', monotone: 0 },
      { name: 'recharges_log2', monotone: 0 },
      { name: 'volume_log2', monotone: 0 },
      { name: 'spend_log2', monotone: 0 },
      { name: 'spent_share_log2', monotone: 0 },
      { name: 'reversals', monotone: 0 },
      { name: 'activity_log2', monotone: 0 },
      { name: 'active_share_of_life', monotone: 0 },
      { name: 'dormant_days_log2', monotone: 0 },
      { name: 'age_days_log2', monotone: 0 },
      { name: 'inviter_volume_log2', monotone: 0 },
      { name: 'inviter_recharges_log2', monotone: 0 },
      { name: 'disposable_email', monotone: 1 },
      { name: 'same_organisation', monotone: 1 },
      { name: 'mutual_invitation', monotone: 1 },
      { name: 'claimed_later', monotone: 0 },
    ],
    measure,
  }
}

/** All invitations up to now, as inviter × accounts + invitee; self-invitations left out. */
function invitationPairs({ accounts, referrals, asOf }: LinkingInput['population']): Set<number> {
  const pairs = new Set<number>()
  for (let row = 0; row < referrals.count; row++) {
    if (referrals.at[row]! > asOf || referrals.inviter[row] === referrals.invitee[row]) continue
    pairs.add(referrals.inviter[row]! * accounts.count + referrals.invitee[row]!)
  }
  return pairs
}
