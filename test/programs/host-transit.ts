// The oracle of host settlement, in plain SQL and apart from the product's own rules: what is in transit to the host is what its open instructions say.

import { expect } from 'vitest'
import type { Database } from '../../src/base/database.ts'

const RULES: readonly { rule: string; query: string }[] = [
  { rule: 'per rebate, the money in transit is the sum of the open instructions to give it',
    query: `select coalesce(books.rebate_id, open.rebate_id) as rebate, books.amount, open.amount as instructed from
              (select p.rebate_id, sum(p.amount) as amount from position p join book_account b on b.id = p.book_account_id where b.kind = 'payout_in_transit' and p.amount <> 0 group by 1) as books
            full join (select l.rebate_id, sum(l.amount) as amount from host_instruction_line l join host_instruction i on i.id = l.instruction_id
                         where i.kind in ('credit', 'grant_days') and i.state = 'in_transit' group by 1) as open using (rebate_id)
            where books.amount is distinct from open.amount` },
  { rule: 'an instruction is the sum of its lines, and confirmed is what its lines confirm',
    query: `select i.id from host_instruction i join host_instruction_line l on l.instruction_id = i.id group by i.id
            having i.amount <> sum(l.amount) or i.confirmed_amount is distinct from sum(l.confirmed_amount)` },
  { rule: 'what lies at the host is what was confirmed to it and not taken back',
    query: `select r.id from rebate r
              join lateral (select coalesce(sum(e.amount), 0) as amount from entry e join book_account b on b.id = e.book_account_id join transfer t on t.id = e.transfer_id
                where e.rebate_id = r.id and b.kind = 'host_clearing' and t.kind in ('host_confirmed', 'recovery')) as books on true
              join lateral (select coalesce(sum(case when i.kind in ('credit', 'grant_days') then l.confirmed_amount when i.kind = 'reclaim' then -l.confirmed_amount end), 0) as amount
                from host_instruction_line l join host_instruction i on i.id = l.instruction_id where l.rebate_id = r.id) as told on true
            where books.amount <> told.amount` },
]

/** Only for programmes that pay nothing out: payouts are in transit too. */
export async function expectTransitToBalance(owner: Database): Promise<void> {
  for (const { rule, query } of RULES) expect((await owner.pool.query(query)).rows, rule).toEqual([])
}
