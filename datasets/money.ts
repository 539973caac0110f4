// The programme's money as the platform kept it: rebates of paid recharges, and payouts of what became available.
// A rebate follows the rules of the world alone; it knows nothing of labels.
import { daySeconds, type Account, type AccountPlanner } from './accounts.ts'
import type { Random } from './random.ts'
import type { PayoutRow, RebateRow, TransactionRow } from './world.ts'

export function writeMoney(
  planner: AccountPlanner, accounts: readonly Account[], transactions: readonly TransactionRow[], random: Random,
): { rebates: RebateRow[]; payouts: PayoutRow[] } {
  const byId = new Map(accounts.map((account) => [account.id, account]))
  const reversed = new Set(transactions.filter((row) => row.type === 'refund' || row.type === 'chargeback').map((row) => row.refunds))
  const qualified = new Set<string>()
  const rebates: RebateRow[] = []
  for (const row of transactions) {
    const invitation = byId.get(row.account_id)?.invitation
    if (invitation === undefined || (row.type !== 'recharge' && row.type !== 'payment') || row.funded_by !== 'paid' || row.occurred_at < invitation.at) continue
    if (row.amount >= planner.settings.qualifyingAmount) qualified.add(row.account_id)
    if (!qualified.has(row.account_id)) continue
    rebates.push({
      rebate_id: `r${random.hex(12)}`,
      inviter_id: invitation.inviter.id,
      invitee_id: row.account_id,
      amount: Math.max(0.01, Math.round(row.amount * planner.settings.rebateRate * 100) / 100),
      currency: row.currency,
      occurred_at: row.occurred_at,
      status: statusOf(planner, row, reversed.has(row.transaction_id), random),
      transaction_id: row.transaction_id,
    })
  }
  const payouts = planner.parameters.hasPayouts === 1 ? payOut(planner, byId, rebates, random) : []
  return { rebates: planner.parameters.hasRebates === 1 ? rebates : [], payouts }
}

function statusOf(planner: AccountPlanner, row: TransactionRow, isReversed: boolean, random: Random): string {
  if (isReversed) return 'reversed'
  if (row.occurred_at + planner.settings.holdDays * daySeconds > planner.endsAt) return 'pending'
  return random.chance(0.55) ? 'transferred' : 'available'
}

/** Members ask for their money now and then; what was paid out is marked so on its rebates. */
function payOut(
  planner: AccountPlanner, byId: ReadonlyMap<string, Account>, rebates: readonly RebateRow[], random: Random,
): PayoutRow[] {
  const open = new Map<string, RebateRow[]>()
  const payouts: PayoutRow[] = []
  for (const rebate of rebates) {
    if (rebate.status !== 'available') continue
    // Why both: the reward has two sides, and an invitee may draw its own share out as well.
    for (const id of [rebate.inviter_id, rebate.invitee_id]) {
      const kept = open.get(id) ?? []
      kept.push(rebate)
      open.set(id, kept)
      const asks = random.chance(id === rebate.inviter_id ? 0.5 : 0.25)
      const at = rebate.occurred_at + (planner.settings.holdDays + random.exponential(12)) * daySeconds
      const account = byId.get(id)
      if (!asks || at >= planner.endsAt || account === undefined) continue
      payouts.push({
        payout_id: `p${random.hex(12)}`,
        account_id: id,
        amount: Math.round(kept.reduce((sum, one) => sum + one.amount, 0) * 100) / 100,
        currency: rebate.currency,
        occurred_at: Math.floor(at),
        destination: account.payout,
      })
      if (id === rebate.inviter_id) for (const one of kept) one.status = 'paid'
      open.set(id, [])
    }
  }
  return payouts
}
