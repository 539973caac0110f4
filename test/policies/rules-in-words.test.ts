// The rules in words: every published rule of the three programmes is a sentence, and both languages say the same rules in the same order.

import { describe, expect, test } from 'vitest'
import { programRules, type ProgramRulesInput, RULE_LANGUAGES, rulesInWords } from '../../src/policies/index.ts'
import { apiMarket, apiyi, catalogue, chatApi } from '../../src/programs/index.ts'

const textOf = (rules: ProgramRulesInput | undefined, language: 'en' | 'zh-CN' = 'en') => rulesInWords(programRules.parse(rules), language).flatMap(({ sentences }) => sentences).join('\n')

const SENTENCES: readonly [string, ProgramRulesInput | undefined, readonly string[]][] = [
  ['apiyi', apiyi.versions[1]?.content, [
    'Every account takes part without applying; nobody has a rate of their own.', '5 % of the money received.', 'each completed recharge of an invited friend, and on no friend of a friend', 'The member moves the reward to the main balance',
    'It is never paid out in cash.', 'A followed link binds, or the invite code on the sign-up form; where they differ, the typed code counts.', 'After the sign-up nobody can be bound any more.',
    'A friend is a genuinely new customer', 'It never ends', 'the list of invited friends and the history of rebates',
    'hold a reward before it is credited, cancel the referral, freeze rewards, reclaim rewards and restrict the account', 'what was earned before is never re-rated', 'Asia/Shanghai',
  ]],
  ['api-market', apiMarket.versions[0]?.content, [
    'On the track basic: 5 % of the money received.', 'On the track partner: 10 % of the money received.', 'A member may change to the track partner and back at any time.', 'The friend gets 2.50 USD at sign-up, valid for 30 days.',
    'each payment of an invited friend', 'On the track basic: the reward moves to the main balance by itself.', 'On the track basic: it is never paid out in cash.',
    'On the track partner: it is paid out on request by Stripe, from 25 USD a request on.', 'clicks, referrals, conversions, the conversion rate, total earnings, pending referrals', 'they share by copying the link, X and LinkedIn',
    'The terms allow to hold a reward before it is credited; and who is not eligible does not count.',
  ]],
  ['chat-api', chatApi.versions[0]?.content, [
    '3 days of service for each month that was paid, 30 days for each year', '12 months paid at once: 30 days.', 'On the track money: 10 % of the money received.', 'The track money needs a signed contract',
    'On the track days: the reward moves to the account at the platform by itself.', 'On the track money: it is paid out on request by bank transfer, once the balance is 20 USD or more.',
    'one of your own working instances, the client’s instance, your e-mail address, the client’s e-mail address and your referral link', 'not one of the member’s own organisation, parent account or instances',
    'It is suspended 1 calendar year after the last client was won; notices come 30 days and 7 days before.', 'the referral tree',
  ]],
]
describe.each(SENTENCES)('%s', (_name, rules, sentences) => {
  test.each(sentences)('says: %s', (sentence) => expect(textOf(rules)).toContain(sentence))
})

test('both languages have a sentence for a rule or neither has, and none is left untranslated', () => {
  for (const { versions } of catalogue) {
    for (const { content } of versions) {
      const [english = [], chinese = []] = RULE_LANGUAGES.map((language) => rulesInWords(programRules.parse(content), language))
      expect(chinese.map(({ topic, sentences }) => [topic, sentences.length])).toEqual(english.map(({ topic, sentences }) => [topic, sentences.length]))
      expect(english.flatMap(({ sentences }) => sentences).join('')).not.toMatch(/\p{Script=Han}/u)
      for (const sentence of chinese.flatMap(({ sentences }) => sentences)) expect(sentence).toMatch(/\p{Script=Han}/u)
    }
  }
})

test('rules that no programme of the catalogue has are sentences too', () => {
  const content = apiyi.versions[0]?.content
  if (content === undefined) throw new Error('apiyi has no version')
  const rare = { ...content, caps: [{ of: 'invitee' as const, per: 'ever' as const, count: 3 }, { of: 'inviter' as const, per: 'month' as const, amount: '100' }], maturitySeconds: 7 * 86_400, rewardValidDays: 365,
    traffic: { paid: 'hold' as const, bannedReferers: ['coupons.example'] }, reviewAfterDays: 90, noticeDays: 0, onSilence: 'release_recorded' as const, household: 'excluded' as const }
  const english = textOf(rare)
  for (const sentence of [
    'At most 3 rewards per friend in all.', 'At most 100 USD per member a month.', 'The reward may be used 7 days after the payment.', 'What is left of a reward expires 365 days after it could first be used.', 'What comes of bought clicks and clicks from coupons.example is held for review.',
    'What is reported more than 90 days late is looked at by a person first.', 'Rules may change without notice.', 'is released, and that is recorded', 'may not invite each other',
  ]) expect(english).toContain(sentence)
  expect(textOf(rare, 'zh-CN').split('\n')).toHaveLength(english.split('\n').length)
  expect(textOf({ ...rare, maturitySeconds: 5400 })).toContain('The reward may be used 2 hours after the payment.')
})

test('every text to share names the link and discloses that it is advertising, in both languages', () => {
  for (const { versions } of catalogue) {
    for (const { content: { shareText } } of versions) {
      expect(shareText.en).toMatch(/\{link\}.*\(advertisement: /)
      expect(shareText['zh-CN']).toMatch(/\{link\}.*广告/)
    }
  }
})
