// What each reason code says in a sentence, for and against one operator, in English and Chinese. A code without a sentence
// of its own is shown under its name, so that nothing that moved a score goes unsaid.
import type { Reason } from '../../../scoring/detection.ts'
import type { Language } from '../refusals.ts'

type Sentences = readonly [forEnglish: string, againstEnglish: string, forChinese: string, againstChinese: string]

const sentences: Readonly<Record<string, Sentences>> = {
  base_rate: ['Before any evidence: many here are one operator\'s', 'Before any evidence: most are honest', '证据之前:此处多数为同一操作者', '证据之前:多数是真实的'],
  same_account: ['The account invited itself', '', '该账户邀请了自己', ''],
  device_shared: ['Both use one device', 'They share no device', '双方使用同一设备', '双方没有共用设备'],
  payment_shared: ['Both pay by one means of payment', 'They share no means of payment', '双方使用同一支付方式', '双方没有共用支付方式'],
  payout_shared: ['Money leaves to one destination, or to the other\'s means of payment', 'They share no payout destination', '提现到同一目的地,或到对方的支付方式', '没有共用提现目的地'],
  contact_shared: ['Both have one mailbox or phone number', 'They share no mailbox or phone number', '双方使用同一邮箱或手机号', '没有共用邮箱或手机号'],
  other_identifier_shared: ['They share a further identifier, such as a server\'s address', 'They share no further identifier', '双方共用其他标识符(如服务器地址)', '没有共用其他标识符'],
  ip_shared_with_link: ['They share addresses, beside something stronger', 'They share no addresses beside what links them', '除更强的关联外,还共用 IP 地址', '除已有关联外没有共用地址'],
  ip_shared_alone: ['They share addresses, and nothing stronger', 'They share no addresses', '仅共用 IP 地址', '没有共用地址'],
  ip_overlap: ['The addresses they use overlap closely', 'The addresses they use hardly overlap, or many others use them', '使用的地址高度重合', '使用的地址几乎不重合,或有很多人共用'],
  identifier_used_before_invitation: ['What they share was in use before the invitation', 'What they share was first used after the invitation', '共用的标识符在邀请之前就已使用', '共用的标识符在邀请之后才出现'],
  identifier_use_overlaps: ['They use what they share at the same time', 'They use what they share at different times', '同一时期使用共用的标识符', '在不同时期使用共用的标识符'],
  identifier_popularity: ['What they share belongs to few', 'What they share is used by many', '共用的标识符只有少数账户使用', '共用的标识符被许多账户使用'],
  identifiers_in_common: ['Much of what one uses is used by the other', 'Little of what one uses is used by the other', '双方使用的标识符大部分相同', '双方使用的标识符很少相同'],
  click_to_signup: ['From click to sign-up took the time of someone who knew the way', 'From click to sign-up took a usual time', '从点击到注册的时间异常', '从点击到注册的时间正常'],
  signup_to_referral: ['Invitation and sign-up are oddly close', 'Time between sign-up and invitation is usual', '注册与邀请的时间间隔异常', '注册与邀请的时间间隔正常'],
  signup_to_recharge: ['The first payment came oddly soon after sign-up', 'The first payment came at a usual time', '注册后首次付款异常迅速', '首次付款时间正常'],
  recharge_size: ['The first payment is of the size that earns a reward and no more', 'The first payment is of a usual size', '首次付款金额恰好够领奖', '首次付款金额正常'],
  recharges: ['There are oddly few payments', 'There are payments again and again', '付款次数异常少', '有持续的付款'],
  volume: ['Money paid is unlike a customer\'s', 'Money paid is like a customer\'s', '付款总额不像真实客户', '付款总额像真实客户'],
  spending: ['What was paid is hardly used', 'What was paid is used', '充值几乎未使用', '充值有正常使用'],
  activity: ['The account falls silent after the reward', 'The account is active like a customer\'s', '领奖后账户不再活跃', '账户像真实客户一样活跃'],
  inviter_history: ['The inviter\'s own history is thin', 'The inviter has a history of its own', '邀请人自身的使用记录很少', '邀请人有自己的使用记录'],
  reversals: ['Payments were taken back', 'No payment was taken back', '有付款被撤回', '没有付款被撤回'],
  same_hours: ['Both are active at the same hours', 'They are active at different hours', '双方活跃时段相同', '双方活跃时段不同'],
  activity_together: ['They act within minutes of each other', 'Their activity does not follow one another', '双方操作时间前后紧接', '双方活动没有前后关联'],
  same_amounts: ['They pay the same amounts', 'They pay different amounts', '付款金额相同', '付款金额不同'],
  same_cadence: ['They pay in the same rhythm', 'They pay in different rhythms', '付款节奏相同', '付款节奏不同'],
  same_items: ['They use the same things', 'They use different things', '使用的商品或模型相同', '使用的商品或模型不同'],
  usage_moved: ['The inviter\'s use fell as the invitee\'s rose: usage moved, not won', 'The inviter\'s use went on as before', '邀请人用量下降的同时被邀请人用量上升:属于转移而非新增', '邀请人用量照常'],
  siblings_arrived_together: ['The inviter\'s other invitees came at the same time', 'The inviter\'s invitees came at different times', '该邀请人的其他被邀请人同一时间到来', '该邀请人的被邀请人陆续到来'],
  siblings_spend_alike: ['The inviter\'s invitees spend alike', 'The inviter\'s invitees spend differently', '该邀请人的被邀请人消费模式相同', '该邀请人的被邀请人消费各不相同'],
  siblings_linked: ['The inviter\'s invitees are tied to one another', 'The inviter\'s invitees have nothing to do with one another', '该邀请人的被邀请人彼此关联', '该邀请人的被邀请人彼此无关'],
  inviter_invites_many: ['The number of invitations is unusual', 'The number of invitations is usual', '邀请数量异常', '邀请数量正常'],
  inviter_linked: ['The inviter is tied to further accounts', 'The inviter stands alone', '邀请人与其他账户存在关联', '邀请人没有其他关联'],
  invitee_linked: ['The invited account is tied to further accounts', 'The invited account stands alone', '被邀请账户与其他账户存在关联', '被邀请账户没有其他关联'],
  disposable_email: ['Signed up with a throw-away mailbox', 'Signed up with a lasting mailbox', '使用一次性邮箱注册', '使用长期邮箱注册'],
  same_organisation: ['Both belong to one organisation', 'They belong to no common organisation', '双方属于同一组织', '双方不属于同一组织'],
  mutual_invitation: ['They invited each other', 'They did not invite each other', '双方互相邀请', '没有互相邀请'],
  claimed_later: ['The invitation was claimed afterwards', 'The invitation was followed from the link', '邀请关系为事后补录', '邀请关系来自链接'],
  group_arrived_together: ['The accounts tied to it arrived together', 'The accounts tied to it arrived apart', '关联账户同一时间注册', '关联账户先后注册'],
  group_spends_alike: ['The accounts tied to it spend alike', 'The accounts tied to it spend differently', '关联账户消费模式相同', '关联账户消费各不相同'],
  group_linked: ['It belongs to a group tied together', 'No group is tied to it', '属于彼此关联的一组账户', '没有关联的账户组'],
  linked_accounts_alike: ['The accounts tied to it look alike', 'The accounts tied to it look different', '关联账户彼此相似', '关联账户各不相同'],
  linked_arrived_together: ['The accounts tied to it arrived together', 'The accounts tied to it arrived apart', '关联账户同一时间到来', '关联账户先后到来'],
  linked_spend_alike: ['The accounts tied to it spend alike', 'The accounts tied to it spend differently', '关联账户消费相似', '关联账户消费不同'],
  network_coherent: ['The network it comes from behaves as one', 'The network it comes from is used by all kinds of people', '所在网络的账户行为一致', '所在网络由各类人共用'],
  direct_links: ['It deals directly with other accounts here', 'It does not deal with other accounts here', '与其他账户有直接往来', '与其他账户没有直接往来'],
  identifiers_coherent: ['What it shares belongs to accounts that behave as one', 'What it shares belongs to unrelated accounts', '共用标识符的账户行为如同一人', '共用标识符的账户互不相关'],
}

/** One sentence without a full stop, for the side that the bits are on. */
export function reasonSentence(reason: Pick<Reason, 'code' | 'bits'>, language: Language): string {
  const known = sentences[reason.code]
  if (known === undefined) return reason.code.replaceAll('_', ' ')
  const side = reason.bits >= 0 ? 0 : 1
  return known[language === 'en' ? side : side + 2] || known[language === 'en' ? 0 : 2] || reason.code
}

/** Codes with sentences, so that a test can hold them against what the detector may say. */
export const reasonCodesWithSentences: readonly string[] = Object.keys(sentences)
