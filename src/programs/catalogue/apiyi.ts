// API易's referral programme as published: a rebate on every recharge of an invited friend, as credit for the member's own use.
// Two versions: 10 % before 2026-05-15 00:00 in UTC+8, 5 % from then on; nothing else changed.

import type { NewProgram, ProgramRulesInput } from '../../policies/index.ts'

const rules = (ratePpm: number): ProgramRulesInput => ({
  // The text says "recharge" in one place and "recharge and spend" in another; paying on both would count the same money twice.
  base: 'recharge',
  asset: 'USD',
  reward: { kind: 'rate', ratePpm },
  settlement: 'internal',
  // The reward becomes spendable by the member's own transfer to the main balance, and is never paid out.
  movement: { rewardTransfer: 'manual', payout: null },
  maturitySeconds: 0,
  // The link, else the code on the registration form; nothing binds after registration.
  binding: { link: true, code: true, precedence: 'typed', afterSignup: 'never' },
  // "Genuine new-user acquisition": nobody who was here before under another account.
  eligibility: { newCustomer: true, separateAccount: false },
  enforcement: { actions: ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'], termsVersion: '2026-05-15', termsUrl: 'https://docs.apiyi.com/' },
  household: 'eligible',
  onSilence: 'escalate',
  zone: 'Asia/Shanghai',
  linkTemplate: 'https://api.apiyi.com/register/?aff_code={code}',
  shareText: {
    en: 'One key for many AI models. Sign up with my invite code {code}: {link} (advertisement: I earn a rebate on your recharges)',
    'zh-CN': '一个密钥调用多种 AI 模型。使用我的邀请码 {code} 注册：{link}（广告：您充值后我将获得奖励金）',
  },
  creditScope: { en: 'Usage of any model on the platform; not withdrawable.', 'zh-CN': '可用于平台上的任何模型，不可提现。' },
  memberPage: { lists: ['invitees', 'rebates'], share: ['copy'] },
})

export const apiyi: NewProgram = {
  key: 'apiyi',
  name: 'API易',
  versions: [
    { effectiveFrom: new Date('2000-01-01T00:00:00+08:00'), content: rules(100_000) },
    { effectiveFrom: new Date('2026-05-15T00:00:00+08:00'), content: rules(50_000) },
  ],
}
