// What an operator watches of payouts: how many are open in each state, how long the oldest has waited, and calls of a processor without an answer.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'

export interface PayoutFigure {
  readonly name: string
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const OPEN = ['requested', 'approved', 'in_transit'] as const

/** Every state has its figures, also when nothing is in it. No ids and no member in any of it. */
export async function readPayoutFigures({ database, clock }: { readonly database: Pick<Database, 'pool'>; readonly clock: Clock }): Promise<readonly PayoutFigure[]> {
  const { rows } = await database.pool.query<{ state: string; payouts: string; seconds: string }>(
    `select state, count(*) as payouts, extract(epoch from $1::timestamptz - min(coalesce(sent_at, approved_at, requested_at))) as seconds from payout
       where state in ('requested', 'approved', 'in_transit') group by 1`, [clock.now()])
  const { rows: [calls] } = await database.pool.query<{ open: string }>('select count(*) as open from payout_call where outcome is null')
  const of = (state: string) => rows.find((row) => row.state === state)
  return [
    ...OPEN.map((state) => ({ name: 'ringfence_payouts_open', help: 'Payouts that have not ended, by state.', labels: { state }, value: Number(of(state)?.payouts ?? 0) })),
    ...OPEN.map((state) => ({ name: 'ringfence_payouts_oldest_seconds', help: 'How long the payout has been in this state that has been in it longest.', labels: { state }, value: Number(of(state)?.seconds ?? 0) })),
    { name: 'ringfence_payout_calls_open', help: 'Calls of a payment processor whose answer is not known.', labels: {}, value: Number(calls?.open ?? 0) },
  ]
}
