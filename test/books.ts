// The one money oracle: whatever a test did, the books must balance afterwards. Written apart from the product's own verify, in plain SQL.

import { expect } from 'vitest'
import type { Database } from '../src/base/database.ts'

const RULES: readonly { rule: string; query: string }[] = [
  { rule: 'every transfer sums to zero per asset and has two entries or more',
    query: `select t.id from transfer t left join entry e on e.transfer_id = t.id group by t.id having count(e.id) < 2
            union all select transfer_id from entry group by transfer_id, asset having sum(amount) <> 0` },
  { rule: 'every balance is the sum of its entries, and every version their number',
    query: `select b.id, b.kind, b.balance, coalesce(sum(e.amount), 0) as entries from book_account b left join entry e on e.book_account_id = b.id
            group by b.id having b.balance <> coalesce(sum(e.amount), 0) or b.version <> count(e.id)` },
  { rule: 'the entries of a book account follow each other without a gap',
    query: `select id from (select e.id, e.account_version, e.balance_before, b.kind, row_number() over w as place,
              coalesce(sum(e.amount) over (partition by e.book_account_id order by e.account_version rows between unbounded preceding and 1 preceding), 0) as before
              from entry e join book_account b on b.id = e.book_account_id window w as (partition by e.book_account_id order by e.account_version)) as line
            where account_version <> place or balance_before <> before` },
  { rule: 'every position is the sum of the entries of its rebate, and nothing is missing',
    query: `select * from (select e.book_account_id, e.rebate_id, sum(e.amount) as total from entry e join book_account b on b.id = e.book_account_id
              where b.account_id is not null and e.rebate_id is not null group by 1, 2) as line
            full join position p using (book_account_id, rebate_id) where coalesce(line.total, 0) <> coalesce(p.amount, 0)` },
  { rule: 'a member account that names rebates holds exactly its positions',
    query: `select b.id from book_account b join book_account_kind k using (kind) left join position p on p.book_account_id = b.id
            where b.account_id is not null and k.names_rebate group by b.id having b.balance <> coalesce(sum(p.amount), 0)` },
  { rule: 'no account is beyond its bound',
    query: `select b.id from book_account b join book_account_kind k using (kind) where b.sign <> k.sign or b.balance * k.sign < 0` },
  { rule: 'a rebate was posted exactly once, with its amount',
    query: `select r.id from rebate r left join entry e on e.rebate_id = r.id
              left join book_account b on b.id = e.book_account_id and b.kind in ('rebate_expense', 'opening_balance')
            group by r.id having r.amount <> coalesce(-sum(e.amount) filter (where b.id is not null), 0)
              and not (r.kind = 'opening' and count(e.id) = 0)` },
  { rule: 'what is held has an open hold',
    query: `select p.rebate_id from position p join book_account b on b.id = p.book_account_id
            where b.kind in ('reward_held', 'main_held') and p.amount <> 0
              and not exists (select 1 from hold h where h.rebate_id = p.rebate_id and h.ended_at is null)` },
]

/** Pass the owner's connection: it sees everything. */
export async function expectBooksToBalance(owner: Database): Promise<void> {
  for (const { rule, query } of RULES) {
    const { rows } = await owner.pool.query(query)
    expect(rows, rule).toEqual([])
  }
}

/** Balances of one member by kind and asset, zeros left out, e.g. `{ 'main_paid USD': 5n }`. */
export async function balancesByKind(owner: Database, accountId: bigint): Promise<Record<string, bigint>> {
  const { rows } = await owner.pool.query<{ name: string; balance: string }>(
    `select kind || ' ' || asset as name, balance from book_account where account_id = $1 and balance <> 0 order by 1`, [accountId])
  return Object.fromEntries(rows.map((row) => [row.name, BigInt(row.balance)]))
}
