// API.market's referral programme as published: 5 % of a friend's purchases into the wallet, or 10 % in cash for partners; the friend starts
// with a credit. What the published text leaves open is the safe reading, and said here.

import type { NewProgram, ProgramRulesInput } from '../../policies/index.ts'

const rules: ProgramRulesInput = {
  // "Commissions on their purchases": a paid plan. Loading the wallet earns nothing, or the same money would count twice.
  base: 'payment',
  defaultTrack: 'basic',
  asset: 'USD',
  reward: { kind: 'rate', ratePpm: 50_000 },
  settlement: 'internal',
  // "Earnings are credited to your wallet balance": no step of the member's own, and no cash.
  movement: { rewardTransfer: 'automatic', payout: null },
  tracks: [{
    key: 'partner',
    entry: 'upgrade',
    asset: 'USD',
    reward: { kind: 'rate', ratePpm: 100_000 },
    movement: { rewardTransfer: 'none', payout: { methods: ['stripe'], minimum: { amount: '25', on: 'request' } } },
    // "Priority support".
    answerDays: { claim: 7, appeal: 7 },
  }],
  signupCredit: { amount: '2.50', asset: 'USD', validDays: 30, grantOn: 'signup' },
  binding: { link: true, code: true, precedence: 'typed', afterSignup: 'never' },
  // "New users".
  eligibility: { newCustomer: true, separateAccount: false },
  // The text names no sanction: what may be done is to look before crediting, and not to count who is not eligible.
  enforcement: { actions: ['hold'], termsVersion: '2026-01-12', termsUrl: 'https://docs.api.market/referral-program' },
  zone: 'UTC',
  linkTemplate: 'https://api.market?ref={code}',
  shareText: {
    en: 'I use API.market for my APIs. Sign up with my link and start with a $2.50 credit: {link} (advertisement: I earn a commission on your purchases)',
    'zh-CN': '我在 API.market 上使用 API。通过我的链接注册即可获得 2.50 美元赠金：{link}（广告：您购买后我将获得佣金）',
  },
  creditScope: {
    en: 'API purchases from the wallet; the sign-up credit within 30 days. Cash on the partner track alone.',
    'zh-CN': '用于钱包内的 API 购买；注册赠金须在 30 天内使用。仅合作伙伴方案可提现。',
  },
  memberPage: { lists: ['invitees', 'rebates'], share: ['copy', 'x', 'linkedin'], contact: { en: 'Live chat on api.market, or hello@api.market', 'zh-CN': 'api.market 在线聊天，或 hello@api.market' } },
}

export const apiMarket: NewProgram = {
  key: 'api-market',
  name: 'API.market',
  versions: [{ effectiveFrom: new Date('2000-01-01T00:00:00Z'), content: rules }],
}
