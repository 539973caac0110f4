// What a member reads about a hold and about a debt, in both languages; never another person's data, never how it was found.

import type { DebtCause } from '../ledger/index.ts'

export interface Sentence {
  readonly en: string
  readonly 'zh-CN': string
}

export interface HoldNotice {
  /** With its asset: `5 USD`. */
  readonly amount: string
  /** Day on which it was earned, in the programme's zone. */
  readonly earnedOn: string
  /** By when most such checks end, as measured; null: nothing was measured yet, and the sentence is left out. */
  readonly mostEndBy: string | null
  /** Where information can be added or a person asked; null: no address was given. */
  readonly link: string | null
}

export function holdSentence({ amount, earnedOn, mostEndBy, link }: HoldNotice): Sentence {
  const [when, zhWhen] = mostEndBy === null ? ['We check rewards for program eligibility.', '我们会核查奖励是否符合活动规则。']
    : [`We check rewards for program eligibility; most checks end by ${mostEndBy}.`, `我们会核查奖励是否符合活动规则,多数审核会在${mostEndBy}前完成。`]
  return {
    en: `A reward of ${amount} from ${earnedOn} is under review. ${when} Your account and the balance you paid for are not affected. `
      + `You may add information or ask for a person to review it${link === null ? '' : `: ${link}`}.`,
    'zh-CN': `您于${earnedOn}获得的${amount}奖励正在审核中。${zhWhen}您的账户和已充值余额不受影响。您可以补充说明或申请人工复核${link === null ? '' : `:${link}`}。`,
  }
}

export type DebtReason = 'refunded' | 'reclaimed' | 'taken_over' | 'other'

/** Why a rebate was taken back after it was used. */
export function debtReason({ kind }: Pick<DebtCause, 'kind'>): DebtReason {
  switch (kind) {
    case 'reversal': return 'refunded'
    case 'reclaim': return 'reclaimed'
    case 'opening': return 'taken_over'
    default: return 'other'
  }
}

export const DEBT_SENTENCES: Readonly<Record<DebtReason, Sentence>> = {
  refunded: {
    en: 'The payment that earned this reward was given back after the reward had been used. It is repaid from later rewards only, never from money you paid.',
    'zh-CN': '产生该奖励的付款已被退回,而奖励当时已被使用。欠款仅从以后的奖励中扣还,绝不从您已付的款项中扣除。',
  },
  reclaimed: {
    en: 'This reward was taken back by a decision after it had been used. It is repaid from later rewards only, never from money you paid.',
    'zh-CN': '该奖励在被使用后经审核决定收回。欠款仅从以后的奖励中扣还,绝不从您已付的款项中扣除。',
  },
  taken_over: { en: 'This was owed before these books began.', 'zh-CN': '该欠款在本账簿启用前已存在。' },
  other: { en: 'This correction is repaid from later rewards only, never from money you paid.', 'zh-CN': '该更正仅从以后的奖励中扣还,绝不从您已付的款项中扣除。' },
}
