// Reading the books: positions oldest first, and balances. To decide by what is read here, lock the members before.

import type { Transaction } from '../base/database.ts'
import type { MemberKind, Position, PositionKind, RebateKind } from './book-accounts.ts'

interface PositionRow {
  account_id: bigint
  kind: PositionKind
  asset: string
  rebate_id: bigint
  amount: bigint
  program_id: bigint
  rebate_kind: RebateKind
  occurred_at: Date
  matures_at: Date
  expires_at: Date | null
}

export interface PositionFilter {
  readonly kinds?: readonly PositionKind[]
  readonly asset?: string
  readonly programId?: bigint
}

/** What lies in a member's book accounts, rebate by rebate, the oldest rebate first. */
export async function positionsOf(transaction: Transaction, accountId: bigint, filter: PositionFilter = {}): Promise<Position[]> {
  const rows = await transaction.$queryRaw<PositionRow[]>`
    select b.account_id, b.kind, b.asset, p.rebate_id, p.amount, r.program_id, r.kind as rebate_kind, r.occurred_at, r.matures_at,
           case when r.expires_at is not null then credit_expires_at(r.id, r.expires_at, r.expires_at) end as expires_at
      from book_account b
      join position p on p.book_account_id = b.id and p.amount <> 0
      join rebate r on r.id = p.rebate_id
      where b.account_id = ${accountId}
        and (${filter.kinds === undefined} or b.kind = any (${[...(filter.kinds ?? [])]}))
        and (${filter.asset ?? null}::text is null or b.asset = ${filter.asset ?? null})
        and (${filter.programId ?? null}::bigint is null or r.program_id = ${filter.programId ?? null})
      order by r.occurred_at, r.id, b.kind`
  return rows.map(positionOf)
}

/** Where the given rebates lie now, whoever holds them; the oldest rebate first. */
export async function positionsOfRebates(transaction: Transaction, rebateIds: readonly bigint[]): Promise<Position[]> {
  if (rebateIds.length === 0) return []
  const rows = await transaction.$queryRaw<PositionRow[]>`
    select b.account_id, b.kind, b.asset, p.rebate_id, p.amount, r.program_id, r.kind as rebate_kind, r.occurred_at, r.matures_at,
           case when r.expires_at is not null then credit_expires_at(r.id, r.expires_at, r.expires_at) end as expires_at
      from position p
      join book_account b on b.id = p.book_account_id
      join rebate r on r.id = p.rebate_id
      where p.rebate_id = any (${[...rebateIds]}) and p.amount <> 0
      order by r.occurred_at, r.id, b.kind`
  return rows.map(positionOf)
}

export interface Balance {
  readonly kind: MemberKind
  readonly asset: string
  readonly amount: bigint
}

/** The balances of a member's book accounts that are not zero. */
export async function balancesOf(transaction: Transaction, accountId: bigint): Promise<Balance[]> {
  const rows = await transaction.bookAccount.findMany({
    where: { accountId, balance: { not: 0n } },
    select: { kind: true, asset: true, balance: true },
    orderBy: [{ asset: 'asc' }, { kind: 'asc' }],
  })
  return rows.map((row) => ({ kind: row.kind as MemberKind, asset: row.asset, amount: row.balance }))
}

/** The balance of one book account of a member; zero when it was never used. */
export async function balanceOf(transaction: Transaction, accountId: bigint, kind: MemberKind, asset: string): Promise<bigint> {
  const row = await transaction.bookAccount.findFirst({ where: { accountId, kind, asset }, select: { balance: true } })
  return row?.balance ?? 0n
}

function positionOf(row: PositionRow): Position {
  return {
    accountId: row.account_id,
    kind: row.kind,
    asset: row.asset,
    rebateId: row.rebate_id,
    amount: row.amount,
    programId: row.program_id,
    rebateKind: row.rebate_kind,
    occurredAt: row.occurred_at,
    maturesAt: row.matures_at,
    expiresAt: row.expires_at,
  }
}
