// The state of a rebate as amounts per state, derived from positions and entries alone: a rebate is never in one state only.
// Promises: amount + debt ever = everything else; what is outstanding is what could still be taken back.

import type { Transaction } from '../base/database.ts'

export interface RebateState {
  readonly rebateId: bigint
  readonly accountId: bigint
  readonly programId: bigint
  readonly referralId: bigint | null
  readonly asset: string
  readonly amount: bigint
  readonly occurredAt: Date
  readonly maturesAt: Date
  readonly pending: bigint
  /** In the reward balance, held. */
  readonly held: bigint
  readonly available: bigint
  /** In the main balance, spendable. */
  readonly transferred: bigint
  /** In the main balance, held. */
  readonly heldInMain: bigint
  readonly inTransit: bigint
  readonly spent: bigint
  readonly paidOut: bigint
  readonly expired: bigint
  /** Used to repay the debt of other rebates. */
  readonly usedForDebt: bigint
  readonly reversed: bigint
  readonly reclaimed: bigint
  /** Taken back after it was used, and still owed; at or above zero. */
  readonly debt: bigint
  /** That part of the debt that later rebates repaid. */
  readonly debtRepaid: bigint
  readonly writtenOff: bigint
  /** amount − reversed − reclaimed − expired: what a refund or a reclaim can still take back. */
  readonly outstanding: bigint
}

interface Row {
  rebate_id: bigint
  kind: string
  account_id: bigint
  program_id: bigint
  referral_id: bigint | null
  asset: string
  amount: bigint
  occurred_at: Date
  matures_at: Date
  sums: Record<string, string>
  used_for_debt: bigint
  debt_repaid: bigint
}

/** In the order of the ids given; unknown ids are left out. */
export async function rebateStates(transaction: Transaction, rebateIds: readonly bigint[]): Promise<RebateState[]> {
  if (rebateIds.length === 0) return []
  // A transfer in which the entries of one rebate do not sum to zero moved value between rebates: a debt was repaid.
  const rows = await transaction.$queryRaw<Row[]>`
    with line as (
      select e.rebate_id, e.transfer_id, b.kind, e.amount
        from entry e join book_account b on b.id = e.book_account_id where e.rebate_id = any (${[...rebateIds]})
    ), kind_sum as (
      select rebate_id, jsonb_object_agg(kind, total::text) as sums
        from (select rebate_id, kind, sum(amount) as total from line group by 1, 2) as each_kind group by 1
    ), crossing as (
      select rebate_id, sum(amount) as net, bool_or(kind = 'debt') as repaid from line group by rebate_id, transfer_id having sum(amount) <> 0
    ), crossed as (
      select rebate_id, coalesce(sum(-net) filter (where not repaid), 0)::bigint as used_for_debt,
             coalesce(sum(net) filter (where repaid), 0)::bigint as debt_repaid
        from crossing group by 1
    )
    select r.id as rebate_id, r.kind, r.account_id, r.program_id, r.referral_id, r.asset, r.amount, r.occurred_at, r.matures_at,
           coalesce(k.sums, '{}') as sums, coalesce(c.used_for_debt, 0) as used_for_debt, coalesce(c.debt_repaid, 0) as debt_repaid
      from rebate r left join kind_sum k on k.rebate_id = r.id left join crossed c on c.rebate_id = r.id
      where r.id = any (${[...rebateIds]})`
  const byId = new Map(rows.map((row) => [row.rebate_id, stateOf(row)]))
  return rebateIds.flatMap((id) => byId.get(id) ?? [])
}

function stateOf(row: Row): RebateState {
  const sum = (kind: string): bigint => BigInt(row.sums[kind] ?? 0)
  // An opening rebate that had left the platform's books before ours began was never posted: nothing of it can be taken back here.
  const amount = row.kind === 'opening' ? -sum('opening_balance') : row.amount
  const reversed = sum('reversed')
  const reclaimed = sum('reclaimed')
  const expired = sum('breakage')
  return {
    rebateId: row.rebate_id,
    accountId: row.account_id,
    programId: row.program_id,
    referralId: row.referral_id,
    asset: row.asset,
    amount,
    occurredAt: row.occurred_at,
    maturesAt: row.matures_at,
    pending: sum('reward_pending'),
    held: sum('reward_held'),
    available: sum('reward_available'),
    transferred: sum('main_reward') + sum('main_bonus'),
    heldInMain: sum('main_held'),
    inTransit: sum('payout_in_transit'),
    spent: sum('host_clearing'),
    paidOut: sum('cash_clearing') + sum('withholding_payable') + sum('payout_fees'),
    expired,
    usedForDebt: row.used_for_debt,
    reversed,
    reclaimed,
    debt: -sum('debt'),
    debtRepaid: row.debt_repaid,
    writtenOff: -sum('bad_debt'),
    outstanding: amount - reversed - reclaimed - expired,
  }
}

/** What would be lost if the rebate were not earned rightly and nothing were done: not yet taken back, spent or paid out. */
export function atStakeOf(state: RebateState): bigint {
  return state.pending + state.held + state.available + state.transferred + state.heldInMain
}
