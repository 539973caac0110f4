// The sentences of rules in English.

import type { TrackRules } from './program-rules.ts'
import { lengthOf } from './rule-words.ts'
import type { RulePhrases } from './rules-in-words.ts'

const onTrack = ({ key }: TrackRules, isOnly: boolean): string => (isOnly ? '' : `On the track ${key}: `)
const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
const many = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`
const listed = (parts: readonly string[]): string => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`)

const BASES = { recharge: 'each completed recharge', payment: 'each payment', spend: 'each spending of money that was paid', both: 'each completed recharge, and again each spending of money that was paid' }
const FACTS = {
  own_resource: 'one of your own working instances', client_resource: 'the client’s instance', own_email: 'your e-mail address', client_email: 'the client’s e-mail address', referral_link: 'your referral link',
}
const GRANTED = { signup: 'at sign-up', verified: 'once the account is verified', first_payment: 'with the first payment' }
const PERIODS = { day: 'a day', month: 'a month', year: 'a year', ever: 'in all' }
const SCOPES = { inviter: 'per member', invitee: 'per friend', program: 'in the whole programme' }
const METHODS = { bank: 'bank transfer', stripe: 'Stripe' }
const ACTIONS = { hold: 'hold a reward before it is credited', cancel: 'cancel the referral', freeze: 'freeze rewards', reclaim: 'reclaim rewards', restrict: 'restrict the account' }
const FIGURES = { clicks: 'clicks', referrals: 'referrals', conversions: 'conversions', conversion_rate: 'the conversion rate', earnings: 'total earnings', pending: 'pending referrals' }
const LISTS = { invitees: 'the list of invited friends', rebates: 'the history of rebates', tree: 'the referral tree' }
const SHARES = { copy: 'copying the link', x: 'X', linkedin: 'LinkedIn' }

