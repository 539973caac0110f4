// Chat API's referral programme as published: days of service for every payment of an attracted client, or money for whoever signs a
// contract. What the published text leaves open is the safe reading, and said here.

import type { NewProgram, ProgramRulesInput } from '../../policies/index.ts'

const rules: ProgramRulesInput = {
  base: 'payment',
  defaultTrack: 'days',
  asset: 'USD',
  reward: {
    kind: 'days',
    daysPerMonth: 3,
    // "If the customer pays a year at once, an additional month": a month has 30 days here, whichever one it is.
    daysPerYear: 30,
    // A year is a year, however it is reported; every other number of months earns three days for each.
    lengths: [{ unit: 'month', count: 12, days: 30 }, { unit: 'month', count: 24, days: 60 }, { unit: 'month', count: 36, days: 90 }],
  },
  // The platform keeps the days: each grant is an instruction to it.
  settlement: 'host',
  // "Free days are credited automatically."
  movement: { rewardTransfer: 'automatic', payout: null },
  tracks: [{
    key: 'money',
    // "Counted only after the signing of the contract."
    entry: 'contract',
    asset: 'USD',
    reward: { kind: 'rate', ratePpm: 100_000 },
    // "Upon your request", once 20 dollars have been accumulated.
    movement: { rewardTransfer: 'none', payout: { methods: ['bank'], minimum: { amount: '20', on: 'balance' } } },
  }],
  binding: {
    link: true, code: true, precedence: 'typed', afterSignup: 'claim',
    claims: {
      facts: ['own_resource', 'client_resource', 'own_email', 'client_email', 'referral_link'],
      // The text does not say from when on a claimed client earns: from the acceptance, when the client has agreed.
      accruesFrom: 'acceptance',
      maximumPerMonth: 5,
      secondPersonAbove: '100',
    },
  },
  // An instance of the member's own account is no client.
  eligibility: { newCustomer: false, separateAccount: true },
  // "Within a year after attracting the last client."
  enrolment: { idle: { years: 1, noticeDays: [30, 7] } },
  // The text names no sanction: what may be done is to look before crediting, and not to count who is not eligible.
  enforcement: { actions: ['hold'], termsVersion: '2026', termsUrl: 'https://chat-api.com/' },
  zone: 'UTC',
  // To rank days beside money: a month costs 39 dollars.
  valuation: { DAY: '1.3' },
  linkTemplate: 'https://chat-api.com/?ref={code}',
  shareText: {
    en: 'I run my WhatsApp messages over Chat API. Register with my link: {link} (advertisement: I am rewarded for your payments)',
    'zh-CN': '我使用 Chat API 收发 WhatsApp 消息。通过我的链接注册：{link}（广告：您付费后我将获得奖励）',
  },
  creditScope: { en: 'Additional days of service; money to the bank account of the contract.', 'zh-CN': '额外的服务天数；现金汇至合同所载的银行账户。' },
  memberPage: { lists: ['tree', 'rebates'], share: ['copy'], contact: 'Telegram @Chat_API_Support' },
}

export const chatApi: NewProgram = {
  key: 'chat-api',
  name: 'Chat API',
  versions: [{ effectiveFrom: new Date('2000-01-01T00:00:00Z'), content: rules }],
}
