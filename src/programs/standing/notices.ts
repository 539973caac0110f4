// What members and hosts are told about standing: notices in the member's languages, given once each, and changes as messages to the host.
// Promises: written in the transaction of their cause; a notice about one subject is given once, whoever tries how often.

import type { Transaction } from '../../base/database.ts'
import { enqueue } from '../../delivery/index.ts'

export type NoticeKind = 'idle_ahead' | 'suspended' | 'reactivated' | 'credit_expires'

export interface MemberNotice {
  readonly kind: NoticeKind
  readonly programId: bigint
  readonly accountId: bigint
  /** What it is about: the same subject is told once. */
  readonly subject: string
  readonly at: Date
  /** What the host's own text may need, as JSON. */
  readonly facts: Readonly<Record<string, unknown>>
  /** What the sentences name: dates as people of the programme's zone write them, amounts with their asset. */
  readonly named: Readonly<Record<string, string>>
}

const TEXTS: Readonly<Record<NoticeKind, { readonly en: string; readonly 'zh-CN': string }>> = {
  idle_ahead: {
    en: 'From {date} on, payments by people you invited will earn no new rewards in {program}, unless someone newly invited makes a payment before. What you have earned stays yours, and your link keeps working.',
    'zh-CN': '自{date}起,如此前没有新受邀用户付款,受邀用户的付款将不再为您在{program}中产生新的奖励。您已获得的奖励不受影响,邀请链接继续有效。',
  },
  suspended: {
    en: 'Since {date}, payments by people you invited earn no new rewards in {program}, because nobody newly invited has made a payment for a long time. What you have earned stays yours, your link keeps working, and the first payment of someone newly invited starts your rewards again.',
    'zh-CN': '由于较长时间没有新受邀用户付款,自{date}起,受邀用户的付款不再为您在{program}中产生新的奖励。您已获得的奖励不受影响,邀请链接继续有效;新受邀用户首次付款后,奖励将恢复。',
  },
  reactivated: {
    en: 'Since {date}, payments by people you invited earn rewards in {program} again. Payments made while rewards were paused are not credited afterwards.',
    'zh-CN': '自{date}起,受邀用户的付款将恢复为您在{program}中产生奖励。暂停期间的付款不予补发。',
  },
  credit_expires: {
    en: '{amount} of your credit in {program} expires on {date}.',
    'zh-CN': '您在{program}中的赠送额度有 {amount} 将于{date}到期。',
  },
}

/** Whether it was given now; false when the same subject was told before. */
export async function giveNotice(transaction: Transaction, { kind, programId, accountId, subject, at, facts, named }: MemberNotice): Promise<boolean> {
  const [made] = await transaction.memberNotice.createManyAndReturn({
    data: [{ kind, programId, accountId, subject, recordedAt: at }], skipDuplicates: true, select: { id: true },
  })
  if (made === undefined) return false
  const { program, name, account } = await namesOf(transaction, programId, accountId)
  // Nobody can be told who was erased.
  if (account === null) return true
  const words = { ...named, program: name }
  await enqueue(transaction, {
    topic: 'member.notice', objectKind: 'account', objectId: accountId, programId, at,
    body: { notice_id: made.id, kind, program, account, ...facts, text: { en: filled(TEXTS[kind].en, words), 'zh-CN': filled(TEXTS[kind]['zh-CN'], words) } },
  })
  return true
}

export interface StandingChange {
  readonly programId: bigint
  readonly accountId: bigint
  readonly at: Date
  /** What changed and how it stands now, as JSON. */
  readonly change: Readonly<Record<string, unknown>> & { readonly changed: 'enrolment' | 'track' | 'contract' }
}

export async function announceStanding(transaction: Transaction, { programId, accountId, at, change }: StandingChange): Promise<void> {
  const { program, account } = await namesOf(transaction, programId, accountId)
  if (account === null) return
  await enqueue(transaction, { topic: 'standing.changed', objectKind: 'account', objectId: accountId, programId, at, body: { program, account, ...change } })
}

async function namesOf(transaction: Transaction, programId: bigint, accountId: bigint): Promise<{ program: string; name: string; account: string | null }> {
  const { key, name } = await transaction.program.findUniqueOrThrow({ where: { id: programId }, select: { key: true, name: true } })
  const identity = await transaction.accountIdentity.findUnique({ where: { accountId }, select: { externalId: true } })
  return { program: key, name, account: identity?.externalId ?? null }
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const word = words[name]
    if (word === undefined) throw new Error(`A notice was written without its ${name}.`)
    return word
  })
}
