// What of a member's available reward is cash: rebates whose track, under the version they were earned by, pays out. Wallet accruals never become cash,
// whatever track the member is on now; and cash once earned stays cash.

import type { Transaction } from '../base/database.ts'
import type { Position, RebateKind } from '../ledger/index.ts'
import { type ProgramRules, programRules, type TrackRules, trackOf } from '../policies/index.ts'
import type { PayoutMethod } from './payout-row.ts'

export type PayoutRules = NonNullable<TrackRules['movement']['payout']>

export interface CashPosition extends Position {
  readonly track: string
  /** How its own version and track pay out. */
  readonly payout: PayoutRules
}

interface Row {
  asset: string
  rebate_id: bigint
  amount: bigint
  rebate_kind: RebateKind
  occurred_at: Date
  matures_at: Date
  expires_at: Date | null
  track: string
  program_version_id: bigint
}

/** The oldest rebate first; the member must be locked. */
export async function cashPositionsOf(
  transaction: Transaction, { programId, accountId, asset, method }: { programId: bigint; accountId: bigint; asset: string; method: PayoutMethod },
): Promise<CashPosition[]> {
  const rows = await transaction.$queryRaw<Row[]>`
    select b.asset, p.rebate_id, p.amount, r.kind as rebate_kind, r.occurred_at, r.matures_at, r.expires_at, r.track, r.program_version_id
      from book_account b join position p on p.book_account_id = b.id and p.amount > 0 join rebate r on r.id = p.rebate_id and r.program_id = ${programId}
      where b.account_id = ${accountId} and b.kind = 'reward_available' and b.asset = ${asset} and r.kind in ('rebate', 'opening')
      order by r.occurred_at, r.id`
  const versions = await transaction.programVersion.findMany({ where: { id: { in: [...new Set(rows.map((row) => row.program_version_id))] } }, select: { id: true, rules: true } })
  const rulesOf = new Map(versions.map(({ id, rules }) => [id, programRules.parse(rules)]))
  return rows.flatMap((row) => {
    const payout = payoutRulesOf(rulesOf.get(row.program_version_id), row.track)
    if (payout === null || !payout.methods.includes(method)) return []
    return [{
      accountId, kind: 'reward_available' as const, asset: row.asset, rebateId: row.rebate_id, amount: row.amount, programId, rebateKind: row.rebate_kind,
      occurredAt: row.occurred_at, maturesAt: row.matures_at, expiresAt: row.expires_at, track: row.track, payout,
    }]
  })
}

/** A rebate from before there were tracks is of the one that everybody was on. */
export function payoutRulesOf(rules: ProgramRules | undefined, track: string): PayoutRules | null {
  if (rules === undefined) return null
  return (trackOf(rules, track) ?? trackOf(rules, rules.defaultTrack))?.movement.payout ?? null
}
