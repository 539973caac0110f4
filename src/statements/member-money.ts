// What a member has and owes in a programme, by kind of book account and asset: days and money side by side; and how long holds last.

import type { Transaction } from '../base/database.ts'
import { type Balance, balancesOf, debtCausesOf, type MemberKind, type OwedDebt } from '../ledger/index.ts'
import type { Member } from './member-figures.ts'

/** Balances that are not zero. The main balance is the account's own in all programmes; reward, payouts and debt are this programme's. */
export async function memberBalances(reader: Transaction, { programId, accountId }: Member): Promise<Balance[]> {
  const balances = await balancesOf(reader, accountId)
  const [elsewhere] = await reader.$queryRaw<{ found: boolean }[]>`
    select exists (select 1 from rebate where account_id = ${accountId} and program_id < ${programId})
        or exists (select 1 from rebate where account_id = ${accountId} and program_id > ${programId}) as found`
  if (elsewhere?.found !== true) return balances
  const own = await reader.$queryRaw<{ kind: MemberKind; asset: string; amount: bigint }[]>`
    select b.kind, b.asset, sum(p.amount)::bigint as amount from book_account b join position p on p.book_account_id = b.id and p.amount <> 0 join rebate r on r.id = p.rebate_id
      where b.account_id = ${accountId} and r.program_id = ${programId} and b.kind not like 'main\\_%' group by 1, 2 order by 2, 1`
  return [...balances.filter(({ kind }) => kind.startsWith('main_')), ...own].sort((left, right) => (`${left.asset} ${left.kind}` < `${right.asset} ${right.kind}` ? -1 : 1))
}

/** What is still owed of this programme's rebates, and why. */
export async function memberDebts(reader: Transaction, { programId, accountId }: Member): Promise<OwedDebt[]> {
  const debts = await debtCausesOf(reader, accountId)
  if (debts.length === 0) return []
  const own = await reader.rebate.findMany({ where: { id: { in: debts.map(({ rebateId }) => rebateId) }, programId }, select: { id: true } })
  const ids = new Set(own.map(({ id }) => id))
  return debts.filter(({ rebateId }) => ids.has(rebateId))
}

/** Fewer ended holds than this say nothing about the next one. */
const MEASURED_MIN = 20
const MEASURED_DAYS = 180

/** The median time from placing a hold on a rebate of the programme to its end, over the last half year; null: not measured. */
export async function medianHoldSeconds(reader: Transaction, programId: bigint, now: Date): Promise<number | null> {
  const since = new Date(now.getTime() - MEASURED_DAYS * 86_400_000)
  const [row] = await reader.$queryRaw<{ ended: bigint; seconds: number | null }[]>`
    select count(*) as ended, percentile_cont(0.5) within group (order by extract(epoch from h.ended_at - h.placed_at)::double precision) as seconds
      from hold h join rebate r on r.id = h.rebate_id where r.program_id = ${programId} and h.ended_at >= ${since}::timestamptz`
  return row === undefined || row.ended < MEASURED_MIN ? null : row.seconds
}
