// The sentences of rules in Chinese (zh-CN).

import type { TrackRules } from './program-rules.ts'
import { lengthOf } from './rule-words.ts'
import type { RulePhrases } from './rules-in-words.ts'

const onTrack = ({ key }: TrackRules, isOnly: boolean): string => (isOnly ? '' : `${key} 方案：`)
const listed = (parts: readonly string[]): string => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join('、')}和${parts.at(-1) ?? ''}`)

const BASES = { recharge: '每笔完成的充值', payment: '每笔付款', spend: '每笔以自付资金进行的消费', both: '每笔完成的充值，以及每笔以自付资金进行的消费' }
const FACTS = { own_resource: '您的一个正常运行的实例', client_resource: '客户的实例', own_email: '您的邮箱', client_email: '客户的邮箱', referral_link: '您的推荐链接' }
const GRANTED = { signup: '注册时', verified: '账户验证后', first_payment: '首次付款时' }
const PERIODS = { day: '每天', month: '每月', year: '每年', ever: '总计' }
const SCOPES = { inviter: '每位成员', invitee: '每位好友', program: '整个活动' }
const METHODS = { bank: '银行转账', stripe: 'Stripe' }
const ACTIONS = { hold: '在入账前暂缓奖励', cancel: '取消推荐关系', freeze: '冻结奖励', reclaim: '追回奖励', restrict: '限制账户' }
const FIGURES = { clicks: '点击数', referrals: '推荐数', conversions: '转化数', conversion_rate: '转化率', earnings: '总收益', pending: '待转化的推荐' }
const LISTS = { invitees: '受邀好友列表', rebates: '返利记录', tree: '推荐关系树' }
const SHARES = { copy: '复制链接', x: 'X', linkedin: '领英' }
const UNITS = { month: '个月', year: '年' }

export const chinese: RulePhrases = {
  headings: {
    takesPart: '谁可以参加', reward: '奖励', earns: '奖励依据', movement: '奖励的去向', binding: '如何建立推荐关系', counts: '谁算有效',
    ends: '何时结束', seen: '成员可以看到什么', abuse: '防止滥用', changes: '规则的变更',
  },
  everybody: () => '每个账户无需申请即可参加，任何人都没有单独的比例。',
  track: ({ key, entry }) => (entry === 'upgrade' ? `成员可以随时切换到 ${key} 方案，也可以切换回来。` : `${key} 方案需要签订合同；签订之前的奖励仍按原方案计算。`),
  reward(track, isOnly) {
    const { reward, asset } = track
    const text = reward.kind === 'rate' ? `实收金额的 ${reward.ratePpm / 10_000} %。`
      : reward.kind === 'fixed' ? `每笔付款 ${reward.amount} ${asset}。` : `每付一个月奖励 ${reward.daysPerMonth} 天服务，每付一年奖励 ${reward.daysPerYear} 天；与购买数量无关。`
    return `${onTrack(track, isOnly)}${text}`
  },
  length: (unit, count, days) => `一次付清 ${count} ${UNITS[unit]}：${days} 天。`,
  credit: ({ amount, asset, validDays, grantOn }) => `好友在${GRANTED[grantOn]}获得 ${amount} ${asset}，有效期 ${validDays} 天。`,
  cap: ({ of, per, count, amount, asset: own }, asset) => `${SCOPES[of]}${PERIODS[per]}最多 ${count === undefined ? `${amount ?? ''} ${own ?? asset}` : `${count} 次奖励`}。`,
  base: (base) => `奖励来自受邀好友的${BASES[base]}；好友的好友不计奖励。`,
  moneyReceived: () => '以实收金额为基数，不含税费、折扣、优惠券和赠送；由奖励、赠金、兑换码或工作人员支付的部分不计奖励。退款会按比例收回奖励。',
  conversion: (asset) => `其他币种的付款按其折合的 ${asset} 金额计算。`,
  late: (days) => `延迟超过 ${days} 天上报的记录先由人工审核。`,
  matures(track, isOnly) {
    const [count, unit] = lengthOf(track.maturitySeconds)
    return `${onTrack(track, isOnly)}付款 ${count} ${unit === 'day' ? '天' : '小时'}后可以使用奖励。`
  },
  expires: (track, isOnly, days) => `${onTrack(track, isOnly)}奖励自可用之日起 ${days} 天后，未用部分失效。`,
  transfer(track, isOnly, settlement) {
    const where = settlement === 'host' ? '平台账户' : '主余额'
    const text = track.movement.rewardTransfer === 'manual' ? `成员可以随时把奖励划转到${where}。`
      : track.movement.rewardTransfer === 'automatic' ? `奖励自动进入${where}。` : '奖励作为应付现金保留，不进入主余额。'
    return `${onTrack(track, isOnly)}${text}`
  },
  payout(track, isOnly) {
    const { payout } = track.movement
    if (payout === null) return `${onTrack(track, isOnly)}不可提现。`
    const { methods, minimum, dailyLimit, monthlyLimit } = payout
    const limits = [...(dailyLimit === undefined ? [] : [`每天 ${dailyLimit} ${track.asset}`]), ...(monthlyLimit === undefined ? [] : [`每月 ${monthlyLimit} ${track.asset}`])]
    const from = minimum === undefined ? '' : minimum.on === 'balance' ? `，余额须达到 ${minimum.amount} ${track.asset}` : `，每次申请至少 ${minimum.amount} ${track.asset}`
    return `${onTrack(track, isOnly)}可申请通过${listed(methods.map((method) => METHODS[method]))}提现${from}${limits.length === 0 ? '' : `，最多${listed(limits)}`}。`
  },
  scope: (text) => `使用范围：${text}`,
  bound: (link, code, precedence) => (link && code ? `通过推荐链接，或在注册表单填写邀请码建立关系；两者不一致时以${precedence === 'typed' ? '填写的邀请码' : '推荐链接'}为准。`
    : link ? '通过推荐链接建立关系。' : code ? '在注册表单填写邀请码建立关系。' : '链接和邀请码均不建立关系。'),
  afterSignup: (claims) => (claims === null || claims === undefined ? '注册完成后无法再补建推荐关系。'
    : `缺失的好友可凭${listed(claims.facts.map((fact) => FACTS[fact]))}申请补登；须由该好友确认，自${claims.accruesFrom === 'signup' ? '注册' : '受理'}之时起计算奖励。30 天内最多 ${claims.maximumPerMonth} 次申请。`),
  newCustomer: () => '好友必须是真正的新用户：其邮箱、手机号或支付方式此前没有注册过账户。',
  separateAccount: () => '好友必须拥有独立账户：不属于成员自己的组织、上级账户或实例。',
  household: (isEligible) => (isEligible ? '同一家庭的成员可以互相邀请。' : '同一家庭的成员不可互相邀请。'),
  excluded: () => '工作人员、测试账户和由销售获得的客户不计入。',
  traffic({ paid, bannedReferers }) {
    const held = [...(paid === 'hold' ? ['付费广告点击'] : []), ...(bannedReferers.length > 0 ? [`来自 ${listed(bannedReferers)} 的点击`] : [])]
    return held.length === 0 ? null : `由${listed(held)}产生的奖励须经审核。`
  },
  ends: (idle) => (idle === null ? '长期有效：只要推荐关系存在，每笔符合条件的付款都产生奖励。'
    : `最近一位客户之后满 ${idle.years} 个自然年没有新客户即暂停，并在 ${[...idle.noticeDays].sort((left, right) => right - left).join('、')} 天前通知。已得奖励不受影响，链接仍可建立关系，有新客户后恢复。`),
  sees: ({ figures, lists, share }) => `成员可以看到${listed([...figures.map((figure) => FIGURES[figure]), ...lists.map((list) => LISTS[list])])}；分享方式：${listed(share.map((way) => SHARES[way]))}。`,
  contact: (text) => `帮助：${text}`,
  enforcement: ({ actions, termsVersion, termsUrl }) => `${actions.length === 0 ? '条款不允许任何处置' : `条款允许${listed(actions.map((action) => ACTIONS[action]))}`}；不符合条件的关系不计入。条款版本 ${termsVersion}：${termsUrl}`,
  silence: (onSilence) => (onSilence === 'escalate' ? '到期未决定的审核会上报处理；不会因超时而没收奖励。' : '到期未决定的奖励会被放行并留下记录。'),
  notice: (days) => (days === 0 ? '规则可能不经通知而变更。' : `不利于成员的变更提前 ${days} 天公布；此前所得不重新计算。`),
  zone: (zone) => `日期和时间以 ${zone} 时区为准。`,
}
