// The queue of cases: what costs most comes first, with the money by state and who answers until when.
// Promises: the order is by expected loss, then by age; two pages never share a case.

import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import type { PublicJson } from './plan-json.ts'

/** Amounts in the smallest unit, per asset. */
export interface CaseMoney {
  readonly asset: string
  readonly pending: bigint
  readonly held: bigint
  readonly available: bigint
  /** In the main balance, spendable. */
  readonly transferred: bigint
  /** Spent, or paid or being paid out: what a reclaim could only turn into debt. */
  readonly gone: bigint
  readonly takenBack: bigint
  readonly debt: bigint
}

export interface CaseLine {
  readonly id: bigint
  readonly ringId: bigint | null
  readonly factId: bigint | null
  readonly program: string | null
  readonly state: string
  readonly outcome: string | null
  readonly owner: string | null
  readonly dueAt: Date
  readonly openedAt: Date
  readonly probability: number
  readonly expectedLoss: bigint
  readonly asset: string
  readonly accounts: number
  readonly referrals: number
  readonly version: number
  readonly money: readonly CaseMoney[]
}

export interface QueueFilter {
  readonly state?: 'open' | 'closed' | undefined
  readonly ownerId?: bigint | undefined
  /** Cases nobody has taken on yet. */
  readonly isUnassigned?: boolean | undefined
  readonly limit?: number | undefined
  /** The last case of the page before. */
  readonly after?: { readonly expectedLoss: bigint; readonly id: bigint } | undefined
}

const PAGE = 50

export async function listCases(transaction: Transaction, filter: QueueFilter = {}): Promise<CaseLine[]> {
  const rows = await transaction.reviewCase.findMany({
    where: {
      state: filter.state ?? 'open',
      ...(filter.isUnassigned === true ? { ownerId: null } : filter.ownerId === undefined ? {} : { ownerId: filter.ownerId }),
      ...(filter.after === undefined ? {} : {
        OR: [{ expectedLoss: { lt: filter.after.expectedLoss } }, { expectedLoss: filter.after.expectedLoss, id: { gt: filter.after.id } }],
      }),
    },
    include: { program: { select: { key: true } }, actor: { select: { name: true } } },
    orderBy: [{ expectedLoss: 'desc' }, { id: 'asc' }],
    take: filter.limit ?? PAGE,
  })
  const ids = rows.map((row) => row.id)
  const [money, sizes] = [await moneyOf(transaction, ids), await sizesOf(transaction, ids)]
  return rows.map(({ program, actor, ...row }) => ({
    ...row,
    program: program?.key ?? null,
    owner: actor?.name ?? null,
    accounts: sizes.get(row.id)?.accounts ?? 2,
    referrals: sizes.get(row.id)?.referrals ?? 1,
    money: money.get(row.id) ?? [],
  }))
}

/** One case with its money; null when there is none of this id. */
export async function readCase(transaction: Transaction, caseId: bigint): Promise<CaseLine | null> {
  const row = await transaction.reviewCase.findUnique({ where: { id: caseId }, include: { program: { select: { key: true } }, actor: { select: { name: true } } } })
  if (row === null) return null
  const { program, actor, ...rest } = row
  const sizes = (await sizesOf(transaction, [caseId])).get(caseId)
  const money = (await moneyOf(transaction, [caseId])).get(caseId) ?? []
  return { ...rest, program: program?.key ?? null, owner: actor?.name ?? null, accounts: sizes?.accounts ?? 2, referrals: sizes?.referrals ?? 1, money }
}

async function sizesOf(transaction: Transaction, caseIds: readonly bigint[]): Promise<ReadonlyMap<bigint, { accounts: number; referrals: number }>> {
  const rows = await transaction.$queryRaw<{ id: bigint; accounts: number; referrals: number }[]>`
    SELECT DISTINCT ON (c.id) c.id, v.accounts, v.referrals FROM review_case c JOIN ring_version v ON v.ring_id = c.ring_id
      WHERE c.id = ANY (${[...caseIds]}::bigint[]) ORDER BY c.id, v.scan_id DESC`
  return new Map(rows.map((row) => [row.id, row]))
}

