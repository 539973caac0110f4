// What the claiming member, and the client who is asked, read about a claim, in English and Chinese.
// Promises: a text for every state and reason; nothing about the client before the client has confirmed.

import type { ClaimReason, ClaimState } from './claims.ts'

export type ClaimLanguage = 'en' | 'zh-CN'
type Texts = Readonly<Record<ClaimLanguage, string>>

const OF_STATE: Readonly<Record<Exclude<ClaimState, 'refused'>, Texts>> = {
  waiting_for_client: {
    en: 'Your claim was received. If the facts you gave name a customer, that customer is asked to confirm it within 14 days.',
    'zh-CN': '我们已收到您的补登申请。如果您提供的信息与某位客户相符，系统会请该客户在 14 天内确认。',
  },
  waiting_for_review: { en: 'The customer has confirmed. A person is checking your claim.', 'zh-CN': '客户已确认，您的申请正在人工审核中。' },
  waiting_for_approval: { en: 'Your claim was checked and needs the approval of a second person.', 'zh-CN': '您的申请已通过初审，正在等待第二位审核人员批准。' },
  accepted: { en: 'Your claim was accepted. The customer now counts as invited by you.', 'zh-CN': '您的申请已通过，该客户已计为由您邀请。' },
}

const NOT_CONFIRMED: Texts = { en: 'The claim was not confirmed in time.', 'zh-CN': '该申请未在规定时间内得到确认。' }

const OF_REASON: Readonly<Record<ClaimReason, Texts>> = {
  own_resource_unknown: { en: 'The instance you gave as your own does not belong to your account.', 'zh-CN': '您填写的自有实例不属于您的账户。' },
  own_email_unknown: { en: 'The e-mail address you gave as your own is not the one of your account.', 'zh-CN': '您填写的邮箱与您账户的邮箱不一致。' },
  referral_link_unknown: { en: 'The referral link you gave is not yours.', 'zh-CN': '您填写的推荐链接不属于您。' },
  not_confirmed: NOT_CONFIRMED,
  declined_by_client: NOT_CONFIRMED,
  has_inviter: { en: 'The customer was invited by somebody already.', 'zh-CN': '该客户已有邀请人。' },
  self_referral: { en: 'An account cannot invite itself.', 'zh-CN': '账户不能邀请自己。' },
  cycle: { en: 'The customer invited you, directly or through others, so you cannot have invited the customer.', 'zh-CN': '该客户曾直接或间接邀请您，因此您不能再成为其邀请人。' },
  not_eligible: { en: 'The customer does not count as a new, separate customer under the terms.', 'zh-CN': '根据活动规则，该客户不属于独立的新客户。' },
  signup_unknown: { en: 'It is not known when the customer signed up.', 'zh-CN': '无法确认该客户的注册时间。' },
  signed_up_before_code: { en: 'The customer signed up before you had a referral link.', 'zh-CN': '该客户的注册时间早于您获得推荐链接的时间。' },
  inviter_restricted: { en: 'Your account cannot win new referrals at present.', 'zh-CN': '您的账户目前无法新增推荐关系。' },
  enrolment_closed: { en: 'You do not take part in the program any more.', 'zh-CN': '您已不再参加该推荐计划。' },
  evidence_insufficient: { en: 'The facts do not show that you invited the customer.', 'zh-CN': '现有信息不足以证明该客户由您邀请。' },
  self_invitation: { en: 'The claim does not meet the terms on self-invitation.', 'zh-CN': '该申请不符合关于自我邀请的规定。' },
  claim_theft: { en: 'The facts show that somebody else won the customer.', 'zh-CN': '现有信息表明该客户由他人带来。' },
  terms_other: { en: 'The claim does not meet the terms of the program.', 'zh-CN': '该申请不符合推荐计划的条款。' },
}

/** For the member who claims. */
export function claimTexts(state: ClaimState, reason: ClaimReason | null): Texts {
  if (state !== 'refused') return OF_STATE[state]
  return reason === null ? OF_REASON.terms_other : OF_REASON[reason]
}

/** For the client who is asked; the host puts the name by which the client knows the inviter for {inviter}. */
export const CONFIRMATION_TEXTS: Texts = {
  en: '{inviter} says they invited you. Did they? Your answer changes nothing about your account, prices or balance.',
  'zh-CN': '{inviter} 表示是其邀请您注册的，是否属实？您的回答不会影响您的账户、价格或余额。',
}
