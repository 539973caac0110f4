// What hosts are told of rebates: earned, held, taken back. Written with the postings, and only where somebody listens.

import { formatAmount } from '../../base/money.ts'
import type { Session } from '../../base/session.ts'
import { enqueue, type OutgoingMessage } from '../../delivery/index.ts'
import type { SheetRebate } from './document.ts'
import type { Sheet } from './sheet.ts'
import type { WrittenIds } from './write-sheet.ts'

export async function tellOfRebates(session: Session, sheet: Sheet, { rebates }: WrittenIds): Promise<void> {
  if (!sheet.hasListeners) return
  const realId = (id: bigint): bigint => (id < 0n ? rebates[Number(-id) - 1] ?? id : id)
  const message = (topic: OutgoingMessage['topic'], rebate: SheetRebate, amount: bigint, more: Record<string, unknown> = {}): OutgoingMessage => ({
    topic, objectKind: 'rebate', objectId: realId(rebate.id), programId: rebate.programId, at: sheet.now,
    body: {
      rebate_id: realId(rebate.id), program: sheet.rules.programKey(rebate.programId), account: sheet.names.get(rebate.accountId) ?? null,
      amount: formatAmount(amount, sheet.rules.exponentOf(rebate.asset) ?? 6), asset: rebate.asset, occurred_at: rebate.occurredAt, ...more,
    },
  })
  const messages: OutgoingMessage[] = sheet.newRebates.filter(({ kind }) => kind === 'rebate').map((rebate) => message('rebate.accrued', rebate, rebate.amount, { track: rebate.track }))
  for (const { rebateId, reason, placed } of sheet.holds) {
    const rebate = placed === undefined ? undefined : sheet.rebateOf(rebateId)
    if (rebate !== undefined) messages.push(message('rebate.held', rebate, rebate.amount, { reason }))
  }
  for (const { kind, entries } of sheet.transfers) {
    const line = kind === 'reversal' ? entries.find((entry) => entry.kind === 'reversed') : undefined
    const rebate = line === undefined || line.rebateId === null ? undefined : sheet.rebateOf(line.rebateId)
    if (line !== undefined && rebate !== undefined) messages.push(message('rebate.reversed', rebate, line.amount))
  }
  await enqueue(session, messages)
}
