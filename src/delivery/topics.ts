// What endpoints may subscribe to: the closed list of topics, each with the sentence that its subscribers read.

export const TOPICS = {
  'rebate.accrued': 'A rebate was earned.',
  'rebate.held': 'A rebate is held for review.',
  'rebate.reversed': 'A refund or chargeback took a rebate back, in part or in full.',
  'check.resolved': 'A check that could only hold got its real answer.',
  'claim.opened': 'A claim was entered and waits.',
  'claim.decided': 'A claim was accepted or refused.',
  'standing.changed': 'An enrolment, a track or a contract of a member changed.',
  'member.notice': 'A member is to be told something: suspension ahead, credit about to expire.',
  'payout.requested': 'A payout was requested.',
  'payout.approved': 'A payout was approved.',
  'payout.sent': 'A payout is on its way.',
  'payout.paid': 'A payout arrived.',
  'payout.failed': 'A payout did not arrive; the money is available again.',
  'payout.returned': 'A paid payout came back.',
  'payout.cancelled': 'A payout was cancelled before it was sent.',
  'payout.destination_changed': 'A member’s payout destination changed; the old address is to be told.',
  'host.instruction': 'The host is to do something with money or days that it keeps.',
  'verification.failed': 'The books or the chain of acts do not verify.',
  'endpoint.test': 'A test message; every endpoint can be sent one.',
} as const

export type Topic = keyof typeof TOPICS

export const TOPIC_NAMES: readonly Topic[] = Object.keys(TOPICS).filter(isTopic)

export function isTopic(word: string): word is Topic {
  return Object.hasOwn(TOPICS, word)
}
