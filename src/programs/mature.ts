// Maturity: pending rebates become available when their time has come; a rebate held by then stays held and is released into available.

import { digestOf } from '../base/hashing.ts'
import { debtsOf, lockMembers, maturityEntries, positionsOf, postTransfer } from '../ledger/index.ts'
import type { Recorder } from './recorder.ts'

/** Moves what has matured by now, member by member; returns how many members there were. Safe to repeat and to run twice at once. */
export async function matureRebates(recorder: Pick<Recorder, 'database' | 'clock' | 'actorId'>, membersMax = 1000): Promise<number> {
  const now = recorder.clock.now()
  const due = await recorder.database.inTransaction((transaction) => transaction.$queryRaw<{ account_id: bigint }[]>`
    select distinct b.account_id from book_account b
      join position p on p.book_account_id = b.id and p.amount <> 0
      join rebate r on r.id = p.rebate_id
      where b.kind = 'reward_pending' and r.matures_at <= ${now}::timestamptz order by 1 limit ${membersMax}`)
  for (const { account_id: accountId } of due) {
    await recorder.database.inTransaction(async (transaction) => {
      await lockMembers(transaction, [accountId])
      const pending = await positionsOf(transaction, accountId, { kinds: ['reward_pending'] })
      const mature = pending.filter((position) => position.maturesAt <= now)
      const entries = maturityEntries(mature, await debtsOf(transaction, mature), now)
      if (entries.length === 0) return
      await postTransfer(transaction, {
        // A rebate can be pending again after an undo, so the key also names how often the account had moved.
        naturalKey: digestOf('maturity', accountId.toString(), await movesOf(transaction, accountId)),
        kind: 'maturity', occurredAt: now, recordedAt: now, effectiveAt: now, actorId: recorder.actorId, entries,
      })
    })
  }
  return due.length
}

type Reader = Parameters<typeof positionsOf>[0]

async function movesOf(transaction: Reader, accountId: bigint): Promise<string> {
  const accounts = await transaction.bookAccount.findMany({ where: { accountId, kind: 'reward_pending' }, select: { asset: true, version: true }, orderBy: { asset: 'asc' } })
  return accounts.map((account) => `${account.asset} ${account.version}`).join(', ')
}