export const english: RulePhrases = {
  headings: {
    takesPart: 'Who takes part', reward: 'The reward', earns: 'What it is earned on', movement: 'What becomes of it', binding: 'How a friend is bound', counts: 'Who counts',
    ends: 'When it ends', seen: 'What members see', abuse: 'Against abuse', changes: 'Changes of these rules',
  },
  everybody: () => 'Every account takes part without applying; nobody has a rate of their own.',
  track: ({ key, entry }) => (entry === 'upgrade' ? `A member may change to the track ${key} and back at any time.`
    : `The track ${key} needs a signed contract; what was earned before the signing stays on the other track.`),
  reward(track, isOnly) {
    const { reward, asset } = track
    const text = reward.kind === 'rate' ? `${reward.ratePpm / 10_000} % of the money received.`
      : reward.kind === 'fixed' ? `${reward.amount} ${asset} for each payment.`
        : `${many(reward.daysPerMonth, 'day')} of service for each month that was paid, ${many(reward.daysPerYear, 'day')} for each year; how many units were bought does not matter.`
    return capital(`${onTrack(track, isOnly)}${text}`)
  },
  length: (unit, count, days) => `${capital(many(count, unit))} paid at once: ${many(days, 'day')}.`,
  credit: ({ amount, asset, validDays, grantOn }) => `The friend gets ${amount} ${asset} ${GRANTED[grantOn]}, valid for ${many(validDays, 'day')}.`,
  cap: ({ of, per, count, amount, asset: own }, asset) => `At most ${count === undefined ? `${amount ?? ''} ${own ?? asset}` : many(count, 'reward')} ${SCOPES[of]} ${PERIODS[per]}.`,
  base: (base) => `It is earned on ${BASES[base]} of an invited friend, and on no friend of a friend.`,
  moneyReceived: () => 'The base is the money received, without tax, discount, coupon and bonus; what reward, credit, a code or staff paid for earns nothing. A refund takes its share back.',
  conversion: (asset) => `A payment in another currency counts by what it was in ${asset}.`,
  late: (days) => `What is reported more than ${many(days, 'day')} late is looked at by a person first.`,
  matures: (track, isOnly) => capital(`${onTrack(track, isOnly)}the reward may be used ${many(...lengthOf(track.maturitySeconds))} after the payment.`),
  expires: (track, isOnly, days) => capital(`${onTrack(track, isOnly)}what is left of a reward expires ${many(days, 'day')} after it could first be used.`),
  transfer(track, isOnly, settlement) {
    const where = settlement === 'host' ? 'to the account at the platform' : 'to the main balance'
    const text = track.movement.rewardTransfer === 'manual' ? `the member moves the reward ${where}, as often as wanted.`
      : track.movement.rewardTransfer === 'automatic' ? `the reward moves ${where} by itself.` : 'the reward stays a claim on money; it does not move to the main balance.'
    return capital(`${onTrack(track, isOnly)}${text}`)
  },
  payout(track, isOnly) {
    const { payout } = track.movement
    if (payout === null) return capital(`${onTrack(track, isOnly)}it is never paid out in cash.`)
    const { methods, minimum, dailyLimit, monthlyLimit } = payout
    const limits = [...(dailyLimit === undefined ? [] : [`${dailyLimit} ${track.asset} a day`]), ...(monthlyLimit === undefined ? [] : [`${monthlyLimit} ${track.asset} a month`])]
    const from = minimum === undefined ? '' : minimum.on === 'balance' ? `, once the balance is ${minimum.amount} ${track.asset} or more` : `, from ${minimum.amount} ${track.asset} a request on`
    return capital(`${onTrack(track, isOnly)}it is paid out on request by ${listed(methods.map((method) => METHODS[method]))}${from}${limits.length === 0 ? '' : `, at most ${listed(limits)}`}.`)
  },
  scope: (text) => `What it may be used for: ${text}`,
  bound: (link, code, precedence) => (link && code ? `A followed link binds, or the invite code on the sign-up form; where they differ, ${precedence === 'typed' ? 'the typed code' : 'the link'} counts.`
    : link ? 'A followed link binds.' : code ? 'The invite code on the sign-up form binds.' : 'Neither link nor code binds.'),
  afterSignup: (claims) => (claims === null || claims === undefined ? 'After the sign-up nobody can be bound any more.'
    : `A friend who is missing can be claimed with ${listed(claims.facts.map((fact) => FACTS[fact]))}; the friend confirms it, and it earns from the ${claims.accruesFrom === 'signup' ? 'sign-up' : 'acceptance'} on. At most ${many(claims.maximumPerMonth, 'claim')} in 30 days.`),
  newCustomer: () => 'A friend is a genuinely new customer: nobody with an earlier account by e-mail, phone or payment instrument.',
  separateAccount: () => 'A friend has a separate account: not one of the member’s own organisation, parent account or instances.',
  household: (isEligible) => (isEligible ? 'People of one household may invite each other.' : 'People of one household may not invite each other.'),
  excluded: () => 'Staff, test accounts and customers won by sales do not count.',
  traffic({ paid, bannedReferers }) {
    const held = [...(paid === 'hold' ? ['bought clicks'] : []), ...(bannedReferers.length > 0 ? [`clicks from ${listed(bannedReferers)}`] : [])]
    return held.length === 0 ? null : `What comes of ${listed(held)} is held for review.`
  },
  ends: (idle) => (idle === null ? 'It never ends: as long as the relation stands, everything that qualifies earns.'
    : `It is suspended ${many(idle.years, 'calendar year')} after the last client was won; notices come ${listed([...idle.noticeDays].sort((left, right) => right - left).map((days) => many(days, 'day')))} before. What was earned stays, links still bind, and a new client ends the suspension.`),
  sees: ({ figures, lists, share }) => `Members see ${listed([...figures.map((figure) => FIGURES[figure]), ...lists.map((list) => LISTS[list])])}; they share by ${listed(share.map((way) => SHARES[way]))}.`,
  contact: (text) => `Help: ${text}`,
  enforcement: ({ actions, termsVersion, termsUrl }) => `${actions.length === 0 ? 'The terms allow no action' : `The terms allow to ${listed(actions.map((action) => ACTIONS[action]))}`}; and who is not eligible does not count. Terms ${termsVersion}: ${termsUrl}`,
  silence: (onSilence) => (onSilence === 'escalate' ? 'A hold that nobody decides in time is escalated; nothing is forfeited by a timer.' : 'A hold that nobody decides in time is released, and that is recorded.'),
  notice: (days) => (days === 0 ? 'Rules may change without notice.' : `Less favourable rules are announced ${many(days, 'day')} ahead; what was earned before is never re-rated.`),
  zone: (zone) => `Days and times are those of ${zone}.`,
}
