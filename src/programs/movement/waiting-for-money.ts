// What waited for money of a member is taken when money arrives by another way than an event, e.g. a transfer of reward.

import type { Transaction } from '../../base/database.ts'
import type { Recording } from '../recorder.ts'
import { readRules } from '../settlement/known-rules.ts'
import { settleWaitingForMoney as settleOnSheet } from '../settlement/main-balance.ts'
import { readSheet } from '../settlement/read-sheet.ts'
import { writeSheet } from '../settlement/write-sheet.ts'

/** Takes what waited for money, the oldest first, as far as the balance now covers it. Locks the member. */
export async function settleWaitingForMoney(transaction: Transaction, { actorId, now }: Pick<Recording, 'actorId' | 'now'>, accountId: bigint): Promise<void> {
  const waiting = await transaction.waitingEvent.count({ where: { accountId, waitsFor: 'money' } })
  if (waiting === 0) return
  const sheet = await readSheet(transaction, { rules: await readRules(transaction) }, { accountIds: [accountId], now })
  settleOnSheet(sheet, actorId, accountId)
  await writeSheet(transaction, sheet)
}
