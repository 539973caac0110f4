// The row of a payout, read under its member's lock: whoever changes a payout locks its member first, so that is the only lock it needs.

import type { Transaction } from '../base/database.ts'
import { lockMembers } from '../ledger/index.ts'
import type { PAYOUT_METHODS } from '../policies/index.ts'
import { isPayoutState, type PayoutState } from './states.ts'

export type PayoutMethod = (typeof PAYOUT_METHODS)[number]

export interface PayoutRow {
  readonly id: bigint
  readonly naturalKey: Uint8Array
  readonly requestDigest: Uint8Array
  readonly programId: bigint
  readonly accountId: bigint
  readonly destinationId: bigint
  readonly method: PayoutMethod
  readonly asset: string
  readonly gross: bigint
  readonly withheld: bigint
  readonly fee: bigint
  readonly state: PayoutState
  readonly needsApproval: boolean
  readonly holdId: bigint | null
  readonly checkId: string | null
  readonly reason: string | null
  readonly batchId: bigint | null
  readonly requestedBy: bigint
  readonly requestedAt: Date
  readonly approvedBy: bigint | null
  readonly approvedAt: Date | null
  readonly sentAt: Date | null
  readonly toldAt: Date | null
  readonly toldRank: number | null
  readonly endedAt: Date | null
  readonly version: number
}

/** Locks the members of these payouts, then reads them in the order of their ids; unknown ids are left out. */
export async function lockPayouts(transaction: Transaction, ids: readonly bigint[]): Promise<PayoutRow[]> {
  const members = await transaction.payout.findMany({ where: { id: { in: [...ids] } }, select: { accountId: true }, distinct: ['accountId'] })
  await lockMembers(transaction, members.map(({ accountId }) => accountId))
  return (await transaction.payout.findMany({ where: { id: { in: [...ids] } }, orderBy: { id: 'asc' } })).map(rowOf)
}

export async function reloadPayout(transaction: Transaction, id: bigint): Promise<PayoutRow> {
  return rowOf(await transaction.payout.findUniqueOrThrow({ where: { id } }))
}

/** Changes what is not a step; the member must be locked. */
export async function changePayout(transaction: Transaction, payout: PayoutRow, data: Partial<Pick<PayoutRow, 'batchId' | 'reason' | 'toldAt' | 'toldRank'>>): Promise<PayoutRow> {
  return rowOf(await transaction.payout.update({ where: { id: payout.id }, data: { ...data, version: payout.version + 1 } }))
}

/** The words of the row are those of the table's constraints. */
export function rowOf<Row extends { method: string; state: string }>(row: Row): Row & { method: PayoutMethod; state: PayoutState } {
  const { method, state } = row
  if ((method !== 'bank' && method !== 'stripe') || !isPayoutState(state)) throw new Error('A payout has an unknown method or state.')
  return { ...row, method, state }
}
