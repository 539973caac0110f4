// Maturity: pending rebates become available when their time has come; a rebate held by then stays held and is released into available.

import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { debtsOf, lockMembers, maturityEntries, positionsOf, postTransfer } from '../../ledger/index.ts'
import type { Recorder, Recording } from '../recorder.ts'

/** Moves what has matured by now, member by member; returns how many members there were. Safe to repeat and to run twice at once. */
export async function matureRebates({ database, clock, actorId }: Pick<Recorder, 'database' | 'clock' | 'actorId'>, membersMax = 1000): Promise<number> {
  const now = clock.now()
  const due = await database.inTransaction((transaction) => transaction.$queryRaw<{ account_id: bigint }[]>`
    select distinct b.account_id from book_account b
      join position p on p.book_account_id = b.id and p.amount <> 0
      join rebate r on r.id = p.rebate_id
      where b.kind = 'reward_pending' and r.matures_at <= ${now}::timestamptz order by 1 limit ${membersMax}`)
  for (const { account_id: accountId } of due) {
    await database.inTransaction(async (transaction) => {
      await lockMembers(transaction, [accountId])
      await matureMember(transaction, { now, actorId }, accountId)
    })
  }
  return due.length
}

/** What of one member's rebates has matured; the member must be locked. */
export async function matureMember(transaction: Transaction, { now, actorId }: Pick<Recording, 'now' | 'actorId'>, accountId: bigint): Promise<void> {
  const pending = await positionsOf(transaction, accountId, { kinds: ['reward_pending'] })
  const mature = pending.filter((position) => position.maturesAt <= now)
  if (mature.length === 0) return
  const entries = maturityEntries(mature, await debtsOf(transaction, mature), now)
  // A rebate can be pending again after an undo, so the key also names how often the account had moved.
  const naturalKey = digestOf('maturity', accountId.toString(), await movesOf(transaction, accountId))
  await postTransfer(transaction, { naturalKey, kind: 'maturity', occurredAt: now, recordedAt: now, effectiveAt: now, actorId, entries })
}

async function movesOf(transaction: Transaction, accountId: bigint): Promise<string> {
  const accounts = await transaction.bookAccount.findMany({ where: { accountId, kind: 'reward_pending' }, select: { asset: true, version: true }, orderBy: { asset: 'asc' } })
  return accounts.map((account) => `${account.asset} ${account.version}`).join(', ')
}