async function moneyOf(transaction: Transaction, caseIds: readonly bigint[]): Promise<ReadonlyMap<bigint, CaseMoney[]>> {
  const rows = await transaction.$queryRaw<({ id: bigint } & CaseMoney)[]>`
    WITH fact AS (
      SELECT c.id, r.fact_id FROM review_case c
        JOIN LATERAL (SELECT v.id FROM ring_version v WHERE v.ring_id = c.ring_id ORDER BY v.scan_id DESC LIMIT 1) AS latest ON true
        JOIN ring_referral r ON r.ring_version_id = latest.id
        WHERE c.id = ANY (${[...caseIds]}::bigint[])
      UNION ALL
      SELECT c.id, c.fact_id FROM review_case c WHERE c.id = ANY (${[...caseIds]}::bigint[]) AND c.fact_id IS NOT NULL
    ), line AS (
      SELECT fact.id, e.asset, b.kind, e.amount FROM fact
        JOIN referral_fact f ON f.id = fact.fact_id
        JOIN rebate r ON r.referral_id = f.referral_id
        JOIN entry e ON e.rebate_id = r.id
        JOIN book_account b ON b.id = e.book_account_id
    )
    SELECT id, asset,
           coalesce(sum(amount) FILTER (WHERE kind = 'reward_pending'), 0)::bigint AS pending,
           coalesce(sum(amount) FILTER (WHERE kind IN ('reward_held', 'main_held')), 0)::bigint AS held,
           coalesce(sum(amount) FILTER (WHERE kind = 'reward_available'), 0)::bigint AS available,
           coalesce(sum(amount) FILTER (WHERE kind IN ('main_reward', 'main_bonus')), 0)::bigint AS transferred,
           coalesce(sum(amount) FILTER (WHERE kind IN ('host_clearing', 'cash_clearing', 'withholding_payable', 'payout_fees', 'payout_in_transit')), 0)::bigint AS gone,
           coalesce(sum(amount) FILTER (WHERE kind IN ('reclaimed', 'reversed')), 0)::bigint AS "takenBack",
           coalesce(-sum(amount) FILTER (WHERE kind = 'debt'), 0)::bigint AS debt
      FROM line GROUP BY id, asset ORDER BY id, asset`
  const byCase = new Map<bigint, CaseMoney[]>()
  for (const { id, ...money } of rows) byCase.set(id, [...(byCase.get(id) ?? []), money])
  return byCase
}

/** As JSON for machines: ids and amounts as decimal strings, amounts in units. */
export function caseJson(line: CaseLine, exponentOf: (asset: string) => number | undefined): PublicJson {
  const amount = (value: bigint, asset: string): string => formatAmount(value, exponentOf(asset))
  return {
    case_id: line.id.toString(),
    ring_id: line.ringId?.toString() ?? null,
    referral_fact_id: line.factId?.toString() ?? null,
    program: line.program,
    state: line.state,
    outcome: line.outcome,
    owner: line.owner,
    due_at: line.dueAt.toISOString(),
    opened_at: line.openedAt.toISOString(),
    probability: line.probability,
    expected_loss: amount(line.expectedLoss, line.asset),
    asset: line.asset,
    accounts: line.accounts,
    referrals: line.referrals,
    version: line.version,
    money: line.money.map((money) => ({
      asset: money.asset,
      pending: amount(money.pending, money.asset),
      held: amount(money.held, money.asset),
      available: amount(money.available, money.asset),
      transferred: amount(money.transferred, money.asset),
      already_gone: amount(money.gone, money.asset),
      taken_back: amount(money.takenBack, money.asset),
      debt: amount(money.debt, money.asset),
    })),
  }
}
