// Credit with an end: what is left of it then goes to breakage, seven days before the member is reminded, and a refund brings it back.
// Promises: to the second by the clock; a held credit neither ends nor loses days; what was earned ends only where its version said so when it was earned.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { formatAmount } from '../../base/money.ts'
import { lockMembers, postTransfer } from '../../ledger/index.ts'
import { exponentOfAsset, formatInZone, programVersionOf } from '../../policies/index.ts'
import type { Recorder, Recording } from '../recorder.ts'
import { giveNotice } from '../standing/notices.ts'

/** Days before its end on which the member is reminded of a credit. */
const REMINDER_DAYS = 7
const MEMBERS_AT_ONCE = 1000

export interface ExpiryRound {
  readonly members: number
  readonly reminders: number
}

/** Takes what ended by now, member by member, and reminds of what ends soon. Safe to repeat and to run twice at once. */
export async function expireCredits({ database, clock }: Pick<Recorder, 'database' | 'clock'>): Promise<ExpiryRound> {
  const now = clock.now()
  const round = { members: 0, reminders: 0 }
  for (;;) {
    const due = await database.inTransaction((transaction) => transaction.$queryRaw<{ account_id: bigint }[]>`
      select distinct b.account_id from book_account b
        join position p on p.book_account_id = b.id and p.amount > 0
        join rebate r on r.id = p.rebate_id and r.expires_at <= ${now}::timestamptz
        where b.kind in ('main_bonus', 'main_reward', 'reward_available') and credit_expires_at(r.id, r.expires_at, ${now}::timestamptz) <= ${now}::timestamptz
        order by 1 limit ${MEMBERS_AT_ONCE}`)
    for (const { account_id: accountId } of due) {
      const expired = await database.inTransaction(async (transaction) => {
        await lockMembers(transaction, [accountId])
        return expireMember(transaction, { now, actorId: SYSTEM_ACTOR_ID }, accountId)
      })
      if (expired > 0) round.members += 1
    }
    if (due.length < MEMBERS_AT_ONCE) break
  }
  round.reminders = await database.inTransaction((transaction) => remindMembers(transaction, now))
  return round
}

interface EndedRow {
  rebate_id: bigint
  program_id: bigint
  kind: 'main_bonus' | 'main_reward' | 'reward_available'
  asset: string
  amount: bigint
  ended_at: Date
}

/**
 * What of one member's credit ended by now; returns how many credits that were. The member must be locked. Call it before credit is
 * spent, so that what has ended is not, whenever the job ran last.
 */
export async function expireMember(transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, accountId: bigint): Promise<number> {
  const rows = await transaction.$queryRaw<EndedRow[]>`
    select p.rebate_id, r.program_id, b.kind, b.asset, p.amount, credit_expires_at(r.id, r.expires_at, ${now}::timestamptz) as ended_at
      from book_account b
      join position p on p.book_account_id = b.id and p.amount > 0
      join rebate r on r.id = p.rebate_id and r.expires_at <= ${now}::timestamptz
      where b.account_id = ${accountId} and b.kind in ('main_bonus', 'main_reward', 'reward_available')
        and credit_expires_at(r.id, r.expires_at, ${now}::timestamptz) <= ${now}::timestamptz order by p.rebate_id, b.kind`
  for (const row of rows) {
    const { rebate_id: rebateId, program_id: programId, kind, asset, amount, ended_at: endedAt } = row
    await expirePosition(transaction, { now, actorId }, { accountId, rebateId, programId, kind, asset, amount, endedAt })
  }
  return rows.length
}

export interface EndedPosition {
  readonly accountId: bigint
  readonly rebateId: bigint
  readonly programId: bigint
  readonly kind: 'main_bonus' | 'main_reward' | 'reward_available'
  readonly asset: string
  readonly amount: bigint
  readonly endedAt: Date
}

/** Posts what ended of one credit into breakage. The member must be locked. */
export async function expirePosition(transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, ended: EndedPosition): Promise<void> {
  const { accountId, rebateId, programId, kind, asset, amount, endedAt } = ended
  // A credit can end again after a refund restored it, so the key also names what had ended before.
  const before = await transaction.entry.aggregate({ where: { rebateId, bookAccount: { kind: 'breakage' } }, _sum: { amount: true } })
  await postTransfer(transaction, {
    naturalKey: digestOf('expiry', rebateId.toString(), kind, (before._sum.amount ?? 0n).toString()), kind: 'expiry', programId,
    occurredAt: endedAt, recordedAt: now, effectiveAt: now, actorId,
    entries: [{ accountId, kind, asset, rebateId, amount: -amount }, { accountId: null, kind: 'breakage', asset, rebateId, amount }],
  })
}

interface EndingRow {
  rebate_id: bigint
  program_id: bigint
  program_version_id: bigint
  account_id: bigint
  asset: string
  amount: bigint
  ends_at: Date
  subject: string
}

/** Credit that was given so shortly before its end that the reminder would come with it needs none. */
async function remindMembers(transaction: Transaction, now: Date): Promise<number> {
  const horizon = new Date(now.getTime() + REMINDER_DAYS * 86_400_000)
  const rows = await transaction.$queryRaw<EndingRow[]>`
    select * from (
      select r.id as rebate_id, r.program_id, r.program_version_id, r.account_id, b.asset, p.amount, r.effective_at, ending.at as ends_at,
             r.id || ' ' || floor(extract(epoch from ending.at))::bigint as subject
        from book_account b
        join position p on p.book_account_id = b.id and p.amount > 0
        join rebate r on r.id = p.rebate_id and r.expires_at <= ${horizon}::timestamptz
        cross join lateral (select credit_expires_at(r.id, r.expires_at, ${now}::timestamptz) as at) as ending
        where b.kind in ('main_bonus', 'main_reward', 'reward_available')
      ) as credit
      where ends_at > ${now}::timestamptz and ends_at <= ${horizon}::timestamptz and extract(epoch from ends_at - effective_at) > ${REMINDER_DAYS * 86_400}
        and not exists (select 1 from member_notice n where n.program_id = credit.program_id and n.account_id = credit.account_id and n.kind = 'credit_expires' and n.subject = credit.subject)
      order by rebate_id`
  let reminders = 0
  for (const row of rows) {
    const { rules } = await programVersionOf(transaction, row.program_version_id)
    const amount = formatAmount(row.amount, exponentOfAsset(row.asset))
    const isNew = await giveNotice(transaction, {
      kind: 'credit_expires', programId: row.program_id, accountId: row.account_id, subject: row.subject, at: now,
      facts: { rebate_id: row.rebate_id, asset: row.asset, amount, expires_at: row.ends_at },
      named: { amount: `${amount} ${row.asset}`, date: formatInZone(rules.zone, row.ends_at) },
    })
    if (isNew) reminders += 1
  }
  return reminders
}
