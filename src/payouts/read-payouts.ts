// Payouts as they are read: pages of a programme or a member, each with its masked destination, its rebates and what happened to it;
// and what every payee was paid in a year.

import { csvLine } from '../base/csv.ts'
import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import { exponentOfAsset } from '../policies/index.ts'
import { type PayoutDesk, working } from './desk.ts'
import { type PayoutRow, rowOf } from './payout-row.ts'
import type { PayoutState } from './states.ts'
import { partsOf } from './take-step.ts'

export interface PayoutView extends PayoutRow {
  /** Null once it was erased. */
  readonly shownAs: string | null
  /** Whether it waits for a person: above a limit, or held by the check. */
  readonly isWaiting: boolean
}

export interface PayoutPage {
  readonly programId: bigint
  readonly accountId?: bigint | null | undefined
  readonly state?: PayoutState | undefined
  readonly limit: number
  /** The id of the last one read: older ones follow. */
  readonly before?: bigint | undefined
}

/** Newest first. */
export async function listPayouts(transaction: Transaction, { programId, accountId, state, limit, before }: PayoutPage): Promise<PayoutView[]> {
  const rows = await transaction.payout.findMany({
    where: {
      programId, ...(accountId === undefined || accountId === null ? {} : { accountId }), ...(state === undefined ? {} : { state }), ...(before === undefined ? {} : { id: { lt: before } }),
    },
    orderBy: { id: 'desc' }, take: limit, include: { payoutDestination: { include: { payoutDestinationBody: { select: { shownAs: true } } } } },
  })
  return rows.map(({ payoutDestination, ...row }) => ({ ...rowOf(row), shownAs: payoutDestination.payoutDestinationBody?.shownAs ?? null, isWaiting: row.state === 'requested' }))
}

export interface PayoutDetail extends PayoutView {
  readonly parts: readonly { readonly rebateId: bigint; readonly amount: bigint }[]
  readonly events: readonly { readonly kind: string; readonly isApplied: boolean; readonly occurredAt: Date; readonly recordedAt: Date }[]
}

export async function readPayout(transaction: Transaction, id: bigint): Promise<PayoutDetail | null> {
  const row = await transaction.payout.findUnique({ where: { id }, include: { payoutDestination: { include: { payoutDestinationBody: { select: { shownAs: true } } } }, payoutEvent: { orderBy: { id: 'asc' } } } })
  if (row === null) return null
  const { payoutDestination, payoutEvent, ...payout } = row
  return {
    ...rowOf(payout), shownAs: payoutDestination.payoutDestinationBody?.shownAs ?? null, isWaiting: payout.state === 'requested', parts: await partsOf({ transaction }, id),
    events: payoutEvent.map(({ kind, isApplied, occurredAt, recordedAt }) => ({ kind, isApplied, occurredAt, recordedAt })),
  }
}

export const YEARLY_COLUMNS = ['year', 'account', 'asset', 'payouts', 'gross', 'withheld', 'net', 'fee'] as const

interface YearRow {
  account: string | null
  account_id: bigint
  asset: string
  payouts: bigint
  net: bigint
  withheld: bigint
  fee: bigint
}

/**
 * What each payee was paid in a calendar year of the programme's zone, from the books: what came back in that year is taken off, so a year
 * can be below zero where a payout of the year before came back. Reading it is an act. `payouts` counts payments less returns.
 */
export async function exportYear(desk: PayoutDesk, { programId, year, zone, reason }: { readonly programId: bigint; readonly year: number; readonly zone: string; readonly reason: string }): Promise<string> {
  return working(desk, async ({ transaction, actorId, acts }) => {
    const rows = await transaction.$queryRaw<YearRow[]>`
      select n.external_id as account, r.account_id, e.asset,
             count(distinct t.id) filter (where t.kind = 'payout_paid') - count(distinct t.id) filter (where t.kind <> 'payout_paid') as payouts,
             coalesce(sum(e.amount) filter (where b.kind = 'cash_clearing'), 0)::bigint as net,
             coalesce(sum(e.amount) filter (where b.kind = 'withholding_payable'), 0)::bigint as withheld,
             coalesce(sum(e.amount) filter (where b.kind = 'payout_fees'), 0)::bigint as fee
        from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id join rebate r on r.id = e.rebate_id
        left join account_identity n on n.account_id = r.account_id
        where t.kind in ('payout_paid', 'payout_failed', 'payout_returned') and t.program_id = ${programId}
          and b.kind in ('cash_clearing', 'withholding_payable', 'payout_fees') and extract(year from t.occurred_at at time zone ${zone}) = ${year}
        group by 1, 2, 3 order by 2, 3`
    acts.push({ actorId, kind: 'payouts_exported', objectKind: 'program', objectId: programId, after: { year, payees: rows.length }, body: { reason } })
    const text = (amount: bigint, asset: string): string => formatAmount(amount, exponentOfAsset(asset))
    // Numbers of our own making: a minus in front of one is no formula.
    const lines = rows.map(({ account, account_id: id, asset, payouts, net, withheld, fee }) => {
      const amounts = [net + withheld + fee, withheld, net, fee].map((amount) => text(amount, asset)).join(',')
      return `${csvLine([BigInt(year), account ?? `erased ${id}`, asset, payouts]).trimEnd()},${amounts}\n`
    })
    return [csvLine([...YEARLY_COLUMNS]), ...lines].join('')
  })
}
